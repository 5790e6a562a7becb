"""What a digest holds: selected by frozen facts, ranked, capped and shared out fairly, as values (laws 4 and 9).

The order of a digest, written down: retractions and expressions of concern first; then by strength of evidence
(the design of the study, what is not peer reviewed after what is, later phases before earlier ones); then by date
(the alert number). Explainers and news without a known study come last, under "Background".
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from alerts.model import Alert, Kind, Reason
from subscribers.interest import Interest

FULL: Final = 15
LINES: Final = 40
FLOOD: Final = 30  # more alerts than this a day from one source or congress stand under one heading
FROM_A_FLOOD: Final = 3  # the best of a flood, which still take part like any other

EVIDENCE: Final = (
    "systematic-review", "guideline", "randomized-trial", "trial", "observational", "case-report", "protocol",
    "review", "animal", "lab", "computational", "editorial", "unclear", "news",
)  # fmt: skip
_LEVEL: Final = {design: level for level, design in enumerate(EVIDENCE)}
_PHASE: Final = {"EARLY_PHASE1": 0, "PHASE1": 1, "PHASE2": 2, "PHASE3": 3, "PHASE4": 4}
_LEADS: Final = (
    Kind.PAPER, Kind.ABSTRACT, Kind.PREPRINT, Kind.RECORD, Kind.NOTICE, Kind.EXPLAINER, Kind.NEWS,
)  # fmt: skip
_URGENT: Final = {Reason.RETRACTED: 0, Reason.CONCERN: 1}

Rank = tuple[int, int, float, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An alert as selecting sees it: with its thread (any number equal for one study) and where it came from.

    `place` is where it stands among the members of its thread; it is asked for by every reader, so it is kept.
    """

    alert: Alert
    thread: int
    origin: str = ""
    day: date | None = None
    place: tuple[int, int, Rank] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "place", _lead(self.alert))

    @property
    def rank(self) -> Rank:
        return self.place[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thread in a digest: the alert that leads it, and the others that stand under it."""

    lead: int
    reason: Reason
    rank: Rank
    topics: frozenset[str]
    under: tuple[int, ...] = ()

    @property
    def background(self) -> bool:
        return bool(self.rank[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A flood: what one source or congress gave on one day, beyond its best, by topic."""

    origin: str
    day: date
    counted: Mapping[str, tuple[int, ...]]

    @property
    def numbers(self) -> list[int]:
        return [number for numbers in self.counted.values() for number in numbers]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """What a reader's filters kept from a topic, and how much of it only because a fact is not stated."""

    topic: str
    total: int
    unstated: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A digest's content: all entries in their fair order, and how many of them are shown in full and as a line."""

    entries: tuple[Entry, ...] = ()
    most_full: int = FULL
    most_lines: int = LINES
    headings: tuple[Heading, ...] = ()
    held_back: tuple[HeldBack, ...] = ()

    @property
    def full(self) -> list[Entry]:
        """The entries shown in full, by rank."""
        return sorted(self.entries[: self.most_full], key=_by_rank)

    @property
    def lines(self) -> list[Entry]:
        """The entries shown as one line each, by rank."""
        return sorted(self.entries[self.most_full :][: self.most_lines], key=_by_rank)

    @property
    def counted(self) -> dict[str, list[Entry]]:
        """The entries only counted, each under the first of its topics."""
        found: dict[str, list[Entry]] = {}
        for entry in self.entries[self.most_full + self.most_lines :]:
            found.setdefault(min(entry.topics), []).append(entry)
        return dict(sorted(found.items()))

    @property
    def numbers(self) -> list[int]:
        """The alerts told in full, in the order shown."""
        return [entry.lead for entry in self.full]

    @property
    def listed(self) -> list[int]:
        """The alerts told as a line, under another entry, or counted behind a link."""
        under = [number for entry in self.full for number in entry.under]
        others = [number for entry in self.entries[self.most_full :] for number in (entry.lead, *entry.under)]
        return [*under, *others, *(number for heading in self.headings for number in heading.numbers)]

    @property
    def items(self) -> int:
        """How many items the digest tells of; what stands under another entry is not counted again."""
        return len(self.entries) + sum(len(heading.numbers) for heading in self.headings)


def wanted(interests: Sequence[Interest], alert: Alert) -> bool:
    """Tell whether any interest matches; of `matched` alerts only if none matched the facts told before (law 4)."""
    if not any(interest.matches(alert.facts) for interest in interests):
        return False
    if alert.reason is not Reason.MATCHED or alert.before is None:
        return True
    return not any(interest.matches(alert.before) for interest in interests)


def rank(alert: Alert) -> Rank:
    """Return the place in the order of a digest: smaller comes first."""
    facts = alert.facts
    background = facts.kind == Kind.EXPLAINER or (facts.kind == Kind.NEWS and "study-not-found" in facts.cautions)
    results = facts.kind == Kind.RECORD and alert.reason is Reason.RESULTS
    level: float = _LEVEL["trial"] if results else _LEVEL.get(facts.design, _LEVEL["unclear"])
    if facts.kind in (Kind.PREPRINT, Kind.ABSTRACT, Kind.NEWS):
        level += 0.5
    phase = max((_PHASE.get(phase, 0) for phase in facts.phases), default=0)
    return (_URGENT.get(alert.reason, len(_URGENT)), int(background), level, -phase, -alert.number)


def select(
    window: Iterable[Candidate], interests: Sequence[Interest], *, full: int = FULL, lines: int = LINES
) -> Selection:
    """Return what a reader with these interests is told of a window of alerts."""
    candidates = list(window)
    chosen = [one for one in candidates if wanted(interests, one.alert)]
    kept, headings = _without_floods(chosen, interests)
    entries = _fairly(_entries(kept, interests), [interest.topic for interest in interests])
    return Selection(
        entries=tuple(entries),
        most_full=full,
        most_lines=lines,
        headings=headings,
        held_back=_held_back(candidates, chosen, interests),
    )


def _by_rank(entry: Entry) -> Rank:
    return entry.rank


def _entries(chosen: Iterable[Candidate], interests: Sequence[Interest]) -> list[Entry]:
    """Make one entry of each thread, led by its strongest member."""
    threads: dict[int, list[Candidate]] = defaultdict(list)
    for one in chosen:
        threads[one.thread].append(one)
    follows = {interest.topic for interest in interests}
    return sorted((_entry(members, follows) for members in threads.values()), key=_by_rank)


def _entry(members: list[Candidate], follows: Collection[str]) -> Entry:
    first, *others = sorted(members, key=_by_place)
    return Entry(
        lead=first.alert.number,
        reason=first.alert.reason,
        rank=first.rank,
        topics=frozenset(topic for one in members for topic in one.alert.facts.under if topic in follows),
        under=tuple(one.alert.number for one in others),
    )


def _by_place(one: Candidate) -> tuple[int, int, Rank]:
    return one.place


def _lead(alert: Alert) -> tuple[int, int, Rank]:
    return (_URGENT.get(alert.reason, len(_URGENT)), _LEADS.index(Kind(alert.facts.kind)), rank(alert))


def _fairly(entries: Sequence[Entry], topics: Sequence[str]) -> list[Entry]:
    """Put every topic's best entry before any topic's second; beyond that the order stays."""
    first: list[Entry] = []
    met: set[str] = set()
    for entry in entries:
        if entry.topics & (set(topics) - met):
            first.append(entry)
            met |= entry.topics
    leads = {entry.lead for entry in first}
    return [*first, *(entry for entry in entries if entry.lead not in leads)]


def _without_floods(
    chosen: Sequence[Candidate], interests: Sequence[Interest]
) -> tuple[list[Candidate], tuple[Heading, ...]]:
    """Take out what comes in floods, but for the best of each."""
    by_origin: dict[tuple[str, date], list[Candidate]] = defaultdict(list)
    for one in chosen:
        if one.origin and one.day and one.alert.reason not in _URGENT:
            by_origin[one.origin, one.day].append(one)
    headings, cut = [], set()
    for (origin, day), ones in sorted(by_origin.items()):
        if len(ones) > FLOOD:
            rest = [one.alert for one in sorted(ones, key=_by_place)[FROM_A_FLOOD:]]
            headings.append(Heading(origin=origin, day=day, counted=_by_topic(rest, interests)))
            cut |= {alert.number for alert in rest}
    return [one for one in chosen if one.alert.number not in cut], tuple(headings)


def _by_topic(alerts: Iterable[Alert], interests: Sequence[Interest]) -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for alert in alerts:
        topic = min(interest.topic for interest in interests if interest.topic in alert.facts.under)
        found.setdefault(topic, []).append(alert.number)
    return {topic: tuple(numbers) for topic, numbers in sorted(found.items())}


def _held_back(
    candidates: Iterable[Candidate], chosen: Iterable[Candidate], interests: Sequence[Interest]
) -> tuple[HeldBack, ...]:
    told = {one.alert.number for one in chosen}
    held = [one.alert for one in candidates if one.alert.number not in told and one.alert.reason is not Reason.MATCHED]
    found = []
    for topic in dict.fromkeys(interest.topic for interest in interests):
        about = [alert for alert in held if topic in alert.facts.under]
        own = [interest for interest in interests if interest.topic == topic]
        names = Counter(name for alert in about if (name := _unstated(own, alert)))
        if about:
            found.append(HeldBack(topic=topic, total=len(about), unstated=tuple(names.most_common())))
    return tuple(found)


def _unstated(interests: Iterable[Interest], alert: Alert) -> str | None:
    return next((name for interest in interests if (name := interest.unstated(alert.facts))), None)
