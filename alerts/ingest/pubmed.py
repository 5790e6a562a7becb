"""The kind `pubmed`: any PubMed query by E-utilities (NBK25497, NBK25499), new records first, then changed ones.

A run asks for the records that entered PubMed since the last one (Entrez date, two days of overlap), and once a day
for those it holds or now matches that changed since (late MeSH, registry numbers, retractions). Both passes are cut
into slices of Entrez days, since one search shows only its first 9,999 records.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from alerts.errors import ReadError
from alerts.ingest import medline
from alerts.ingest.answer import BATCH, ask, json_object, query_of, unknown, window_start
from alerts.ingest.spacing import Spacing
from alerts.ingest.walk import at, rows
from alerts.model import Document, Page, Plan, PollState, Request, Source

BASE = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/"
SPACING: Mapping[str, Spacing] = {"eutils.ncbi.nlm.nih.gov": Spacing(0.34, keyed=0.11)}
WALL = 9999
OVERLAP = timedelta(days=2)
HELD = 2000  # PMIDs remembered from run to run, so that the days of overlap are not fetched again
TRIES = 5  # runs in which a record that PubMed found but did not deliver is asked for again

_BROAD = re.compile(r"\b(?:AND|NOT)\b")
_OR = re.compile(r"\bOR\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Where a run stands, as JSON values; days are ISO dates."""

    began: str
    since: str  # the first Entrez day this source ever asked for
    changed_since: str
    changed_due: bool
    changed: bool = False  # the second pass is on
    slices: Sequence[Sequence[str]] = field(default_factory=list)  # [first, last] day; the first slice is being read
    listed: int = 0  # ids of this slice that the search has shown
    wanted: Sequence[str] = field(default_factory=list)  # PMIDs still to fetch
    held: Sequence[str] = field(default_factory=list)  # the newest PMIDs that the last run brought
    found: Sequence[str] = field(default_factory=list)  # and those that this run found, for the next one
    again: Mapping[str, int] = field(default_factory=dict)  # PMIDs found but not delivered: how often asked

    def json(self) -> dict[str, Any]:
        return asdict(self)


def plan(source: Source, state: PollState, now: datetime) -> Plan | None:
    """Begin a run: the new records since the last one."""
    query_of(source)
    reached: Mapping[str, Any] = state.anchor
    first = window_start(source, reached.get("began"), now, OVERLAP)
    last = now.date() + timedelta(days=1)  # PubMed's day is that of Maryland; a day that is not yet over costs nothing
    run = _Run(
        began=now.date().isoformat(),
        since=reached.get("since", first.isoformat()),
        changed_since=reached.get("changed", now.date().isoformat()),
        changed_due=reached.get("changed", now.date().isoformat()) < now.date().isoformat(),
        slices=[[first.isoformat(), last.isoformat()]],
        held=reached.get("held", []),
        again=reached.get("again", {}),
    )
    return Plan(request=_search(source, run), state=run.json())


def read(source: Source, state: PollState, document: Document) -> Page:
    """Read a search or a batch of records, whichever the run asked for."""
    run = _Run(**state.resume)
    if run.wanted:
        return _read_batch(source, state, run, document)
    return _read_search(source, state, run, document)


def _search(source: Source, run: _Run) -> Request:
    first, last = run.slices[0]
    term = f"({query_of(source)})"
    if run.changed:
        day = date.fromisoformat(run.changed_since) - OVERLAP
        term += f' AND ("{_slashed(day.isoformat())}"[mdat] : "3000"[mdat])'
    parameters = {
        "db": "pubmed",
        "term": term,
        "retmode": "json",
        "retmax": str(WALL),
        "retstart": str(run.listed),
        "datetype": "edat",
        "mindate": _slashed(first),
        "maxdate": _slashed(last),
        "tool": "research-alerts",
    }
    return ask(source, _base(source) + "esearch.fcgi", parameters, may_post=True)


def _fetch(source: Source, run: _Run) -> Request:
    ids = ",".join(run.wanted[:BATCH])
    parameters = {"db": "pubmed", "id": ids, "retmode": "xml", "tool": "research-alerts"}
    return ask(source, _base(source) + "efetch.fcgi", parameters, may_post=True)


def _base(source: Source) -> str:
    return source.url.rstrip("/") + "/" if source.url else BASE


def _slashed(day: str) -> str:
    return day.replace("-", "/")


