"""People come by their own word, stay as they asked, and when they go nothing remains but a keyed hash."""

import zlib
from datetime import timedelta

import pytest
from sqlalchemy import inspect, select, text

from alerts.errors import NotFoundError, UsageError
from alerts.pipeline import keep, moving, operator, people, restoring
from alerts.pipeline.retiring import Retiring
from alerts.pipeline.signup import SignUps
from alerts.settings import Settings
from alerts.store.engine import reading, writing
from alerts.store.tables import DeliveryRow, EditionRow
from subscribers import store
from subscribers.cadence import Cadence
from subscribers.interest import parse_set
from subscribers.people import Suppressed, Wishes

WISHES = Wishes(interests=parse_set("nmosd"))
PUBLIC = {"base_url": "https://alerts.example.org", "secret_key": "s" * 40}


def signups(house) -> SignUps:
    return SignUps(house.engine, house.keyring, house.settings)


def confirm_token(house) -> str:
    delivery, _ = house.mails("confirm")[-1]
    return house.keyring.open(delivery.private)


def unsubscribe(house, person) -> bool:
    return people.unsubscribe(house.engine, house.keyring, house.keyring.sign("unsubscribe", person.public_id), house.now)


def reason(house, address: str) -> Suppressed | None:
    hashed = house.keyring.address_hash(address)
    with reading(house.engine) as session:
        return store.suppressions(session, [hashed]).get(hashed)


def everything(engine) -> str:
    """Return the whole database as text."""
    with engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        rows = (row for table in tables for row in connection.execute(text(f'SELECT * FROM "{table}"')))  # noqa: S608
        return "\n".join(map(repr, rows))


def test_a_sign_up_gets_nothing_before_it_is_confirmed(house) -> None:
    signups(house).take("anna@example.org", WISHES, house.now)
    house.news("nmosd")
    house.compose()
    assert house.mails() == []
    [(delivery, edition)] = house.mails("confirm")
    assert delivery.priority == 1
    assert b"NMOSD" not in zlib.decompress(edition.parts)
    assert house.find("anna@example.org").status == "pending"


def test_confirming_works_once_and_the_first_digest_follows(house) -> None:
    signups(house).take("anna@example.org", WISHES, house.now)
    number = house.news("nmosd")
    token = confirm_token(house)
    assert signups(house).asked(token, house.now).status == "pending"
    assert signups(house).confirm(token, house.now).status == "active"
    assert signups(house).confirm(token, house.now) is None
    house.compose()
    assert house.told() == [[number]]


def test_a_confirm_link_ends_after_48_hours_and_the_sign_up_vanishes_after_72(house) -> None:
    signups(house).take("anna@example.org", WISHES, house.now)
    token = confirm_token(house)
    house.later(hours=48, seconds=1)
    assert signups(house).confirm(token, house.now) is None
    house.later(hours=24)
    assert keep.keep(house.engine, house.now) == 1
    with pytest.raises(NotFoundError):
        house.find("anna@example.org")


def test_a_new_question_ends_the_link_of_the_old_one(house) -> None:
    signups(house).take("anna@example.org", WISHES, house.now)
    old = confirm_token(house)
    signups(house).take("anna@example.org", Wishes(interests=parse_set("ms")), house.now)
    assert signups(house).confirm(old, house.now) is None
    person = signups(house).confirm(confirm_token(house), house.now)
    assert person.wishes.set_text == "ms"


def test_a_known_address_is_told_by_mail_and_nothing_changes(house) -> None:
    before = house.person()
    signups(house).take("ANNA@example.org", Wishes(interests=parse_set("ms")), house.now)
    assert house.find("anna@example.org") == before
    [(delivery, edition)] = house.mails("confirm")
    assert delivery.private is None
    assert edition.subject == "Your research digest by mail"


def test_a_form_cannot_be_used_to_bomb_an_address_or_from_one_network(house) -> None:
    for _ in range(6):
        signups(house).take("anna@example.org", WISHES, house.now)
    assert len(house.mails("confirm")) == 3
    for place in range(30):
        signups(house).take(f"p{place}@example.org", WISHES, house.now, network="192.0.2.0/24")
    assert len(house.mails("confirm")) == 3 + 20
    house.later(days=1, seconds=1)
    signups(house).take("anna@example.org", WISHES, house.now)
    assert len(house.mails("confirm")) == 3 + 20 + 1


