"""The kind `file`: a feed or JSON Lines on this machine, for imports and tests; `url` is `file:///absolute/path`.

Each line of JSON Lines is one work: any of the fields of `Content` (dates as ISO 8601), the identifiers `id`, `doi`,
`pmid`, `pmcid` and `nct`, and `links` as `[relation, scheme, value]`. `alerts.ingest.local` reads the file.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from alerts.errors import ReadError
from alerts.ingest import feed
from alerts.ingest.answer import raw_hash, unknown
from alerts.ingest.clean import plain, xml_legal
from alerts.ingest.clean import title as clean_title
from alerts.ingest.identity import clean_url, normalise_key
from alerts.ingest.walk import rows, strings, texts
from alerts.model import Content, Document, Entry, Key, Kind, Link, Page, PartialDate, Plan, PollState, Request, Source

LINES = 500  # works in one page
TOLD = 10  # bad lines told in full; of the others their number is told


def _date(text: str) -> PartialDate | None:
    found = PartialDate.parse(text)
    if found is None and text.strip():
        raise ValueError(f"{text!r} is no date such as 2026, 2026-05 or 2026-05-01")
    return found


_FIELDS: Mapping[str, tuple[type, Callable[[Any], Any]]] = {
    "kind": (str, Kind),
    "title": (str, clean_title),
    "text": (str, plain),
    "url": (str, clean_url),
    "published": (str, _date),
    **dict.fromkeys(("venue", "language", "status", "why_stopped"), (str, xml_legal)),
    **dict.fromkeys(("authors", "publication_types", "mesh", "phases"), (list, strings)),
    **dict.fromkeys(("has_results", "truncated"), (bool, bool)),
    "enrollment": (int, int),
}
_OWN = {*_FIELDS, "id", "links", "doi", "pmid", "pmcid", "nct"}


def plan(source: Source, state: PollState, now: datetime) -> Plan | None:  # noqa: ARG001  one form for all kinds
    """Read the whole file from its beginning."""
    if not source.url.startswith("file:///"):
        raise ReadError("a source of kind file has an address like file:///srv/import/works.jsonl")
    return Plan(request=Request(url=source.url), state={"line": 0})


def read(source: Source, state: PollState, document: Document) -> Page:
    """Read a feed whole, or the next lines of JSON Lines; the last page notes all lines that had to be left out."""
    if not _is_lines(document.body):
        return feed.read(source, state, document)
    first = int(state.resume.get("line", 0))
    lines = document.body.splitlines()
    part = [(number, line) for number, line in enumerate(lines[first : first + LINES], first + 1) if line.strip()]
    good, wrong = _sorted_out(source, part)
    told, bad = [*state.resume.get("told", ()), *wrong][:TOLD], int(state.resume.get("bad", 0)) + len(wrong)
    entries, seen = unknown(good, state)
    if first + LINES < len(lines):
        onward = {"line": first + LINES, "told": told, "bad": bad}
        return Page(entries=entries, seen=seen, next=Request(url=source.url), state=onward)
    if bad and not good and first == 0:
        raise ReadError(_left_out(told, bad))
    return Page(entries=entries, seen=seen, notes=(_left_out(told, bad),) if bad else ())


def _sorted_out(source: Source, part: Iterable[tuple[int, bytes]]) -> tuple[list[Entry], list[str]]:
    """Return the works of the good lines, and what is wrong with each of the others."""
    good, wrong = [], []
    for number, line in part:
        try:
            good.append(_entry(source, number, line))
        except ReadError as error:
            wrong.append(str(error))
    return good, wrong


def _left_out(told: Sequence[str], bad: int) -> str:
    more = f"; and {bad - len(told)} more" if bad > len(told) else ""
    return f"{bad} {'line was' if bad == 1 else 'lines were'} left out: {'; '.join(told)}{more}"


def _is_lines(body: bytes) -> bool:
    """Tell JSON Lines from a feed: each line is an object; a JSON Feed names its version."""
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith(b"{") and b"jsonfeed.org/version" not in start[:2000]


def _entry(source: Source, number: int, line: bytes) -> Entry:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as wrong:
        raise ReadError(f"line {number} is not JSON: {wrong}") from wrong
    if not isinstance(row, dict):
        raise ReadError(f"line {number} is not a JSON object")
    if strange := sorted(row.keys() - _OWN):
        raise ReadError(f"line {number} has an unknown field {strange[0]!r}; known are {', '.join(sorted(_OWN))}")
    content = _content(number, row)
    if not isinstance(row.get("id") or "", str):
        raise ReadError(f"line {number}: id is {row['id']!r}, which is no str")
    keys = tuple(_keys(source, row))
    if not keys:
        raise ReadError(f"line {number} has none of id, doi, pmid, pmcid, nct")
    if not (content.title or content.text):
        raise ReadError(f"line {number} has neither a title nor a text")
    return Entry(
        locator=texts(row, "id") or f"{keys[0].scheme}:{keys[0].value}",
        content=content,
        keys=keys,
        links=tuple(_links(number, row)),
        raw_hash=raw_hash(row),
    )


def _keys(source: Source, row: Mapping[str, Any]) -> Iterator[Key]:
    for scheme in ("pmid", "doi", "pmcid", "nct"):
        if key := normalise_key(scheme, str(row.get(scheme) or "")):
            yield key
    if own := texts(row, "id"):
        yield Key("guid", f"{source.slug} {own}")


def _content(number: int, row: Mapping[str, Any]) -> Content:
    values: dict[str, Any] = {}
    for name, (kind, make) in _FIELDS.items():
        value = row.get(name)
        if value is None:
            continue
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise ReadError(f"line {number}: {name} is {value!r}, which is no {kind.__name__}")
        try:
            values[name] = make(value)
        except ValueError as wrong:
            raise ReadError(f"line {number}: {name}: {wrong}") from wrong
    return Content(**values)


def _links(number: int, row: Mapping[str, Any]) -> Iterator[Link]:
    for one in rows(row, "links"):
        if not isinstance(one, list) or len(strings(one)) != 3:
            raise ReadError(f"line {number}: a link is [relation, scheme, value], not {one!r}")
        if key := normalise_key(one[1], one[2]):
            yield Link(one[0], *key)
