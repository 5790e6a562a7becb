"""What is published comes out the same on SQLite and PostgreSQL; files are replaced only where their bytes changed."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import feedparser
import pytest
from sqlmodel import select

from alerts.errors import FetchError, NotFoundError, UsageError
from alerts.pipeline import index, publish, report
from alerts.pipeline.ping import Herald
from alerts.publish.query import QueryError
from alerts.store import catalogue, saving
from alerts.store import reading as questions
from alerts.store.engine import reading, writing
from alerts.store.installation import raise_revisions
from alerts.store.removal import remove_items
from alerts.store.search import search
from alerts.store.shelf import Draft, Shelf
from alerts.store.tables import ItemRow, LabelRow, ReportRow

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def started(engine, start_in):
    start_in(engine)
    return engine


@pytest.fixture
def release_in(release_in):
    def released(engine, **said):
        item = release_in(engine, **said)
        index.index(engine)
        return item

    return released


def titles(engine, settings, query):
    return [entry.title for entry in feedparser.parse(publish.feed(engine, settings, query, "atom", NOW).body).entries]


def test_topics_filters_weeks_and_windows_choose_alerts(started, settings, release_in):
    release_in(started, title="A", phases=("PHASE3",), phase_role="own", size=80)
    release_in(started, title="B", topics=("nmosd", "mogad"))
    release_in(started, title="C", topics=("pml",), at=datetime(2026, 5, 20, tzinfo=UTC))
    assert titles(started, settings, "demyelination") == ["B", "A"]
    assert titles(started, settings, "?topics=nmosd,mogad,pml") == ["C", "B", "A"]
    assert titles(started, settings, "nmosd?phase=3&min=50") == ["A"]
    assert titles(started, settings, "all?week=2026-W18") == ["B", "A"]
    assert titles(started, settings, "?after=1&upto=2") == ["B"]
    assert titles(started, settings, "?daily=1") == ["2026-05-20: 1 alert", "2026-05-01: 2 alerts"]


def test_a_label_that_an_operator_took_away_hides(started, settings, release_in):
    item = release_in(started, title="A")
    with writing(started) as session:
        session.add(LabelRow(item_id=item, facet="topic", value="nmosd", role="not", by="operator", evidence=[], at=NOW))
    assert titles(started, settings, "nmosd") == []
    assert titles(started, settings, "") == []


def test_the_first_alert_of_a_merged_work_stays(started, settings, release_in):
    first, second = release_in(started, title="A"), release_in(started, title="A again")
    with writing(started) as session:
        session.get(ItemRow, first).merged_into = second
    assert len(titles(started, settings, "nmosd")) == 2


def test_an_alert_that_a_merge_made_void_is_told_once(started, settings, release_in):
    first, second = release_in(started, title="A"), release_in(started, title="A")
    with writing(started) as session:
        session.get(ItemRow, second).merged_into = first
    assert len(titles(started, settings, "nmosd")) == 1
    with reading(started) as session:
        assert questions.survivor(session, second) == first
        assert questions.alert_numbers(session, first) == [2, 1]


def test_words_are_found_in_titles_first_and_case_does_not_matter(started, release_in):
    below = release_in(started, title="Other", text="Plasma 100% exchange_d")
    above = release_in(started, title="PLASMA exchange")
    with reading(started) as session:
        assert search(session, "plasma exchange", 10) == [above, below]
        assert search(session, "100% exchange_d", 10) == [below]
        assert search(session, "  ", 10) == []
        found = questions.found(session, questions.Span(words="plasma"), 10)
    assert [alert.item_id for alert in found] == [above, below]


@pytest.mark.parametrize(
    ("typed", "finds"),
    [
        ("sjogren", True), ("SJÖGREN", True), ("relaps", True), ("anti-mog", True), ("anti mog", True), ("mpo", True),
        ("mog anti", True), ("mog-anti", False), ("elapses", False), ("anti-mog sjogren 2.5", True), ("γ", True),
        ("'", False), ('"', False), ('"relapses', True), ("title:relapses", False), ("relapses OR nothing", False),
        ("relapses* NEAR(", False), ("relapses & ! | ( ) :* \\", True), ("-relapses", True), ("\x00", False),
    ],
)
def test_words_are_the_same_words_on_both_databases(started, release_in, typed, finds):
    item = release_in(started, title="Relapses with anti-MOG", text="Sjögren's and ANCA/MPO (2.5 mg; interferon-γ)")
    with reading(started) as session:
        assert search(session, typed, 10) == ([item] if finds else [])


def test_the_index_follows_what_becomes_of_an_item(started, release_in):
    item = release_in(started, title="First words", text="abstract")
    with writing(started) as session:
        session.get(ItemRow, item).title = "Second thoughts"
    with reading(started) as session:
        assert search(session, "first", 10) == []
        assert search(session, "second abstract", 10) == [item]
    with writing(started) as session:
        remove_items(session, [item])
    with reading(started) as session:
        assert search(session, "second", 10) == []


def test_a_feed_can_ask_for_words(started, settings, release_in):
    release_in(started, title="A", text="complement")
    release_in(started, title="B", topics=("mogad",), text="complement")
    release_in(started, title="C")
    assert titles(started, settings, "?q=Complement") == ["B", "A"]
    assert titles(started, settings, "nmosd?q=complement") == ["A"]
    with pytest.raises(QueryError, match="must hold a word"):
        titles(started, settings, "?q=...")


def test_counts_and_charts_are_of_what_is_shown(started, release_in):
    release_in(started, phases=("PHASE2",))
    sample = release_in(started, source="sample")
    with reading(started) as session:
        hidden = questions.sample_items(session)
        assert hidden == {sample}
        assert questions.alert_counts(session, hidden) == {"demyelination": 1, "nmosd": 1}
        assert [phases for _, phases in questions.alerts_with_phases(session, "nmosd", NOW, hidden)] == [("PHASE2",)]


def test_reports_have_a_limit_and_need_words(started, release_in):
    item = release_in(started)
    kept = [report.report(started, item, f"wrong {n}", NOW) for n in range(report.MOST_WAITING + 2)]
    assert kept.count(True) == report.MOST_WAITING
    with pytest.raises(UsageError):
        report.report(started, item, "  ", NOW)
    with pytest.raises(NotFoundError):
        report.report(started, item + 50, "x", NOW)
    with reading(started) as session:
        assert len(session.exec(select(ReportRow)).all()) == report.MOST_WAITING


def test_files_are_written_once_and_touched_only_where_they_changed(started, settings, release_in, tmp_path):
    release_in(started)
    folder = tmp_path / "www"
    written, kept = publish.build(started, settings, folder, NOW)
    assert (written, kept) == (16, 0)
    dates = {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")}
    assert publish.build(started, settings, folder, NOW + timedelta(days=1)) == (0, 16)
    release_in(started, topics=("pml",))
    assert publish.build(started, settings, folder, NOW) == (6, 10)
    assert (folder / "topics/nmosd.rss").stat().st_mtime_ns == dates[folder / "topics/nmosd.rss"]
    assert not list(folder.rglob(".*"))
    assert (folder / "topics/pml.json").stat().st_mode & 0o777 == 0o644


def test_a_change_of_a_topic_is_seen_above_it_and_everywhere(started):
    with writing(started) as session:
        public, before = questions.revisions(session)
        raise_revisions(session, ["nmosd"])
        above, after = questions.revisions(session)
    assert above == public + 1
    assert {slug for slug in after if after[slug] != before[slug]} == {"nmosd", "demyelination"}


def test_a_merge_is_seen_under_the_topics_of_both_works(started, release_in, settings):
    first, second = release_in(started), release_in(started, topics=("pml",), title="JC virus in blood")
    old = publish.feed(started, settings, "pml", "rss").etag
    with writing(started) as session:
        _, before = questions.revisions(session)
        saving.save(session, Shelf(), Draft(merged=[(second, first)]), NOW)
        _, after = questions.revisions(session)
    assert publish.feed(started, settings, "pml", "rss").etag != old
    assert {slug for slug in after if after[slug] != before[slug]} == {"nmosd", "demyelination", "pml"}


def test_a_retired_topic_is_seen_to_be_gone(started, settings):
    with writing(started) as session:
        public, before = questions.revisions(session)
        catalogue.retire_topic(session, "nmosd", NOW, into="mogad")
        later, after = questions.revisions(session)
    assert later > public
    assert {slug for slug in after if after[slug] != before[slug]} == {"nmosd", "mogad", "demyelination"}
    assert b"/topics/nmosd." not in publish.outlines(started, settings).body


async def test_the_hub_hears_of_what_was_released_since(started, settings, release_in):
    told = []

    async def fetch(request):
        told.extend(address for name, address in parse_qsl(request.body.decode()) if name == "hub.url")
        raise FetchError("(nothing to read)", status=202)

    release_in(started)
    herald = Herald(started, settings.model_copy(update={"hub_url": "https://hub.example/"}))
    assert await herald.tell(fetch) == ()
    assert told == []
    release_in(started, topics=("pml",))
    assert await herald.tell(fetch) == ()
    assert await herald.tell(fetch) == ()
    assert sorted(told) == sorted(
        f"{settings.base_url}/{path}.{fmt}" for path in ("feed", "topics/pml") for fmt in ("rss", "atom", "json")
    )
