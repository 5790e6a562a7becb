"""Whether two entries speak of one work, and whether an entry says anything new (laws 2 and 3); pure."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import unquote

import re2

from alerts.ingest.merging import merge_content
from alerts.ingest.registry import SCHEMES as REGISTRIES
from alerts.ingest.registry import registry_ids, registry_key
from alerts.ingest.weblink import clean_url, url_value
from alerts.model import Content, Entry, Key, Kind, Link, Marks, Page

__all__ = [
    "REGISTRIES",
    "clean_url",
    "contradict",
    "dois",
    "fingerprint",
    "marked",
    "marks",
    "merge_content",
    "normalise_key",
    "registry_ids",
    "title_key",
]

_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>\x00-\x1f]+")
_DOI_PREFIX = re.compile(r"^\s*(?:https?://(?:dx\.)?(?:www\.)?doi\.org/|doi\s*:|info:doi/)\s*", re.IGNORECASE)
_PREPRINT_VERSION = re.compile(r"^(10\.(?:1101|64898)/[\d.]+\d)v\d+.*$|^(10\.21203/rs\.\d\.rs-\d+)/v\d+.*$")
_NUMBER = re.compile(r"0*([1-9]\d{0,8})")


def normalise_key(scheme: str, value: str) -> Key | None:
    """Return the key in its one spelling, or None if the value cannot be one of that scheme.

    Schemes: pmid, pmcid, doi, the registries', `url`, and `guid`, whose value is kept as it is.
    """
    spelled = _spelled(scheme, value) if value else ""
    return Key(scheme, spelled) if spelled else None


def _spelled(scheme: str, value: str) -> str:
    if scheme in REGISTRIES:
        found = registry_key(scheme, value)
        return found.value if found else ""
    if scheme == "url":
        return url_value(value)
    if scheme == "doi":
        return _doi(value)
    if scheme in ("pmid", "pmcid"):
        bare = re.sub(r"^(?:pmid|pubmed|pmc)\s*:?\s*(?:pmc)?", "", value.strip(), flags=re.IGNORECASE)
        number = _NUMBER.fullmatch(bare)
        return ("PMC" if scheme == "pmcid" else "") + number[1] if number else ""
    return " ".join(value.split()) if scheme == "guid" else ""


def _doi(value: str) -> str:
    """Return a DOI bare and in lower case (DOI Handbook, 2.4: case does not matter), without a preprint's version."""
    text = _DOI_PREFIX.sub("", value.strip())
    if "%2f" in text.lower():
        text = unquote(text)
    if not _DOI.fullmatch(text):
        return ""
    text = _without_tail(text).lower()
    version = _PREPRINT_VERSION.match(text)
    return (version[1] or version[2]) if version else text


def _without_tail(doi: str) -> str:
    """Cut the punctuation of the sentence around a DOI; a bracket stays where the DOI itself opened it."""
    while doi and (doi[-1] in ".,;:'\"" or (doi[-1] in ")]}" and doi.count(doi[-1]) > doi.count(_OPENS[doi[-1]]))):
        doi = doi[:-1]
    return doi


_OPENS = {")": "(", "]": "[", "}": "{"}


def dois(text: str) -> tuple[Key, ...]:
    """Return the DOIs that a text or an address names, each once."""
    found = (normalise_key("doi", match[0]) for match in _DOI.finditer(unquote(text) if "%2F" in text else text))
    return tuple(dict.fromkeys(key for key in found if key))


def contradict(first: Iterable[Key], second: Iterable[Key]) -> bool:
    """Tell whether two sets of keys name different works: each has a PMID (or DOI, registry number), none shared."""
    ours, theirs = _by_scheme(first), _by_scheme(second)
    return any(ours[scheme].isdisjoint(theirs[scheme]) for scheme in ours.keys() & theirs.keys())