def test_the_database_never_holds_an_address_or_a_token_in_clear(house) -> None:
    signups(house).take("anna.clear@example.org", WISHES, house.now, network="192.0.2.77")
    token = confirm_token(house)
    signups(house).confirm(token, house.now)
    house.news("nmosd")
    house.compose()
    held = everything(house.engine)
    for secret in ("anna", "example.org@", token, "192.0.2.77"):
        assert secret not in held


def test_unsubscribing_deletes_at_once_and_is_done_twice_without_error(house) -> None:
    person = house.person()
    house.news("nmosd")
    house.compose()
    [(_, edition)] = house.mails()
    assert unsubscribe(house, person) is True
    assert unsubscribe(house, person) is False
    assert house.mails() == []
    with reading(house.engine) as session:
        assert session.execute(select(EditionRow.erased).where(EditionRow.id == edition.id)).scalar() == 1
        assert session.execute(select(DeliveryRow)).first() is None
    assert reason(house, "anna@example.org") is Suppressed.UNSUBSCRIBED
    assert repr(person.public_id) not in everything(house.engine)


def test_a_bad_signature_is_refused_and_another_purpose_is_worth_nothing(house) -> None:
    person = house.person()
    for token in ("rubbish", house.keyring.sign("preferences", person.public_id)):
        with pytest.raises(UsageError):
            people.unsubscribe(house.engine, house.keyring, token, house.now)
    assert house.find("anna@example.org").status == "active"


def test_who_left_comes_back_only_by_a_new_double_opt_in(house) -> None:
    unsubscribe(house, house.person())
    with pytest.raises(UsageError, match="left"):
        house.person()
    with pytest.raises(UsageError, match="left"):
        people.allow(house.engine, house.keyring, "anna@example.org", house.now)
    signups(house).take("anna@example.org", WISHES, house.now)
    assert reason(house, "anna@example.org") is Suppressed.UNSUBSCRIBED
    assert signups(house).confirm(confirm_token(house), house.now).status == "active"
    assert reason(house, "anna@example.org") is None


def test_after_a_bounce_the_operator_can_allow_again(house) -> None:
    person = house.person()
    people.bounced(house.engine, house.keyring, person.public_id, house.now)
    assert house.find("anna@example.org").status == "suppressed"
    assert house.compose().candidates == 0
    with pytest.raises(UsageError, match="bounced; if it works again: alerts subscriber allow EMAIL"):
        house.person()
    people.allow(house.engine, house.keyring, "anna@example.org", house.now)
    house.compose()
    assert house.find("anna@example.org").status == "active"


def test_after_a_complaint_no_sign_up_reaches_the_address_but_the_operator_can_allow(house) -> None:
    people.complained(house.engine, house.keyring, house.person().public_id, house.now)
    signups(house).take("anna@example.org", WISHES, house.now)
    assert house.mails("confirm") == []
    assert people.allow(house.engine, house.keyring, "anna@example.org", house.now) is None
    signups(house).take("anna@example.org", WISHES, house.now)
    assert len(house.mails("confirm")) == 1


def test_a_public_installation_wants_consent_or_an_invitation(house) -> None:
    house.settings = Settings(_env_file=None, **PUBLIC)
    with pytest.raises(UsageError, match="--consent"):
        people.add(house.engine, house.keyring, house.settings, "anna@example.org", WISHES, house.now)
    invited = people.add(house.engine, house.keyring, house.settings, "anna@example.org", WISHES, house.now, invite=True)
    assert invited.status == "pending"
    assert len(house.mails("confirm")) == 1


