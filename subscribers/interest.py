"""What a person wants to be told: a topic with filters, written the same way everywhere."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl

from subscribers.errors import InterestError


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts of an alert that interests are matched against: plain strings and numbers, frozen with the alert.

    `topics` are the slugs the item is about, `under` these and all their ancestors. `phases` are
    EARLY_PHASE1, PHASE1 ... PHASE4 and `phase_role` own, analysis, mention or none. `size` counts people or donors.
    `results` says that the item reports own or analysed results (or is a record that posted them).
    """

    kind: str
    reason: str = "new"
    topics: tuple[str, ...] = ()
    under: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    phase_role: str = "none"
    design: str = "unclear"
    size: int | None = None
    subjects: str = "none"
    treatments: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    results: bool = False


UNSTATED: Final = "unstated"
PHASES: Final[Mapping[str, str]] = {
    "early1": "EARLY_PHASE1", "1": "PHASE1", "2": "PHASE2", "3": "PHASE3", "4": "PHASE4",
}  # fmt: skip
DESIGNS: Final = (
    "systematic-review", "guideline", "review", "randomized-trial", "trial", "protocol", "observational",
    "case-report", "animal", "lab", "computational", "editorial", "news", "unclear",
)  # fmt: skip
KINDS: Final = ("paper", "preprint", "abstract", "record", "news", "explainer", "notice")
REASONS: Final = (
    "new", "matched", "published", "results", "status", "phase", "corrected", "concern", "retracted",
)  # fmt: skip
LEAVE_OUT: Final = ("animal", "in-vitro", "preprint", "news")
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "phase": (*PHASES, UNSTATED),
    "design": DESIGNS,
    "kind": KINDS,
    "reason": REASONS,
    "results": ("only",),
    "without": LEAVE_OUT,
}
FILTERS: Final = ("phase", "design", "kind", "reason", "size", "results", "without")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_REPORTS = frozenset({"paper", "preprint", "abstract"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """A topic with filters; empty filters let everything through.

    A topic includes its children. What a fact does not state fails an "only" filter (`phase`, `design`, `size`,
    `results`) and passes a "leave out" filter (`without`). `str()` is the canonical form.
    """

    topic: str
    phase: frozenset[str] = frozenset()
    design: frozenset[str] = frozenset()
    kind: frozenset[str] = frozenset()
    reason: frozenset[str] = frozenset()
    size: int | None = None
    results: bool = False
    without: frozenset[str] = frozenset()
    _text: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        given = [text for name in FILTERS if (text := self._filter(name))]
        object.__setattr__(self, "_text", f"{self.topic}?{'&'.join(given)}" if given else self.topic)

    def matches(self, facts: Facts) -> bool:
        """Tell whether an alert with these facts is wanted."""
        return self.topic in facts.under and not any(self._failures(facts))

    def unstated(self, facts: Facts) -> str | None:
        """Return the first filter that holds an alert of the topic back only because a fact is not stated.

        None if the alert is wanted, is not of the topic, or states something else than what was asked for.
        """
        if self.topic not in facts.under:
            return None
        failed = list(self._failures(facts))
        if not failed or not all(_is_unstated(name, facts) for name in failed):
            return None
        return failed[0]

    def _failures(self, facts: Facts) -> Iterator[str]:
        if self.phase and not self.phase & _phases(facts):
            yield "phase"
        if self.design and facts.design not in self.design:
            yield "design"
        if self.kind and facts.kind not in self.kind:
            yield "kind"
        if self.reason and facts.reason not in self.reason:
            yield "reason"
        if self.size is not None and (facts.size is None or facts.size < self.size):
            yield "size"
        if self.results and not _has_results(facts):
            yield "results"
        if self.without and any(_LEFT_OUT[name](facts) for name in self.without):
            yield "without"

    def __str__(self) -> str:
        return self._text

    def _filter(self, name: str) -> str:
        if name == "size":
            return f"size={self.size}" if self.size is not None else ""
        if name == "results":
            return "results=only" if self.results else ""
        chosen: frozenset[str] = getattr(self, name)
        return f"{name}={','.join(value for value in CHOICES[name] if value in chosen)}" if chosen else ""


@lru_cache(maxsize=4096)
def parse(text: str) -> Interest:
    """Read an interest such as `nmosd?phase=3&results=only`; InterestError names what would be valid.

    Several values of a filter are separated by commas or written as several filters.
    """
    slug, _, query = text.strip().partition("?")
    return build(slug, parse_qsl(query, keep_blank_values=True))


def build(topic: str, filters: Iterable[tuple[str, str]]) -> Interest:
    """Return the interest that a topic and (name, value) pairs mean, as a form or an address gives them."""
    slug = topic.strip().lower()
    if not _SLUG.fullmatch(slug) or len(slug) > 64:
        raise InterestError(f"{topic!r} is not a topic; topics look like nmosd or optic-neuritis")
    chosen: dict[str, list[str]] = {}
    for name, value in filters:
        if name not in FILTERS:
            raise InterestError(f"{name!r} is not a filter; valid are {_listed(FILTERS)}")
        chosen.setdefault(name, []).extend(part.strip().lower() for part in value.split(",") if part.strip())
    sets = {name: _choices(name, values) for name, values in chosen.items() if name not in ("size", "results")}
    return Interest(
        topic=slug,
        size=_size(chosen.get("size", [])),
        results=bool(_choices("results", chosen.get("results", []))),
        **sets,
    )


def parse_set(text: str) -> tuple[Interest, ...]:
    """Read interests separated by spaces into their canonical order, each once."""
    found = {str(interest): interest for interest in map(parse, text.split())}
    if not found:
        raise InterestError("at least one topic is needed, such as nmosd or nmosd?phase=3&results=only")
    return tuple(found[key] for key in sorted(found))


def format_set(interests: Iterable[Interest]) -> str:
    """Return the canonical text of a set of interests, as it is stored and written to CSV."""
    return " ".join(sorted({str(interest) for interest in interests}))


def _choices(name: str, values: list[str]) -> frozenset[str]:
    for value in values:
        if value not in CHOICES[name]:
            raise InterestError(f"{value!r} is no value of {name}; valid are {_listed(CHOICES[name])}")
    return frozenset(values)


def _size(values: list[str]) -> int | None:
    if not values:
        return None
    if len(values) > 1 or not (values[0].isascii() and values[0].isdigit()) or not 1 <= int(values[0][:9]) < 10**8:
        raise InterestError("size must be one number of people, such as size=100 (at least 100)")
    return int(values[0])


def _listed(values: Iterable[str]) -> str:
    return ", ".join(values)


def _phases(facts: Facts) -> frozenset[str]:
    if _is_unstated("phase", facts):
        return frozenset((UNSTATED,))
    return frozenset(name for name, value in PHASES.items() if value in facts.phases)


def _has_results(facts: Facts) -> bool:
    if facts.kind == "record":
        return facts.reason == "results"
    return facts.kind in _REPORTS and facts.results and facts.design != "protocol"


def _is_unstated(name: str, facts: Facts) -> bool:
    if name == "phase":
        return not facts.phases or facts.phase_role not in ("own", "analysis")
    if name == "design":
        return facts.design == "unclear"
    if name == "results":
        return facts.kind in _REPORTS and not facts.results and facts.design == "unclear"
    return name == "size" and facts.size is None


_LEFT_OUT: Final[Mapping[str, Callable[[Facts], bool]]] = {
    "animal": lambda facts: facts.subjects == "animals" or facts.design == "animal" or "animal" in facts.cautions,
    "in-vitro": lambda facts: facts.subjects == "cells" or facts.design == "lab" or "in-vitro" in facts.cautions,
    "preprint": lambda facts: facts.kind == "preprint",
    "news": lambda facts: facts.kind == "news",
}
