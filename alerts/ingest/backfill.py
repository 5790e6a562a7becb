"""Which API can say what a feed's short window lost in a gap: the source that asks it for the same."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote_plus, urlsplit

from alerts.model import Source

_LATEST = re.compile(r"\s*[-:]\s*latest results from pubmed\s*$", re.IGNORECASE)
_SEARCHED = re.compile(r"/rss/search/([^/]+)", re.IGNORECASE)
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
    """Ask for the first area that the feed searches, and hold the others against what is found."""
    asked = {name: values[-1] for name, values in parse_qs(parts.query).items() if name in _AREAS}
    areas = [name for name in _AREAS if name in asked]
    if not areas:
        return None
    others = " AND ".join(f"AREA[{_AREAS[name]}]({asked[name]})" for name in areas[1:])
    options = {"area": areas[0]} | ({"filter": others} if others else {})
    return replace(source, kind="clinicaltrials", query=asked[areas[0]], options=options)


def _europepmc(source: Source, parts: SplitResult) -> Source | None:
    """Ask for the search that the feed is of: said by the operator, or in the address."""
    asked = parse_qs(parts.query)
    said = (*(asked[name][-1] for name in ("query", "term", "q") if name in asked), *_SEARCHED.findall(parts.path))
    query = source.query or next(map(unquote_plus, said), "").strip()
    return replace(source, kind="europepmc", query=query) if query else None


def _server(source: Source, parts: SplitResult) -> Source:
    """Ask Europe PMC for what a preprint server without an API of its own posted."""
    name = _SERVERS[(parts.hostname or "").removeprefix("www.")]
    return replace(source, kind="europepmc", query=source.query or f'SRC:PPR AND PUBLISHER:"{name}"')


def _preprints(source: Source, parts: SplitResult) -> Source | None:
    server = (parts.hostname or "").split(".")[-2]
    subject = parse_qs(parts.query).get("subject", ["all"])[-1].replace("_", " ")
    return replace(source, kind=server, query="", options={} if subject == "all" else {"category": subject})


def _journal(source: Source, parts: SplitResult) -> Source | None:
    issn = _ISSN.search(parts.path)
    return replace(source, kind="pubmed", query=f'"{issn[1]}-{issn[2].upper()}"[is]') if issn else None


_AREAS: Mapping[str, str] = {
    "cond": "ConditionSearch", "intr": "InterventionSearch", "term": "BasicSearch", "spons": "SponsorSearch",
    "titles": "TitleSearch", "outc": "OutcomeSearch", "locn": "LocationSearch",
}  # fmt: skip
"""The parameters of a feed's search at ClinicalTrials.gov, and what the same areas are called in a filter."""

_SERVERS: Mapping[str, str] = {
    "researchsquare.com": "Research Square", "preprints.org": "Preprints.org", "papers.ssrn.com": "SSRN",
}  # fmt: skip
_BY_HOST: Mapping[str, Callable[[Source, SplitResult], Source | None]] = {
    "pubmed.ncbi.nlm.nih.gov": _pubmed,
    "clinicaltrials.gov": _trials,
    "connect.medrxiv.org": _preprints,
    "connect.biorxiv.org": _preprints,
    "europepmc.org": _europepmc,
    "ebi.ac.uk": _europepmc,
    **dict.fromkeys(_SERVERS, _server),
}
