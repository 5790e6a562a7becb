"""The feeds that a web page offers."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from lxml.etree import _Element

from alerts.errors import ReadError
from alerts.ingest.answer import words_of
from alerts.ingest.article import parse_html
from alerts.model import Document

_TYPES = frozenset(
    f"application/{name}" for name in ("rss+xml", "atom+xml", "rdf+xml", "feed+json", "json", "xml", "x.atom+xml")
) | {"text/xml"}
_LIKELY = re.compile(r"(?:^|[/._=-])(?:rss|atom|feed|feeds|rdf)(?:[/._?&-]|\d|$)|\.xml$", re.IGNORECASE)
_NOT_FEEDS = re.compile(r"/wp-json/|oembed|sitemap|opensearch|manifest\.json|/comments/feed", re.IGNORECASE)


class Found(NamedTuple):
    """A feed that a page offers; `declared` by `link rel=alternate`, else a link that looks like one."""

    url: str
    title: str
    declared: bool = True


def feeds(document: Document) -> tuple[Found, ...]:
    """Return the feeds of a web page, the declared ones first, each once; none where the document is no web page."""
    try:
        root = parse_html(document)
    except ReadError:
        return ()
    base = urljoin(document.url, next((node.get("href", "") for node in root.iter("base")), ""))
    found: dict[str, Found] = {}
    for one in (*_declared(root, base), *_likely(root, base)):
        found.setdefault(one.url, one)
    return tuple(found.values())


def _declared(root: _Element, base: str) -> Iterator[Found]:
    for node in root.iter("link"):
        rels, kind = node.get("rel", "").lower().split(), node.get("type", "").lower().partition(";")[0].strip()
        if "alternate" in rels and kind in _TYPES and (url := _address(node, base)):
            yield Found(url, " ".join(node.get("title", "").split()))


def _likely(root: _Element, base: str) -> Iterator[Found]:
    for node in root.iter("a"):
        if (url := _address(node, base)) and _LIKELY.search(f"{urlsplit(url).path}?{urlsplit(url).query}"):
            yield Found(url, words_of(node) or " ".join(node.get("title", "").split()), declared=False)


def _address(node: _Element, base: str) -> str:
    """Return where a link leads, without a fragment; feed: addresses mean http, and only the web is followed."""
    href = re.sub(r"^feed:(?://)?(?=https?:)", "", node.get("href", "").strip())
    try:
        parts = urlsplit(urljoin(base, href.replace("feed://", "http://", 1)))
    except ValueError:
        return ""
    if not href or parts.scheme not in ("http", "https") or _NOT_FEEDS.search(parts.path):
        return ""
    return parts._replace(fragment="").geturl()
