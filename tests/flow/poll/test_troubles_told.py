"""The operator hears of sources that stay broken, once, in one mail; readers see it at the foot."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from sqlalchemy import Engine, update
from sqlmodel import select

from alerts.model import Source
from alerts.pipeline import troubles
from alerts.pipeline.contents import Contents, Group
from alerts.publish import reach
from alerts.publish.email import Recipient, Segments
from alerts.settings import Settings
from alerts.store import catalogue, installation, trouble
from alerts.store.engine import reading, writing
from alerts.store.tables import DeliveryRow, EditionRow, SourceRow
from subscribers.tokens import Keyring

KEYRING = Keyring(b"k" * 40)
SETTINGS = Settings(_env_file=None, operator="operator@example.org", ALERTS_FROM="Digest <digest@alerts.example.org>")
SLUGS = ("journal", "trials", "news", "healthy")


@pytest.fixture
def broken(engine: Engine, now: datetime) -> Engine:
    """Three sources that have failed since long, each differently, and one that is read."""
    with writing(engine) as session:
        installation.start(session, authority="alerts.example.org", fingerprint="", now=now)
        catalogue.add_sources(session, [Source(slug=slug, url=f"https://{slug}.example/") for slug in SLUGS], now)
        for slug, failures, days in (("journal", 3, 2), ("trials", 3, 0.9), ("news", 2, 9)):
            session.execute(update(SourceRow).where(SourceRow.slug == slug).values(
                state="failing", failures=failures, failing_since=now - timedelta(days=days), last_error="answered 503"))
        session.execute(update(SourceRow).values(last_ok_at=now - timedelta(days=10)))
    return engine


def mails(engine: Engine) -> list[str]:
    with reading(engine) as session:
        rows = session.exec(select(EditionRow.parts).join(DeliveryRow, DeliveryRow.edition_id == EditionRow.id)
                            .where(DeliveryRow.kind == "operator").order_by(DeliveryRow.id))
        return [_words(parts) for parts in rows]


def _words(parts: bytes) -> str:
    to = Recipient("operator@example.org", "<1@alerts.example.org>", datetime(2026, 5, 4, tzinfo=UTC))
    mail = message_from_bytes(Segments.parse(parts).splice(to), policy=default)
    return " ".join(mail.get_body(("plain",)).get_content().split())


def tell(engine: Engine, now: datetime) -> tuple[list[str], list[str]]:
    found = troubles.tell_due(engine, KEYRING, SETTINGS, now)
    return [one.source.slug for one in found.broken], [one.source.slug for one in found.recovered]


def test_only_a_source_that_failed_three_times_over_a_day_is_told_and_once(broken, now) -> None:
    assert tell(broken, now) == (["journal"], [])
    assert tell(broken, now + timedelta(minutes=10)) == ([], [])
    (mail,) = mails(broken)
    for words in ("answered 503", "alerts source check journal", "Readers miss"):
        assert words in mail


def test_all_broken_sources_stand_in_one_mail_and_recovery_in_one_more(broken, now) -> None:
    with writing(broken) as session:
        session.execute(update(SourceRow).where(SourceRow.slug == "news").values(failures=3))
    assert tell(broken, now) == (["journal", "news"], [])
    with writing(broken) as session:
        session.execute(update(SourceRow).where(SourceRow.slug == "news").values(
            state="ok", failures=0, failing_since=None))
    assert tell(broken, now) == ([], ["news"])
    assert tell(broken, now) == ([], [])
    assert len(mails(broken)) == 2


def test_without_an_operator_nothing_is_marked_as_told(broken, now) -> None:
    silent = SETTINGS.model_copy(update={"operator": ""})
    assert not troubles.tell_due(broken, KEYRING, silent, now)
    assert tell(broken, now) == (["journal"], [])


def test_readers_see_what_was_read_and_what_could_not_be(broken, now) -> None:
    with reading(broken) as session:
        read, unread = trouble.reach(session, now)
    since = now - timedelta(days=2)
    assert (read, unread) == (3, (("journal", since),))
    said = f"Read 3 sources; not readable since {since.day} {since:%B}: journal."
    assert Contents(broken, SETTINGS, now, 0).told(Group(interests="ms", seen=0))[0].reach == said


def test_a_source_counts_as_read_only_once_it_was_and_a_new_one_as_nothing(broken, now) -> None:
    with writing(broken) as session:
        session.execute(update(SourceRow).values(last_ok_at=None))
    with reading(broken) as session:
        read, unread = trouble.reach(session, now)
    assert (read, {one.title for one in unread}) == (0, {"journal", "trials", "news"})
    said = reach.line(read, unread)
    assert said.startswith("Read 0 sources; 3 not readable;")


def test_the_line_puts_together_what_broke_on_one_day() -> None:
    june = datetime(2026, 6, 12, tzinfo=UTC)
    assert reach.line(1, []) == "Read 1 source."
    assert reach.line(0, []) == ""
    assert reach.line(14, [("X", june), ("Y", june), ("Z", None)]) == (
        "Read 14 sources; 3 not readable; not readable since 12 June: X, Y; not readable: Z.")
