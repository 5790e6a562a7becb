"""What well-known services hide in the text of their feeds' entries: PubMed, ScienceDirect, trial registries; pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from alerts.ingest.clean import plain
from alerts.ingest.dates import MONTHS, find_date
from alerts.ingest.identity import normalise_key, registry_ids
from alerts.ingest.names import names
from alerts.model import Key, PartialDate


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an entry's text says beside itself; None and empty where it does not say."""

    text: str
    venue: str = ""
    published: PartialDate | None = None
    authors: tuple[str, ...] = ()
    status: str = ""
    keys: tuple[Key, ...] = ()


_PARAGRAPH = re.compile(r"<p\b[^>]{0,500}>(.*?)(?=</p>|<p\b|</div>|\Z)", re.IGNORECASE | re.DOTALL)
_CITATION = re.compile(r"([^.]{2,120})\. ((?:19|20)\d\d)(?: ([A-Z][a-z]{2}))?(?: (\d{1,2}))?\b")
_IDENTIFIERS = re.compile(r"PMID:\s*(?P<pmid>\d+)?(?:.*?PMC:\s*(?P<pmcid>PMC\d+))?(?:.*?DOI:\s*(?P<doi>10\.\S+))?")
_EMPTY = frozenset({"", "ABSTRACT", "NO ABSTRACT", "Abstract", "[No abstract]"})


def pubmed(html: str) -> Said | None:
    """Read `content:encoded` of a PubMed feed: the citation, the whole abstract with its labels, PMID, PMC and DOI.

    Returns None where the text is not of this make.
    """
    paragraphs = [" ".join(plain(found).split()) for found in _PARAGRAPH.findall(html)]
    if not paragraphs or not (last := _IDENTIFIERS.match(paragraphs[-1])):
        return None
    citation = _CITATION.match(paragraphs[0])
    keys = (normalise_key(scheme, value) for scheme, value in last.groupdict().items() if value)
    return Said(
        text="\n".join(part for part in paragraphs[1:-1] if part not in _EMPTY),
        venue=citation[1] if citation else "",
        published=_cited(*citation.groups()[1:]) if citation else None,
        keys=tuple(key for key in keys if key),
    )


def _cited(year: str, month: str | None, day: str | None) -> PartialDate | None:
    number = MONTHS.get((month or "").lower())
    if number is None:
        return PartialDate.parse(year)
    return PartialDate.parse(f"{year}-{number:02}-{int(day):02}" if day else f"{year}-{number:02}")


_FIELD = re.compile(
    r"(Publication date|Published|Source|Journal|Authors?|Author\(s\)|DOI|PMID|Volume|Issue|Pages?|Section)\s*:\s*(.*)",
    re.IGNORECASE,
)
_ABSTRACT = re.compile(r"\[?abstracts?\]?(?: not available\.?| unavailable\.?|\s*[:.]?\s+(?=[A-Z])|\Z)", re.IGNORECASE)
_CITATION_ONLY = re.compile(
    r"(?:[\w &:,'()-]{0,120}\W )?(?:volume \d+|vol\. \d+|early ?view|ahead of print|online first|in press)\b.{0,120}",
    re.IGNORECASE,
)
_LONGEST_CITATION = 300
_MOST_FIELDS = 8


def labelled(text: str) -> Said:
    """Read a description that begins with labelled lines about the paper (ScienceDirect, Pensoft and many scripts).

    What is left as text is the abstract alone; a mere citation ("Volume 12, Issue 3, Page 1-9") is none.
    """
    lines = text.split("\n")
    fields: dict[str, str] = {}
    rest = []
    for number, line in enumerate(lines):
        field = _FIELD.fullmatch(line) if number < _MOST_FIELDS else None
        if field:
            fields.setdefault(field[1].lower(), field[2].strip())
        elif len(line) > _LONGEST_CITATION or not _CITATION_ONLY.fullmatch(line):
            rest.append(line)
    abstract = _ABSTRACT.sub("", "\n".join(rest), count=1) if rest and _ABSTRACT.match(rest[0]) else "\n".join(rest)
    abstract = abstract if any(char.isalnum() for char in abstract) else ""
    return _with_fields(abstract, fields) if fields else Said(text=abstract)


def _with_fields(abstract: str, fields: Mapping[str, str]) -> Said:
    keys = (normalise_key(scheme, fields.get(scheme, "")) for scheme in ("pmid", "doi"))
    written = next((fields[name] for name in ("authors", "author", "author(s)") if name in fields), "")
    return Said(
        text=abstract,
        venue=fields.get("journal", fields.get("source", "")).partition(", Volume")[0].strip(),
        published=find_date(fields.get("publication date", fields.get("published", ""))),
        authors=names([written]),
        keys=tuple(key for key in keys if key),
    )


_STATES = (
    "Not yet recruiting|Recruiting|Enrolling by invitation|Active, not recruiting|Suspended|Terminated|Completed|"
    "Withdrawn|Unknown status|Withheld|No longer available|Available|Approved for marketing|Temporarily not available"
)
_STATE_LINE = re.compile(rf"(?:^|: )(?:Status: )?({_STATES})$", re.MULTILINE)
_EUCTR_STATE = re.compile(r"Trial protocol: .*?\(([A-Z][A-Za-z -]+)\)", re.IGNORECASE)
_EUCTR_NUMBER = re.compile(r"EudraCT Number: (\S+)")
_CTIS_STATE = re.compile(r"^Overall trial status:\s*(.+)$", re.MULTILINE)


def trial(text: str, *named: str) -> Said | None:
    """Read the description in a registry's feed; `named` are the entry's address and guid, where its number stands.

    Returns None where no registry number is found.
    """
    number = _EUCTR_NUMBER.search(text)
    own = registry_ids(" ".join((*named, number[1] if number else "")))
    if not own:
        return None
    state = _STATE_LINE.search(text) or _CTIS_STATE.search(text) or _EUCTR_STATE.search(text)
    return Said(text=text, status=state[1].strip() if state else "", keys=own[:1])
