"""The kind `clinicaltrials`: the records of a ClinicalTrials.gov query by its API v2 (https://clinicaltrials.gov/data-api/api).

The first run takes every record of the query: a later change of status can only be told where the earlier one is
known. Later runs take what was updated since, with two days of overlap, oldest update first.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from urllib.parse import parse_qs, urlsplit

from alerts.errors import FetchError, ReadError, SourceError
from alerts.ingest.answer import BATCH, ask, distinct, json_object, query_of, raw_hash, unknown, window_start
from alerts.ingest.identity import normalise_key, registry_ids
from alerts.ingest.spacing import Spacing
from alerts.ingest.walk import at, rows, strings, texts
from alerts.model import Content, Document, Entry, Key, Kind, Link, Page, PartialDate, Plan, PollState, Request, Source

BASE = "https://clinicaltrials.gov/api/v2/studies"
SPACING: Mapping[str, Spacing] = {"clinicaltrials.gov": Spacing(1.0)}
OVERLAP = timedelta(days=2)
RESTARTS = 3
SERVICE = "ClinicalTrials.gov"
AREAS = ("cond", "term", "intr", "titles", "outc", "spons", "lead", "locn", "id")

FIELDS = (
    "|".join(
        f"protocolSection.{name}"
        for name in (
            "identificationModule",
            "statusModule",
            "sponsorCollaboratorsModule.leadSponsor",
            "descriptionModule",
            "conditionsModule",
            "designModule",
            "armsInterventionsModule.interventions",
            "outcomesModule.primaryOutcomes",
            "eligibilityModule",
            "referencesModule.references",
        )
    )
    + "|derivedSection.conditionBrowseModule.meshes|derivedSection.interventionBrowseModule.meshes|hasResults"
)


def plan(source: Source, state: PollState, now: datetime) -> Plan | None:
    """Begin a run: the records updated since the last one, or all."""
    query_of(source)
    reached = state.anchor.get("began")
    first = window_start(source, reached, now, OVERLAP).isoformat() if reached else ""
    return Plan(
        request=_request(source, first),
        state={"began": now.date().isoformat(), "first": first, "restarts": 0},
    )


def read(source: Source, state: PollState, document: Document) -> Page:
    """Read one page of studies."""
    answer = json_object(document, SERVICE)
    studies = answer.get("studies")
    if not isinstance(studies, list):
        raise ReadError(f"{SERVICE} answered without a list of studies")
    entries, seen = unknown(map(entry, studies), state)
    token = texts(answer, "nextPageToken")
    if not token:
        return Page(entries=entries, seen=seen, state={"began": state.resume["began"]})
    following = _request(source, str(state.resume["first"]), token)
    return Page(entries=entries, seen=seen, next=following, state=state.resume)


def recover(source: Source, state: PollState, request: Request, error: SourceError) -> Page | None:
    """Begin the window again where a page token expired: tokens die with the daily refresh of the data."""
    restarts = int(state.resume.get("restarts", 0))
    paging = "pageToken" in parse_qs(urlsplit(request.url).query)
    refused = isinstance(error, FetchError) and error.status in (400, 404)
    if not refused or not paging or restarts >= RESTARTS:
        return None
    resume = {**state.resume, "restarts": restarts + 1}
    return Page(next=_request(source, str(resume["first"])), state=resume, notes=("a page token expired; began anew",))


def _request(source: Source, first: str, token: str = "") -> Request:
    area = source.options.get("area", "cond")
    if area not in AREAS:
        raise ReadError(f"{SERVICE} has no search area {area!r}; it has {', '.join(AREAS)}")
    wishes = [f"({source.options['filter']})"] if source.options.get("filter") else []
    wishes += [f"AREA[LastUpdatePostDate]RANGE[{first},MAX]"] if first else []
    parameters = {
        f"query.{area}": query_of(source),
        **({"filter.advanced": " AND ".join(wishes)} if wishes else {}),
        "fields": FIELDS,
        "sort": "LastUpdatePostDate:asc",
        "pageSize": str(BATCH),
        "format": "json",
    }
    return ask(source, source.url or BASE, parameters | ({"pageToken": token} if token else {}))


def entry(study: object) -> Entry:
    """Turn one study into an entry."""
    protocol = at(study, "protocolSection")
    number = texts(protocol, "identificationModule", "nctId")
    nct = normalise_key("nct", number)
    if nct is None:
        raise ReadError(f"{SERVICE} sent a study without an NCT number")
    return Entry(
        locator=nct.value,
        content=_content(study, nct.value),
        keys=(nct, *_secondary(protocol, nct)),
        links=distinct(chain(_references(protocol), _mentions(protocol, nct))),
        raw_hash=raw_hash(study),
    )


def _content(study: object, number: str) -> Content:
    protocol = at(study, "protocolSection")
    status, design = at(protocol, "statusModule"), at(protocol, "designModule")
    count = at(design, "enrollmentInfo", "count")
    return Content(
        kind=Kind.RECORD,
        title=_title(at(protocol, "identificationModule")),
        text="\n".join(_lines(protocol)),
        url=f"https://clinicaltrials.gov/study/{number}",
        authors=tuple(name for name in (texts(protocol, "sponsorCollaboratorsModule", "leadSponsor", "name"),) if name),
        venue=SERVICE,
        published=_day(status, "studyFirstPostDateStruct") or PartialDate.parse(texts(status, "studyFirstSubmitDate")),
        language="en",
        mesh=_meshes(study),
        phases=strings(at(design, "phases")),
        enrollment=count if isinstance(count, int) and not isinstance(count, bool) else None,
        status=texts(status, "overallStatus"),
        why_stopped=_line(texts(status, "whyStopped")),
        has_results=at(study, "hasResults") is True or _day(status, "resultsFirstPostDateStruct") is not None,
    )


def _title(identification: object) -> str:
    return _line(texts(identification, "briefTitle") or texts(identification, "officialTitle"))


def _day(status: object, name: str) -> PartialDate | None:
    return PartialDate.parse(texts(status, name, "date"))


def _line(text: str) -> str:
    return " ".join(text.split())


def _meshes(study: object) -> tuple[str, ...]:
    modules = ("conditionBrowseModule", "interventionBrowseModule")
    terms = (texts(mesh, "term") for module in modules for mesh in rows(study, "derivedSection", module, "meshes"))
    return tuple(dict.fromkeys(term for term in terms if term))


def _lines(protocol: object) -> Iterator[str]:
    """Yield what the record says, each part labelled: what it is about, how it is made, and what it looks for."""
    description, conditions = at(protocol, "descriptionModule"), at(protocol, "conditionsModule")
    parts = {
        "OFFICIAL TITLE": texts(protocol, "identificationModule", "officialTitle"),
        "SUMMARY": texts(description, "briefSummary"),
        "CONDITIONS": "; ".join(strings(at(conditions, "conditions"))),
        "KEYWORDS": "; ".join(strings(at(conditions, "keywords"))),
        "INTERVENTIONS": "; ".join(_interventions(protocol)),
        "DESIGN": "; ".join(_design(at(protocol, "designModule"))),
        "ENROLLMENT": _enrollment(at(protocol, "designModule")),
        "PRIMARY OUTCOMES": "; ".join(_named(rows(protocol, "outcomesModule", "primaryOutcomes"), "measure")),
        "AGES": _ages(at(protocol, "eligibilityModule")),
        "DATES": "; ".join(_dates(at(protocol, "statusModule"))),
    }
    yield from (f"{label}: {line}" for label, text in parts.items() if (line := _line(text)))


def _named(objects: list[Any], name: str) -> Iterator[str]:
    yield from (text for one in objects if (text := texts(one, name)))


def _interventions(protocol: object) -> Iterator[str]:
    for row in rows(protocol, "armsInterventionsModule", "interventions"):
        kind = _spelled(texts(row, "type"))
        yield f"{kind}: {texts(row, 'name')}" if kind else texts(row, "name")


def _design(design: object) -> Iterator[str]:
    info = at(design, "designInfo")
    named = {
        "": texts(design, "studyType"),
        "allocation ": texts(info, "allocation"),
        "model ": texts(info, "interventionModel") or texts(info, "observationalModel"),
        "time ": texts(info, "timePerspective"),
        "purpose ": texts(info, "primaryPurpose"),
        "masking ": texts(info, "maskingInfo", "masking"),
    }
    yield from (f"{name}{_spelled(value)}" for name, value in named.items() if value and value != "NA")


def _enrollment(design: object) -> str:
    count, kind = at(design, "enrollmentInfo", "count"), texts(design, "enrollmentInfo", "type")
    planned = {"ESTIMATED": " (planned)", "ACTUAL": " (actual)"}.get(kind, "")
    return f"{count}{planned}" if isinstance(count, int) else ""


def _ages(eligibility: object) -> str:
    bounds = (("from", texts(eligibility, "minimumAge")), ("to", texts(eligibility, "maximumAge")))
    return " ".join(f"{word} {age}" for word, age in bounds if age)


def _dates(status: object) -> Iterator[str]:
    named = {
        "startDateStruct": "start",
        "primaryCompletionDateStruct": "primary completion",
        "completionDateStruct": "completion",
        "resultsFirstPostDateStruct": "results first posted",
    }
    for name, words in named.items():
        if found := _day(status, name):
            expected = " (expected)" if texts(status, name, "type") == "ESTIMATED" else ""
            yield f"{words} {found}{expected}"


def _spelled(value: str) -> str:
    return value.replace("_", " ").lower()


def _secondary(protocol: object, nct: Key) -> Iterator[Key]:
    """Yield the record's numbers in other registries; sponsors' own study numbers are not unique and stay out."""
    aliases = strings(at(protocol, "identificationModule", "nctIdAliases"))
    values = [*_named(rows(protocol, "identificationModule", "secondaryIdInfos"), "id"), *aliases]
    for key in dict.fromkeys(key for value in values for key in registry_ids(value)):
        if key.scheme != "nct" or key.value in aliases:
            yield from (key,) if key != nct else ()


_REFERENCES: Mapping[str, str] = {"RESULT": "published-as", "DERIVED": "published-as"}


def _references(protocol: object) -> Iterator[Link]:
    """Yield papers: those that report the trial (named by its sponsor or found by their registry number), others."""
    for row in rows(protocol, "referencesModule", "references"):
        relation = _REFERENCES.get(texts(row, "type"), "mentions")
        if key := normalise_key("pmid", texts(row, "pmid")):
            yield Link(relation, *key)


def _mentions(protocol: object, nct: Key) -> Iterator[Link]:
    """Yield other trials that the record names, as extension studies name the one they extend."""
    own = {nct, *_secondary(protocol, nct)}
    description = at(protocol, "descriptionModule")
    others = _named(rows(protocol, "identificationModule", "secondaryIdInfos"), "id")
    said = [_title(at(protocol, "identificationModule")), texts(description, "briefSummary"),
            texts(description, "detailedDescription"), *others]  # fmt: skip
    yield from (Link("mentions", *key) for key in registry_ids("\n".join(said)) if key not in own)
