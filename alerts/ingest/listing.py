"""The items of a web page's list, cut out by CSS selectors."""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urljoin

from lxml import etree
from lxml.cssselect import CSSSelector
from lxml.etree import _Element

from alerts.errors import ReadError
from alerts.ingest.answer import raw_hash, words_of
from alerts.ingest.article import parse_html, select
from alerts.ingest.clean import title as clean_title
from alerts.ingest.dates import find_date
from alerts.ingest.identity import clean_url
from alerts.ingest.layout import Row, row_hash
from alerts.model import Document, Source

MOST_ITEMS = 500
_WITHIN = ("title", "date", "link")  # what selectors look for within an item


class Listing(NamedTuple):
    """The title of the page, and its items in order, those without a title too."""

    title: str
    rows: list[Row]


def read(source: Source, document: Document) -> Listing:
    """Return what the page lists; ReadError where selectors find nothing."""
    root = parse_html(document)
    base = urljoin(document.url, next((node.get("href", "") for node in root.iter("base")), ""))
    items = _select(source, "item", root)[:MOST_ITEMS]
    if not items:
        raise ReadError(f"no item matches {source.options.get('item')!r}")
    if missing := next(_in_vain(source, items), ""):
        raise ReadError(f"{missing} in any of the {len(items)} items")
    found = [_row(source, item, base) for item in items]
    titled = [row["locator"] for row in found if row["title"]]
    if len(titled) * 2 < len(found):
        raise ReadError(f"{len(found) - len(titled)} of {len(found)} items have no title")
    if len(set(titled)) * 2 < len(titled):
        raise ReadError(f"{len(titled)} items have {len(set(titled))} addresses among them, so these are not their own")
    return Listing(next((clean_title(words_of(node)) for node in root.iter("title")), ""), found)


def _in_vain(source: Source, items: list[_Element]) -> Iterator[str]:
    for name in _WITHIN:
        if source.options.get(name) and not any(_select(source, name, item) for item in items):
            yield f"--{name} {source.options[name]!r} selects nothing"


def _row(source: Source, item: _Element, base: str) -> Row:
    places = _select(source, "link", item)[:1] if source.options.get("link") else [item]
    href = next((node.get("href", "") for place in places for node in place.iter("a") if node.get("href")), "")
    row = {
        "link": clean_url(urljoin(base, href)) if href else "",
        "title": clean_title(_title(source, item)),
        "date": _date(source, item),
        "text": _words(item),
    }
    return {"locator": row["link"] or raw_hash(row["title"])[:32], "hash": row_hash(row), **row}


def _title(source: Source, item: _Element) -> str:
    """Return the words where the selector says, or else of the first link that has any, or else of the item."""
    if source.options.get("title"):
        return next((words_of(node) for node in _select(source, "title", item)), "")
    return next((words for node in item.iter("a") if (words := words_of(node))), words_of(item))


def _date(source: Source, item: _Element) -> str:
    """Return the first date where the selector says, or else in the item's times, or else in its words."""
    nodes = _select(source, "date", item) if source.options.get("date") else list(item.iter("time")) or [item]
    day_first = bool(source.options.get("day_first"))
    said = (node.get("datetime") or _words(node) for node in nodes)
    return next((str(found) for text in said if (found := find_date(text, day_first=day_first))), "")


def _words(node: _Element) -> str:
    """Return the words of an item on one line, those of neighbouring blocks apart."""
    return " ".join(_apart(node).split())


def _apart(node: _Element) -> str:
    inner = (node.text or "") + "".join(_apart(child) + (child.tail or "") for child in node)
    return inner if node.tag in _INLINE else f" {inner} "


_INLINE = frozenset({"b", "em", "font", "i", "mark", "small", "strong", "sub", "sup", "u"})


def _select(source: Source, name: str, node: _Element) -> list[_Element]:
    found = selector(source, name)
    return select(node, found) if found else []


def selector(source: Source, name: str) -> CSSSelector | None:
    """Return the selector that an option of the source holds, None where there is none; ReadError where it is wrong."""
    text = str(source.options.get(name) or "")
    try:
        return CSSSelector(text, translator="html") if text else None
    except (etree.XPathError, SyntaxError, ValueError) as wrong:
        raise ReadError(f"--{name} {text!r} is not a CSS selector: {wrong}") from wrong
