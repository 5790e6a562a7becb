"""An XML feed document, well-formed or not, as far as it can be read; feedparser in its guarded place; pure."""

import io
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

import feedparser

from alerts.errors import ReadError, WebPageError
from alerts.ingest import botwall, known, xmltext
from alerts.ingest.answer import shape
from alerts.ingest.known import Bone, Cut, FeedDocument
from alerts.model import Document

_ROOTS = frozenset({"rss", "feed", "rdf"})
_ENDS = ("</rss>", "</feed>", "</rdf:rdf>", "</channel>")
_MOST_UNCLOSED = 3_000  # feedparser takes quadratic time on depth
_LONGEST_TTL = timedelta(days=7)
_PERIODS = {"hourly": 1, "daily": 24, "weekly": 168, "monthly": 720, "yearly": 8760}


def read(document: Document, hashes: Collection[str]) -> FeedDocument:
    """Return the feed without the entries whose raw hash is known; ReadError where it is none, saying what it is."""
    text = xmltext.decoded(document.body, document.headers.get("content-type", ""))
    if xmltext.made_of_entities(text):
        raise ReadError("declares entities that stand for much text or for other files; such a document is not read")
    text = xmltext.without_doctype(text)
    if xmltext.root_name(text) not in _ROOTS:
        text = _rescued(text, document)
    text = xmltext.from_root(text)
    for attempt in (str, xmltext.repaired):
        if feed := _well_formed(attempt(text).encode(), hashes, document.url):
            return feed
    return _ill_formed(text, document.url)


def _rescued(text: str, document: Document) -> str:
    """Return a feed that stands behind a server's own mutterings, or say what was sent instead of a feed."""
    rest = xmltext.from_root(text)
    if rest is not text and not botwall.is_html(document.body):
        return rest
    if wall := botwall.name(document.headers, document.body):
        raise ReadError(f"answered with a bot wall ({wall}) in place of the feed")
    if botwall.is_html(document.body):
        raise WebPageError("answered with a web page, not a feed")
    root = xmltext.root_name(text)
    raise ReadError(f"answered with {f'<{root[:30]}>' if root else _sort_of(document)}, which is no feed")


def _sort_of(document: Document) -> str:
    said = document.headers.get("content-type", "").partition(";")[0].strip()
    return f"a document of type {said[:40]}" if said else shape(document.body)


def _well_formed(xml: bytes, hashes: Collection[str], url: str) -> FeedDocument | None:
    """Parse what is left after cutting; None for broken XML, or where feedparser sees other entries than we do."""
    cut = known.cut(xml, hashes, url)
    if cut is None:
        return None
    try:
        found = _parsed(cut, url)
    except ReadError:
        found = _salvaged(xml, cut, cut.kept, url)
    if found is None:
        return None
    lost = len(cut.kept) - len(found)
    return FeedDocument(
        bones=cut.bones,
        found={**cut.plain, **found},
        known=len(cut.bones) - len(cut.kept) - len(cut.plain),
        title=cut.title,
        ttl=_ttl(cut.ttl, *cut.period),
        notes=(f"{lost} entries cannot be read by feedparser and were left out.",) if lost else (),
    )


def _parsed(cut: Cut, url: str) -> dict[int, Mapping[str, Any]] | None:
    entries = _feedparser(cut.rest, url).entries if cut.kept else []
    return dict(zip(cut.kept, entries, strict=True)) if len(entries) == len(cut.kept) else None


def _salvaged(xml: bytes, whole: Cut, places: Sequence[int], url: str) -> dict[int, Mapping[str, Any]]:
    """Parse halves, and halves of halves, until only the entries are left out that feedparser chokes on."""
    wanted = {whole.bones[place].raw_hash for place in places}
    cut = known.cut(xml, {bone.raw_hash for bone in whole.bones} - wanted, url)
    try:
        return (_parsed(cut, url) if cut else None) or {}
    except ReadError:
        if len(wanted) == 1:
            return {}
    middle = len(places) // 2
    return _salvaged(xml, whole, places[:middle], url) | _salvaged(xml, whole, places[middle:], url)


def _ill_formed(text: str, url: str) -> FeedDocument:
    """Read a broken document as far as it goes; an entry that was cut off is left for the next poll."""
    if xmltext.unclosed(text) > _MOST_UNCLOSED:
        raise ReadError("is broken: thousands of elements are never closed")
    parsed = _feedparser(text.encode(), url)
    entries = list(parsed.entries)
    end = text.rstrip().lower()
    whole = end.endswith(_ENDS)
    if entries and not whole and not end.endswith(("</item>", "</entry>")):
        entries.pop()
    if not entries and not whole:
        raise ReadError("the feed was cut off before its first entry ended")
    trouble = "is not well-formed XML" if whole else "was cut off"
    return FeedDocument(
        bones=[_bone_of(entry) for entry in entries],
        found=dict(enumerate(entries)),
        title=str(parsed.feed.get("title") or ""),
        whole=whole,
        notes=(f"The feed {trouble}; it was read as far as it goes.",),
    )


def _bone_of(entry: Mapping[str, Any]) -> Bone:
    words = [str(entry.get(field) or "") for field in ("id", "link", "title", "summary", "content")]
    return Bone(raw_hash=known.raw_hash("\0".join(words).encode()), guid=words[0], link=words[1], title=words[2])


def _feedparser(xml: bytes, url: str) -> feedparser.FeedParserDict:
    """Let feedparser read bytes (a stream, for it takes bare bytes for a file name); it may raise on hostile input."""
    try:
        return feedparser.parse(
            io.BytesIO(xml),
            response_headers={"content-type": "application/xml; charset=utf-8", "content-location": url},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:  # any class can come out of it
        raise ReadError(f"holds what feedparser cannot read ({type(error).__name__})") from error


def _ttl(minutes: str, period: str, frequency: str) -> timedelta | None:
    """Return how long a feed wishes to be left alone: RSS's `ttl`, or the syndication module's period."""
    if minutes.isascii() and minutes.isdigit() and int(minutes[:9]):
        return min(timedelta(minutes=int(minutes[:9])), _LONGEST_TTL)
    hours = _PERIODS.get(period.strip().lower())
    times = int(frequency[:4]) if frequency.isascii() and frequency.isdigit() else 1
    return min(timedelta(hours=hours) / max(times, 1), _LONGEST_TTL) if hours else None
