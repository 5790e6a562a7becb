"""Who is due gets each alert once: by frozen facts, in windows of numbers, whatever crashes (laws 4, 6 and 9)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from alerts.errors import NotFoundError
from alerts.pipeline import compose, people
from alerts.settings import Settings
from alerts.store.engine import reading, writing
from alerts.store.tables import ItemRow, LabelRow, RunRow
from subscribers import store
from subscribers.interest import Facts
from subscribers.people import Suppressed


def test_the_first_digest_comes_at_once_and_looks_back_a_week(house) -> None:
    old = house.alert(house.item(), "nmosd", at=house.now - timedelta(days=8))
    new = house.alert(house.item(), "nmosd", at=house.now - timedelta(days=6))
    house.person(rhythm="daily")
    report = house.compose()
    assert (report.candidates, report.prepared) == (1, 1)
    assert house.told() == [[new]]
    assert old not in house.told()[0]
    assert house.mails()[0][1].kind == "first"


def test_nothing_is_told_twice_and_nothing_is_left_out(house) -> None:
    house.person(rhythm="daily", hour=7)
    first = house.news("nmosd")
    house.compose()
    house.later(days=1)
    second, third = house.news("nmosd"), house.news("nmosd")
    house.compose()
    house.compose()
    assert [sorted(numbers) for numbers in house.told()] == [[first], [second, third]]


def test_those_who_get_the_same_stand_together_in_the_outbox(house) -> None:
    for number in range(6):
        house.person(f"reader{number}@example.org", ("nmosd", "ms")[number % 2])
    house.news("nmosd")
    house.news("ms")
    house.compose()
    editions = [delivery.edition_id for delivery, _ in house.mails()]
    assert len(set(editions)) == 2
    assert editions == sorted(editions)


def test_an_empty_digest_is_no_mail_and_the_window_goes_on(house) -> None:
    house.person(rhythm="daily", hour=7)
    house.news("nmosd")
    house.compose()
    house.later(days=1)
    house.news("ms")
    report = house.compose()
    assert report.excluded == {"nothing new": 1}
    assert len(house.mails()) == 1
    assert house.find("anna@example.org").seen == 2


def test_after_downtime_one_catching_up_mail_comes(house) -> None:
    house.person(rhythm="daily", hour=7)
    house.compose()
    numbers = []
    for _ in range(4):
        house.later(days=1)
        numbers.append(house.news("nmosd"))
    house.compose()
    house.compose()
    assert sorted(house.told()[-1]) == numbers
    assert len(house.mails()) == 2
    assert house.find("anna@example.org").next_digest_at > house.now


def test_a_quiet_alert_is_never_mailed(house) -> None:
    house.alert(house.item(), "nmosd", quiet=True)
    house.person()
    house.compose()
    assert house.told() == [[]]


def test_a_matched_alert_reaches_only_whom_the_facts_before_did_not(house) -> None:
    house.person("wide@example.org", "nmosd", rhythm="daily")
    house.person("narrow@example.org", "nmosd?phase=3", rhythm="daily")
    house.compose()
    house.later(days=1)
    before = Facts(kind="paper", topics=("nmosd",), under=("nmosd",))
    number = house.alert(house.item(), "nmosd", reason="matched", before=before, phases=("PHASE3",), phase_role="own")
    house.compose()
    [(delivery, edition)] = house.mails()[2:]
    assert edition.numbers == [number]
    assert delivery.subscriber_id == house.find("narrow@example.org").id


def test_those_who_want_the_same_share_one_edition(house) -> None:
    for place in range(5):
        house.person(f"p{place}@example.org", "nmosd ms?phase=3")
    house.news("nmosd")
    house.compose()
    assert len({edition.id for _, edition in house.mails()}) == 1
    assert len({delivery.message_id for delivery, _ in house.mails()}) == 5


def test_what_tells_a_digest_apart_makes_editions_of_its_own(house) -> None:
    house.person("a@example.org", "nmosd", rhythm="daily")
    house.person("b@example.org", "nmosd", rhythm="weekly")
    house.person("c@example.org", "nmosd", rhythm="weekly", wishes={"format": "text"})
    house.person("d@example.org", "nmosd ms", rhythm="weekly")
    house.news("nmosd")
    house.compose()
    assert len({edition.id for _, edition in house.mails()}) == 4


def test_a_thread_is_one_entry_led_by_its_strongest_member(house) -> None:
    record = house.item(kind="record", keys=(("nct", "NCT01234567"),))
    paper = house.item(keys=(("pmid", "1"),), links=(("registered-as", "nct", "NCT01234567"),))
    news = house.item(kind="news", links=(("news-about", "pmid", "1"),))
    story = house.alert(news, "nmosd", kind="news", design="randomized-trial")
    plan = house.alert(record, "nmosd", kind="record", design="protocol")
    study = house.alert(paper, "nmosd", kind="paper", design="randomized-trial")
    house.person()
    house.compose()
    [(_, edition)] = house.mails()
    assert edition.numbers == [study]
    assert sorted(edition.listed) == sorted([story, plan])


def test_a_paper_is_sent_though_its_news_story_was_sent_before(house) -> None:
    house.person(rhythm="daily")
    house.alert(house.item(kind="news", links=(("news-about", "pmid", "1"),)), "nmosd", kind="news")
    house.compose()
    house.later(days=1)
    study = house.alert(house.item(keys=(("pmid", "1"),)), "nmosd")
    house.compose()
    assert house.told()[-1] == [study]


def test_a_topic_that_an_operator_took_away_hides_its_alert(house) -> None:
    item = house.item()
    house.alert(item, "nmosd")
    with writing(house.engine) as session:
        session.add(LabelRow(item_id=item, facet="topic", value="nmosd", role="not", by="operator", evidence=[], at=house.now))
    house.person()
    house.compose()
    assert house.told() == [[]]


def test_the_run_adds_up_and_is_kept(house) -> None:
    house.news("nmosd")
    house.person("a@example.org", "nmosd")
    house.compose()
    house.person("b@example.org", "ms", rhythm="daily")
    house.later(days=7)
    house.compose()
    with reading(house.engine) as session:
        runs = session.execute(select(RunRow).order_by(RunRow.id)).scalars().all()
        session.expunge_all()
    assert [(run.candidates, run.prepared) for run in runs] == [(1, 1), (2, 1)]
    assert all(run.candidates == run.prepared + sum(run.excluded.values()) for run in runs)


def test_a_dry_run_counts_and_writes_nothing(house) -> None:
    house.news("nmosd")
    house.person()
    report = house.compose(dry_run=True)
    assert (report.candidates, report.prepared) == (1, 1)
    assert house.mails() == []
    assert house.compose().prepared == 1


def test_everyone_and_only_compose_for_who_is_not_due(house) -> None:
    house.person("a@example.org", rhythm="daily")
    house.person("b@example.org", rhythm="daily")
    house.compose()
    house.news("nmosd")
    assert house.compose().candidates == 0
    assert house.compose(only="A@example.org").prepared == 1
    assert house.compose(everyone=True).prepared == 1
    with pytest.raises(NotFoundError):
        house.compose(only="nobody@example.org")


def test_immediate_mail_comes_with_the_alert_but_not_in_quiet_hours(house) -> None:
    house.person(rhythm="immediate", quiet=(22, 7))
    house.compose()
    house.now = house.now.replace(hour=23)
    number = house.news("nmosd")
    assert house.compose().excluded == {"quiet hours": 1}
    house.later(hours=7)
    assert house.compose().candidates == 0
    house.later(hours=1)
    house.compose()
    assert house.told()[-1] == [number]
    assert house.mails()[-1][0].priority == 3
    assert house.compose().candidates == 0


def test_immediate_mail_has_a_ceiling_and_loses_nothing(house) -> None:
    house.person(rhythm="immediate")
    told = []
    for _ in range(10):
        house.later(minutes=10)
        told.append(house.news("nmosd"))
        house.compose()
    assert len(house.mails()) == 6
    house.later(days=1)
    house.compose()
    assert sorted(number for _, edition in house.mails() for number in [*edition.numbers, *edition.listed]) == told


def test_a_flood_of_one_source_stands_under_one_heading(house) -> None:
    flood = [house.news("nmosd") for _ in range(60)]
    other = house.alert(house.item(source="other"), "nmosd", design="animal")
    house.person()
    house.compose()
    [(_, edition)] = house.mails()
    assert other in edition.numbers
    assert len(edition.numbers) == 4
    assert sorted(edition.numbers + edition.listed) == sorted([*flood, other])


def test_paused_readers_get_what_came_meanwhile_when_they_are_back(house) -> None:
    person = house.person(rhythm="daily")
    house.compose()
    people.pause(house.engine, house.keyring, person.address, house.now, until=house.now + timedelta(days=5))
    house.later(days=2)
    number = house.news("nmosd")
    house.compose()
    assert len(house.mails()) == 1
    house.later(days=4)
    house.compose()
    assert house.told()[-1] == [number]


def test_after_ninety_days_of_silence_one_line_comes_unless_switched_off(house) -> None:
    house.person("a@example.org")
    house.person("b@example.org", wishes={"no_notices": frozenset({"nothing-new"})})
    house.compose()
    sent = len(house.mails())
    house.later(days=89)
    house.news("ms")
    house.compose()
    assert len(house.mails()) == sent
    house.later(days=7)
    house.compose()
    [(delivery, edition)] = house.mails()[sent:]
    assert delivery.subscriber_id == house.find("a@example.org").id
    assert edition.subject == "Your research digest: nothing new"
    house.later(days=7)
    house.compose()
    assert len(house.mails()) == sent + 1


def test_a_suppressed_address_is_counted_and_gets_nothing(house) -> None:
    house.person()
    with writing(house.engine) as session:
        store.suppress(session, house.keyring.address_hash("anna@example.org"), Suppressed.BOUNCED, house.now)
    assert house.compose().excluded == {"suppressed": 1}
    assert house.find("anna@example.org").status == "suppressed"
    assert house.compose().candidates == 0


def test_two_composers_at_once_make_one_delivery_each(house) -> None:
    house.news("nmosd")
    for place in range(40):
        house.person(f"p{place}@example.org", "nmosd")
    with ThreadPoolExecutor(2) as pool:
        reports = [job.result() for job in [pool.submit(house.compose), pool.submit(house.compose)]]
    assert sum(report.prepared for report in reports) == 40
    assert len(house.mails()) == 40


def test_who_is_overtaken_leaves_the_next_slice_to_the_other_and_comes_back_for_it(house, monkeypatch) -> None:
    house.news("nmosd")
    ids = [house.person(f"p{place}@example.org", "nmosd").id for place in range(8)]
    begin, alone = compose._Work, compose._Work.compose
    slices = []

    def overtaken(work, rows, *, dry_run):
        slices.append([row.id for row in rows])
        if len(slices) == 1:
            other = begin(house.engine, house.keyring, house.settings, house.now, compose.ComposeReport(upto=work._report.upto))
            alone(other, rows, dry_run=False)
        alone(work, rows, dry_run=dry_run)

    monkeypatch.setattr(compose, "BATCH", 2)
    monkeypatch.setattr(compose._Work, "compose", overtaken)
    report = house.compose()
    assert slices == [ids[:2], ids[4:6], ids[6:], ids[2:4]]
    assert (report.prepared, report.excluded) == (6, {"taken by another": 2})
    assert len(house.mails()) == 8


def test_a_crash_between_moving_on_and_enqueueing_leaves_nothing_half_done(house, monkeypatch) -> None:
    house.news("nmosd")
    house.person()

    def crash(*_: object) -> None:
        raise OSError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr("alerts.store.editions.enqueue", crash)
        with pytest.raises(OSError, match="power"):
            house.compose()
    assert (house.mails(), house.find("anna@example.org").digest_no) == ([], 0)
    house.compose()
    assert house.told() == [[1]]


def test_the_new_alert_of_a_work_that_turned_out_to_be_known_is_void(house) -> None:
    house.person(rhythm="daily")
    first = house.item()
    told = house.alert(first, "nmosd")
    house.compose()
    house.later(days=1)
    second = house.item()
    house.alert(second, "nmosd")
    with writing(house.engine) as session:
        session.execute(update(ItemRow).where(ItemRow.id == first).values(first_alert=told))
        session.execute(update(ItemRow).where(ItemRow.id == second).values(merged_into=first))
    assert house.compose().excluded == {"nothing new": 1}


def test_invented_samples_stay_on_this_machine(house) -> None:
    house.source("sample", sample=True)
    house.alert(house.item(source="sample"), "nmosd")
    house.person("a@example.org")
    house.compose()
    assert house.told() == [[1]]
    house.settings = Settings(_env_file=None, base_url="https://alerts.example.org", secret_key="s" * 40)
    house.person("b@example.org")
    house.compose()
    assert house.told() == [[1], []]


def test_a_topic_includes_its_children(house) -> None:
    number = house.alert(house.item(), "nmosd", under=("demyelination",))
    house.person(interests="demyelination")
    house.compose()
    assert house.told() == [[number]]
