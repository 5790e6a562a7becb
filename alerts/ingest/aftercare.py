"""Asking again after the works we alerted: most retractions come late, and by another road than the work itself."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from alerts.ingest.completion import ASK, Question, answers
from alerts.model import Item, Key, Kind, Link

__all__ = ["EVERY", "UNTIL", "changes", "next_asking", "questions", "read"]

EVERY = timedelta(days=28)
UNTIL = timedelta(days=5 * 365)
RELATIONS = frozenset({"retracted-by", "concern-by", "corrected-by", "published-as"})
"""What may befall a work after its alert."""

_ASKED = {"pmid": "pubmed", "doi": "crossref"}
_KINDS = (Kind.PAPER, Kind.PREPRINT, Kind.ABSTRACT)

read = answers


def next_asking(alerted: datetime, asked: datetime | None) -> datetime | None:
    """Return when to ask (again) after a work alerted then; None once five years have passed."""
    following = (asked or alerted) + EVERY
    return following if following - alerted <= UNTIL else None


def questions(items: Iterable[Item]) -> Iterator[Question]:
    """Yield the questions about these works: PubMed by PMID, and Crossref by DOI beside it, as few as can be."""
    wanted: dict[str, list[Key]] = {name: [] for name in _ASKED.values()}
    for item in items:
        if item.content.kind in _KINDS:
            for key in item.keys:
                if key.scheme in _ASKED:
                    wanted[_ASKED[key.scheme]].append(key)
    for name, keys in wanted.items():
        yield from ASK[name](tuple(dict.fromkeys(keys)))


def changes(held: Iterable[Link], found: Iterable[Link]) -> tuple[Link, ...]:
    """Return the links that tell what befell a work since: retracted, corrected, of concern, published."""
    known = set(held)
    return tuple(link for link in found if link.relation in RELATIONS and link not in known)
