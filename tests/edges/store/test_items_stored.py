"""Items in a real database: saved, merged, corrected, found, listed, threaded, taken out."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, update
from sqlmodel import select

from alerts.errors import NotFoundError, UsageError
from alerts.model import Content, Entry, Facet, Key, Kind, Label, Link, Page, PartialDate, Reason, Role, Source, Topic
from alerts.pipeline import corrections, crew, manage, outcome, relabel, release, rules, trial
from alerts.pipeline.shelve import Shelver, Visit
from alerts.store import catalogue, due, installation, items, labels, numberline, relabelling
from alerts.store.engine import reading, writing
from alerts.store.items import Filter
from alerts.store.tables import AlertRow, HistoryRow, IntentRow, ItemRow, KeyRow, SightingRow

TOPICS = [
    Topic(slug="sleep", name="Sleep", definition={"terms": ["sleep"]}),
    Topic(slug="narcolepsy", name="Narcolepsy", definition={"terms": ["narcolepsy"]}, parent="sleep"),
]
PAPER = Content(title="Evening light in adults with narcolepsy: a comparison", authors=("Lindqvist A",),
                published=PartialDate(2026, 4, 2), text="We compared lamps in 40 adults with narcolepsy.")
PMID, DOI, NCT = Key("pmid", "101"), Key("doi", "10.1000/light.1"), Key("nct", "NCT09000001")


class Bench:
    """Shelves entries as if a source had brought them, and releases what is news."""

    def __init__(self, engine: Engine, now: datetime) -> None:
        self.engine, self.now = engine, now
        with writing(engine) as session:
            catalogue.add_topics(session, TOPICS)
            installation.start(session, authority="alerts.example.org", fingerprint="f", now=now)

    def bring(self, slug: str, *entries: Entry, **source: object) -> None:
        with writing(self.engine) as session:
            if slug not in [each.slug for each in catalogue.sources(session)]:
                catalogue.add_sources(session, [Source(slug=slug, url=f"https://{slug}.example/", **source)], self.now)
            (row,) = due.pollable(session, [slug])
            (claimed,) = due.claim_due(session, self.now, limit=1, among=[row])
            classifier = rules.current(session)
        done = Shelver(self.engine, classifier, self.now).shelve(Visit(
            claimed=claimed, page=Page(entries=entries), ends=True,
            outcome=outcome.of(claimed, **outcome.healthy(self.now))))
        assert done is not None

    def release(self) -> list[tuple[Reason, int]]:
        numbers = release.release(self.engine, self.now)
        with reading(self.engine) as session:
            return [(one.reason, one.item_id) for one in numberline.alerts(session, numbers).values()]


@pytest.fixture
def bench(engine: Engine, now: datetime) -> Bench:
    return Bench(engine, now)


def entry(locator: str = "a", *, keys: tuple[Key, ...] = (PMID,), links: tuple[Link, ...] = (), **content: object) -> Entry:
    return Entry(locator=locator, keys=keys, links=links, content=replace(PAPER, **content), raw_hash=str(content))


def test_a_late_doi_merges_two_items_and_voids_the_second_first_alert(bench: Bench) -> None:
    bench.bring("pubmed", entry())
    assert bench.release() == [(Reason.NEW, 1)]
    bench.bring("journal", entry("j", keys=(DOI,), title="Light, lamps and narcolepsy in the evening hours", authors=()))
    assert bench.release() == [(Reason.NEW, 2)]
    bench.bring("pubmed", entry(keys=(PMID, DOI), venue="Lamps"))
    with reading(bench.engine) as session:
        assert session.exec(select(ItemRow.merged_into).where(ItemRow.id == 2)).one() == 1
        assert {row.item_id for row in session.exec(select(KeyRow))} == {1}
        assert {row.item_id for row in session.exec(select(SightingRow))} == {1}
        assert numberline.voided(session, 0, 2) == {2: 1}
        assert numberline.voided(session, 2, 2) == {}
        assert [shown.item.id for shown in items.alerted(session, [2, 1])] == [1, 1]
        assert items.item(session, 2).sources == ("journal", "pubmed")
    assert bench.release() == []


def test_items_merged_before_their_release_make_one_alert(bench: Bench) -> None:
    bench.bring("pubmed", entry())
    bench.bring("journal", entry("j", keys=(DOI,), title="Light, lamps and narcolepsy in the evening hours", authors=()))
    bench.bring("pubmed", entry(keys=(PMID, DOI), text="More words on narcolepsy."))
    assert bench.release() == [(Reason.NEW, 1)]


def test_an_item_without_a_topic_is_stored_and_makes_no_alert_until_it_gains_one(bench: Bench) -> None:
    bench.bring("pubmed", entry(title="Evening light in adults", text="Lamps."))
    assert bench.release() == []
    bench.bring("pubmed", entry(title="Evening light in adults with narcolepsy", text="Lamps."))
    assert bench.release() == [(Reason.NEW, 1)]


def test_content_that_grows_makes_a_matched_alert_with_what_was_told_before(bench: Bench) -> None:
    bench.bring("pubmed", entry(title="Sleep and light in the evening hours", text=""))
    assert bench.release() == [(Reason.NEW, 1)]
    bench.bring("pubmed", entry(title="Sleep, light and narcolepsy in the evening hours", text=""))
    assert bench.release() == [(Reason.MATCHED, 1)]
    with reading(bench.engine) as session:
        first, matched = numberline.alerts(session, [1, 2]).values()
    assert (first.facts.under, matched.before) == (("sleep",), first.facts)
    assert set(matched.facts.topics) == {"sleep", "narcolepsy"}


def test_a_record_s_states_are_kept_as_history_and_told(bench: Bench) -> None:
    record = entry("r", keys=(NCT,), kind=Kind.RECORD, status="RECRUITING", authors=())
    bench.bring("ctgov", record)
    bench.release()
    bench.bring("ctgov", replace(record, content=replace(record.content, status="TERMINATED", why_stopped="no funds")))
    assert bench.release() == [(Reason.STATUS, 1)]
    with reading(bench.engine) as session:
        assert [(one.field, one.old, one.new) for one in items.history(session, 1)] == [
            ("status", "RECRUITING", "TERMINATED")]
        alert = numberline.alerts(session, [2])[2]
        assert alert.detail == {"from": "RECRUITING", "to": "TERMINATED", "why": "no funds"}
        assert not alert.quiet


def test_a_retraction_notice_marks_the_whole_thread_and_is_no_second_item(bench: Bench) -> None:
    bench.bring("pubmed", entry(keys=(PMID, DOI)))
    bench.bring("medrxiv", entry("m", keys=(Key("doi", "10.1101/1"),), links=(Link("published-as", *DOI),), kind=Kind.PREPRINT))
    bench.release()
    notice = entry("n", keys=(Key("pmid", "202"),), links=(Link("retracts", *PMID),), kind=Kind.NOTICE, title="Retraction: light")
    bench.bring("pubmed", notice)
    assert bench.release() == [(Reason.RETRACTED, 1)]
    bench.bring("pubmed", replace(notice, raw_hash="other", content=replace(notice.content, text="Because of narcolepsy.")))
    assert bench.release() == []
    with reading(bench.engine) as session:
        assert [shown.mark for shown in items.alerted(session, [1, 2, 3])] == ["retracted"] * 3
        assert items.find(session, "202") == 1
        assert [one.item.id for one in items.listing(session, Filter())] == [2, 1]


def test_a_paper_is_found_by_everything_people_call_it(bench: Bench) -> None:
    bench.bring("pubmed", entry(keys=(PMID, DOI), url="https://pubmed.example/101/"))
    bench.bring("ctgov", entry("r", keys=(NCT,), kind=Kind.RECORD, authors=()))
    with reading(bench.engine) as session:
        for said in ("1", "101", "PMID: 101", "pmid:101", "10.1000/LIGHT.1", "doi:10.1000/light.1",
                     "https://doi.org/10.1000/light.1", "https://pubmed.example/101/"):
            assert items.find(session, said) == 1, said
        assert items.find(session, "nct09000001") == 2
        assert items.find(session, "999") is None


def test_a_thread_joins_record_paper_preprint_and_story(bench: Bench) -> None:
    bench.bring("ctgov", entry("r", keys=(NCT,), kind=Kind.RECORD, authors=()))
    bench.bring("pubmed", entry(keys=(PMID, DOI), links=(Link("registered-as", *NCT), Link("mentions", "nct", "NCT0"))))
    bench.bring("medrxiv", entry("m", keys=(Key("doi", "10.1101/1"),), links=(Link("published-as", *DOI),), kind=Kind.PREPRINT))
    bench.bring("news", entry("n", keys=(Key("url", "n.example/1"),), links=(Link("news-about", *DOI),), kind=Kind.NEWS))
    bench.bring("pubmed", entry("second", keys=(Key("pmid", "555"),), links=(Link("registered-as", *NCT),),
                                title="Late effects of evening light in narcolepsy"))
    bench.bring("pubmed", entry("stranger", keys=(Key("pmid", "777"),), links=(Link("mentions", *NCT),),
                                title="A survey of all registered studies of narcolepsy"))
    bench.release()
    with reading(bench.engine) as session:
        numbers = dict(session.exec(select(AlertRow.item_id, AlertRow.number)).all())
        threads = {one: {m.item.id for m in items.alerted(session, [number])[0].thread} for one, number in numbers.items()}
    assert threads == {1: {2, 3, 4, 5}, 2: {1, 3, 4, 5}, 3: {1, 2, 4, 5}, 4: {1, 2, 3, 5}, 5: {1, 2, 3, 4}, 6: set()}


def topic(slug: str, role: Role) -> Label:
    return Label(facet=Facet.TOPIC, value=slug, role=role, by="operator")


def test_an_operator_s_word_wins_over_rules_and_survives_them(bench: Bench) -> None:
    bench.bring("pubmed", entry())
    corrections.correct(bench.engine, 1, [topic("narcolepsy", Role.NOT), topic("sleep", Role.ABOUT)], bench.now)
    corrections.correct(bench.engine, 1, [Label(facet=Facet.DESIGN, value="lab", by="operator")], bench.now)
    bench.bring("pubmed", entry(text="Again of narcolepsy, with more words."))
    with reading(bench.engine) as session:
        held = labels.held(session, [1])[1]
        assert [label.value for label in held if label.facet is Facet.TOPIC] == ["sleep"]
        assert [label.value for label in held if label.facet is Facet.DESIGN] == ["lab"]
        assert [one.item.id for one in items.listing(session, Filter(topic="narcolepsy"))] == []
        assert [one.item.id for one in items.listing(session, Filter(topic="sleep", design="lab"))] == [1]
        assert catalogue.topic_counts(session) == {"sleep": 1}
    replay = corrections.replay(bench.engine)
    assert replay.corrections == 3
    assert {(one.facet, one.value) for one in replay.disagreements} >= {("topic", "narcolepsy"), ("topic", "sleep")}


def test_a_correction_takes_the_place_of_the_one_before(bench: Bench) -> None:
    bench.bring("pubmed", entry())
    for role in (Role.NOT, Role.ABOUT, Role.NOT):
        corrections.correct(bench.engine, 1, [topic("narcolepsy", role)], bench.now)
    with reading(bench.engine) as session:
        assert [label.role for _, label in labels.corrections(session)] == [Role.NOT]


def test_a_topic_that_an_operator_adds_is_told_to_its_readers(bench: Bench) -> None:
    bench.bring("pubmed", entry())
    bench.release()
    with writing(bench.engine) as session:
        catalogue.add_topics(session, [Topic(slug="lamps", name="Lamps", definition={"terms": ["luminaire"]})])
    corrections.correct(bench.engine, 1, [topic("lamps", Role.ABOUT)], bench.now)
    assert bench.release() == [(Reason.MATCHED, 1)]
    corrections.correct(bench.engine, 1, [topic("lamps", Role.NOT)], bench.now)
    assert bench.release() == []


def test_an_unknown_topic_is_no_correction(bench: Bench) -> None:
    bench.bring("pubmed", entry())
    with pytest.raises(NotFoundError, match="moonlight"):
        corrections.correct(bench.engine, 1, [topic("moonlight", Role.ABOUT)], bench.now)


def test_a_new_topic_is_tried_on_the_archive_and_then_makes_quiet_alerts(bench: Bench) -> None:
    bench.bring("pubmed", *(entry(str(n), keys=(Key("pmid", str(n)),), title=f"Lamps of kind {n} for adults with narcolepsy")
                            for n in range(1, 8)))
    bench.release()
    lamps = Topic(slug="lamps", name="Lamps", definition={"terms": ["lamp"]})
    tried = trial.trial(bench.engine, [lamps])
    assert (tried.items, len(tried.added), tried.dropped) == (7, 7, ())
    assert {word.lower() for change in tried.added for word in change.words} == {"lamps"}
    with writing(bench.engine) as session:
        catalogue.add_topics(session, [lamps])
    steps: list[tuple[int, int]] = []
    done = relabel.relabel(bench.engine, bench.now, lambda at, total: steps.append((at, total)))
    assert (done.items, done.changed, steps) == (7, 7, [(0, 7), (7, 7)])
    assert not relabel.order_if_outdated(bench.engine, bench.now)
    assert relabel.relabel(bench.engine, bench.now).items == 0
    assert [reason for reason, _ in bench.release()] == [Reason.MATCHED] * 7
    with reading(bench.engine) as session:
        assert all(session.exec(select(AlertRow.quiet).where(AlertRow.number > 7)))
        assert not any(session.exec(select(AlertRow.quiet).where(AlertRow.number <= 7)))


def test_a_trial_of_a_narrower_definition_shows_what_it_would_drop(bench: Bench) -> None:
    bench.bring("pubmed", entry())
    tried = trial.trial(bench.engine, [replace(TOPICS[1], definition={"terms": ["cataplexy"]})])
    assert [(change.slug, change.item_id) for change in tried.dropped] == [("narcolepsy", 1)]
    assert trial.trial(bench.engine, TOPICS, since=bench.now + timedelta(days=1)).items == 0


def test_a_changed_topic_orders_a_pass_that_one_process_works_off(bench: Bench) -> None:
    bench.bring("pubmed", entry())
    manage.edit_topics(bench.engine, [replace(TOPICS[1], definition={"terms": ["lamp"]})], bench.now, loud=True)
    with writing(bench.engine) as session:
        elsewhere = relabelling.take(session)
        assert elsewhere is not None
        assert elsewhere.loud
    assert relabel.work_off(bench.engine, bench.now) is None
    with writing(bench.engine) as session:
        relabelling.give_back(session, elsewhere, None)
        assert relabelling.progress(session) == (0, 0)
    done = relabel.work_off(bench.engine, bench.now)
    assert done is not None
    assert done.items == 1
    with reading(bench.engine) as session:
        assert relabelling.progress(session) is None
    assert relabel.work_off(bench.engine, bench.now) is None


def test_a_pass_that_was_stopped_goes_on_where_it_was(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.bring("pubmed", *(entry(str(n), keys=(Key("pmid", str(n)),), title=f"Lamps of kind {n} in narcolepsy")
                            for n in range(1, 8)))
    manage.edit_topics(bench.engine, [replace(TOPICS[1], definition={"terms": ["lamp"]})], bench.now)
    monkeypatch.setattr(crew, "READ", 3)
    told: list[int] = []
    with pytest.raises(relabel.StoppedError):
        relabel.work_off(bench.engine, bench.now, lambda at, _: told.append(at), stopped=lambda: told[-1:] == [3])
    with reading(bench.engine) as session:
        assert relabelling.progress(session) == (3, 7)
    rest = relabel.work_off(bench.engine, bench.now)
    assert rest is not None
    assert rest.items == 4


def test_an_order_placed_in_the_middle_of_a_pass_is_not_lost(bench: Bench) -> None:
    bench.bring("pubmed", entry())
    narrower = [replace(TOPICS[1], definition={"terms": ["lamp"]})]
    manage.edit_topics(bench.engine, narrower, bench.now)
    relabel.work_off(bench.engine, bench.now, lambda at, _: manage.edit_topics(bench.engine, [TOPICS[1]], bench.now) if at else None)
    with reading(bench.engine) as session:
        assert relabelling.progress(session) is not None
    again = relabel.work_off(bench.engine, bench.now)
    assert again is not None
    assert again.items == 1


def test_rules_of_a_newer_program_are_ordered_for_the_archive_at_start(bench: Bench) -> None:
    bench.bring("pubmed", entry())
    assert not relabel.order_if_outdated(bench.engine, bench.now)
    with writing(bench.engine) as session:
        session.execute(update(ItemRow).values(rules="older"))
    assert relabel.order_if_outdated(bench.engine, bench.now)
    done = relabel.work_off(bench.engine, bench.now)
    assert done is not None
    assert (done.items, done.changed) == (1, 0)


def test_what_operators_say_of_a_source_makes_its_items_about_the_topic(bench: Bench) -> None:
    bench.bring("clinic", entry(title="What our visitors asked in spring", text="Questions."), about="narcolepsy", title="The clinic")
    assert bench.release() == [(Reason.NEW, 1)]


def test_a_sample_source_goes_with_all_that_only_it_brought(bench: Bench) -> None:
    bench.bring("sample", entry(), entry("b", keys=(Key("pmid", "2"),), title="Another work on narcolepsy"), sample=True)
    bench.bring("pubmed", entry())
    bench.release()
    with writing(bench.engine) as session:
        catalogue.remove_source(session, "sample")
        assert [row.id for row in session.exec(select(ItemRow))] == [1]
        assert session.exec(select(AlertRow.item_id)).all() == [1]
        assert not session.exec(select(IntentRow)).all()
        with pytest.raises(NotFoundError):
            catalogue.source(session, "sample")


def test_an_ordinary_source_is_removed_and_its_items_stay(bench: Bench) -> None:
    bench.bring("pubmed", entry())
    with writing(bench.engine) as session:
        catalogue.remove_source(session, "pubmed")
        assert len(session.exec(select(ItemRow)).all()) == 1


def test_nothing_is_written_twice_when_a_page_comes_twice(bench: Bench) -> None:
    for _ in range(3):
        bench.bring("pubmed", entry())
    with reading(bench.engine) as session:
        assert len(session.exec(select(SightingRow)).all()) == 1
        assert not session.exec(select(HistoryRow)).all()
        assert len(session.exec(select(IntentRow)).all()) == 1


def test_topics_and_sources_that_exist_are_refused(bench: Bench) -> None:
    with writing(bench.engine) as session:
        for wrong in (TOPICS[0], Topic(slug="all", name="x"), Topic(slug="x", name="x", parent="nowhere")):
            with pytest.raises(UsageError):
                catalogue.add_topics(session, [wrong])
        with pytest.raises(UsageError, match="ancestor"):
            catalogue.edit_topics(session, [replace(TOPICS[0], parent="narcolepsy")])
        catalogue.add_sources(session, [Source(slug="a", url="https://a.example/")], bench.now)
        for wrong in (Source(slug="a", url="https://b.example/"), Source(slug="c", url="https://a.example/"),
                      Source(slug="d", url="https://d.example/", about="nothing")):
            with pytest.raises(UsageError):
                catalogue.add_sources(session, [wrong], bench.now)


def test_another_secret_key_is_refused(bench: Bench) -> None:
    with writing(bench.engine) as session:
        same = installation.start(session, authority="elsewhere.example", fingerprint="f", now=bench.now + timedelta(1))
        assert (same.authority, same.started_at) == ("alerts.example.org", bench.now)
        with pytest.raises(UsageError, match="ALERTS_SECRET_KEY"):
            installation.start(session, authority="x", fingerprint="other", now=bench.now)


def test_a_long_archive_is_labelled_by_several_processes_with_the_same_result(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.bring("pubmed", *(entry(str(n), keys=(Key("pmid", str(n)),), title=f"Lamps of kind {n} for adults with narcolepsy")
                            for n in range(1, 31)))
    with writing(bench.engine) as session:
        catalogue.add_topics(session, [Topic(slug="lamps", name="Lamps", definition={"terms": ["lamp"]})])
    monkeypatch.setattr(crew, "ALONE", 0)
    monkeypatch.setattr(crew, "READ", 7)
    done = relabel.relabel(bench.engine, bench.now)
    assert (done.items, done.changed) == (30, 30)
    with reading(bench.engine) as session:
        assert catalogue.topic_counts(session) == {"lamps": 30, "narcolepsy": 30}
