"""The kinds `medrxiv` and `biorxiv`: what the servers' own API lists (https://api.biorxiv.org), sifted by our query.

The API has no search, so every page of the interval is read and `query` applied here. A run reads the versions posted
since the last one and then the preprints that got a journal paper since; two days of overlap.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from urllib.parse import quote

from alerts.errors import ReadError
from alerts.ingest.answer import ask, distinct, json_object, raw_hash, unknown, window_start
from alerts.ingest.clean import plain
from alerts.ingest.identity import normalise_key, registry_ids
from alerts.ingest.spacing import Spacing
from alerts.ingest.walk import at, rows, texts
from alerts.model import Content, Document, Entry, Kind, Link, Page, PartialDate, Plan, PollState, Request, Source

BASE = "https://api.biorxiv.org"
SPACING: Mapping[str, Spacing] = {"api.biorxiv.org": Spacing(1.0)}
OVERLAP = timedelta(days=2)
_NOTHING_POSTED = "no posts found"
_NOT_A_LETTER = re.compile(r"[\W\d_]")
_FIGURE = re.compile(r"O_FIG.*?C_FIG", re.DOTALL)
_SECTION = re.compile(r"O_ST_ABS(.*?)C_ST_ABS", re.DOTALL)
_SMALL_CAPITALS = re.compile(r"[OC]_(?:SCPCAP|SCPLOW)")
_MARK = re.compile(r"[OC]_(?:LI|TBL|QD|BLOCKQUOTE|TEXTBOX)")


def wanted(query: str) -> re.Pattern[str]:
    """Compile a query: alternatives separated by OR, words or "phrases" within one joined by AND; `word*` is a prefix.

    Words match whole, in any case, with spaces or hyphens between them, and with a plural s. An empty query takes all.
    """
    alternatives = (re.split(r"\s+AND\s+", one) for one in re.split(r"\s+OR\s+", query.strip()))
    return re.compile("|".join("".join(map(_needed, terms)) for terms in alternatives), re.IGNORECASE | re.DOTALL)


_WORD = re.compile(r"[^\s\"'()*-]+")
_JOINED = re.compile(r"(?:^|\s+)(?:OR|AND)(?=\s|$)")


def _needed(term: str) -> str:
    words = [re.escape(word) for word in _WORD.findall(term)]
    phrase = r"[\s-]+".join(words)
    ending = r"\w*" if term.rstrip("\"') ").endswith("*") else r"s?\b"
    return rf"(?=.*\b{phrase}{ending})" if words else ""


@dataclass(frozen=True, slots=True)
class Server:
    """One preprint server as a source kind."""

    name: str

    def plan(self, source: Source, state: PollState, now: datetime) -> Plan | None:
        """Begin a run: the versions posted since the last one; ReadError where its query would take everything."""
        if source.query.strip() and not all(map(_WORD.search, _JOINED.split(source.query))):
            raise ReadError(f"the query {source.query!r} lacks words beside an OR or AND")
        first = window_start(source, state.anchor.get("began"), now, OVERLAP)
        last = now.date()
        resume = {
            "began": last.isoformat(),
            "interval": f"{max(first.isoformat(), '2013-01-01')}/{last.isoformat()}",
            "list": "details",
            "cursor": 0,
        }
        return Plan(request=self._request(source, resume), state=resume)

    def read(self, source: Source, state: PollState, document: Document) -> Page:
        """Read one page; its size is whatever came (30 and 100 were seen), and only an empty page is the last."""
        resume = dict(state.resume)
        listed = _listed(json_object(document, self.name), self.name)
        make = self._posted if resume["list"] == "details" else self._published
        pattern = wanted(source.query)
        kept = (found for found in _newest(map(make, listed)) if pattern.match(_said(found)))
        entries, seen = unknown(kept, state)
        if listed:
            resume["cursor"] = int(resume["cursor"]) + len(listed)
        elif resume["list"] == "details":
            resume |= {"list": "pubs", "cursor": 0}
        else:
            return Page(entries=entries, seen=seen, state={"began": resume["began"]})
        return Page(entries=entries, seen=seen, next=self._request(source, resume), state=resume)

    def _request(self, source: Source, resume: Mapping[str, Any]) -> Request:
        base = (source.url or BASE).rstrip("/")
        path = f"{base}/{resume['list']}/{self.name}/{resume['interval']}/{resume['cursor']}/json"
        category = str(source.options.get("category", ""))
        return ask(source, path, {"category": category} if category and resume["list"] == "details" else {})

    def _posted(self, row: object) -> Entry:
        version = texts(row, "version") or "1"
        place = f"{texts(row, 'doi')}v{version}" if version.isdigit() else texts(row, "doi")
        content = Content(
            kind=Kind.PREPRINT,
            title=_words(texts(row, "title")),
            text=_words(texts(row, "abstract")),
            url=f"https://www.{self.name}.org/content/{quote(place)}",
            authors=_authors(texts(row, "authors")),
            venue=texts(row, "server") or self.name,
            published=PartialDate.parse(texts(row, "date")),
            language="en",
        )
        return self._entry(row, texts(row, "doi"), content, texts(row, "published"), f"v{version}")

    def _published(self, row: object) -> Entry:
        content = Content(
            kind=Kind.PREPRINT,
            title=_words(texts(row, "preprint_title")),
            text=_words(texts(row, "preprint_abstract")),
            url=f"https://www.{self.name}.org/content/{quote(texts(row, 'preprint_doi'))}",
            authors=_authors(texts(row, "preprint_authors")),
            venue=texts(row, "preprint_platform") or self.name,
            published=PartialDate.parse(texts(row, "preprint_date")),
            language="en",
        )
        return self._entry(row, texts(row, "preprint_doi"), content, texts(row, "published_doi"), "published")

    def _entry(self, row: object, doi: str, content: Content, paper: str, part: str) -> Entry:
        key = normalise_key("doi", doi)
        if key is None:
            raise ReadError(f"{self.name} listed a preprint without a DOI")
        journal = None if paper in ("", "NA") else normalise_key("doi", paper)
        named = (Link("mentions", *found) for found in registry_ids(f"{content.title}\n{content.text}"))
        links = distinct(chain([Link("published-as", *journal) if journal else None], named))
        return Entry(locator=f"{key.value} {part}", content=content, keys=(key,), links=links, raw_hash=raw_hash(row))


def _listed(answer: object, name: str) -> list[object]:
    """Return the collection; an empty one only where the server says that nothing (more) was posted."""
    found, messages = at(answer, "collection"), rows(answer, "messages")
    status = texts(messages[0], "status") if messages else ""
    if not isinstance(found, list) or status not in ("ok", _NOTHING_POSTED):
        raise ReadError(f"{name} answered with status {status or 'none'!r} instead of a list of preprints")
    return found


def _newest(entries: Iterable[Entry]) -> list[Entry]:
    """Keep the newest of several versions of a work on one page."""
    newest: dict[object, Entry] = {}
    for entry in entries:
        held = newest.get(entry.keys[0])
        if held is None or _version(entry) >= _version(held):
            newest[entry.keys[0]] = entry
    return list(newest.values())


def _version(entry: Entry) -> int:
    digits = entry.locator.rpartition("v")[2]
    return int(digits) if digits.isdigit() else 0


def _said(entry: Entry) -> str:
    return f"{entry.content.title}\n{entry.content.text}"


def _words(text: str) -> str:
    """Return a text without the marks that the server's own conversion leaves in it."""
    bare = _MARK.sub(" ", _SMALL_CAPITALS.sub("", _FIGURE.sub(" ", text)))
    return plain(_SECTION.sub(_as_label, bare))


def _as_label(match: re.Match[str]) -> str:
    return f"\n{match[1].strip().upper()}: "


def _authors(text: str) -> tuple[str, ...]:
    """Return the names of `Last, F. M.; Other, G.` as `Last FM`."""
    return tuple(_names(text))


def _names(text: str) -> Iterator[str]:
    for one in text.split(";"):
        last, _, first = one.strip().partition(",")
        initials = _NOT_A_LETTER.sub("", first) if "." in first else first.strip()
        if last:
            yield f"{last} {initials}".strip()


medrxiv = Server("medrxiv")
biorxiv = Server("biorxiv")
