"""Which API can say what a feed's short window lost in a gap: the source that asks it for the same."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from alerts.model import Source

_LATEST = re.compile(r"\s*[-:]\s*latest results from pubmed\s*$", re.IGNORECASE)
_ISSN = re.compile(r"/(?:science|feed|issn)/(\d{4})-?(\d{3}[\dX])(?:/|$)", re.IGNORECASE)


def stand_in(source: Source) -> Source | None:
    """Return a source that asks an API for what this feed shows, under the same slug; None where there is none.

    PubMed's feeds hide their query behind a token: `source.query` if the operator gave it, or else the feed's title,
    which PubMed makes of the query. A journal whose address holds its ISSN is asked for at PubMed.
    """
    if source.kind != "feed":
        return None
    parts = urlsplit(source.url)
    find = _BY_HOST.get((parts.hostname or "").removeprefix("www."), _journal)
    return find(replace(source, url="", options={}), parts)


def anchor(since: date) -> dict[str, Any]:
    """Return the `PollState.anchor` from which every API kind reads on from that day, without its pass of changes."""
    return {"began": since.isoformat(), "since": since.isoformat(), "changed": "9999-12-31"}


def _pubmed(source: Source, _parts: SplitResult) -> Source | None:
    query = source.query or _LATEST.sub("", source.title).strip()
    return replace(source, kind="pubmed", query=query) if query else None


def _trials(source: Source, parts: SplitResult) -> Source | None:
    asked = parse_qs(parts.query)
    area = next((name for name in ("cond", "intr", "term", "spons", "titles") if name in asked), None)
    return replace(source, kind="clinicaltrials", query=asked[area][-1], options={"area": area}) if area else None


def _preprints(source: Source, parts: SplitResult) -> Source | None:
    server = (parts.hostname or "").split(".")[-2]
    subject = parse_qs(parts.query).get("subject", ["all"])[-1].replace("_", " ")
    return replace(source, kind=server, query="", options={} if subject == "all" else {"category": subject})


def _journal(source: Source, parts: SplitResult) -> Source | None:
    issn = _ISSN.search(parts.path)
    return replace(source, kind="pubmed", query=f'"{issn[1]}-{issn[2].upper()}"[is]') if issn else None


_BY_HOST: Mapping[str, Callable[[Source, SplitResult], Source | None]] = {
    "pubmed.ncbi.nlm.nih.gov": _pubmed,
    "clinicaltrials.gov": _trials,
    "connect.medrxiv.org": _preprints,
    "connect.biorxiv.org": _preprints,
}
