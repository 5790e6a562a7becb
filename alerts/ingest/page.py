"""The kind `page`: a web page with a list of dated items, read by CSS selectors.

`source.options`: `item` (required), and within an item `title`, `date`, `link` (by default the first link is both
title and link); `follow` reads each new item's own page once, `text` selects the story there; `day_first` reads
1/5/2026 as the first of May.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from lxml import etree
from lxml.cssselect import CSSSelector
from lxml.etree import _Element

from alerts.errors import FetchError, ReadError
from alerts.ingest.answer import raw_hash, words_of
from alerts.ingest.article import Article, parse_html, select
from alerts.ingest.clean import title as clean_title
from alerts.ingest.dates import find_date
from alerts.ingest.identity import clean_url, dois, normalise_key
from alerts.ingest.sort import kind_of
from alerts.model import Content, Document, Entry, Key, Kind, Link, Page, PartialDate, Plan, PollState, Request, Source

MOST_ITEMS = 500


def plan(source: Source, state: PollState, now: datetime) -> Plan | None:  # noqa: ARG001  one form for all kinds
    """Ask for the list."""
    for name in ("item", "title", "date", "link", "text"):
        _selector(source, name)
    if not source.options.get("item"):
        raise ReadError("a page source needs the CSS selector of its items: --item CSS")
    return Plan(request=Request(url=source.url, allow_private=source.allow_private))


def read(source: Source, state: PollState, document: Document) -> Page:
    """Read the list, or in a run that follows, the page of the next item."""
    if state.resume.get("queue"):
        return _go_on(source, state.resume, _followed(source, state.resume["queue"][0], document))
    rows = list(_rows(source, document))
    fresh = [row for row in rows if state.known.get(row["locator"]) != row["hash"]]
    follow = source.options.get("follow")
    leading = [row for row in fresh if follow and row["link"] and row["locator"] not in state.known]
    window = [row["locator"] for row in rows]
    entries = tuple(_listed(source, row) for row in fresh if row not in leading)
    return replace(_page(source, leading, window), entries=entries, seen=len(rows) - len(fresh))


def recover(source: Source, state: PollState, request: Request, error: FetchError) -> Page | None:
    """Keep what the list says of an item whose own page cannot be had, and go on to the next."""
    queue = state.resume.get("queue")
    if not queue or error.network or error.throttled or error.status is None:
        return None
    page = _go_on(source, state.resume, _listed(source, queue[0]))
    return replace(page, notes=(f"the page of an item could not be read (HTTP {error.status}): {request.url}",))


def _go_on(source: Source, resume: Mapping[str, Any], entry: Entry) -> Page:
    return replace(_page(source, resume["queue"][1:], resume["window"]), entries=(entry,))


def _page(source: Source, queue: Sequence[Mapping[str, Any]], window: Sequence[str]) -> Page:
    """Return what asks for the first item of the queue, or ends the run; the window is the list's on every page."""
    if not queue:
        return Page(window=tuple(window))
    following = Request(url=queue[0]["link"], allow_private=source.allow_private)
    state = {"queue": [dict(row) for row in queue], "window": list(window)}
    return Page(next=following, state=state, window=tuple(window))


def _rows(source: Source, document: Document) -> Iterator[dict[str, Any]]:
    """Yield the items of the list as JSON values, each once; ReadError where the layout is another one."""
    root = parse_html(document)
    base = urljoin(document.url, next((node.get("href", "") for node in root.iter("base")), ""))
    items = _select(source, "item", root)
    if not items:
        selector = source.options.get("item")
        raise ReadError(f"no item matches {selector!r} any more: the page has a new layout, or is another")
    rows = {row["locator"]: row for item in items[:MOST_ITEMS] if (row := _row(source, item, base))}
    if not rows:
        raise ReadError(f"{len(items)} items match, but none has a title: the selectors for title or link are wrong")
    yield from rows.values()


def _row(source: Source, item: _Element, base: str) -> dict[str, Any] | None:
    anchor = next(iter(_select(source, "link", item)), item)
    href = next((node.get("href", "") for node in anchor.iter("a") if node.get("href")), "")
    link = clean_url(urljoin(base, href)) if href else ""
    titled = next(iter(_select(source, "title", item) or item.iter("a")), item)
    title = clean_title(words_of(titled))
    if not title:
        return None
    date = _date(source, item)
    row = {"link": link, "title": title, "date": str(date) if date else "", "text": words_of(item)}
    return {"locator": link or raw_hash(title)[:32], "hash": raw_hash(row), **row}


def _date(source: Source, item: _Element) -> PartialDate | None:
    nodes = _select(source, "date", item) or list(item.iter("time"))
    said = [node.get("datetime") or words_of(node) for node in nodes] or [words_of(item)]
    day_first = bool(source.options.get("day_first"))
    return next((found for text in said if (found := find_date(text, day_first=day_first))), None)


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


def _followed(source: Source, row: Mapping[str, Any], document: Document) -> Entry:
    """Return what the item's own page says, and from the list what it does not say."""
    article = Article(document, selector=str(source.options.get("text", "")))
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


def _select(source: Source, name: str, node: _Element) -> list[_Element]:
    selector = _selector(source, name)
    return select(node, selector) if selector else []


def _selector(source: Source, name: str) -> CSSSelector | None:
    text = str(source.options.get(name) or "")
    try:
        return CSSSelector(text, translator="html") if text else None
    except (etree.XPathError, SyntaxError, ValueError) as wrong:
        raise ReadError(f"--{name} {text!r} is not a CSS selector: {wrong}") from wrong
