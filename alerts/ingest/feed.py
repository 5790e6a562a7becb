"""The kind `feed`: RSS 0.9x, 1.0 and 2.0, Atom, JSON Feed; a poll of one page."""

import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import feedparser

from alerts.errors import ReadError
from alerts.ingest import botwall, clean, feedentry, jsonfeed, known, xmltext
from alerts.ingest.known import Bone, Cut
from alerts.ingest.weblink import url_value
from alerts.model import Document, Entry, Page, Plan, PollState, Request, Source

_ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
_ROOTS = frozenset({"rss", "feed", "rdf"})
_LONGEST_TTL = timedelta(days=7)
_PERIODS = {"hourly": 1, "daily": 24, "weekly": 168, "monthly": 720, "yearly": 8760}

Found = Mapping[str, Any]


def plan(source: Source, state: PollState, now: datetime) -> Plan:  # noqa: ARG001  the same at every poll
    """Ask for the feed; `pipeline.poll` adds the conditional headers."""
    return Plan(request=Request(url=source.url, headers={"Accept": _ACCEPT}, allow_private=source.allow_private))


def read(source: Source, state: PollState, document: Document) -> Page:
    """Read a feed document; entries whose raw hash is known are counted, not parsed.

    Raises ReadError, saying what it is instead, where the document is no feed.
    """
    if not document.body.strip(b"\0 \t\r\n"):
        raise ReadError("answered with an empty document")
    hashes = frozenset(filter(None, state.known.values()))
    is_json = jsonfeed.is_json(document.body)
    feed = _Feed(**jsonfeed.read(document.body, hashes)) if is_json else _xml(document, hashes)
    return _page(source, state, document, feed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Feed:
    """A feed document: the bones of all its entries in order and, by place, what was parsed of those not known."""

    bones: Sequence[Bone]
    found: Mapping[int, Found]
    title: str = ""
    ttl: timedelta | None = None
    notes: tuple[str, ...] = ()


def _xml(document: Document, hashes: frozenset[str]) -> _Feed:
    text = xmltext.without_doctype(xmltext.decoded(document.body, document.headers.get("content-type", "")))
    if xmltext.root_name(text) not in _ROOTS:
        text = _rescued(text, document)
    for attempt in (xmltext.from_root, lambda text: xmltext.repaired(xmltext.from_root(text))):
        cut = known.cut(attempt(text).encode(), hashes, document.url)
        if cut and (feed := _well_formed(cut, document)):
            return feed
    return _ill_formed(xmltext.from_root(text), document)


def _rescued(text: str, document: Document) -> str:
    """Return a feed that stands behind a server's own mutterings, or say what was sent instead of a feed."""
    rest = xmltext.from_root(text)
    if rest is not text and not botwall.is_html(document.body):
        return rest
    if wall := botwall.name(document.headers, document.body):
        raise ReadError(f"answered with a bot wall ({wall}) in place of the feed")
    if botwall.is_html(document.body):
        raise ReadError("answered with a web page, not a feed; `alerts source add` finds the feeds of a page")
    root = xmltext.root_name(text)
    raise ReadError(f"answered with {f'<{root[:30]}>' if root else _sort_of(document)}, which is no feed")


def _sort_of(document: Document) -> str:
    said = document.headers.get("content-type", "").partition(";")[0].strip()
    return f"a document of type {said[:40]}" if said else "something"


def _well_formed(cut: Cut, document: Document) -> _Feed | None:
    """Parse what is left after cutting; None where feedparser counts other entries than we do."""
    parsed = _feedparser(cut.rest, document.url).entries if cut.kept else []
    if len(parsed) != len(cut.kept):
        return None
    return _Feed(
        bones=cut.bones,
        found=dict(zip(cut.kept, parsed, strict=True)),
        title=cut.title,
        ttl=_ttl(cut.ttl, *cut.period),
    )


def _ill_formed(text: str, document: Document) -> _Feed:
    """Read a broken document as far as it goes; an entry that was cut off is left for the next poll."""
    parsed = _feedparser(text.encode(), document.url)
    entries = list(parsed.entries)
    whole = text.rstrip().lower().endswith(("</rss>", "</feed>", "</rdf:rdf>", "</channel>"))
    if entries and not whole and not text.rstrip().lower().endswith(("</item>", "</entry>")):
        entries.pop()
    if not entries and not whole:
        raise ReadError("the feed was cut off before its first entry ended")
    return _Feed(
        bones=[_bone_of(entry) for entry in entries],
        found=dict(enumerate(entries)),
        title=str(parsed.feed.get("title") or ""),
        notes=("The feed is not well-formed XML; it was read as far as it goes." if whole else
               "The feed was cut off; it was read as far as it goes.",),
    )


def _bone_of(entry: Found) -> Bone:
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
    times = int(frequency) if frequency.isascii() and frequency[:4].isdigit() and int(frequency[:4]) else 1
    return min(timedelta(hours=hours) / times, _LONGEST_TTL) if hours else None


def _page(source: Source, state: PollState, document: Document, feed: _Feed) -> Page:
    locators = known.locators(feed.bones)
    remembered = {raw_hash: locator for locator, raw_hash in state.known.items()}
    window = [remembered.get(bone.raw_hash, place) for bone, place in zip(feed.bones, locators, strict=True)]
    entries = _entries(source, document, feed, window)
    return Page(
        entries=entries,
        seen=len(feed.bones) - len(feed.found),
        window=tuple(dict.fromkeys(window)),
        title=clean.title(feed.title),
        ttl=feed.ttl,
        notes=(*feed.notes, *_troubles(feed, window, entries)),
    )


def _entries(source: Source, document: Document, feed: _Feed, window: Sequence[str]) -> tuple[Entry, ...]:
    """Make the entries; of those that one document shows twice the first counts, be it known or not."""
    guids = Counter(bone.guid for bone in feed.bones)
    addresses = Counter(url_value(bone.link) for bone in feed.bones)
    first = {locator: number for number, locator in reversed(list(enumerate(window)))}
    made: list[Entry] = []
    for number in sorted(first.values()):
        if (found := feed.found.get(number)) is None:
            continue
        bone = feed.bones[number]
        place = feedentry.Place(
            source=source,
            base=document.url,
            locator=window[number],
            own_guid=guids[bone.guid] == 1,
            own_link=addresses[url_value(bone.link)] == 1,
        )
        entry = feedentry.make(found, bone, place)
        if entry:
            made.append(entry)
    return tuple(made)


def _troubles(feed: _Feed, window: Sequence[str], entries: Sequence[Entry]) -> Iterable[str]:
    guids = Counter(bone.guid for bone in feed.bones if bone.guid)
    shared = sum(count for count in guids.values() if count > 1)
    if shared:
        yield f"{shared} entries share their guid with another one; they are told apart by address and title."
    missing = len({window[number] for number in feed.found}) - len(entries)
    if missing:
        yield f"{missing} entries have neither title nor text and were left out."
