"""Runs of a PubMed query: windows, slices, batches, the second pass."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.errors import FetchError, ReadError
from alerts.ingest import pubmed
from alerts.model import Document, PollState, Request, Source

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
SOURCE = Source(slug="myelitis", kind="pubmed", query="myelitis[tiab]")
Play = Callable[..., Any]
Parameters = Callable[[Request], dict[str, str]]


class Pubmed:
    """Answers like E-utilities: Entrez days of records, a wall at 9,999, efetch by ids."""

    def __init__(self, parameters: Parameters, entered: Mapping[int, date], modified: Mapping[int, date] | None = None) -> None:
        self.parameters, self.entered, self.modified = parameters, entered, modified or {}
        self.withheld: set[str] = set()
        self.extra: dict[str, Any] = {}

    def __call__(self, request: Request) -> str:
        asked = self.parameters(request)
        return self.search(asked) if "esearch.fcgi" in request.url else self.fetch(asked)

    def search(self, asked: dict[str, str]) -> str:
        assert asked["datetype"] == "edat"
        first, last = (date.fromisoformat(asked[name].replace("/", "-")) for name in ("mindate", "maxdate"))
        found = sorted(pmid for pmid, day in self.entered.items() if first <= day <= last)
        if "[mdat]" in asked["term"]:
            since = date.fromisoformat(asked["term"].split('("')[1][:10].replace("/", "-"))
            found = [pmid for pmid in found if self.modified.get(pmid, date.min) >= since]
        start, most = int(asked["retstart"]), int(asked["retmax"])
        if start > 9998:
            return json.dumps({"esearchresult": {"ERROR": "Search Backend failed: 'retstart' cannot be larger than 9998"}})
        shown = found[start : min(start + most, 9999)]
        return json.dumps({"esearchresult": {"count": str(len(found)), "idlist": [str(one) for one in shown]} | self.extra})

    def fetch(self, asked: dict[str, str]) -> str:
        ids = [one for one in asked["id"].split(",") if one not in self.withheld]
        assert len(asked["id"].split(",")) <= 200
        return f"<PubmedArticleSet>{''.join(self.record(one) for one in ids)}</PubmedArticleSet>"

    def record(self, pmid: str) -> str:
        revised = self.modified.get(int(pmid), "")
        return (
            f"<PubmedArticle><MedlineCitation><PMID>{pmid}</PMID><DateRevised>{revised}</DateRevised><Article>"
            f"<ArticleTitle>Work {pmid}</ArticleTitle></Article></MedlineCitation></PubmedArticle>"
        )


def day(offset: int) -> date:
    return NOW.date() + timedelta(days=offset)


def test_the_first_run_goes_back_as_far_as_the_greatest_age(play: Play, parameters: Parameters) -> None:
    service = Pubmed(parameters, {1: day(-91), 2: day(-90), 3: day(-1), 4: day(0), 5: day(1)})
    run = play(SOURCE, service, NOW)
    assert run.locators == ["2", "3", "4", "5"]
    assert run.anchor["began"] == "2026-05-04"


def test_later_runs_overlap_two_days_and_fetch_only_what_is_unknown(play: Play, parameters: Parameters) -> None:
    service = Pubmed(parameters, {1: day(-9), 2: day(-8), 3: day(-7), 4: day(-1)})
    anchor = {"began": day(-5).isoformat(), "since": day(-95).isoformat(), "changed": day(0).isoformat(), "again": {}}
    run = play(SOURCE, service, NOW, anchor=anchor, known={"3": "hash"})
    assert run.locators == ["4"]
    assert run.seen == 1
    assert run.asked[0]["mindate"] == "2026/04/27"


def test_the_days_of_overlap_are_not_fetched_again(play: Play, parameters: Parameters) -> None:
    service = Pubmed(parameters, {1: day(-1), 2: day(0)})
    first = play(SOURCE, service, NOW)
    service.entered = {**service.entered, 3: day(0)}
    again = play(SOURCE, service, NOW, anchor=first.anchor)
    assert (again.locators, again.seen) == (["3"], 2)


def test_what_is_remembered_has_an_end(play: Play, parameters: Parameters) -> None:
    service = Pubmed(parameters, dict.fromkeys(range(1, 2100), day(-1)))
    anchor = play(SOURCE, service, NOW).anchor
    assert anchor["held"] == [str(pmid) for pmid in range(100, 2100)]


def test_the_anchor_is_the_time_before_paging_began() -> None:
    plan = pubmed.plan(SOURCE, PollState(), NOW)
    assert plan is not None
    assert plan.state["began"] == "2026-05-04"


def test_a_source_without_a_greatest_age_takes_everything(play: Play, parameters: Parameters) -> None:
    service = Pubmed(parameters, {1: date(1946, 3, 1), 2: day(-1)})
    run = play(Source(slug="s", kind="pubmed", query="q", max_age=None), service, NOW)
    assert run.locators == ["1", "2"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9999), min_size=1, max_size=12), st.integers(0, 90))
def test_dense_windows_are_sliced_and_nothing_is_lost(counts: list[int], offset: int) -> None:
    """Any number of records up to the wall on each of some days: every one is listed once, and no search hits the wall."""
    days = [offset + place for place in range(len(counts))]
    per_day = {day(-place): count for place, count in zip(days, counts, strict=True) if place <= 90}
    listed: list[int] = []

    def search(request: Request) -> str:
        asked = dict(pair.split("=", 1) for pair in request.url.partition("?")[2].split("&"))
        first, last = (date.fromisoformat(asked[name].replace("%2F", "-")) for name in ("mindate", "maxdate"))
        count = sum(number for when, number in per_day.items() if first <= when <= last)
        if count <= 9999:
            listed.append(count)
        return json.dumps({"esearchresult": {"count": str(count), "idlist": ["7"] * min(count, 9999)}})

    state = PollState(known={"7": "known"})
    plan = pubmed.plan(SOURCE, state, NOW)
    assert plan is not None
    request: Request | None = plan.request
    resume = plan.state
    while request is not None:
        page = pubmed.read(SOURCE, PollState(known={"7": "known"}, resume=json.loads(json.dumps(resume))), Document(url="u", body=search(request).encode()))
        request, resume = page.next, page.state
    assert sum(listed) == sum(per_day.values())
    assert max(listed) <= 9999


def test_a_day_denser_than_the_wall_asks_for_a_narrower_query(play: Play) -> None:
    def search(request: Request) -> str:
        return json.dumps({"esearchresult": {"count": "10000", "idlist": ["1"] * 9999}})

    with pytest.raises(ReadError, match="narrower"):
        play(SOURCE, search, NOW)


def test_a_search_that_shows_fewer_than_it_counts_is_paged(play: Play, parameters: Parameters) -> None:
    def search(request: Request) -> str:
        if "efetch" in request.url:
            return Pubmed(parameters, {}).fetch(parameters(request))
        start = int(parameters(request)["retstart"])
        return json.dumps({"esearchresult": {"count": "5", "idlist": [str(one) for one in range(1, 6)][start : start + 2]}})

    assert play(SOURCE, search, NOW).locators == ["1", "2", "3", "4", "5"]


def test_a_search_that_shows_none_of_what_it_counts_is_an_error(play: Play) -> None:
    with pytest.raises(ReadError, match="showed 0"):
        play(SOURCE, lambda _: '{"esearchresult": {"count": "3", "idlist": []}}', NOW)


def test_records_come_in_batches_of_at_most_two_hundred(play: Play, parameters: Parameters) -> None:
    service = Pubmed(parameters, dict.fromkeys(range(1, 452), day(-3)))
    run = play(SOURCE, service, NOW)
    assert len(run.locators) == len(set(run.locators)) == 451
    assert [len(asked["id"].split(",")) for asked in run.asked if "id" in asked] == [200, 200, 51]


def test_once_a_day_what_changed_is_read_again(play: Play, parameters: Parameters) -> None:
    entered = {1: day(-40), 2: day(-40), 3: day(-200), 4: day(-41)}
    service = Pubmed(parameters, entered, {1: day(-1), 2: day(-30), 3: day(-1), 4: day(-1)})
    anchor = {"began": day(-1).isoformat(), "since": day(-100).isoformat(), "changed": day(-1).isoformat(), "again": {}}
    known = {entry.locator: entry.raw_hash for entry in play(SOURCE, Pubmed(parameters, {4: day(-41)}, {4: day(-1)}), NOW).entries}
    run = play(SOURCE, service, NOW, anchor=anchor, known=known | {"1": "an older hash", "2": "same"})
    assert run.locators == ["1"], "changed lately; not 2 (long ago), 3 (older than this source), 4 (as it was)"
    again = play(SOURCE, service, NOW, anchor=run.anchor, known=known)
    assert not [asked for asked in again.asked if "[mdat]" in asked.get("term", "")], "once a day is enough"


def test_a_record_that_matches_only_since_its_mesh_came_is_new(play: Play, parameters: Parameters) -> None:
    service = Pubmed(parameters, {8: day(-20)}, {8: day(0)})
    anchor = {"began": day(-1).isoformat(), "since": day(-100).isoformat(), "changed": day(-1).isoformat(), "again": {}}
    assert play(SOURCE, service, NOW, anchor=anchor).locators == ["8"]


def test_a_record_that_is_found_but_not_delivered_is_asked_for_again(play: Play, parameters: Parameters) -> None:
    service = Pubmed(parameters, {1: day(-1), 2: day(-1)})
    service.withheld = {"2"}
    first = play(SOURCE, service, NOW)
    assert first.locators == ["1"]
    assert "1 records" in first.notes[0]
    service.withheld = set()
    later = play(SOURCE, service, NOW + timedelta(days=9), anchor=first.anchor, known={"1": "x"})
    assert later.locators == ["2"]
    assert later.anchor["again"] == {}


def test_a_record_that_never_comes_is_given_up(play: Play, parameters: Parameters) -> None:
    service = Pubmed(parameters, {2: day(-1)})
    service.withheld = {"2"}
    anchor: Mapping[str, Any] = {}
    for number in range(pubmed.TRIES):
        anchor = play(SOURCE, service, NOW + timedelta(days=9 * number), anchor=anchor).anchor
    assert anchor["again"] == {}


def test_long_queries_are_posted(play: Play, parameters: Parameters) -> None:
    query = " OR ".join(f'"rare myelitis of type {number}"[tiab]' for number in range(80))
    run = play(Source(slug="s", kind="pubmed", query=query), Pubmed(parameters, {1: day(-1)}), NOW)
    assert run.locators == ["1"]
    assert run.requests[0].method == "POST"
    assert "?" not in run.requests[0].url
    assert run.requests[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert run.requests[1].method == "GET"


def test_every_request_names_the_tool_and_holds_no_secret(play: Play, parameters: Parameters) -> None:
    run = play(SOURCE, Pubmed(parameters, {1: day(-1)}), NOW)
    assert {asked["tool"] for asked in run.asked} == {"research-alerts"}
    assert not [asked for asked in run.asked if "api_key" in asked or "email" in asked]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"esearchresult": {"ERROR": "Search Backend failed: retstart cannot be larger than 9998"}}', "9998"),
        ('{"error": "Invalid db name specified: pubmedd"}', "without a count"),
        ('{"esearchresult": {"count": "x"}}', "without a count"),
        ("<html>down</html>", "web page"),
        ("", "empty"),
        ("[1]", "list"),
        ('{"esearch', "broken JSON"),
    ],
)
def test_errors_inside_a_200_are_seen(play: Play, body: str, said: str) -> None:
    with pytest.raises(ReadError, match=said):
        play(SOURCE, lambda _: body, NOW)


def test_the_rate_limit_inside_a_200_of_a_search_is_a_throttle(play: Play) -> None:
    with pytest.raises(FetchError) as caught:
        play(SOURCE, lambda _: '{"error":"API rate limit exceeded","api-key":"203.0.113.9","limit":"3"}', NOW)
    assert caught.value.throttled
    assert "203.0.113.9" not in str(caught.value)


def test_an_unknown_phrase_between_ors_is_a_note(play: Play, parameters: Parameters) -> None:
    service = Pubmed(parameters, {1: day(-1)})
    service.extra = {"errorlist": {"phrasesnotfound": ["zorbimab"], "fieldsnotfound": []}}
    run = play(Source(slug="s", kind="pubmed", query="myelitis[tiab] OR zorbimab[tiab]"), service, NOW)
    assert run.locators == ["1"]
    assert "zorbimab" in run.notes[0]


def test_an_unknown_phrase_is_told_once_a_run(play: Play, parameters: Parameters) -> None:
    entered = {number: day(-(number % 80)) for number in range(1, 10_100)}
    service = Pubmed(parameters, entered, dict.fromkeys(entered, day(0)))
    service.extra = {"errorlist": {"phrasesnotfound": ["zorbimab"]}}
    source = Source(slug="s", kind="pubmed", query="myelitis OR zorbimab")
    anchor = {"began": day(-95).isoformat(), "since": day(-95).isoformat(), "changed": day(-1).isoformat()}
    run = play(source, service, NOW, anchor=anchor)
    assert len([asked for asked in run.asked if "term" in asked]) > 4
    assert len(run.notes) == 1


@pytest.mark.parametrize("query", ["zorbimab[tiab]", "myelitis AND zorbimab[tiab]", "myelitis NOT zorbimab", "myelitis OR (walking AND zorbimab)"])
def test_an_unknown_phrase_that_widens_the_search_is_an_error(play: Play, parameters: Parameters, query: str) -> None:
    service = Pubmed(parameters, {1: day(-1)})
    service.extra = {"errorlist": {"phrasesnotfound": ["zorbimab"]}}
    with pytest.raises(ReadError, match="zorbimab"):
        play(Source(slug="s", kind="pubmed", query=query), service, NOW)


def test_a_source_without_a_query_says_how_to_give_it_one() -> None:
    with pytest.raises(ReadError, match="--query"):
        pubmed.plan(Source(slug="s", kind="pubmed"), PollState(), NOW)
