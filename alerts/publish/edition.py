"""What a digest holds: selected by frozen facts, ranked, capped and shared out fairly, as values (laws 4 and 9).

The order of a digest, written down: retractions and expressions of concern first; then by strength of evidence
(the design of the study, what is not peer reviewed after what is, later phases before earlier ones); then by date
(the alert number). Explainers and news without a known study come last, under "Background".
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from operator import attrgetter
from typing import Final, NamedTuple

from alerts.model import Alert, Kind, Reason
from subscribers.interest import Interest

FULL: Final = 15
LINES: Final = 40
FLOOD: Final = 30  # more alerts than this a day from one source or congress stand under one heading
MATCHED: Final = 5000  # interests whose matches are kept
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

    `place` is where it stands among the members of its thread; like what else is asked for by every reader, it is
    kept.
    """

    alert: Alert
    thread: int
    origin: str = ""
    day: date | None = None
    place: tuple[int, int, Rank] = field(init=False, compare=False)
    number: int = field(init=False, compare=False)
    under: frozenset[str] = field(init=False, compare=False)
    flood: tuple[str, date] | None = field(init=False, compare=False)

    def __post_init__(self) -> None:
        drawn = self.origin and self.day and self.alert.reason not in _URGENT
        object.__setattr__(self, "place", _lead(self.alert))
        object.__setattr__(self, "number", self.alert.number)
        object.__setattr__(self, "under", frozenset(self.alert.facts.under))
        object.__setattr__(self, "flood", (self.origin, self.day) if drawn else None)

    @property
    def rank(self) -> Rank:
        return self.place[2]


class Entry(NamedTuple):
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


@dataclass(frozen=True, kw_only=True)
class Selection:
    """A digest's content: all entries in their fair order, and how many of them are shown in full and as a line."""

    entries: tuple[Entry, ...] = ()
    most_full: int = FULL
    most_lines: int = LINES
    headings: tuple[Heading, ...] = ()
    held_back: tuple[HeldBack, ...] = ()

    @cached_property
    def full(self) -> list[Entry]:
        """The entries shown in full, by rank."""
        return sorted(self.entries[: self.most_full], key=_RANK)

    @cached_property
    def lines(self) -> list[Entry]:
        """The entries shown as one line each, by rank."""
        return sorted(self.entries[self.most_full :][: self.most_lines], key=_RANK)

    @cached_property
    def counted(self) -> dict[str, list[Entry]]:
        """The entries only counted, each under the first of its topics."""
        found: dict[str, list[Entry]] = {}
        for entry in self.entries[self.most_full + self.most_lines :]:
            found.setdefault(min(entry.topics), []).append(entry)
        return dict(sorted(found.items()))

    @cached_property
    def numbers(self) -> list[int]:
        """The alerts told in full, in the order shown."""
        return [entry.lead for entry in self.full]

    @cached_property
    def listed(self) -> list[int]:
        """The alerts told as a line, under another entry, or counted behind a link."""
        under = [number for entry in self.full for number in entry.under]
        others = [number for entry in self.entries[self.most_full :] for number in (entry.lead, *entry.under)]
        return [*under, *others, *(number for heading in self.headings for number in heading.numbers)]

    @cached_property
    def items(self) -> int:
        """How many items the digest tells of; what stands under another entry is not counted again."""
        return len(self.entries) + sum(len(heading.numbers) for heading in self.headings)


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


class Matched(NamedTuple):
    """What one interest makes of a window: the alerts it lets through, and those of its topic that it does not.

    `before` are the `matched` alerts whose facts it let through before (law 4), `unstated` names for each alert held
    back only because a fact is not stated which fact that is. Alerts stand in the order of their numbers.
    """

    wanted: Sequence[Candidate]
    before: frozenset[int]
    held: Sequence[Candidate]
    unstated: Mapping[int, str]


class Matching:
    """A window of alerts and what each interest makes of it: found once, for all readers who have that interest."""

    def __init__(self, window: Iterable[Candidate]) -> None:
        self._by_topic: dict[str, list[Candidate]] = defaultdict(list)
        self._matched: dict[str, Matched] = {}
        self._alone: dict[tuple[int, frozenset[str]], Entry] = {}
        for one in sorted(window, key=_NUMBER):
            for topic in one.under:
                self._by_topic[topic].append(one)

    def of(self, interest: Interest) -> Matched:
        """Return what an interest makes of the window."""
        text = str(interest)
        if text not in self._matched:
            if len(self._matched) >= MATCHED:
                self._matched.clear()
            self._matched[text] = _matched(interest, self._by_topic.get(interest.topic, ()))
        return self._matched[text]

    def alone(self, one: Candidate, follows: frozenset[str]) -> Entry:
        """Return the entry of an alert without others of its thread."""
        key = one.number, one.under & follows
        entry = self._alone.get(key)
        if entry is None:
            entry = self._alone[key] = _entry([one], follows)
        return entry


def _matched(interest: Interest, about: Sequence[Candidate]) -> Matched:
    through = [one for one in about if interest.matches(one.alert.facts)]
    told = {one.number for one in through}
    held = [one for one in about if one.number not in told and one.alert.reason is not Reason.MATCHED]
    unstated = {one.number: name for one in held if (name := interest.unstated(one.alert.facts))}
    return Matched(through, frozenset(one.number for one in about if _was_told(interest, one.alert)), held, unstated)


