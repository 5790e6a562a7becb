"""The kind `feed`: RSS 0.9x, 1.0 and 2.0, Atom, JSON Feed; a poll of one page."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from alerts.errors import ReadError
from alerts.ingest import clean, feedentry, feedxml, jsonfeed
from alerts.ingest.feedentry import Place
from alerts.ingest.known import FeedDocument, Names
from alerts.model import Document, Entry, Page, Plan, PollState, Request, Source

EMPTIED = "The feed shows nothing now; at the last poll it did."
_ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"


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
    feed = jsonfeed.read(document.body, hashes) if is_json else feedxml.read(document, hashes)
    place = Place(source, document.url, Names.of(feed.bones), clean.title(feed.title or source.title))
    return _page(place, state, feed)


def _page(place: Place, state: PollState, feed: FeedDocument) -> Page:
    remembered = {raw_hash: locator for locator, raw_hash in state.known.items()}
    window = [remembered.get(bone.raw_hash) or place.names.locator(bone) for bone in feed.bones]
    entries = _entries(place, feed, window)
    shared = sum(bool(bone.guid) and not place.names.own_guid(bone) for bone in feed.bones)
    empty = len({window[number] for number in feed.found}) - len(entries)
    return Page(
        entries=entries,
        seen=feed.known,
        window=tuple(dict.fromkeys(window)) if feed.whole else (),
        title=clean.title(feed.title),
        ttl=feed.ttl,
        notes=(*feed.notes, *_troubles(shared, empty), *([] if feed.bones or not state.known else [EMPTIED])),
    )


def _entries(place: Place, feed: FeedDocument, window: Sequence[str]) -> tuple[Entry, ...]:
    """Make the entries; of those that one document shows twice the first counts, be it known or not."""
    first = {locator: number for number, locator in reversed(list(enumerate(window)))}
    made = (
        feedentry.make(feed.found[number], feed.bones[number], window[number], place)
        for number in sorted(first.values())
        if number in feed.found
    )
    return tuple(entry for entry in made if entry)


def _troubles(shared: int, empty: int) -> Iterator[str]:
    if shared:
        yield f"{shared} entries share their guid with another one; they are told apart by address and title."
    if empty > 0:
        yield f"{empty} entries have neither title nor text and were left out."
