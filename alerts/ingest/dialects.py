"""What well-known services hide in the text of their feeds' entries: PubMed, ScienceDirect, trial registries; pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from alerts.ingest.clean import plain
from alerts.ingest.dates import MONTHS, find_date
from alerts.ingest.identity import normalise_key, registry_ids
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


_SD_FIELD = re.compile(r"^(Publication date|Source|Author\(s\)):\s*(.+)$", re.MULTILINE)


def sciencedirect(text: str) -> Said | None:
    """Read ScienceDirect's description, which is three lines about the paper and nothing of it."""
    fields: Mapping[str, str] = dict(_SD_FIELD.findall(text))
    if "Publication date" not in fields:
        return None
    rest = _SD_FIELD.sub("", text).strip()
    return Said(
        text=rest,
        venue=fields.get("Source", "").partition(", Volume")[0].strip(),
        published=find_date(fields["Publication date"]),
        authors=tuple(name.strip() for name in fields.get("Author(s)", "").split(",") if name.strip()),
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
