"""Cut out of a feed what we know byte for byte or can read as it stands, so that feedparser sees the rest; pure."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any, Self
from urllib.parse import urljoin

import re2
from lxml import etree

from alerts.ingest import plainly
from alerts.ingest.weblink import url_value

_NOISE = re2.compile(  # one quick scan of each entry
    rb"\b(?:utm_\w{1,20}=[^&\"'<>\s]*|f[cf]=\d{8,}|v=\d+\.[\w.+%]*|v=[\w%-]{40,})"
)
_BULKY = {"{http://purl.org/rss/1.0/modules/content/}encoded": "bulky"}
_GROUPS = {"description": "bulky", "guid": "guid", "id": "guid", "link": "link", "title": "title", "doi": "identifier"}
_DC_GROUPS = {"identifier": "identifier", "creator": "creator"}
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_DC = "{http://purl.org/dc/elements/1.1/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bone:
    """What is read of an entry without feedparser: enough to know it again, and what it would lose or labour over."""

    raw_hash: str
    guid: str = ""
    link: str = ""
    title: str = ""
    identifiers: tuple[str, ...] = ()
    creators: tuple[str, ...] = ()
    html: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedDocument:
    """A feed document: bones of all its entries in order and, by place, what was parsed of those not known.

    What was parsed has feedparser's names. `known` counts the entries that were cut out; `whole` is false where the
    document broke off.
    """

    bones: Sequence[Bone]
    found: Mapping[int, Mapping[str, Any]]
    known: int = 0
    title: str = ""
    ttl: timedelta | None = None
    whole: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A document without its known and its plain entries.

    `bones` are of all entries in order, `kept` the places of those in the rest; `plain` holds what was read of the
    plain ones, by place, with feedparser's names.
    """

    rest: bytes
    bones: tuple[Bone, ...]
    kept: tuple[int, ...]
    plain: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    title: str = ""
    ttl: str = ""
    period: tuple[str, str] = ("", "")


def cut(xml: bytes, hashes: Collection[str], url: str = "") -> Cut | None:
    """Return the document without the entries that are known or plain; None if it is not well-formed XML."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(xml, parser, base_url=url)
    except (etree.LxmlError, ValueError):
        return None
    found = list(_entries(root))
    bones = [_bone(entry, hashes) for entry in found]
    head = {etree.QName(node).localname: (node.text or "").strip() for node in _head(root)}
    fresh = [place for place, bone in enumerate(bones) if bone.raw_hash not in hashes]
    read = {place: plainly.read(found[place], bones[place].link) for place in fresh}
    plain = {place: said for place, said in read.items() if said is not None}
    kept = [place for place in fresh if place not in plain]
    shown = frozenset(kept)
    if kept:
        _remove(entry for place, entry in enumerate(found) if place not in shown)
    return Cut(
        rest=etree.tostring(root, encoding="utf-8", xml_declaration=True) if kept else b"",
        bones=tuple(bones),
        kept=tuple(kept),
        plain=plain,
        title=head.get("title", ""),
        ttl=head.get("ttl", ""),
        period=(head.get("updatePeriod", ""), head.get("updateFrequency", "")),
    )


def _remove(nodes: Iterable[etree._Element]) -> None:
    for node in list(nodes):
        parent = node.getparent()
        if parent is not None:
            parent.remove(node)


def _entries(root: etree._Element) -> Iterator[etree._Element]:
    """Yield the entries: children of an Atom feed, of an RSS channel, or of the RDF element."""
    for parent in (root, *root.iterchildren("{*}channel")):
        yield from parent.iterchildren("{*}item", "{*}entry")


def _head(root: etree._Element) -> Iterator[etree._Element]:
    channel = next(root.iterchildren("{*}channel"), root)
    return channel.iterchildren("{*}title", "{*}ttl", "{*}updatePeriod", "{*}updateFrequency")


def _bone(entry: etree._Element, hashes: Collection[str]) -> Bone:
    """Return an entry's bone, and take the long texts out of one that is not known: feedparser labours over them."""
    found = raw_hash(etree.tostring(entry, encoding="utf-8", with_tail=False))
    texts: dict[str, list[str]] = {}
    links, bulky = [], []
    for node in entry.iterchildren("*"):
        group = _group(node.tag)
        if group == "link":
            links.append(node)
        elif group == "bulky":
            bulky.append(node)
        elif group and (text := _text(node)):
            texts.setdefault(group, []).append(text)
    if found in hashes:
        bulky = []
    bone = Bone(
        raw_hash=found,
        guid=texts["guid"][0] if "guid" in texts else entry.get(_ABOUT, ""),
        link=_link(links),
        title=texts["title"][0] if "title" in texts else "",
        identifiers=tuple(texts.get("identifier", ())),
        creators=tuple(texts.get("creator", ())),
        html=max(map(_text, bulky), key=len, default=""),
    )
    _remove(bulky)
    return bone


@lru_cache(maxsize=256)
def _group(tag: str) -> str:
    """Return what an element is to a bone; "" for nothing."""
    space, _, word = tag.rpartition("}")
    return _DC_GROUPS.get(word) or _GROUPS.get(word, "") if space == _DC else _BULKY.get(tag) or _GROUPS.get(word, "")


def raw_hash(entry: bytes) -> str:
    """Return the SHA-256 of an entry's bytes, without what services count in their links (`utm_*`, `fc`, `ff`, `v`)."""
    return hashlib.sha256(_NOISE.sub(b"", entry)).hexdigest()


def _text(node: etree._Element) -> str:
    return ("".join(map(str, node.itertext("*"))) if len(node) else node.text or "").strip()


def _link(nodes: Iterable[etree._Element]) -> str:
    """Return the address of the entry's own page: RSS's text, or Atom's link that is alternate or bare."""
    for node in nodes:
        address = (node.text or "").strip() or (node.get("href", "") if _is_alternate(node) else "")
        if address:
            return address if address.startswith("http") else urljoin(node.base or "", address)
    return ""


def _is_alternate(node: etree._Element) -> bool:
    return node.get("rel", "alternate") == "alternate"


@dataclass(frozen=True, slots=True)
class Names:
    """Which guids and addresses of a document name one entry alone (an entry that is shown twice is one)."""

    guids: Mapping[str, int]
    addresses: Mapping[str, int]

    @classmethod
    def of(cls, bones: Iterable[Bone]) -> Self:
        bones = list(bones)
        return cls(
            _bearers((bone.guid, url_value(bone.link), bone.title) for bone in bones),
            _bearers((url_value(bone.link), bone.guid, bone.title) for bone in bones),
        )

    def own_guid(self, bone: Bone) -> bool:
        return bool(bone.guid) and self.guids[bone.guid] == 1

    def own_address(self, bone: Bone) -> bool:
        address = url_value(bone.link)
        return bool(address) and self.addresses[address] == 1

    def locator(self, bone: Bone) -> str:
        """Return what the source calls an entry: its guid or its address, if they name it alone, or else its title."""
        if self.own_guid(bone):
            return bone.guid
        address = url_value(bone.link)
        if self.own_address(bone):
            return address
        digest = hashlib.sha256(" ".join(bone.title.split()).encode()).hexdigest()[:16]
        return f"{bone.guid or address}#{digest}" if bone.title or bone.guid or address else bone.raw_hash


def _bearers(entries: Iterable[tuple[str, str, str]]) -> Mapping[str, int]:
    """Return for each name (the first of three) how many entries bear it that differ in another name or title."""
    return Counter(name for name, _, _ in set(entries))
