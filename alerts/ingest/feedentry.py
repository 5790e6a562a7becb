"""One entry of a feed, as feedparser reads it, made into an Entry; pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urljoin

from alerts.ingest import clean, dialects, sort
from alerts.ingest.dates import MONTHS, find_date
from alerts.ingest.dialects import Said
from alerts.ingest.identity import REGISTRIES, dois, normalise_key, registry_ids
from alerts.ingest.known import Bone, Names
from alerts.ingest.names import names
from alerts.ingest.weblink import host_of
from alerts.model import Content, Entry, Key, Kind, Link, PartialDate, Source

_LONGEST_TEXT = 60_000
_SHORT_FOR_A_PAPER = 200
_CUT_OFF = re.compile(
    r"(?:\.\.\.|\u2026|\[\s*(?:\.\.\.|\u2026)\s*\]|\[?\b(?:read|see|view|learn) (?:more|full[\w ]*|the rest[\w ]*)\]?|"
    r"\bcontinue reading\b.*)\W*$",
    re.IGNORECASE,
)
_CUT_OFF_WORDS = ("...", "\u2026", "more", "full", "rest", "reading")  # one of them is in whatever _CUT_OFF finds
_APPEARED = re.compile(r"^The post .{1,400} (?:appeared first|first appeared) on .{1,200}$", re.MULTILINE)
_PMID_PLACES = re.compile(
    r"(?:pubmed\.ncbi\.nlm\.nih\.gov/|ncbi\.nlm\.nih\.gov/pubmed/|pubmed:|pmid:\s?)(\d{1,9})\b"
)
_PMC_PLACES = re.compile(r"/(?:articles/)?(PMC\d{3,9})\b", re.IGNORECASE)
_DOI_TAIL = re.compile(
    r"(?:/(?:full|fulltext|abstract|pdf|epdf|html|meta|short|summary|reader|pdfdirect|full-text|figures)|"
    r"\.(?:full|abstract|short|pdf|full\.pdf|full-text))+$"
)
_PAPERS = (Kind.PAPER, Kind.PREPRINT, Kind.ABSTRACT)


@dataclass(frozen=True, slots=True)
class Place:
    """Where entries stand: their source, the document's address, which names there are whose, and its title."""

    source: Source
    base: str
    names: Names
    title: str = ""


def make(found: Mapping[str, Any], bone: Bone, locator: str, place: Place) -> Entry | None:
    """Return the entry, or None where it has neither title nor text."""
    link = _link(found, bone, place)
    said = _said(found, link, bone)
    title = clean.title(str(found.get("title") or "")) or _first_words(said.text)
    if not title:
        return None
    keys = _keys(found, bone, link, said)
    scholarly = _is_scholarly(found, said, place)
    told = str(found.get("dc_type") or "")
    kind = sort.kind_of(place.source, link, title, keys, scholarly=scholarly, told=told)
    content = _content(found, bone, said, kind=kind, title=title, url=clean.safe_url(link) or "")
    keys = tuple(key for key in keys if kind is Kind.RECORD or key.scheme not in REGISTRIES)
    return Entry(
        locator=locator,
        content=content,
        keys=tuple(dict.fromkeys((*keys, *_local_keys(bone, link, place)))),
        links=_links(content, keys, _html(found, bone)),
        raw_hash=bone.raw_hash,
    )


def _is_scholarly(found: Mapping[str, Any], said: Said, place: Place) -> bool:
    """Tell whether an entry bears a journal's marks: its fields, an abstract's headings, the title of the feed."""
    marks = said.venue or said.keys or found.get("prism_publicationname") or found.get("prism_doi")
    return bool(marks) or sort.has_sections(said.text) or sort.is_journal(place.title)


def _link(found: Mapping[str, Any], bone: Bone, place: Place) -> str:
    """Return the entry's address, absolute; a guid that is an address stands in for a missing one."""
    for candidate in (bone.link, str(found.get("link") or ""), bone.guid):
        absolute = _absolute(place.base, candidate.strip()) if candidate and " " not in candidate[:10] else ""
        if absolute and clean.safe_url(absolute) and (candidate is not bone.guid or "://" in bone.guid):
            return absolute
    return ""


def _absolute(base: str, address: str) -> str:
    return address if address.startswith(("http://", "https://")) else urljoin(base, address)


def _html(found: Mapping[str, Any], bone: Bone) -> str:
    """Return the longest of an entry's contents, description and summary, as they came."""
    parts = [str(part.get("value") or "") for part in found.get("content") or ()]
    return max((*parts, str(found.get("summary") or ""), bone.html), key=len)[: 4 * _LONGEST_TEXT]


def _said(found: Mapping[str, Any], link: str, bone: Bone) -> Said:
    """Return what the entry's text says, read in the manner of the service it comes from."""
    html = _html(found, bone)
    if "pubmed" in bone.guid or "ncbi.nlm.nih.gov" in link:
        read = dialects.pubmed(html)
        if read:
            return read
    text = _without_signature(clean.plain(html))[:_LONGEST_TEXT]
    if host_of(link) in sort.REGISTRY_HOSTS:
        return dialects.trial(text, unquote(link), bone.guid) or Said(text=text)
    return dialects.labelled(text)


def _without_signature(text: str) -> str:
    """Cut the line with which blogs sign what they syndicate."""
    return _APPEARED.sub("", text).strip() if "The post " in text else text