def _read_search(source: Source, state: PollState, run: _Run, document: Document) -> Page:
    medline.refuse_rate_limit(document)
    found = at(json_object(document, medline.SERVICE), "esearchresult")
    count, ids = _found(found)
    unknown_phrases = _not_found(source, found)
    if count > WALL:
        return _go_on(source, replace(run, slices=[*_halves(run.slices[0]), *run.slices[1:]]))
    listed = run.listed + len(ids)
    if listed < count and not ids:
        raise ReadError(f"PubMed said that it found {count} records and showed {listed}")
    held = {*run.held, *state.known}
    wanted = [one for one in ids if run.changed or one not in held]
    run = replace(run, wanted=[*wanted, *_once_more(run, wanted)], listed=listed if listed < count else 0)
    if not run.changed:
        run = replace(run, found=sorted({*run.found, *ids}, key=int)[-HELD:])
    if listed >= count:
        run = replace(run, slices=run.slices[1:])
    notes = unknown_phrases if not run.changed and not run.slices else ()  # once a run, with the last slice
    return _go_on(source, run, notes=notes, seen=len(ids) - len(wanted))


def _found(found: object) -> tuple[int, list[str]]:
    """Return the count (a string in the JSON) and the PMIDs, or raise what PubMed says inside its 200."""
    error = at(found, "ERROR") or at(found, "error")
    if error:
        raise ReadError(f"PubMed refused the search: {' '.join(str(error).split())[:200]}")
    count, ids = at(found, "count"), at(found, "idlist")
    if not str(count).isdigit() or not isinstance(ids, list):
        raise ReadError("PubMed answered a search without a count and a list of records")
    return int(str(count)), [str(one) for one in ids if str(one).isdigit()]


def _not_found(source: Source, found: object) -> tuple[str, ...]:
    """Return notes on phrases that PubMed does not know; it drops them and searches on.

    Between ORs that costs nothing. Beside AND or NOT, or where nothing else is left, it finds works that nobody asked
    for: a ReadError.
    """
    lists = ("errorlist.phrasesnotfound", "errorlist.fieldsnotfound", "warninglist.quotedphrasesnotfound")
    dropped = [str(one) for path in lists for one in rows(found, *path.split("."))]
    dropped = [one for one in dropped if "mdat" not in one.lower()]
    if not dropped:
        return ()
    said = f"PubMed does not know: {', '.join(dropped)}"
    if _BROAD.search(source.query) or len(dropped) >= len(_OR.split(source.query)):
        raise ReadError(f"{said}. It searched without; correct the query of this source")
    return (f"{said}. It searched for the rest",)


def _halves(days: Sequence[str]) -> list[list[str]]:
    first, last = date.fromisoformat(days[0]), date.fromisoformat(days[1])
    if first >= last:
        raise ReadError(f"PubMed has more than {WALL} records of this query for {first} alone; make the query narrower")
    middle = first + (last - first) // 2
    return [[days[0], middle.isoformat()], [(middle + timedelta(days=1)).isoformat(), days[1]]]


def _once_more(run: _Run, wanted: Sequence[str]) -> Iterator[str]:
    """Yield, with the first slice's end, the records that earlier runs found but were not given."""
    if not run.changed and run.listed == 0 and len(run.slices) == 1:
        yield from (one for one in run.again if one not in wanted)


def _read_batch(source: Source, state: PollState, run: _Run, document: Document) -> Page:
    asked = run.wanted[:BATCH]
    entries = medline.entries(document)
    given = {entry.locator for entry in entries}
    fresh, seen = unknown((entry for entry in entries if entry.locator in asked), state)
    missing = {one: run.again.get(one, 0) + 1 for one in asked if one not in given}
    again = {one: tries for one, tries in run.again.items() if one not in asked}
    again |= {one: tries for one, tries in missing.items() if tries < TRIES}
    notes = (f"PubMed found {len(missing)} records that it did not deliver; asked again next time",) if missing else ()
    page = _go_on(source, replace(run, wanted=run.wanted[BATCH:], again=again), notes=notes, seen=seen)
    return replace(page, entries=fresh)


def _go_on(source: Source, run: _Run, *, notes: tuple[str, ...] = (), seen: int = 0) -> Page:
    """Return the page with the next step: records to fetch, a slice to search, the second pass, or the end."""
    if not run.wanted and not run.slices and run.changed_due and not run.changed:
        last = (date.fromisoformat(run.began) + timedelta(days=1)).isoformat()
        run = replace(run, changed=True, slices=[[run.since, last]])
    if run.wanted:
        return Page(next=_fetch(source, run), state=run.json(), notes=notes, seen=seen)
    if run.slices:
        return Page(next=_search(source, run), state=run.json(), notes=notes, seen=seen)
    held = [one for one in run.found if one not in run.again]
    anchor = {"began": run.began, "since": run.since, "changed": run.began, "again": dict(run.again), "held": held}
    return Page(state=anchor, notes=notes, seen=seen)
