"""What feedparser would say of an entry whose elements are all of the plain sort, told without it; pure."""

import re
from collections.abc import Mapping
from functools import lru_cache

from lxml import etree

from alerts.ingest.clean import safe_url

_RSS = ("", "http://purl.org/rss/1.0/")
_DC = "http://purl.org/dc/elements/1.1/"
_PRISM = "prism"  # its namespace has an address for each version; feedparser goes by the prefix
_RIDDLE = re.compile("[<&\x80-\xff]")  # markup, an entity, or a letter that feedparser takes for a byte of another code

_OF_BONES = ""  # in the bone, or of no use to us
_RSS_NAMES = {"title": "title", "pubdate": "published", "language": "language"} | dict.fromkeys(
    ("link", "guid", "category", "comments", "enclosure"), _OF_BONES
)
_DC_NAMES = {"title": "title", "date": "updated", "language": "language", "type": "dc_type"} | dict.fromkeys(
    ("creator", "identifier", "source", "publisher", "rights", "format", "subject"), _OF_BONES
)
_PRISM_NAMES = {name: f"prism_{name}" for name in ("publicationname", "publicationdate", "coverdate", "doi")}


def read(entry: etree._Element, link: str) -> Mapping[str, str] | None:
    """Return, by feedparser's names, the fields that a bone lacks; None where the entry is not plain.

    It is plain if it has a web address (`link`), bears no attributes but RDF's own, and holds nothing but RSS's common
    elements with mere text in them: no element, no entity, no letter that could be a byte wrongly decoded.
    """
    if not safe_url(link) or any("XML/1998" in name for name in entry.attrib):
        return None
    found: dict[str, str] = {}
    for node in entry:
        name = _name(node.tag, node.prefix) if isinstance(node.tag, str) and not len(node) else None
        if name is None:
            return None
        if name != _OF_BONES:
            text = (node.text or "").strip()
            if node.attrib or _RIDDLE.search(text) or found.get(name, text) != text:
                return None
            found[name] = text
    return found


@lru_cache(maxsize=256)
def _name(tag: str, prefix: str | None) -> str | None:
    """Return the field that an element fills; None where it is not one of ours."""
    space, _, word = tag.rpartition("}")
    space, word = space.removeprefix("{"), word.lower()
    if space in _RSS:
        return _RSS_NAMES.get(word)
    if space == _DC:
        return _DC_NAMES.get(word)
    return _PRISM_NAMES.get(word, _OF_BONES) if prefix == _PRISM and "prism" in space else None