def _first_words(text: str) -> str:
    """Return the beginning of a text as the title of an entry that has none."""
    line = text.partition("\n")[0]
    return line if len(line) <= 120 else line[:119].rpartition(" ")[0] + "\u2026"


def _content(  # noqa: PLR0913  what is known by then
    found: Mapping[str, Any], bone: Bone, said: Said, *, kind: Kind, title: str, url: str
) -> Content:
    text = "" if said.text.strip() == title else said.text
    short = kind in _PAPERS and len(text) < _SHORT_FOR_A_PAPER
    return Content(
        kind=kind,
        title=title,
        url=url,
        text=text,
        truncated=_is_cut_off(text[-200:]) or short,
        authors=said.authors or names(bone.creators or _authors(found)),
        venue=clean.title(said.venue or str(found.get("prism_publicationname") or "")),
        published=_earlier(said.published, _published(found)),
        status=said.status,
        language=str(found.get("language") or "")[:20] if isinstance(found.get("language"), str) else "",
    )


def _is_cut_off(end: str) -> bool:
    return any(word in end.lower() for word in _CUT_OFF_WORDS) and bool(_CUT_OFF.search(end))


def _authors(found: Mapping[str, Any]) -> list[str]:
    return [str(author.get("name") or "") for author in found.get("authors") or ()]


def _published(found: Mapping[str, Any]) -> PartialDate | None:
    """Return the day of publication as it is written, in whatever zone: no zone moves it to another day."""
    fields = ("published", "prism_publicationdate", "prism_coverdate", "dc_date", "updated", "created")
    dates = (_day(str(found[field])) for field in fields if field in found)
    return next((date for date in dates if date), None)


def _earlier(cited: PartialDate | None, posted: PartialDate | None) -> PartialDate | None:
    """Return the date of the citation, unless that is a cover date which lies after the posting."""
    return posted if cited and posted and posted.earliest() < cited.earliest() else cited or posted


@lru_cache(maxsize=256)
def _day(text: str) -> PartialDate | None:
    """Read RFC 822, ISO 8601 or a date in words; years that only a broken clock gives count as none."""
    date = PartialDate.parse(text) or _of_mail(text) or find_date(text[:200])
    return date if date and 1900 <= date.year <= 2200 and date[:3] != (1970, 1, 1) else None


def _of_mail(text: str) -> PartialDate | None:
    """Read RFC 822; its usual form is read ten times faster than all those that mail has seen."""
    if usual := _USUAL.match(text):
        return PartialDate.parse(f"{usual[3]}-{MONTHS[usual[2].lower()]:02}-{int(usual[1]):02}")
    mail = parsedate(text)
    return PartialDate.parse(_ISO.format(*mail)) if mail else None


_ISO = "{:04}-{:02}-{:02}"
_USUAL = re.compile(
    rf"[A-Z][a-z][a-z], (\d\d?) ({'|'.join(name.title() for name in MONTHS)}) ((?:19|20)\d\d) \d\d:\d\d:\d\d "
)


def _keys(found: Mapping[str, Any], bone: Bone, link: str, said: Said) -> tuple[Key, ...]:
    """Return the identifiers that the entry states as its own: in fields, in its address and guid, or as a dialect."""
    stated = [*bone.identifiers, str(found.get("prism_doi") or ""), str(found.get("dc_identifier") or "")]
    own = [*said.keys, *filter(None, map(_identifier, filter(None, stated)))]
    for place in dict.fromkeys((unquote(link), bone.guid)):
        own += _pmids(place)
        own += [key for match in _PMC_PLACES.findall(place) if (key := normalise_key("pmcid", match))]
        if "10." in place:
            own += dois(_DOI_TAIL.sub("", place.partition("?")[0].partition("#")[0]))
    return tuple(_one_each(own))


def _pmids(text: str) -> list[Key]:
    lower = text.lower()
    if "pubmed" not in lower and "pmid" not in lower:
        return []
    return [key for number in _PMID_PLACES.findall(lower) if (key := normalise_key("pmid", number))]


def _identifier(value: str) -> Key | None:
    scheme, colon, rest = value.partition(":")
    if colon and scheme.strip().lower() in ("pmid", "pmcid", "pmc"):
        return normalise_key("pmid" if scheme.strip().lower() == "pmid" else "pmcid", rest)
    return normalise_key("doi", value)


def _one_each(keys: Iterable[Key]) -> Iterator[Key]:
    """Yield the first key of each scheme: a work has one PMID and one DOI."""
    seen: set[str] = set()
    for key in keys:
        if key.scheme not in seen:
            seen.add(key.scheme)
            yield key


def _local_keys(bone: Bone, link: str, place: Place) -> Iterator[Key]:
    """Yield guid and address, where only this entry of the document bears them."""
    if place.names.own_guid(bone):
        yield Key("guid", f"{place.source.slug} {bone.guid}")
    if link and place.names.own_address(bone) and (address := normalise_key("url", link)):
        yield address


def _links(content: Content, own: tuple[Key, ...], html: str) -> tuple[Link, ...]:
    """Return what the entry names: trials it mentions; the papers that news tell of or that a notice is about."""
    named = [Link("mentions", *key) for key in registry_ids(f"{content.title}\n{content.text}") if key not in own]
    if content.kind in (Kind.NEWS, Kind.EXPLAINER, Kind.NOTICE):
        relation = sort.notice_relation(content.title) if content.kind is Kind.NOTICE else "news-about"
        named += [Link(relation, *key) for key in (*dois(html), *_pmids(html)) if key not in own]
    return tuple(dict.fromkeys(named))
