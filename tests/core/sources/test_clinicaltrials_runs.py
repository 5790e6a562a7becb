"""Runs of a ClinicalTrials.gov query, and what its records say."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.errors import FetchError, ReadError
from alerts.ingest import ctgov
from alerts.model import Key, Kind, Link, PartialDate, PollState, Request, Source

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
SOURCE = Source(slug="trials", kind="clinicaltrials", query="rare myelitis")
Play = Callable[..., Any]
Parameters = Callable[[Request], dict[str, str]]

STUDY: dict[str, Any] = {
    "protocolSection": {
        "identificationModule": {
            "nctId": "NCT07000001",
            "orgStudyIdInfo": {"id": "001"},
            "secondaryIdInfos": [
                {"id": "2025-500001-10-00", "type": "CTIS"},
                {"id": "ISRCTN12345678", "type": "REGISTRY"},
                {"id": "R01-77", "type": "NIH"},
                {"id": "NCT07000099", "type": "OTHER"},
            ],
            "briefTitle": "Walking With Zorbimab in\n Rare Myelitis",
            "officialTitle": "A Phase 1/2 Study of Zorbimab in Rare Myelitis",
        },
        "statusModule": {
            "overallStatus": "TERMINATED",
            "whyStopped": "The sponsor ran out\n of tablets",
            "startDateStruct": {"date": "2026-02", "type": "ACTUAL"},
            "primaryCompletionDateStruct": {"date": "2028-11", "type": "ESTIMATED"},
            "studyFirstPostDateStruct": {"date": "2026-01-15", "type": "ACTUAL"},
            "lastUpdatePostDateStruct": {"date": "2026-05-01", "type": "ACTUAL"},
        },
        "sponsorCollaboratorsModule": {"leadSponsor": {"name": "Institute of Invented Medicine"}},
        "descriptionModule": {
            "briefSummary": "People with rare myelitis take zorbimab.",
            "detailedDescription": "This extends NCT06000002.",
        },
        "conditionsModule": {"conditions": ["Rare Myelitis", "Ataxia"], "keywords": ["walking"]},
        "designModule": {
            "studyType": "INTERVENTIONAL",
            "phases": ["PHASE1", "PHASE2"],
            "designInfo": {"allocation": "RANDOMIZED", "interventionModel": "PARALLEL", "maskingInfo": {"masking": "DOUBLE"}},
            "enrollmentInfo": {"count": 40, "type": "ESTIMATED"},
        },
        "armsInterventionsModule": {"interventions": [{"type": "DRUG", "name": "Zorbimab"}, {"name": "Placebo"}]},
        "outcomesModule": {"primaryOutcomes": [{"measure": "Falls in 24 weeks"}]},
        "referencesModule": {
            "references": [
                {"pmid": "41000007", "type": "RESULT"},
                {"pmid": "41000008", "type": "DERIVED"},
                {"pmid": "41000009", "type": "BACKGROUND"},
                {"citation": "A book", "type": "BACKGROUND"},
            ]
        },
    },
    "derivedSection": {
        "conditionBrowseModule": {"meshes": [{"id": "D1", "term": "Myelitis"}]},
        "interventionBrowseModule": {"meshes": [{"id": "D2", "term": "Antibodies"}]},
    },
    "hasResults": False,
}


def study(number: int, **status: Any) -> dict[str, Any]:
    made = copy.deepcopy(STUDY)
    made["protocolSection"]["identificationModule"]["nctId"] = f"NCT{number:08}"
    made["protocolSection"]["statusModule"] |= status
    return made


class Registry:
    """Answers like the API v2: pages of 200 with a token that dies when the data are refreshed."""

    def __init__(self, parameters: Parameters, count: int) -> None:
        self.parameters, self.count = parameters, count
        self.version, self.refresh_at = 1, frozenset[int]()
        self.requests = 0

    def __call__(self, request: Request) -> str:
        self.requests += 1
        self.version += self.requests in self.refresh_at
        asked = self.parameters(request)
        version, _, start = asked.get("pageToken", f"{self.version}.0").partition(".")
        if int(version) != self.version:
            raise FetchError("HTTP 400: Page token is invalid", status=400)
        first, size = int(start), int(asked.get("pageSize", "10"))
        page = [study(number + 1) for number in range(first, min(first + size, self.count))]
        token = {"nextPageToken": f"{self.version}.{first + size}"} if first + size < self.count else {}
        return json.dumps({"studies": page} | token)


def test_a_record_keeps_status_phase_enrolment_and_why_it_stopped() -> None:
    content = ctgov.entry(STUDY).content
    assert content.kind is Kind.RECORD
    assert content.title == "Walking With Zorbimab in Rare Myelitis"
    assert (content.status, content.why_stopped) == ("TERMINATED", "The sponsor ran out of tablets")
    assert (content.phases, content.enrollment) == (("PHASE1", "PHASE2"), 40)
    assert content.published == PartialDate(2026, 1, 15)
    assert content.has_results is False
    assert content.mesh == ("Myelitis", "Antibodies")
    assert content.url == "https://clinicaltrials.gov/study/NCT07000001"
    assert content.authors == ("Institute of Invented Medicine",)


def test_its_text_has_a_labelled_line_for_each_part() -> None:
    assert ctgov.entry(STUDY).content.text.splitlines() == [
        "OFFICIAL TITLE: A Phase 1/2 Study of Zorbimab in Rare Myelitis",
        "SUMMARY: People with rare myelitis take zorbimab.",
        "CONDITIONS: Rare Myelitis; Ataxia",
        "KEYWORDS: walking",
        "INTERVENTIONS: drug: Zorbimab; Placebo",
        "DESIGN: interventional; allocation randomized; model parallel; masking double",
        "ENROLLMENT: 40 (planned)",
        "PRIMARY OUTCOMES: Falls in 24 weeks",
        "DATES: start 2026-02; primary completion 2028-11 (expected)",
    ]


def test_registry_numbers_are_keys_and_sponsors_numbers_are_not() -> None:
    keys = ctgov.entry(STUDY).keys
    assert keys[0] == Key("nct", "NCT07000001")
    assert Key("isrctn", "ISRCTN12345678") in keys
    assert any(key.scheme == "euct" for key in keys)
    assert len(keys) == 3, "neither 001, nor a grant, nor another trial is this trial"


def test_papers_and_other_trials_are_links() -> None:
    assert set(ctgov.entry(STUDY).links) == {
        Link("published-as", "pmid", "41000007"),
        Link("published-as", "pmid", "41000008"),
        Link("mentions", "pmid", "41000009"),
        Link("mentions", "nct", "NCT07000099"),
        Link("mentions", "nct", "NCT06000002"),
    }


def test_an_observational_study_has_no_phase_and_a_bare_record_is_read() -> None:
    bare = {"protocolSection": {"identificationModule": {"nctId": "NCT07000005"}, "designModule": {"studyType": "OBSERVATIONAL"}}}
    content = ctgov.entry(bare).content
    assert (content.phases, content.enrollment, content.status, content.published) == ((), None, "", None)
    assert content.text == "DESIGN: observational"


def test_posted_results_show_by_flag_or_by_date() -> None:
    flagged = study(1) | {"hasResults": True}
    dated = study(1, resultsFirstPostDateStruct={"date": "2026-04-30"})
    assert ctgov.entry(flagged).content.has_results
    assert ctgov.entry(dated).content.has_results
    assert "results first posted 2026-04-30" in ctgov.entry(dated).content.text


@pytest.mark.parametrize("broken", [{}, None, [], {"protocolSection": []}, {"protocolSection": {"identificationModule": {"nctId": "N07"}}}])
def test_a_study_without_a_number_is_an_error(broken: object) -> None:
    with pytest.raises(ReadError, match="NCT number"):
        ctgov.entry(broken)


def test_the_first_run_takes_all_records_whatever_their_age(play: Play, parameters: Parameters) -> None:
    run = play(SOURCE, Registry(parameters, 450), NOW)
    assert len(set(run.locators)) == len(run.locators) == 450
    assert not [asked for asked in run.asked if "filter.advanced" in asked]
    assert {asked["query.cond"] for asked in run.asked} == {"rare myelitis"}
    assert {asked["pageSize"] for asked in run.asked} == {"200"}
    assert run.anchor == {"began": "2026-05-04"}


def test_later_runs_take_what_was_updated_since_with_overlap(play: Play, parameters: Parameters) -> None:
    known = {entry.locator: entry.raw_hash for entry in play(SOURCE, Registry(parameters, 3), NOW).entries}
    run = play(SOURCE, Registry(parameters, 5), NOW, anchor={"began": "2026-05-01"}, known=known)
    assert run.asked[0]["filter.advanced"] == "AREA[LastUpdatePostDate]RANGE[2026-04-29,MAX]"
    assert (run.seen, run.locators) == (3, ["NCT00000004", "NCT00000005"])


@pytest.mark.parametrize("refresh_at", [{2}, {3}, {2, 4}])
def test_a_token_that_expired_begins_the_window_again_and_nothing_is_lost(play: Play, parameters: Parameters, refresh_at: set[int]) -> None:
    registry = Registry(parameters, 450)
    registry.refresh_at = frozenset(refresh_at)
    run = play(SOURCE, registry, NOW)
    assert len(set(run.locators)) == 450
    assert len(run.notes) == len(refresh_at)


def test_tokens_that_expire_for_ever_are_a_failure(play: Play, parameters: Parameters) -> None:
    registry = Registry(parameters, 450)
    registry.refresh_at = frozenset(range(2, 99))
    with pytest.raises(FetchError):
        play(SOURCE, registry, NOW)
    assert registry.requests == 2 * (ctgov.RESTARTS + 1)


def test_a_refused_first_page_is_no_expired_token(play: Play) -> None:
    def refuse(request: Request) -> str:
        raise FetchError("HTTP 400: unknown field", status=400)

    with pytest.raises(FetchError):
        play(SOURCE, refuse, NOW)


def test_the_operator_may_search_other_areas_and_filter() -> None:
    source = Source(slug="t", kind="clinicaltrials", query="zorbimab", options={"area": "intr", "filter": "AREA[Phase]PHASE3"})
    plan = ctgov.plan(source, PollState(anchor={"began": "2026-05-03"}), NOW)
    assert plan is not None
    assert "query.intr=zorbimab" in plan.request.url
    assert "AREA%5BPhase%5DPHASE3%29+AND+AREA%5BLastUpdatePostDate%5DRANGE%5B2026-05-01" in plan.request.url
    with pytest.raises(ReadError, match="search area"):
        ctgov.plan(Source(slug="t", kind="clinicaltrials", query="q", options={"area": "phase"}), PollState(), NOW)


def test_the_anchor_is_the_day_before_paging_began(play: Play, parameters: Parameters) -> None:
    first = play(SOURCE, Registry(parameters, 1), NOW)
    later = play(SOURCE, Registry(parameters, 1), NOW + timedelta(days=3), anchor=first.anchor)
    assert "RANGE[2026-05-02,MAX]" in later.asked[0]["filter.advanced"]


@pytest.mark.parametrize("body", ["", "Invalid page size", "<!DOCTYPE html><p>Maintenance", '{"totalCount": 3}', "[]"])
def test_anything_but_studies_is_a_read_error(play: Play, body: str) -> None:
    with pytest.raises(ReadError):
        play(SOURCE, lambda _: body, NOW)
