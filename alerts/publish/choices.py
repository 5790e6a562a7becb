"""The filters of a topic page as links: each adds, changes or takes away one filter of the question."""

from collections.abc import Mapping
from typing import NamedTuple

from alerts.publish import words
from alerts.publish.query import Query
from subscribers.interest import PHASES, Interest


class Choice(NamedTuple):
    """One link: what it says, what the page is asked then, and whether it is on now."""

    text: str
    asked: str
    on: bool


FILTERS: Mapping[str, Mapping[str, str]] = {
    "phase": {short: words.PHASES[long] for short, long in PHASES.items()},
    "design": {
        slug: words.DESIGNS[slug]
        for slug in ("randomized-trial", "trial", "systematic-review", "guideline", "observational", "case-report",
                     "animal", "lab", "review")
    },
    "kind": {kind.value: name for kind, name in words.KINDS.items()},
    "results": {"only": "Trial results only"},
    "without": {
        "animal": "No animal studies", "in-vitro": "No lab studies", "preprint": "No preprints", "news": "No news",
    },
}
NAMES = {
    "phase": "Trial phase", "design": "Kind of study", "kind": "Kind of text", "results": "Results",
    "without": "Leave out",
}


def choices(query: Query) -> dict[str, list[Choice]]:
    """Offer every filter of a topic page; a filter that is on leads back without it."""
    interest = query.interests[0]
    return {
        NAMES[name]: [_choice(interest, name, value, text) for value, text in values.items()]
        for name, values in FILTERS.items()
    }


def _choice(interest: Interest, name: str, value: str, text: str) -> Choice:
    on = _chosen(interest, name)
    left = on - {value} if value in on else on | {value}
    others = [f"{other}={','.join(sorted(_chosen(interest, other)))}" for other in FILTERS
              if other != name and _chosen(interest, other)]
    size = [f"size={interest.size}"] if interest.size else []
    asked = "&".join([*others, *size, *([f"{name}={','.join(sorted(left))}"] if left else [])])
    return Choice(text, asked, value in on)


def _chosen(interest: Interest, name: str) -> frozenset[str]:
    if name == "results":
        return frozenset({"only"} if interest.results else ())
    found: frozenset[str] = getattr(interest, name)
    return found