def _by_scheme(keys: Iterable[Key]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for key in keys:
        if key.scheme in ("pmid", "pmcid", "doi") or key.scheme in REGISTRIES:
            found.setdefault(key.scheme, set()).add(key.value)
    return found


_MERGED_BY_TITLE = {
    Kind.PAPER: "paper",
    Kind.PREPRINT: "preprint",
    Kind.ABSTRACT: "abstract",
    Kind.NEWS: "news",
    Kind.EXPLAINER: "news",
}
_GENERIC = re.compile(
    r"(?:guest |invited )?(?:editorial|commentary|correspondence|letters?|repl(?:y|ies)|response|comments?|"
    r"erratum|errata|corrections?|corrigend(?:um|a)|addendum|retract(?:ion|ed)|withdrawn|withdrawal|"
    r"expression of concern|(?:author|publisher) correction|obituar(?:y|ies)|in memoriam|abstracts?|proceedings|"
    r"posters?|index|contents|table of contents|issue information|masthead|cover|front matter|announcements?|"
    r"preface|foreword|introduction|acknowledge?ments?|book reviews?|case report|news|highlights|congress|"
    r"clinical (?:image|picture|case)s?|images? in|in (?:this|brief|the next) issue|meeting report|"
    r"annual meeting|conference|supplement)\b"
)
_LEAST_LETTERS, _LEAST_WORDS = 30, 5


def title_key(content: Content) -> str | None:
    """Return normalised title, year and first author, or None where works must never be merged by these.

    Records and notices never are (different trials do share a title), nor anything without year or author, nor
    short titles, nor those that many works bear ("Editorial", "Correction to ...", "Abstracts of the congress").
    """
    if not (content.authors and content.published):
        return None
    return _title_of(content, content.authors[0], content.published.year)


def _title_of(content: Content, author: str, year: int) -> str | None:
    group, family = _MERGED_BY_TITLE.get(content.kind), _family_name(author)
    if not (group and family) or content.title.endswith(("...", "\u2026")):
        return None
    words = _letters(content.title)
    if _GENERIC.match(words) or len(words) < _LEAST_LETTERS or words.count(" ") < _LEAST_WORDS - 1:
        return None
    return f"{group}|{words}|{year}|{family}"


_SCHOLARLY = frozenset({Kind.PAPER, Kind.PREPRINT, Kind.ABSTRACT})


def _title_within(source: str, content: Content) -> str:
    """Return a title as a key within one source whose works bear no author or no date; "" where it is none.

    Journals' feeds list a work early, again in its issue, and sometimes twice in one document.
    """
    if not source or content.kind not in _SCHOLARLY:
        return ""
    author = content.authors[0] if content.authors else source
    title = _title_of(content, author, content.published.year if content.published else 1)
    return f"{source}|{title}" if title else ""


def _letters(text: str) -> str:
    """Return letters and digits in lower case without accents, other characters as single spaces."""
    bare = text.casefold()
    if not bare.isascii():
        bare = unicodedata.normalize("NFKD", text).casefold()
        bare = "".join(char for char in bare if not unicodedata.combining(char))
    return " ".join(re.findall(r"[^\W_]+", bare))


def _family_name(author: str) -> str:
    """Return the last word of the family name in `Rossi M`, `van Rossi, Maria`, `Maria Rossi` or `M. Rossi`."""
    words = author.partition(",")[0].split()
    while len(words) > 1 and _AFTER_NAME.fullmatch(words[-1]):
        words.pop()
    return _letters(words[-1]) if words else ""


_AFTER_NAME = re.compile(r"(?:[A-Z]\.?-?){1,4}|[JS]r\.?|I{2,3}|\d(?:st|nd|rd|th)")

_SPELLINGS = {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-"}
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789\u2212", strict=True))  # as NFKC would, which takes long for any of them
_COMMAS = dict.fromkeys(",;()", " ")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_MOMENTS = re2.compile(  # ten times faster than `re` on an abstract
    r"https?://\S+|"
    r"\b\d{4}-\d\d-\d\d(?:(?:t|\s+)\d\d:\d\d\S*)?|"
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH},?\s+(?:19|20)\d\d|"
    rf"{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+(?:19|20)\d\d)\b|"
    r"\b\d{1,2}[:.]\d\d(?::\d\d)?\s*(?:[ap]\.?m\b\.?|(?:utc|gmt|c?est|edt|bst|o'clock)\b)|"
    r"\b\d{1,2}:\d\d(?::\d\d)?\b|"
    r"\b\d+\s+(?:second|minute|hour|day|week|month)s?\s+ago\b"
)
_STATED = frozenset({"mentions", "news-about", "reports"})  # links found in words, not stated by the source


def fingerprint(content: Content, links: Iterable[Link] = ()) -> str:
    """Return a hash of what an entry says: without markup, addresses, dates, times of day or spelling of quotes.

    Two polls of one source that give the same fingerprint brought no news (law 3).
    """
    said = (
        content.kind,
        _said(content.title),
        _said(content.text),
        _said(content.status),
        _said(content.why_stopped),
        sorted(content.phases),
        sorted(content.publication_types),
        content.enrollment,
        content.has_results,
        sorted(link for link in links if link.relation not in _STATED),
    )
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def marks(entry: Entry, source: str = "") -> Marks:
    """Return what an entry is compared by; `source` is the slug of the one that shows it.

    The fingerprint is of its content, its links and the numbers of the work (one may come late).
    """
    numbers = sorted(key for key in entry.keys if key.scheme not in ("guid", "url"))
    said = " ".join([fingerprint(entry.content, entry.links), *(f"{scheme}:{value}" for scheme, value in numbers)])
    title = title_key(entry.content) or _title_within(source, entry.content)
    return Marks(hashlib.sha256(said.encode()).hexdigest(), title)


def marked(page: Page, source: str) -> Page:
    """Return a page whose entries bear their marks."""
    return replace(page, entries=tuple(replace(entry, marks=marks(entry, source)) for entry in page.entries))


def _said(text: str) -> str:
    if not text:
        return ""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _replaced(text, _RAISED))
    if not text.isascii():
        text = _replaced(text, _SPELLINGS).encode(errors="replace").decode()
    return " ".join(_replaced(_MOMENTS.sub(" ", text.casefold()), _COMMAS).split())


def _replaced(text: str, letters: Mapping[str, str]) -> str:
    """Return a text with letters replaced; `str.translate` takes twenty times longer where not all of it is ASCII."""
    for letter, other in letters.items():
        text = text.replace(letter, other)
    return text
