"""The kind `page`: a web page with a list of dated items, read by CSS selectors.

`source.options`: `item` (required), and within an item `title`, `date`, `link` (by default the first link is both
title and link); `follow` reads each new item's own page once, `text` selects the story there; `day_first` reads
1/5/2026 as the first of May.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from alerts.errors import FetchError, ReadError, SourceError
from alerts.ingest import layout, listing
from alerts.ingest.article import Article
from alerts.ingest.identity import dois, normalise_key
from alerts.ingest.layout import Row
from alerts.ingest.listing import Listing
from alerts.ingest.sort import kind_of
from alerts.model import Content, Document, Entry, Key, Kind, Link, Page, PartialDate, Plan, PollState, Request, Source


def plan(source: Source, state: PollState, now: datetime) -> Plan | None:  # noqa: ARG001  one form for all kinds
    """Ask for the list."""
    for name in ("item", "title", "date", "link", "text"):
        listing.selector(source, name)
    if not source.options.get("item"):
        raise ReadError("a page source needs the CSS selector of its items: --item CSS")
    return Plan(request=Request(url=source.url, allow_private=source.allow_private))


def read(source: Source, state: PollState, document: Document) -> Page:
    """Read the list, or in a run that follows, the page of the next item."""
    if state.resume.get("queue"):
        return _whole(source, state.resume, document)
    title, found = _listing(source, state, document)
    rows = layout.settled([row for row in found if row["title"]], state.known)
    if said := layout.differs(rows, state.known):
        raise layout.changed(source, said)
    fresh = [row for row in rows if state.known.get(row["locator"]) != row["hash"]]
    follow = source.options.get("follow")
    leading = [row for row in fresh if follow and row["link"] and row["locator"] not in state.known]
    most = max(len(rows), int(state.anchor.get("most", 0)))
    page = _page(source, {"queue": leading, "window": [row["locator"] for row in rows], "most": most})
    entries = tuple(_listed(source, row) for row in fresh if row not in leading)
    notes = tuple(_notes(source, found, most))
    return replace(page, entries=entries, seen=len(rows) - len(fresh), notes=notes, title=title)


def _listing(source: Source, state: PollState, document: Document) -> Listing:
    """Return what the page lists; where the last poll found what is missing now, the layout is another one."""
    try:
        return listing.read(source, document)
    except ReadError as wrong:
        if not state.known:
            raise
        raise layout.changed(source, str(wrong)) from wrong


def _notes(source: Source, rows: Sequence[Row], most: int) -> Iterator[str]:
    if untitled := sum(not row["title"] for row in rows):
        yield f"{untitled} of {len(rows)} items have no title and were left out."
    if len(rows) * 2 < most:
        yield (
            f"Only {len(rows)} items are shown, and {most} were once: has the page another layout? "
            f"If not: alerts source edit {source.slug} --afresh"
        )


def recover(source: Source, state: PollState, request: Request, error: SourceError) -> Page | None:
    """Keep what the list says of an item whose own page cannot be had, and go on to the next.

    None where waiting may help: the list's own host is out of reach, or asks to be left alone.
    """
    near = urlsplit(request.url).netloc == urlsplit(source.url).netloc
    passes = isinstance(error, FetchError) and (error.throttled or (error.network and near))
    if passes or not state.resume.get("queue"):
        return None
    return _kept(source, state.resume, str(error))


def _whole(source: Source, resume: Mapping[str, Any], document: Document) -> Page:
    """Take the first item of the queue as its own page tells it."""
    first, *others = resume["queue"]
    text = str(source.options.get("text", ""))
    try:
        article = Article(document, selector=text)
    except ReadError as wrong:
        return _kept(source, resume, str(wrong))
    vain = f"--text {text!r} selects nothing on the page of an item: {first['link']}"
    notes = (vain,) if text and not article.chosen else ()
    page = _page(source, {**resume, "queue": others})
    return replace(page, entries=(_followed(source, first, article),), notes=notes)


def _kept(source: Source, resume: Mapping[str, Any], why: str) -> Page:
    """Take the first item of the queue as the list tells it."""
    first, *others = resume["queue"]
    note = f"The page of an item could not be read ({why}): {first['link']}"
    return replace(_page(source, {**resume, "queue": others}), entries=(_listed(source, first),), notes=(note,))


def _page(source: Source, state: Mapping[str, Any]) -> Page:
    """Return what asks for the first item of the queue, or ends the run; the window is the list's on every page."""
    window = tuple(state["window"])
    if not state["queue"]:
        return Page(window=window, state={"most": state["most"]})
    following = Request(url=state["queue"][0]["link"], allow_private=source.allow_private)
    return Page(next=following, state=dict(state), window=window)


def _listed(source: Source, row: Mapping[str, Any]) -> Entry:
    """Return what the list says of an item: a teaser."""
    content = Content(
        kind=_looks_like(source, row),
        title=row["title"],
        text=row["text"] if row["text"] != row["title"] else "",
        url=row["link"],
        venue=source.title,
        published=PartialDate.parse(row["date"]),
        truncated=True,
    )
    own, links = _leads(content.kind, row["link"])
    return _entry(row, content, own, links)


def _leads(kind: Kind, link: str) -> tuple[tuple[Key, ...], tuple[Link, ...]]:
    """Return the DOI in an item's own address: a paper's key, a story's subject."""
    found = dois(link)[:1]
    if kind in (Kind.NEWS, Kind.EXPLAINER):
        return (), tuple(Link("news-about", *key) for key in found)
    return found, ()


def _followed(source: Source, row: Mapping[str, Any], article: Article) -> Entry:
    """Return what the item's own page says, and from the list what it does not say."""
    listed = _looks_like(source, row)
    content = article.content(listed if source.gives != "mixed" or listed is not Kind.NEWS else None)
    content = replace(
        content,
        title=content.title or row["title"],
        text=content.text or row["text"],
        url=row["link"],
        venue=content.venue or source.title,
        published=PartialDate.parse(row["date"]) or content.published,
        truncated=not content.text,
    )
    doi = article.doi if content.kind not in (Kind.NEWS, Kind.EXPLAINER) else None
    return _entry(row, content, (doi,) if doi else (), article.links(content.kind))


def _entry(row: Mapping[str, Any], content: Content, own: tuple[Key, ...], links: tuple[Link, ...]) -> Entry:
    url = normalise_key("url", row["link"])
    keys = (*own, url) if url else own
    return Entry(locator=row["locator"], content=content, keys=keys, links=links, raw_hash=row["hash"])


def _looks_like(source: Source, row: Mapping[str, Any]) -> Kind:
    """Return the kind that the operator stated, or what the item's address and title look like."""
    return kind_of(source, row["link"], row["title"], dois(row["link"])[:1], scholarly=False)
