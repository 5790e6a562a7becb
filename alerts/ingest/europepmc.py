"""The kind `europepmc`: papers and preprints of a Europe PMC query (https://europepmc.org/RestfulWebService).

A run takes what Europe PMC first indexed since the last one (FIRST_IDATE, two days of overlap), oldest first.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain

from alerts.errors import ReadError
from alerts.ingest.answer import BATCH, ask, distinct, json_object, query_of, raw_hash, unknown, window_start
from alerts.ingest.clean import plain
from alerts.ingest.dates import first_of
from alerts.ingest.identity import normalise_key, registry_ids
from alerts.ingest.spacing import Spacing
from alerts.ingest.walk import at, rows, strings, texts
from alerts.model import Content, Document, Entry, Key, Kind, Link, Page, PartialDate, Plan, PollState, Request, Source

BASE = "https://www.ebi.ac.uk/europepmc/webservices/rest/search"
SPACING: Mapping[str, Spacing] = {"www.ebi.ac.uk": Spacing(0.25)}
OVERLAP = timedelta(days=2)
RESTARTS = 3
SERVICE = "Europe PMC"
_HEADING = re.compile(r"<h\d[^>]*>(.*?)</h\d>", re.IGNORECASE | re.DOTALL)

KINDS_BY_TYPE = {
    "preprint": Kind.PREPRINT,
    "published erratum": Kind.NOTICE,
    "retraction of publication": Kind.NOTICE,
    "retraction notice": Kind.NOTICE,
    "expression of concern": Kind.NOTICE,
    "meeting abstract": Kind.ABSTRACT,
    "news": Kind.NEWS,
    "newspaper article": Kind.NEWS,
    "patient education handout": Kind.EXPLAINER,
}

RELATIONS = {
    "retraction in": "retracted-by",
    "retraction of": "retracts",
    "erratum in": "corrected-by",
    "erratum for": "corrects",
    "expression of concern in": "concern-by",
    "expression of concern for": "concerns",
    "preprint of": "published-as",
    "preprint in": "version-of",
    "update of": "version-of",
    "update in": "version-of",
    "comment on": "mentions",
}


def plan(source: Source, state: PollState, now: datetime) -> Plan | None:
    """Begin a run: what was indexed since the last one."""
    query_of(source)
    resume = {
        "began": now.date().isoformat(),
        "first": window_start(source, state.anchor.get("began"), now, OVERLAP).isoformat(),
        "last": (now.date() + timedelta(days=1)).isoformat(),
        "cursor": "*",
        "read": 0,
        "restarts": 0,
    }
    return Plan(request=_request(source, resume), state=resume)


def read(source: Source, state: PollState, document: Document) -> Page:
    """Read one page of results; the last is the one that is empty or whose next cursor is the one that was sent."""
    answer = json_object(document, SERVICE)
    if "errCode" in answer or "errMsg" in answer:
        return _refused(source, state, answer)
    results = at(answer, "resultList", "result")
    if not isinstance(results, list):
        raise ReadError(f"{SERVICE} answered without a list of results")
    entries, seen = unknown(map(entry, results), state)
    resume = {**state.resume, "read": int(state.resume["read"]) + len(results)}
    cursor = texts(answer, "nextCursorMark")
    if results and cursor and cursor != resume["cursor"]:
        resume["cursor"] = cursor
        return Page(entries=entries, seen=seen, next=_request(source, resume), state=resume)
    return Page(entries=entries, seen=seen, state={"began": resume["began"]}, notes=_short(answer, resume))


def _short(answer: object, resume: Mapping[str, object]) -> tuple[str, ...]:
    """Refuse an end that came before the count: an outage that looks like the last page."""
    told, got = at(answer, "hitCount"), resume["read"]
    if not isinstance(told, int) or not isinstance(got, int) or got >= told:
        return ()
    if not got:
        raise ReadError(f"{SERVICE} said that it found {told} works and showed none")
    return (f"{SERVICE} counted {told} works and showed {got}",)


def refuse_error(answer: Mapping[str, object]) -> None:
    """Raise the error that an answer tells inside its 200."""
    if "errCode" in answer or "errMsg" in answer:
        said = f"{SERVICE} answered with error {answer.get('errCode', '')}: {answer.get('errMsg', '')}"
        raise ReadError(said[:300])


def _refused(source: Source, state: PollState, answer: Mapping[str, object]) -> Page:
    """Begin the window again where a cursor is no longer known; anything else that is refused is an error."""
    restarts = int(state.resume.get("restarts", 0))
    expired = state.resume.get("cursor") != "*" and "cursor" in str(answer.get("errMsg")).lower()
    if not expired or restarts >= RESTARTS:
        refuse_error(answer)
    resume = {**state.resume, "cursor": "*", "read": 0, "restarts": restarts + 1}
    return Page(next=_request(source, resume), state=resume, notes=("a cursor expired; began anew",))


def _request(source: Source, resume: Mapping[str, object]) -> Request:
    parameters = {
        "query": f"({query_of(source)}) AND (FIRST_IDATE:[{resume['first']} TO {resume['last']}])",
        "resultType": "core",
        "format": "json",
        "pageSize": str(BATCH),
        "cursorMark": str(resume["cursor"]),
        "sort": "FIRST_IDATE_D asc",
        "synonym": "TRUE",
    }
    request = ask(source, source.url or BASE, parameters, may_post=True)
    return request if request.method == "GET" else replace(request, url=f"{request.url}POST")


def entry(result: object) -> Entry:
    """Turn one result (resultType core) into an entry."""
    number = f"{texts(result, 'source')}:{texts(result, 'id')}"
    if number.startswith(":") or number.endswith(":"):
        raise ReadError(f"{SERVICE} sent a result without source and id")
    content = _content(result, number)
    return Entry(
        locator=number,
        content=content,
        keys=tuple(_keys(result)),
        links=distinct(chain(_corrections(result), _mentions(content))),
        raw_hash=raw_hash(_lasting(result)),
    )


def _lasting(result: object) -> object:
    """Return the result without its counts and flags, which change daily and are no news."""
    passing = ("citedByCount", "dateOfRevision", "fullTextReceivedDate")
    if not isinstance(result, dict):
        return result
    flags = ("has", "in", "is")
    return {name: value for name, value in result.items() if name not in passing and not name.startswith(flags)}


def _content(result: object, number: str) -> Content:
    types = _types(result)
    kind = next((KINDS_BY_TYPE[one.lower()] for one in types if one.lower() in KINDS_BY_TYPE), Kind.PAPER)
    return Content(
        kind=Kind.PREPRINT if number.startswith("PPR:") else kind,
        title=_title(result),
        text="\n".join(_sections(texts(result, "abstractText"))),
        url=f"https://europepmc.org/article/{number.replace(':', '/', 1)}",
        authors=tuple(_authors(result)),
        venue=texts(result, "journalInfo", "journal", "title") or texts(result, "bookOrReportDetails", "publisher"),
        published=_published(result),
        language="en",
        publication_types=types,
        mesh=tuple(_mesh(result)),
    )


def _sections(abstract: str) -> Iterator[str]:
    """Yield the abstract; sections headed by `<h4>` (in a third of all abstracts) as `LABEL: text`."""
    before, *parts = _HEADING.split(abstract)
    if words := plain(before):
        yield words
    for heading, text in zip(parts[::2], parts[1::2], strict=True):
        label, words = plain(heading).rstrip(":. ").upper(), plain(text)
        if words:
            yield f"{label}: {words}" if label else words


def _types(result: object) -> tuple[str, ...]:
    """Return the publication types: a list in core results, one string with semicolons in lite ones."""
    lite = tuple(part.strip() for part in texts(result, "pubType").split(";") if part.strip())
    return strings(at(result, "pubTypeList", "pubType")) or lite


def _title(result: object) -> str:
    title = plain(texts(result, "title"))
    return title[1:].rstrip(".]") if title.startswith("[") and title.rstrip(".").endswith("]") else title


def _authors(result: object) -> Iterator[str]:
    for row in rows(result, "authorList", "author"):
        if name := texts(row, "fullName") or texts(row, "collectiveName"):
            yield name


def _mesh(result: object) -> Iterator[str]:
    for row in rows(result, "meshHeadingList", "meshHeading"):
        if name := texts(row, "descriptorName"):
            yield name


def _published(result: object) -> PartialDate | None:
    """Return the earliest of the dates given: a cover date may lie in the future."""
    names = ("firstPublicationDate", "electronicPublicationDate", "firstIndexDate")
    dates = (found for name in names if (found := PartialDate.parse(texts(result, name))))
    return first_of(dates) or PartialDate.parse(texts(result, "pubYear"))


def _keys(result: object) -> Iterator[Key]:
    for scheme in ("pmid", "doi", "pmcid"):
        if key := normalise_key(scheme, texts(result, scheme)):
            yield key


def _corrections(result: object) -> Iterator[Link]:
    for row in rows(result, "commentCorrectionList", "commentCorrection"):
        relation = RELATIONS.get(texts(row, "type").lower())
        scheme = {"MED": "pmid", "PMC": "pmcid"}.get(texts(row, "source"))
        key = normalise_key(scheme, texts(row, "id")) if scheme else _reference(row)
        if relation and key:
            yield Link(relation, *key)


def _reference(row: object) -> Key | None:
    """Return the DOI named in a reference; a preprint is known to others by it, and not by Europe PMC's number."""
    _, marker, rest = texts(row, "reference").partition("doi:")
    words = rest.split()
    return normalise_key("doi", words[0].rstrip(".,;")) if marker and words else None


def _mentions(content: Content) -> Iterator[Link]:
    yield from (Link("mentions", *key) for key in registry_ids(f"{content.title}\n{content.text}"))
