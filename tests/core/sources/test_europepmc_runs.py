"""Runs of a Europe PMC query, and what its results say."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.errors import ReadError
from alerts.ingest import europepmc
from alerts.model import Key, Kind, Link, PartialDate, Request, Source

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
SOURCE = Source(slug="epmc", kind="europepmc", query="SRC:PPR AND myelitis")
Play = Callable[..., Any]
Parameters = Callable[[Request], dict[str, str]]


def result(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": f"4200000{number}",
        "source": "MED",
        "pmid": f"4200000{number}",
        "doi": f"10.1000/EPMC.{number}",
        "title": "Falls in <i>rare</i> myelitis.",
        "authorList": {"author": [{"fullName": "Ferro AB"}, {"collectiveName": "WALK Group"}, {"initials": "X"}]},
        "journalInfo": {"journal": {"title": "Annals of Invented Neurology"}, "yearOfPublication": 2027},
        "abstractText": "<h4>Background</h4>People fall.<h4>Methods</h4>We counted <b>falls</b> (NCT07000001).",
        "pubTypeList": {"pubType": ["Journal Article", "Randomized Controlled Trial"]},
        "meshHeadingList": {"meshHeading": [{"majorTopic_YN": "Y", "descriptorName": "Myelitis"}]},
        "firstPublicationDate": "2027-01-01",
        "electronicPublicationDate": "2026-05-01",
        "firstIndexDate": "2026-05-02",
        "citedByCount": 0,
        "isOpenAccess": "N",
    } | more


class Service:
    """Answers like the search: cursors, a last page whose cursor is the one that was sent."""

    def __init__(self, parameters: Parameters, count: int, size: int = 200) -> None:
        self.parameters, self.count, self.size = parameters, count, size
        self.expire_at = frozenset[int]()
        self.requests = 0

    def __call__(self, request: Request) -> str:
        self.requests += 1
        asked = self.parameters(request)
        if self.requests in self.expire_at:
            return json.dumps({"errCode": 404, "errMsg": "Invalid cursorMark provided."})
        start = 0 if asked["cursorMark"] == "*" else int(asked["cursorMark"].removeprefix("at"))
        numbers = range(start, min(start + self.size, self.count))
        following = f"at{start + len(numbers)}" if numbers else asked["cursorMark"]
        rows = [result(id=str(one), pmid=str(one + 1), doi="") for one in numbers]
        return json.dumps({"hitCount": self.count, "nextCursorMark": following, "resultList": {"result": rows}})


def test_a_result_is_read_without_its_markup() -> None:
    entry = europepmc.entry(result())
    assert entry.content.title == "Falls in rare myelitis."
    assert entry.content.text == "BACKGROUND: People fall.\nMETHODS: We counted falls (NCT07000001)."
    assert entry.content.authors == ("Ferro AB", "WALK Group")
    assert entry.content.publication_types == ("Journal Article", "Randomized Controlled Trial")
    assert entry.content.mesh == ("Myelitis",)
    assert entry.content.published == PartialDate(2026, 5, 1), "not the cover date, which lies ahead"
    assert entry.keys == (Key("pmid", "42000001"), Key("doi", "10.1000/epmc.1"))
    assert entry.links == (Link("mentions", "nct", "NCT07000001"),)
    assert entry.locator == "MED:42000001"


def test_a_preprint_is_a_preprint_and_names_its_paper() -> None:
    entry = europepmc.entry(
        result(
            source="PPR", id="PPR900001", pmid="", bookOrReportDetails={"publisher": "medRxiv"}, journalInfo={}, pubTypeList={"pubType": ["Preprint"]},
            commentCorrectionList={"commentCorrection": [{"id": "42000008", "source": "MED", "type": "Preprint of"}]},
        )
    )  # fmt: skip
    assert (entry.content.kind, entry.content.venue) == (Kind.PREPRINT, "medRxiv")
    assert Link("published-as", "pmid", "42000008") in entry.links
    assert entry.content.url == "https://europepmc.org/article/PPR/PPR900001"


@pytest.mark.parametrize(
    ("said", "relation"),
    [("Retraction in", "retracted-by"), ("Erratum for", "corrects"), ("Expression of concern in", "concern-by"), ("Retraction of", "retracts")],
)
def test_corrections_are_links(said: str, relation: str) -> None:
    rows = {"commentCorrection": [{"id": "42000009", "source": "MED", "type": said}, {"id": "1", "source": "MED", "type": "Cites"}]}
    assert europepmc.entry(result(abstractText="", commentCorrectionList=rows)).links == (Link(relation, "pmid", "42000009"),)


def test_a_preprint_that_only_its_reference_names_is_linked_by_doi() -> None:
    row = {"id": "PPR7", "source": "PPR", "type": "Preprint in", "reference": "medRxiv 2026. doi: 10.1101/2026.01.02.26300001."}
    entry = europepmc.entry(result(abstractText="", commentCorrectionList={"commentCorrection": [row]}))
    assert entry.links == (Link("version-of", "doi", "10.1101/2026.01.02.26300001"),)


def test_lite_publication_types_are_one_string() -> None:
    lite = result(pubType="research-article; published erratum")
    del lite["pubTypeList"]
    assert europepmc.entry(lite).content.publication_types == ("research-article", "published erratum")
    assert europepmc.entry(lite).content.kind is Kind.NOTICE


def test_counts_and_flags_that_change_daily_are_no_change() -> None:
    before, after = europepmc.entry(result()), europepmc.entry(result(citedByCount=9, isOpenAccess="Y", inPMC="Y", hasPDF="Y"))
    assert before.raw_hash == after.raw_hash
    assert before.raw_hash != europepmc.entry(result(title="RETRACTED: Falls")).raw_hash


@pytest.mark.parametrize("count", [0, 1, 199, 200, 201, 600])
def test_all_results_come_once_for_any_count(play: Play, parameters: Parameters, count: int) -> None:
    run = play(SOURCE, Service(parameters, count), NOW)
    assert len(run.locators) == len(set(run.locators)) == count
    assert run.anchor == {"began": "2026-05-04"}
    assert not run.notes


def test_the_window_is_by_first_index_date_with_overlap(play: Play, parameters: Parameters) -> None:
    run = play(SOURCE, Service(parameters, 1), NOW, anchor={"began": "2026-05-03"})
    assert run.asked[0]["query"] == "(SRC:PPR AND myelitis) AND (FIRST_IDATE:[2026-05-01 TO 2026-05-05])"
    assert run.asked[0]["resultType"] == "core"


def test_known_results_are_counted_and_left_out(play: Play, parameters: Parameters) -> None:
    known = {entry.locator: entry.raw_hash for entry in play(SOURCE, Service(parameters, 3), NOW).entries}
    run = play(SOURCE, Service(parameters, 4), NOW, known=known)
    assert (run.seen, run.locators) == (3, ["MED:3"])


def test_a_cursor_that_expired_begins_the_window_again(play: Play, parameters: Parameters) -> None:
    service = Service(parameters, 450)
    service.expire_at = frozenset({3})
    run = play(SOURCE, service, NOW)
    assert len(set(run.locators)) == 450
    assert len(run.notes) == 1


def test_cursors_that_expire_for_ever_are_a_failure(play: Play, parameters: Parameters) -> None:
    service = Service(parameters, 450)
    service.expire_at = frozenset(range(2, 99, 2))
    with pytest.raises(ReadError, match="cursorMark"):
        play(SOURCE, service, NOW)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"errCode": 404, "errMsg": "Invalid page size provided. Valid size is between 1 and 1000"}, "page size"),
        ({"version": "6.9"}, "without a list"),
        ({"hitCount": 7, "nextCursorMark": "*", "resultList": {"result": []}}, "found 7 works and showed none"),
        ({"hitCount": 1, "resultList": {"result": [{"title": "x"}]}}, "without source and id"),
    ],
)
def test_errors_inside_a_200_are_seen(play: Play, body: object, said: str) -> None:
    with pytest.raises(ReadError, match=said):
        play(SOURCE, lambda _: json.dumps(body), NOW)


def test_an_end_before_the_count_is_told(play: Play) -> None:
    body = {"hitCount": 7, "nextCursorMark": "*", "resultList": {"result": [result()]}}
    assert "counted 7" in play(SOURCE, lambda _: json.dumps(body), NOW).notes[0]


def test_a_long_query_is_posted_to_its_own_address(play: Play, parameters: Parameters) -> None:
    source = Source(slug="s", kind="europepmc", query=" OR ".join(f'TITLE:"rare myelitis {number}"' for number in range(90)))
    run = play(source, Service(parameters, 201), NOW)
    assert len(run.locators) == 201
    assert {(request.method, request.url) for request in run.requests} == {("POST", f"{europepmc.BASE}POST")}
