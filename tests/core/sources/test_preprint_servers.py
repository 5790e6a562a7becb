"""Runs against the listing of medRxiv and bioRxiv, and the query that is applied on our side."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.errors import ReadError
from alerts.ingest.preprints import wanted
from alerts.model import Key, Kind, Link, PartialDate, Request, Source

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
SOURCE = Source(slug="med", kind="medrxiv", query="rare myelitis")
Play = Callable[..., Any]


def row(number: int, *, version: str = "1", title: str = "On rare myelitis", published: str = "NA", **more: str) -> dict[str, str]:
    return {
        "title": title, "authors": "Ferro, A. B.; Ulm, C.; WALK Group", "doi": f"10.64898/2026.05.01.{number:06}", "date": "2026-05-01",
        "version": version, "type": "new results", "category": "neurology", "abstract": "O_ST_ABSBackgroundC_ST_ABSWith O_SCPLOWDC_SCPLOW-glucose.O_FIG WIDTH=200 Figure 1C_FIG O_ST_ABSMethodsC_ST_ABSWe walked.",
        "published": published, "server": "medRxiv",
    } | more  # fmt: skip


class Server:
    """Answers like the API: pages of any size, an empty one with another status as the last."""

    def __init__(self, posted: list[dict[str, str]], published: list[dict[str, str]] | None = None, sizes: tuple[int, ...] = (30,)) -> None:
        self.lists = {"details": posted, "pubs": published or []}
        self.sizes, self.requests = sizes, 0

    def __call__(self, request: Request) -> str:
        name, server, _, last, cursor = request.url.split("api.biorxiv.org/")[1].split("/")[:5]
        assert (server, last) == ("medrxiv", "2026-05-04")
        size = self.sizes[self.requests % len(self.sizes)]
        self.requests += 1
        page = self.lists[name][int(cursor.partition("?")[0]) :][:size]
        status = {"status": "ok", "count": len(page), "total": "9999"} if page else {"status": "no posts found"}
        return json.dumps({"messages": [status], "collection": page})


def test_a_preprint_is_read(play: Play) -> None:
    (entry,) = play(SOURCE, Server([row(1, published="10.1000/Paper.1")]), NOW).entries
    assert entry.content.kind is Kind.PREPRINT
    assert entry.content.text == "BACKGROUND: With D-glucose.\nMETHODS: We walked."
    assert entry.content.authors == ("Ferro AB", "Ulm C", "WALK Group")
    assert entry.content.published == PartialDate(2026, 5, 1)
    assert entry.content.url == "https://www.medrxiv.org/content/10.64898/2026.05.01.000001v1"
    assert entry.keys == (Key("doi", "10.64898/2026.05.01.000001"),)
    assert entry.links == (Link("published-as", "doi", "10.1000/paper.1"),)


@pytest.mark.parametrize("sizes", [(30,), (100,), (1,), (7, 100, 30), (99, 1)])
@pytest.mark.parametrize("count", [0, 1, 29, 30, 31, 100, 131])
def test_every_preprint_comes_whatever_the_page_sizes(play: Play, count: int, sizes: tuple[int, ...]) -> None:
    run = play(SOURCE, Server([row(number) for number in range(count)], sizes=sizes), NOW)
    assert len(run.locators) == len(set(run.locators)) == count
    assert run.anchor == {"began": "2026-05-04"}


def test_the_query_sifts_titles_and_abstracts(play: Play) -> None:
    rows = [row(1), row(2, title="On walking"), row(3, title="Walks", abstract="In RARE\nmyelitis we walked.")]
    assert [one[-9:] for one in play(SOURCE, Server(rows), NOW).locators] == ["000001 v1", "000003 v1"]


def test_of_several_versions_on_a_page_the_newest_counts(play: Play) -> None:
    rows = [row(1, version="2", title="Rare myelitis, revised"), row(1, version="1"), row(2), row(1, version="10", title="Rare myelitis, again")]
    run = play(SOURCE, Server(rows), NOW)
    assert {entry.content.title for entry in run.entries} == {"Rare myelitis, again", "On rare myelitis"}
    assert run.locators[0].endswith("v10")


def test_a_preprint_that_became_a_paper_is_told_with_its_doi(play: Play) -> None:
    became = {
        "preprint_doi": "10.1101/2025.01.01.25300001", "published_doi": "10.1000/Paper.2", "preprint_platform": "medRxiv", "preprint_title": "Rare myelitis",
        "preprint_authors": "Ferro, A.", "preprint_date": "2025-01-02", "published_date": "2026-05-01", "preprint_abstract": "Text.",
    }  # fmt: skip
    other = became | {"preprint_title": "Something else", "preprint_doi": "10.1101/2025.01.01.25300002"}
    run = play(SOURCE, Server([row(1)], [became, other]), NOW)
    assert run.entries[-1].links == (Link("published-as", "doi", "10.1000/paper.2"),)
    assert run.entries[-1].keys == (Key("doi", "10.1101/2025.01.01.25300001"),)
    assert len(run.entries) == 2


def test_the_interval_overlaps_two_days_and_the_category_is_asked_for(play: Play) -> None:
    source = Source(slug="med", kind="medrxiv", query="", options={"category": "neurology"})
    run = play(source, Server([row(1, title="Anything")]), NOW, anchor={"began": "2026-05-03"})
    assert run.requests[0].url == "https://api.biorxiv.org/details/medrxiv/2026-05-01/2026-05-04/0/json?category=neurology"
    assert len(run.entries) == 1


@pytest.mark.parametrize(
    "body",
    [
        "", "<html>Just a moment...</html>", '{"messages": [{"status": "error"}], "collection": []}', '{"messages": []}',
        '{"messages": [], "collection": []}', '{"messages": [{"status": "ok"}]}', '{"messages": [{"status": "ok"}], "collection": [{"title": "Rare myelitis"}]}',
    ],
)  # fmt: skip
def test_failures_that_look_like_no_news_are_errors(play: Play, body: str) -> None:
    with pytest.raises(ReadError):
        play(SOURCE, lambda _: body, NOW)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("rare myelitis", "Rare  myelitis"), ("myelitis", "no. MYELITIS!"), ("antibody", "two antibodys"), ("HTLV-1", "HTLV 1 carriers"), ("htlv 1", "HTLV-1"),
        ('"MOG antibod*"', "MOG-antibodies"), ("zorbimab OR myelitis", "myelitis"), ("walking AND myelitis", "myelitis and\nwalking"), ("", "anything"),
    ],
)  # fmt: skip
def test_queries_match(query: str, text: str) -> None:
    assert wanted(query).match(text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("myelitis", "poliomyelitis"), ("rare myelitis", "myelitis is rare"), ("walking AND myelitis", "walking"), ("MOG", "MOGAD"), ("antibod*", "an body"),
    ],
)  # fmt: skip
def test_queries_do_not_match(query: str, text: str) -> None:
    assert not wanted(query).match(text)


@given(st.text(max_size=60))
def test_any_query_compiles(query: str) -> None:
    assert isinstance(wanted(query), re.Pattern)