@pytest.mark.parametrize(("address", "interests", "says"), [
    ("anna at example.org", "nmosd", "not a mail address"), ("anna@example.org", "nosuch", "There is no topic 'nosuch'"),
])  # fmt: skip
def test_what_cannot_be_is_said_and_nothing_is_added(house, address: str, interests: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        house.person(address, interests)
    assert people.listed(house.engine, house.keyring) == []


def test_an_address_is_added_once_whatever_its_case(house) -> None:
    house.person("Anna@Example.org")
    with pytest.raises(UsageError, match="already"):
        house.person("anna@example.ORG")
    assert house.find("anna@example.org").address == "Anna@example.org"


def test_editing_changes_what_and_when(house) -> None:
    person = house.person(rhythm="weekly")
    house.compose()
    daily = Wishes(interests=parse_set("ms?phase=3 mogad"), cadence=Cadence(rhythm="daily", hour=6))
    changed = people.edit(house.engine, house.keyring, person.id, daily, house.now)
    assert changed.wishes == daily
    assert changed.next_digest_at == house.now.replace(hour=6, minute=0) + timedelta(days=1)
    with reading(house.engine) as session:
        assert store.interest_sets(session, ["ms?phase=3 mogad"])
        session.rollback()


def rows(*lines: str) -> list[dict]:
    names = ("email", "interests", "cadence", "hour", "weekday", "zone")
    return [dict(zip(names, line.split(","), strict=True)) for line in lines]


def read(house, *lines: str, **options):
    return people.read_csv(house.engine, house.keyring, house.settings, rows(*lines), "paper form", house.now, **options)


LINES = (
    "a@example.org,nmosd ms?phase=3,daily,8,mon,Europe/Lisbon",
    "b@example,nmosd,hourly,8,mon,UTC",
    "not an address,nmosd,daily,8,mon,UTC",
    "c@example.org,nosuch,daily,8,mon,UTC",
    "A@Example.org,ms,weekly,7,tue,UTC",
    "d@example.org,ms,weekly,25,tue,UTC",
    "e@example.org,mogad,,,,",
)


def test_an_import_is_tried_first_and_every_bad_line_is_told(house) -> None:
    tried = read(house, *LINES, dry_run=True)
    assert people.listed(house.engine, house.keyring) == []
    done = read(house, *LINES)
    assert (tried.added, tried.refused) == (done.added, done.refused)
    assert done.added == 2
    assert [line for line, _ in done.refused] == [3, 4, 5, 6, 7]
    assert not any("b@" in why or "not an address" in why for _, why in done.refused)
    assert read(house, LINES[0]).unchanged == 1


def test_what_is_exported_is_imported_again(house) -> None:
    read(house, *LINES)
    exported = [people.csv_row(person) for person in people.listed(house.engine, house.keyring)]
    for row in exported:
        people.erase_address(house.engine, house.keyring, row["email"], house.now)
    with writing(house.engine) as session:
        session.execute(text("DELETE FROM suppressions"))
    again = people.read_csv(house.engine, house.keyring, house.settings, exported, "paper form", house.now)
    assert (again.added, again.refused) == (2, [])
    assert [people.csv_row(person) for person in people.listed(house.engine, house.keyring)] == exported


def test_an_import_never_brings_back_who_left(house) -> None:
    unsubscribe(house, house.person("a@example.org"))
    done = read(house, *LINES[:1])
    assert done.added == 0
    [(line, why)] = done.refused
    assert line == 2
    assert "left" in why


def test_a_retired_topic_gives_its_followers_to_its_successor(house) -> None:
    house.person("a@example.org", "mogad?phase=3 ms")
    house.person("b@example.org", "mogad")
    house.person("c@example.org", "ms")
    assert Retiring(house.engine, house.keyring, house.settings).retire("mogad", house.now, into="nmosd").told == 2
    assert house.find("a@example.org").wishes.set_text == "ms nmosd?phase=3"
    assert house.find("b@example.org").wishes.set_text == "nmosd"
    assert house.find("c@example.org").wishes.set_text == "ms"


def test_the_operator_is_told_each_time(house) -> None:
    for word in ("first", "second"):
        with writing(house.engine) as session:
            operator.tell(session, house.keyring, house.settings, house.now, subject=f"A {word} thing", paragraphs=["Look."])
    assert [(delivery.recipient, delivery.ordinal) for delivery, _ in house.mails("operator")] == [("operator", 1), ("operator", 2)]


def test_who_left_stays_gone_though_an_older_backup_is_restored(house, tmp_path) -> None:
    left = house.person("a@example.org")
    house.person("b@example.org")
    house.news("nmosd")
    house.compose()
    path = moving.backup(house.engine, tmp_path, house.now).path
    unsubscribe(house, left)
    restoring.restore(
        path, house.engine, data_dir=tmp_path, fingerprint=house.keyring.fingerprint, now=house.now, replace=True
    )
    assert [person.address for person in people.listed(house.engine, house.keyring)] == ["b@example.org"]
    done = people.read_csv(house.engine, house.keyring, house.settings, rows(LINES[0]), "paper form", house.now)
    assert (done.added, len(done.refused)) == (0, 1)