def _was_told(interest: Interest, alert: Alert) -> bool:
    return alert.reason is Reason.MATCHED and alert.before is not None and interest.matches(alert.before)


def _after(candidates: Sequence[Candidate], seen: int) -> Sequence[Candidate]:
    if not candidates or candidates[0].number > seen:
        return candidates
    return candidates[bisect_right(candidates, seen, key=_NUMBER) :]


_NUMBER: Final = attrgetter("number")
_PLACE: Final = attrgetter("place")
_RANK: Final = attrgetter("rank")
_FLOOD: Final = attrgetter("flood")


def select(
    window: Matching, interests: Sequence[Interest], *, seen: int = 0, full: int = FULL, lines: int = LINES
) -> Selection:
    """Return what a reader with these interests is told of a window of alerts, of those after `seen`."""
    chosen = _chosen([window.of(interest) for interest in interests], seen)
    kept, headings = _without_floods(list(chosen.values()), interests)
    entries = _fairly(_entries(window, kept, interests), [interest.topic for interest in interests])
    return Selection(
        entries=tuple(entries),
        most_full=full,
        most_lines=lines,
        headings=headings,
        held_back=_held_back(window, interests, chosen, seen),
    )


def _chosen(matched: Sequence[Matched], seen: int) -> dict[int, Candidate]:
    """Return what any interest lets through and none let through before, in the order of numbers."""
    found = {one.number: one for each in matched for one in _after(each.wanted, seen)}
    before = frozenset[int]().union(*(each.before for each in matched))
    return {number: found[number] for number in sorted(found) if number not in before}


def _entries(window: Matching, chosen: Iterable[Candidate], interests: Sequence[Interest]) -> list[Entry]:
    """Make one entry of each thread, led by its strongest member."""
    threads: dict[int, list[Candidate]] = defaultdict(list)
    for one in chosen:
        threads[one.thread].append(one)
    follows = frozenset(interest.topic for interest in interests)
    made = [
        window.alone(members[0], follows) if len(members) == 1 else _entry(members, follows)
        for members in threads.values()
    ]
    return sorted(made, key=_RANK)


def _entry(members: list[Candidate], follows: frozenset[str]) -> Entry:
    first, *others = sorted(members, key=_PLACE)
    return Entry(
        lead=first.number,
        reason=first.alert.reason,
        rank=first.rank,
        topics=first.under.union(*(one.under for one in others)) & follows,
        under=tuple(one.number for one in others),
    )


def _lead(alert: Alert) -> tuple[int, int, Rank]:
    return (_URGENT.get(alert.reason, len(_URGENT)), _LEADS.index(Kind(alert.facts.kind)), rank(alert))


def _fairly(entries: Sequence[Entry], topics: Sequence[str]) -> list[Entry]:
    """Put every topic's best entry before any topic's second; beyond that the order stays."""
    first: list[Entry] = []
    unmet = set(topics)
    for entry in entries:
        if not unmet:
            break
        if not unmet.isdisjoint(entry.topics):
            first.append(entry)
            unmet -= entry.topics
    leads = {entry.lead for entry in first}
    return [*first, *(entry for entry in entries if entry.lead not in leads)]


def _without_floods(
    chosen: Sequence[Candidate], interests: Sequence[Interest]
) -> tuple[list[Candidate], tuple[Heading, ...]]:
    """Take out what comes in floods, but for the best of each."""
    floods = {flood for flood, count in Counter(map(_FLOOD, chosen)).items() if flood and count > FLOOD}
    headings, cut = [], set()
    for origin, day in sorted(floods):
        ones = [one for one in chosen if one.flood == (origin, day)]
        rest = [one.alert for one in sorted(ones, key=_PLACE)[FROM_A_FLOOD:]]
        headings.append(Heading(origin=origin, day=day, counted=_by_topic(rest, interests)))
        cut |= {alert.number for alert in rest}
    return [one for one in chosen if one.number not in cut], tuple(headings)


def _by_topic(alerts: Iterable[Alert], interests: Sequence[Interest]) -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for alert in alerts:
        topic = min(interest.topic for interest in interests if interest.topic in alert.facts.under)
        found.setdefault(topic, []).append(alert.number)
    return {topic: tuple(numbers) for topic, numbers in sorted(found.items())}


def _held_back(
    window: Matching, interests: Sequence[Interest], told: Mapping[int, Candidate], seen: int
) -> tuple[HeldBack, ...]:
    found = []
    for topic in dict.fromkeys(interest.topic for interest in interests):
        own = [window.of(interest) for interest in interests if interest.topic == topic]
        held = [one.number for one in _after(own[0].held, seen) if one.number not in told]
        if held:
            names = Counter(name for number in held if (name := _unstated(own, number)))
            found.append(HeldBack(topic=topic, total=len(held), unstated=tuple(names.most_common())))
    return tuple(found)


def _unstated(own: Iterable[Matched], number: int) -> str | None:
    return next((each.unstated[number] for each in own if number in each.unstated), None)
