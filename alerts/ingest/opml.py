"""Sources as OPML 2.0 (http://opml.org/spec2.opml), with what OPML has no word for in attributes of our own."""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from lxml import etree
from lxml.etree import _Element

from alerts.errors import UsageError
from alerts.ingest.clean import xml_legal
from alerts.model import Kind, Source

NAMESPACE = "urn:research-alerts:source"
QUERIES = ("pubmed", "clinicaltrials", "europepmc", "medrxiv", "biorxiv")
_ADDRESSED = ("feed", "page")
_BARE_AMPERSAND = re.compile(rb"&(?!#?\w{1,20};)")  # many programs write addresses as they are
_PLAIN = ("slug", "query", "gives", "about", "why")


def dump(sources: Iterable[Source]) -> bytes:
    """Write sources as OPML; files of this machine stay here, and so does the leave to reach private addresses."""
    root = etree.Element("opml", {"version": "2.0"}, nsmap={"ra": NAMESPACE})
    etree.SubElement(etree.SubElement(root, "head"), "title").text = "Sources of research alerts"
    body = etree.SubElement(root, "body")
    for source in sources:
        if source.kind != "file" and not source.sample:
            etree.SubElement(body, "outline", dict(_attributes(source)))
    return etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)


def _attributes(source: Source) -> Iterator[tuple[str, str]]:
    title = xml_legal(source.title) or source.slug
    yield from (("text", title), ("title", title))
    yield "type", "rss" if source.kind == "feed" else "link" if source.kind == "page" else source.kind
    if source.url:
        yield "xmlUrl" if source.kind == "feed" else "url", source.url
    yield _own("kind"), source.kind
    yield from ((_own(name), xml_legal(value)) for name in _PLAIN if (value := getattr(source, name)))
    yield _own("maxAge"), str(source.max_age.days if source.max_age else 0)
    if source.options:
        yield _own("options"), json.dumps(dict(source.options), sort_keys=True)


def _own(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def load(body: bytes) -> tuple[Source, ...]:
    """Read the sources of an OPML file, whatever folders they lie in; UsageError names what is wrong.

    An outline without an address or query is a folder. Slugs are made where none is given, and are unique.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(_BARE_AMPERSAND.sub(b"&amp;", body.strip()), parser)
    except etree.XMLSyntaxError as wrong:
        raise UsageError(f"this is not OPML: its XML is broken in line {wrong.lineno or 1}") from wrong
    if root.tag != "opml":
        raise UsageError(f"this is not OPML: it begins with <{root.tag}>")
    return tuple(distinct(filter(None, map(_source, root.iter("outline")))))


def distinct(sources: Iterable[Source], others: Iterable[Source] = ()) -> Iterator[Source]:
    """Yield the sources that ask what no other one asks, and give a number to the slugs that are taken."""
    asked = {other.asks for other in others}
    taken = {other.slug for other in others}
    for source in sources:
        if source.asks in asked:
            continue
        asked.add(source.asks)
        slug = source.slug
        while slug in taken:
            number = re.search(r"-(\d+)$", slug)
            slug = f"{slug[: number.start()]}-{int(number[1]) + 1}" if number else f"{slug}-2"
        taken.add(slug)
        yield source if slug == source.slug else _renamed(source, slug)


def _renamed(source: Source, slug: str) -> Source:
    return Source(**{name: getattr(source, name) for name in Source.__slots__} | {"slug": slug})


def _source(outline: _Element) -> Source | None:
    feed = next((str(value) for name, value in outline.items() if str(name).lower() == "xmlurl"), "")
    url = re.sub(r"^feed:(?://)?", "", (feed or outline.get("url") or "").strip())
    url = url if not url or "://" in url else f"http://{url}"
    kind = outline.get(_own("kind")) or ("feed" if feed.strip() else "")
    title = " ".join(xml_legal(outline.get("title") or outline.get("text") or "").split())
    if not kind:
        return None
    place = f"the outline {title or url!r}"
    _check(kind, url, outline.get(_own("query"), ""), place)
    slug = outline.get(_own("slug"))
    return Source(
        slug=slug or slug_of(title or url),
        kind=kind,
        url=url,
        query=outline.get(_own("query"), ""),
        title="" if title == slug else title,
        gives=_gives(outline, place),
        about=outline.get(_own("about")),
        max_age=_max_age(outline, place),
        why=outline.get(_own("why"), ""),
        options=_options(outline, place),
    )


def _check(kind: str, url: str, query: str, place: str) -> None:
    if kind not in (*_ADDRESSED, *QUERIES):
        raise UsageError(f"{place} is of kind {kind!r}; OPML may bring {', '.join((*_ADDRESSED, *QUERIES))}")
    if (kind in _ADDRESSED or url) and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise UsageError(f"{place} has the address {url!r}; it must begin with https:// or http://")
    if kind in ("pubmed", "clinicaltrials", "europepmc") and not query.strip():
        raise UsageError(f"{place} is of kind {kind} and has no query")


def _gives(outline: _Element, place: str) -> str:
    gives = outline.get(_own("gives"), "mixed")
    if gives not in ("mixed", *Kind):
        raise UsageError(f"{place} gives {gives!r}; it must be mixed, {', '.join(Kind)}")
    return gives


def _max_age(outline: _Element, place: str) -> timedelta | None:
    days = outline.get(_own("maxAge"), "90")
    if not re.fullmatch(r"[0-9]{1,5}", days):
        raise UsageError(f"{place} has a maxAge of {days!r}; it is a number of days, 0 for no limit")
    return timedelta(days=int(days)) or None


def _options(outline: _Element, place: str) -> dict[str, Any]:
    try:
        options = json.loads(outline.get(_own("options"), "{}"))
    except ValueError as wrong:
        raise UsageError(f"{place} has options that are not JSON: {wrong}") from wrong
    if not isinstance(options, dict):
        raise UsageError(f"{place} has options that are not a JSON object")
    return options


def slug_of(text: str) -> str:
    """Make a short name of a title or an address: letters without accents and digits with hyphens, at most 48."""
    bare = "".join(part for part in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(part))
    words = re.findall(r"[a-z0-9]+", re.sub(r"^https?://(?:www\.)?", "", bare))
    return "-".join(words)[:48].strip("-") or "source"
