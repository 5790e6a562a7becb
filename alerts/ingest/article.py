"""A web page that tells one story or shows one paper -> its title, text, date and DOI."""

import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any
from urllib.parse import urljoin

from lxml import etree, html
from lxml.cssselect import CSSSelector
from lxml.etree import _Element

from alerts.errors import ReadError
from alerts.ingest.answer import distinct, words_of
from alerts.ingest.clean import plain
from alerts.ingest.clean import title as clean_title
from alerts.ingest.dates import find_date
from alerts.ingest.identity import dois, normalise_key, registry_ids
from alerts.ingest.walk import texts
from alerts.model import Content, Document, Key, Kind, Link, PartialDate

_DROPPED = ("script", "style", "noscript", "nav", "header", "footer", "aside", "form", "figure", "iframe", "template")
_TITLES = ("citation_title", "dc.title", "og:title", "twitter:title")
_DATES = ("citation_online_date", "citation_publication_date", "citation_date", "article:published_time", "dc.date",
          "datepublished", "date")  # fmt: skip
_DOIS = ("citation_doi", "dc.identifier", "prism.doi")
_NO_PAGE = re.compile(r"^(?:image|video|audio|font)/|^application/(?:pdf|zip|json|msword|vnd\.)")
_BLOCKS = {"p", "li", "h2", "h3", "h4", "blockquote"}


def parse_html(document: Document) -> _Element:
    """Parse a web page; ReadError where there is none."""
    if not document.body.strip():
        raise ReadError("the page is empty")
    kind = document.headers.get("content-type", "").lower()
    if _NO_PAGE.search(kind) or document.body.startswith((b"%PDF-", b"PK\3\4")):
        raise ReadError(f"it is no web page but {kind.partition(';')[0] or 'a file'}")
    charset = re.search(r"charset=[\"']?([\w-]+)", kind)
    try:
        parser = html.HTMLParser(
            encoding=charset[1] if charset else None, no_network=True, remove_comments=True, remove_pis=True
        )
        root = html.document_fromstring(document.body, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, LookupError, ValueError) as wrong:
        raise ReadError("the page is not HTML") from wrong
    return root


class Article:
    """What one page says of itself, by its meta tags, its JSON-LD and its own words, in this order.

    `chosen` is what the selector of its story found.
    """

    def __init__(self, document: Document, *, selector: str = "") -> None:
        self._root = parse_html(document)
        self._url = document.url
        self._linked = list(_json_ld(self._root))
        self._meta = dict(_meta(self._root))
        self.chosen = select(self._root, CSSSelector(selector, translator="html")) if selector else []
        self._body = _body(self._root, self.chosen)

    @property
    def title(self) -> str:
        said = [self._meta.get(name, "") for name in _TITLES]
        places = (self._body.iter("h1"), self._root.iter("h1"), self._root.iter("title"))
        headings = [words_of(node) for node in chain.from_iterable(places)]
        return clean_title(next((one for one in [*said, self._stated("headline"), *headings] if one.strip()), ""))

    @property
    def text(self) -> str:
        """The story or abstract: what the page marks as such, or else its paragraphs."""
        marked = self._meta.get("citation_abstract", "") or self._stated("articleBody")
        if marked:
            return plain(marked)
        return "\n".join(_paragraphs(self._body)) or plain(self._meta.get("og:description", ""))

    @property
    def published(self) -> PartialDate | None:
        said = [self._meta.get(name, "") for name in _DATES]
        times = [node.get("datetime", "") for node in self._root.iter("time")]
        dates = map(find_date, [*said, self._stated("datePublished"), *times])
        return next((found for found in dates if found), None)

    @property
    def doi(self) -> Key | None:
        """The DOI of the work on this page, if it is a paper's own page."""
        said = (normalise_key("doi", self._meta.get(name, "")) for name in _DOIS)
        return next((key for key in said if key), None)

    @property
    def named(self) -> tuple[Key, ...]:
        """Every DOI and registry number that the story names or leads to."""
        leads = "\n".join(urljoin(self._url, node.get("href", "")) for node in self._body.iter("a"))
        text = f"{self.title}\n{self.text}"
        return tuple(dict.fromkeys((*dois(f"{text}\n{leads}"), *registry_ids(f"{text}\n{leads}"))))

    def content(self, kind: Kind | None) -> Content:
        """Return the page as content; unless its kind is known, a page with its own DOI or journal is a paper's."""
        return Content(
            kind=kind or (Kind.PAPER if self.doi or "citation_journal_title" in self._meta else Kind.NEWS),
            title=self.title,
            text=self.text,
            url=self._url,
            authors=tuple(self._authors()),
            venue=self._meta.get("citation_journal_title", "") or self._meta.get("og:site_name", ""),
            published=self.published,
            language=(self._root.get("lang") or "")[:2].lower(),
        )

    def links(self, kind: Kind) -> tuple[Link, ...]:
        """Return what the page names: a story is about the works it names, a paper only mentions them."""
        works = "news-about" if kind in (Kind.NEWS, Kind.EXPLAINER) else "mentions"
        others = (key for key in self.named if key != self.doi)
        return distinct(Link(works if key.scheme == "doi" else "mentions", *key) for key in others)

    def _authors(self) -> Iterator[str]:
        for node in self._root.iter("meta"):
            if node.get("name", "").lower() == "citation_author" and node.get("content"):
                yield " ".join(node.get("content", "").split())

    def _stated(self, name: str) -> str:
        return next((text for one in self._linked if (text := texts(one, name))), "")


def select(root: _Element, selector: CSSSelector) -> list[_Element]:
    """Return the elements that a CSS selector finds in an element."""
    found = selector(root)
    return [node for node in found if isinstance(node, _Element)] if isinstance(found, list) else []


def _meta(root: _Element) -> Iterator[tuple[str, str]]:
    """Yield meta tags backwards, so that a dict keeps the first of each name."""
    for node in reversed(list(root.iter("meta"))):
        name = node.get("name") or node.get("property") or node.get("itemprop") or ""
        yield name.lower(), node.get("content", "")


def _json_ld(root: _Element) -> Iterator[dict[str, Any]]:
    for node in root.iter("script"):
        if node.get("type", "").lower() == "application/ld+json":
            try:
                yield from _objects(json.loads(node.text or ""))
            except (ValueError, RecursionError):
                continue


def _objects(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from chain.from_iterable(map(_objects, value))
    elif isinstance(value, dict):
        yield value
        yield from _objects(value.get("@graph", []))


def _body(root: _Element, chosen: list[_Element]) -> _Element:
    """Return the element that holds the story: the one selected, or the article, or main, or the whole body."""
    places = (chosen, *(list(root.iter(name)) for name in ("article", "main", "body")))
    return next((max(nodes, key=_weight) for nodes in places if nodes), root)


def _weight(node: _Element) -> int:
    return sum(len(words_of(one)) for one in node.iter("p"))


def _paragraphs(body: _Element) -> Iterator[str]:
    for node in body.iter(*_BLOCKS):
        outside = any(above.tag in _DROPPED or above.tag in _BLOCKS for above in node.iterancestors())
        if not outside and (words := words_of(node)):
            yield words
