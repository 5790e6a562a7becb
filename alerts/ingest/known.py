"""Cut out of a feed the entries that we know byte for byte, so that feedparser only sees the rest; pure."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

from lxml import etree

from alerts.ingest.weblink import url_value

_NOISE = re.compile(rb"\b(?:utm_\w{1,20}=[^&\"'<>\s]*|f[cf]=\d{8,}|v=\d+\.[\w.+%]*)")
_ATOM = "{http://www.w3.org/2005/Atom}"
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_DC = "{http://purl.org/dc/elements/1.1/}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bone:
    """What is read of an entry without feedparser: enough to know it again, and what feedparser would lose."""

    raw_hash: str
    guid: str = ""
    link: str = ""
    title: str = ""
    identifiers: tuple[str, ...] = ()
    creators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A document without its known entries: `bones` are of all entries in order, `kept` the places of the others."""

    rest: bytes
    bones: tuple[Bone, ...]
    kept: tuple[int, ...]
    title: str = ""
    ttl: str = ""
    period: tuple[str, str] = ("", "")


def cut(xml: bytes, hashes: frozenset[str], url: str = "") -> Cut | None:
    """Return the document without the entries whose raw hash is known; None if it is not well-formed XML."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(xml, parser, base_url=url)
    except (etree.LxmlError, ValueError):
        return None
    found = list(_entries(root))
    bones = tuple(_bone(entry) for entry in found)
    head = {etree.QName(node).localname: (node.text or "").strip() for node in _head(root)}
    for entry, bone in zip(found, bones, strict=True):
        parent = entry.getparent()
        if bone.raw_hash in hashes and parent is not None:
            parent.remove(entry)
    return Cut(
        rest=etree.tostring(root, encoding="utf-8", xml_declaration=True),
        bones=bones,
        kept=tuple(place for place, bone in enumerate(bones) if bone.raw_hash not in hashes),
        title=head.get("title", ""),
        ttl=head.get("ttl", ""),
        period=(head.get("updatePeriod", ""), head.get("updateFrequency", "")),
    )


def _entries(root: etree._Element) -> Iterator[etree._Element]:
    """Yield the entries: children of an Atom feed, of an RSS channel, or of the RDF element."""
    for parent in (root, *root.iterchildren("{*}channel")):
        yield from parent.iterchildren("{*}item", "{*}entry")


def _head(root: etree._Element) -> Iterator[etree._Element]:
    channel = next(root.iterchildren("{*}channel"), root)
    return channel.iterchildren("{*}title", "{*}ttl", "{*}updatePeriod", "{*}updateFrequency")


def _bone(entry: etree._Element) -> Bone:
    return Bone(
        raw_hash=raw_hash(etree.tostring(entry, encoding="utf-8", with_tail=False)),
        guid=_text(entry, "{*}guid", "{*}id") or entry.get(_ABOUT, ""),
        link=_link(entry),
        title=_text(entry, "{*}title"),
        identifiers=tuple(_texts(entry, f"{_DC}identifier", "{*}doi")),
        creators=tuple(_texts(entry, f"{_DC}creator")),
    )


def raw_hash(entry: bytes) -> str:
    """Return the SHA-256 of an entry's bytes, without what services count in their links (`utm_*`, `fc`, `ff`, `v`)."""
    return hashlib.sha256(_NOISE.sub(b"", entry)).hexdigest()


def _texts(entry: etree._Element, *names: str) -> Iterator[str]:
    texts = ("".join(map(str, node.itertext("*"))).strip() for node in entry.iterchildren(*names))
    return (text for text in texts if text)


def _text(entry: etree._Element, *names: str) -> str:
    return next(_texts(entry, *names), "")


def _link(entry: etree._Element) -> str:
    """Return the address of the entry's own page: RSS's text, or Atom's link that is alternate or bare."""
    for node in entry.iterchildren("{*}link"):
        address = (node.text or "").strip() or (node.get("href", "") if _is_alternate(node) else "")
        if address:
            return urljoin(node.base or "", address)
    return ""


def _is_alternate(node: etree._Element) -> bool:
    return node.get("rel", "alternate") == "alternate"


def locators(bones: Iterable[Bone]) -> list[str]:
    """Return what the source calls each of a document's entries: its guid, or its address, if no other has it too.

    Entries that share both are told apart by their titles; those that share these too get the same locator.
    """
    bones = list(bones)
    guids, addresses = _counted(bone.guid for bone in bones), _counted(url_value(bone.link) for bone in bones)
    return [_locator(bone, guids, addresses) for bone in bones]


def _counted(values: Iterable[str]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for value in values:
        found[value] = found.get(value, 0) + 1
    return found


def _locator(bone: Bone, guids: Mapping[str, int], addresses: Mapping[str, int]) -> str:
    address = url_value(bone.link)
    if bone.guid and guids[bone.guid] == 1:
        return bone.guid
    if address and addresses[address] == 1:
        return address
    digest = hashlib.sha256(" ".join(bone.title.split()).encode()).hexdigest()[:16]
    return f"{bone.guid or address}#{digest}" if bone.title or bone.guid or address else bone.raw_hash
