"""One work, one item, whatever the order of arrival: on a shelf in memory."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.model import Content, Entry, Key, Kind, Link, PartialDate, Reason
from alerts.pipeline.identify import Arrival, Desk, FirstPoll
from alerts.store.shelf import TITLE, Draft, Held, Shelf

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
TITLE_OF_PAPER = "Evening light and relapse in adults with narcolepsy: a randomised trial"
PAPER = Content(kind=Kind.PAPER, title=TITLE_OF_PAPER, authors=("Lindqvist A",), published=PartialDate(2026, 4, 2))
PMID, DOI, PREPRINT_DOI = Key("pmid", "101"), Key("doi", "10.1000/light.1"), Key("doi", "10.1101/2026.01.02.1")
NCT = Key("nct", "NCT09000001")

STUDY = (
    Entry(locator="pubmed 101", keys=(PMID, DOI), links=(Link("registered-as", *NCT),),
          content=replace(PAPER, text="METHODS: We dimmed lamps.\nRESULTS: Sleep came sooner.", mesh=("Light",))),
    Entry(locator="epmc 101", keys=(PMID, Key("pmcid", "PMC77")), content=replace(PAPER, text="We dimmed lamps.")),
    Entry(locator="journal j1", keys=(DOI, Key("guid", "journal j1"), Key("url", "journal.example/light")),
          content=replace(PAPER, text="We dim...", truncated=True, url="https://journal.example/light")),
    Entry(locator="blogroll 7", keys=(Key("guid", "blogroll 7"),), content=PAPER),
    Entry(locator="medrxiv 1", keys=(PREPRINT_DOI,), links=(Link("published-as", *DOI),),
          content=replace(PAPER, kind=Kind.PREPRINT, text="We plan to dim lamps.", published=PartialDate(2026, 1, 2))),
    Entry(locator="ctgov 1", keys=(NCT,), links=(Link("published-as", *PMID),),
          content=Content(kind=Kind.RECORD, title="Evening light in narcolepsy", status="COMPLETED")),
    Entry(locator="news 1", keys=(Key("url", "news.example/lamps"),), links=(Link("news-about", *DOI),),
          content=Content(kind=Kind.NEWS, title="Dim lamps may help sleepers", text="A trial dimmed lamps.")),
    Entry(locator="pubmed 202", keys=(Key("pmid", "202"),), links=(Link("retracts", *PMID),),
          content=replace(PAPER, kind=Kind.NOTICE, title="Retraction: Evening light and relapse")),
)  # fmt: skip


def desk(shelf: Shelf | None = None, **guard: object) -> Desk:
    return Desk(shelf or Shelf(), NOW, FirstPoll(max_age=timedelta(days=90), **guard))


def arrive(*entries: Entry) -> tuple[Shelf, Draft]:
    """Let entries arrive one document each."""
    one = desk()
    for entry in entries:
        one.work(Arrival.all([entry]))
    return one.shelf, one.draft


def works(shelf: Shelf, draft: Draft) -> set[tuple[object, ...]]:
    """Describe every item by what led to it and what is known of it, without its number."""
    homes: dict[int, set[str]] = {}
    for at, (item, *_) in draft.sightings.items():
        homes.setdefault(item, set()).add(at.locator)
    return {_described(shelf.items[item], shelf, frozenset(names)) for item, names in homes.items()}


def _described(held: Held, shelf: Shelf, names: frozenset[str]) -> tuple[object, ...]:
    into = shelf.items[held.merged_into].content.title if held.merged_into else None
    return names, frozenset(held.keys), frozenset(held.links), held.content, held.mark, into


@given(st.permutations(STUDY))
@settings(max_examples=300)
def test_any_order_of_arrival_gives_the_same_items(order: list[Entry]) -> None:
    assert works(*arrive(*order)) == works(*arrive(*STUDY))


def test_a_study_is_a_paper_a_preprint_a_record_a_story_and_a_notice_that_leads_to_the_paper() -> None:
    shelf, draft = arrive(*STUDY)
    found = sorted(works(shelf, draft), key=lambda one: len(one[0]), reverse=True)
    paper, *others = found
    assert paper[0] == {"pubmed 101", "epmc 101", "journal j1", "blogroll 7"}
    assert paper[4] == "retracted"
    assert {one[3].kind for one in others} == {Kind.PREPRINT, Kind.RECORD, Kind.NEWS, Kind.NOTICE}
    assert [one[5] for one in others if one[3].kind is Kind.NOTICE] == [TITLE_OF_PAPER]


def test_the_paper_keeps_the_better_abstract_whoever_came_last() -> None:
    shelf, _ = arrive(STUDY[0], STUDY[2])
    (held,) = shelf.items.values()
    assert held.content.text.startswith("METHODS")
    assert not held.content.truncated


KEYS = st.dictionaries(st.sampled_from(["pmid", "doi", "guid", "url"]), st.sampled_from("123")).map(
    lambda given: frozenset(Key(*pair) for pair in given.items())
)


@given(st.lists(KEYS, max_size=8))
def test_no_item_ever_owns_two_pmids_or_two_dois(keys: list[frozenset[Key]]) -> None:
    entries = [Entry(locator=str(n), keys=tuple(each), content=Content(title=f"Work {n}")) for n, each in enumerate(keys)]
    shelf, draft = arrive(*entries)
    for item in {item for item, *_ in draft.sightings.values()}:
        mine = [key for key in shelf.items[item].keys if key.scheme in ("pmid", "doi")]
        assert len(mine) == len({key.scheme for key in mine})


@given(st.lists(KEYS, max_size=8))
def test_every_key_leads_to_an_item_that_owns_it(keys: list[frozenset[Key]]) -> None:
    entries = [Entry(locator=str(n), keys=tuple(each), content=Content(title=f"Work {n}")) for n, each in enumerate(keys)]
    shelf, draft = arrive(*entries)
    for key, item in shelf.owners.items():
        assert key in shelf.items[item].keys
        assert item in {home for home, *_ in draft.sightings.values()} or key.scheme == TITLE


def test_the_same_title_with_another_pmid_is_another_work() -> None:
    shelf, _ = arrive(STUDY[0], replace(STUDY[0], locator="x", keys=(Key("pmid", "999"),)))
    assert len(shelf.items) == 2


def test_an_address_that_two_entries_of_a_document_share_identifies_neither() -> None:
    shared = Key("url", "journal.example/toc")
    entries = [Entry(locator=name, keys=(shared,), content=Content(title=f"Work {name}")) for name in "ab"]
    one = desk()
    one.work(Arrival.all(entries))
    assert len(one.shelf.items) == 2
    assert shared not in one.shelf.owners


def stored(held: Held, **seen: object) -> Shelf:
    return Shelf(items={held.id: held}, owners=dict.fromkeys(held.keys, held.id), **seen)


def test_a_late_key_merges_into_the_item_that_was_alerted_first() -> None:
    young = Held(id=3, content=PAPER, first_seen=NOW, keys={PMID}, first_alert=9)
    old = Held(id=8, content=PAPER, first_seen=NOW, keys={DOI}, first_alert=2)
    shelf = Shelf(items={3: young, 8: old}, owners={PMID: 3, DOI: 8})
    draft = desk(shelf).work(Arrival.all([STUDY[0]]))
    assert draft.merged == [(3, 8)]
    assert shelf.owners[PMID] == shelf.owners[DOI] == 8


def test_a_title_that_now_begins_with_retracted_is_told_once() -> None:
    held = Held(id=1, content=PAPER, first_seen=NOW, keys={PMID}, first_alert=1)
    entry = replace(STUDY[0], keys=(PMID,), content=replace(PAPER, title=f"RETRACTED: {TITLE_OF_PAPER}"))
    shelf = stored(held)
    first = desk(shelf).work(Arrival.all([entry])).intents
    again = desk(shelf).work(Arrival.all([replace(entry, locator="elsewhere")])).intents
    assert [one.reason for one in first] == [Reason.RETRACTED]
    assert again == []


@given(st.lists(st.times(), min_size=1, max_size=6))
def test_a_feed_that_prints_the_time_of_day_never_makes_news(times: list[object]) -> None:
    held = Held(id=1, content=PAPER, first_seen=NOW, keys={PMID}, first_alert=1)
    shelf = stored(held)
    for at in times:
        entry = Entry(locator="x", keys=(PMID,), content=replace(PAPER, text=f"Fetched at {at}."))
        assert desk(shelf).work(Arrival.all([entry])).intents == []


def test_a_paper_that_names_its_preprint_publishes_it() -> None:
    preprint = Held(id=4, content=replace(PAPER, kind=Kind.PREPRINT), first_seen=NOW, keys={PREPRINT_DOI}, first_alert=1)
    paper = Entry(locator="p", keys=(DOI,), links=(Link("version-of", *PREPRINT_DOI),), content=PAPER)
    draft = desk(stored(preprint)).work(Arrival.all([paper]))
    assert [(one.item_id, one.reason) for one in draft.intents if one.item_id > 0] == [(4, Reason.PUBLISHED)]


def test_of_undated_items_a_first_poll_alerts_twenty() -> None:
    entries = [Entry(locator=str(n), content=Content(title=f"Work {n}"), keys=(Key("pmid", str(n + 1)),)) for n in range(30)]
    quiet = [one.quiet for one in desk(first=True).work(Arrival.all(entries)).intents]
    later = [one.quiet for one in desk(first=False).work(Arrival.all(entries)).intents]
    assert (quiet.count(False), quiet[:20].count(False), any(later)) == (20, 20, False)


def test_an_item_above_the_age_limit_is_new_but_quiet() -> None:
    old = replace(STUDY[0], content=replace(PAPER, published=PartialDate(2019)))
    (intent,) = desk().work(Arrival.all([old])).intents
    assert intent.quiet


def test_a_teaser_waits_a_day_for_its_completion() -> None:
    _, draft = arrive(STUDY[2])
    assert [one.not_before for one in draft.intents] == [NOW + timedelta(hours=24)]


def test_a_journal_that_lists_a_work_twice_without_date_or_author_is_seen_through() -> None:
    bare = replace(PAPER, authors=(), published=None)
    entries = [Entry(locator=name, keys=(Key("guid", f"j {name}"),), content=bare) for name in ("early", "issue")]
    one = desk()
    one.work(Arrival.all(entries, "j"))
    one.work(Arrival.all([replace(entries[0], locator="other", keys=())], "k"))
    assert sorted(item for item, *_ in one.draft.sightings.values()) == [-2, -1, -1]


def test_a_paper_that_is_a_retraction_by_type_and_link_is_a_notice_and_leads_to_the_work() -> None:
    notice = Entry(locator="file r1", keys=(Key("doi", "10.5555/retr.1"),), links=(Link("retracts", *DOI),),
                   content=Content(kind=Kind.PAPER, title="Retraction: Evening light",
                                   publication_types=("Retraction of Publication",)))
    work = Entry(locator="file 1", keys=(DOI,), content=PAPER)
    shelf, draft = arrive(work, notice)
    held = shelf.items[shelf.owners[notice.keys[0]]]
    assert (held.content.kind, held.mark, bool(held.merged_into)) == (Kind.NOTICE, "", True)
    assert [one.item_id for one in draft.intents] == [shelf.owners[DOI]]


@pytest.mark.parametrize(("text", "said"), [("Data of 40 people are wanting.", "Data of 40 people are wanting."), ("", "Retraction: Light")])
def test_the_alert_of_a_retraction_keeps_what_the_notice_says(text: str, said: str) -> None:
    notice = Entry(locator="r1", keys=(Key("doi", "10.5555/retr.1"),), links=(Link("retracts", *DOI),),
                   content=Content(kind=Kind.NOTICE, title="Retraction: Light", text=text))
    held = Held(id=1, content=PAPER, first_seen=NOW, keys={DOI}, first_alert=1)
    one = desk(Shelf(items={1: held}, owners={DOI: 1}))
    one.work(Arrival.all([notice]))
    assert [(intent.reason, intent.detail) for intent in one.draft.intents] == [("retracted", {"notice": said})]


@given(st.lists(st.one_of(st.none(), st.dates(date(2020, 1, 1), date(2150, 1, 1))), min_size=1, max_size=6))
def test_no_work_bears_a_date_years_ahead_and_its_history_says_which_was_not_believed(days: list[date | None]) -> None:
    one = desk()
    for number, day in enumerate(days):
        content = replace(PAPER, text=f"Version {'x' * number}", published=PartialDate.of(day) if day else None)
        one.work(Arrival.all([Entry(locator=str(number), keys=(PMID,), content=content)]))
    (held,) = one.shelf.items.values()
    last = NOW.date() + timedelta(days=366)
    believable = [day for day in days if day and day <= last]
    assert held.content.published == (PartialDate.of(min(believable)) if believable else None)
    assert one.draft.history == [(held.id, "published", str(day), "") for day in days if day and day > last]
