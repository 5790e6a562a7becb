"""What a feed or page is asked for: topics, filters, a window; written in one canonical way."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Self
from urllib.parse import parse_qsl, urlencode

from alerts.errors import NotFoundError, UsageError
from alerts.model import Alert
from subscribers.errors import InterestError
from subscribers.interest import FILTERS, Interest, build

EVERYTHING = "all"  # a reserved word: never a topic
OURS = ("topics", "q", "daily", "week", "part", "after", "upto")
VALID = ", ".join((*FILTERS, "min (the same as size)", "topics (of /feed)", "q", "daily"))
MAX_LENGTH = 2_000
MAX_TOPICS = 50
MAX_WORDS = 200
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_WEEK = re.compile(r"\d{4}-W\d{2}")


class QueryError(UsageError):
    """A filter that is not one; the text says which are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which alerts: any of `interests` (none: everything), of works that hold `words`, and where in time."""

    topics: tuple[str, ...] = ()
    interests: tuple[Interest, ...] = ()
    filters: str = ""
    words: str = ""
    daily: bool = False
    week: str = ""
    part: int = 1
    after: int = 0
    upto: int | None = None
    secret: str = ""

    @classmethod
    def of(cls, interests: Iterable[Interest], secret: str) -> Self:
        """Return what one person follows, under their own secret address."""
        followed = tuple(interests)
        return cls(interests=followed, topics=tuple(sorted({one.topic for one in followed})), secret=secret)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `ms?phase=3`, `?topics=ms,nmosd&daily=1` or an empty text (everything); QueryError else."""
        if len(text) > MAX_LENGTH:
            raise QueryError(f"The filters are longer than {MAX_LENGTH:,} characters; follow fewer topics at once.")
        slug, _, rest = text.partition("?")
        said = pairs(rest)
        ours = {name: value for name, value in said if name in OURS}
        filters = [("size" if name == "min" else name, value) for name, value in said if name not in OURS]
        topics = _topics(slug, ours.get("topics", ""))
        interests = tuple(_interest(topic, filters) for topic in topics or (EVERYTHING,))
        return cls(
            topics=topics,
            interests=interests,
            filters=str(interests[0]).partition("?")[2],
            words=_words(ours.get("q", "")),
            daily=_daily(ours.get("daily", "")),
            week=_week(ours.get("week", "")),
            part=max(_number(ours, "part", 1), 1),
            after=_number(ours, "after", 0),
            upto=_number(ours, "upto", 0) if "upto" in ours else None,
        )

    @property
    def asked(self) -> str:
        """Return what follows `?` in the canonical address of this query, topics of a set included."""
        several = {"topics": ",".join(self.topics)} if len(self.topics) > 1 else {}
        own: dict[str, object] = {
            **several, "q": self.words, "daily": int(self.daily), "week": self.week,
            "part": self.part if self.part > 1 else 0, "after": self.after,
            "upto": "" if self.upto is None else self.upto,
        }
        said = urlencode([(name, value) for name, value in own.items() if value not in (0, "")], safe=",")
        return "&".join(part for part in (self.filters, said) if part)

    def begun(self, today: date) -> Self:
        """Return this query; QueryError where its week is still to come."""
        days = week_days(self.week)
        if days and days[0] > today:
            raise QueryError(f"The week {self.week} has not begun yet.")
        return self

    @property
    def placed(self) -> bool:
        """Tell whether it asks for one stretch of time, not for the newest."""
        return bool(self.week) or self.upto is not None

    def current(self) -> "Query":
        """Return the same question without its place in time."""
        return replace(self, week="", part=1, after=0, upto=None)

    def __str__(self) -> str:
        slug = self.topics[0] if len(self.topics) == 1 else ""
        return f"{slug}?{self.asked}" if self.asked else slug

    def wants(self, alert: Alert, denied: frozenset[str], ancestors: Mapping[str, frozenset[str]]) -> bool:
        """Tell whether the frozen facts match; a topic that an operator took away only hides."""
        facts = alert.facts
        if denied:
            left = tuple(slug for slug in facts.topics if slug not in denied)
            if facts.topics and not left:
                return False
            facts = replace(facts, topics=left, under=tuple(sorted(_under(left, ancestors))))
        everywhere = replace(facts, under=(*facts.under, EVERYTHING))
        return any(interest.matches(everywhere) for interest in self.interests)


def _under(topics: Iterable[str], ancestors: Mapping[str, frozenset[str]]) -> set[str]:
    return {above for slug in topics for above in ancestors.get(slug, frozenset({slug}))}


def pairs(text: str) -> list[tuple[str, str]]:
    """Read what follows `?` in an address; QueryError where it is no UTF-8 or has too many parts."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=40, errors="strict")
    except (UnicodeDecodeError, ValueError) as wrong:
        raise QueryError("The filters could not be read; write them like phase=2,3&design=randomized-trial.") from wrong


def _topics(slug: str, listed: str) -> tuple[str, ...]:
    if slug and listed:
        raise QueryError("topics= names a set of topics; use it with /feed, not with one topic's own address.")
    named = {part.strip() for part in listed.split(",")} - {""}
    found = (slug,) if slug not in ("", EVERYTHING) else tuple(sorted(named))
    for one in found:
        if not SLUG.fullmatch(one):
            if SLUG.fullmatch(one.lower()):
                raise NotFoundError(f"There is no topic {one[:60]!r}; write it in small letters: {one.lower()[:60]!r}.")
            raise NotFoundError(f"There is no topic {one[:60]!r}; topics look like nmosd or optic-neuritis.")
    if len(found) > MAX_TOPICS:
        raise QueryError(f"At most {MAX_TOPICS} topics at once.")
    return found


def _interest(topic: str, filters: Sequence[tuple[str, str]]) -> Interest:
    for name, _ in filters:
        if name not in FILTERS:
            raise QueryError(f"{name[:40]!r} is not a filter; valid are {VALID}.")
    try:
        return build(topic, filters)
    except InterestError as wrong:
        raise QueryError(str(wrong)) from wrong


def _words(said: str) -> str:
    if len(said) > MAX_WORDS:
        raise QueryError(f"Search for up to {MAX_WORDS} characters.")
    if said.strip() and not any(map(str.isalnum, said)):
        raise QueryError("What is searched for must hold a word of letters or digits, such as q=rituximab.")
    return " ".join(said.split())


def _daily(said: str) -> bool:
    if said not in ("", "0", "1"):
        raise QueryError(f"daily must be 1 (one entry for each day) or 0, not {said[:40]!r}.")
    return said == "1"


def _number(ours: Mapping[str, str], name: str, default: int) -> int:
    value = ours.get(name, "")
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise QueryError(f"{name} must be a whole number, not {value[:40]!r}.")
    return int(value)


def _week(value: str) -> str:
    if value and week_days(value) is None:
        raise QueryError(f"week must look like 2026-W18, not {value[:40]!r}.")
    return value


def week_days(week: str) -> tuple[date, date] | None:
    """Return the Monday of an ISO week and the Monday after it, or None for what is no week."""
    try:
        monday = date.fromisocalendar(int(week[:4]), int(week[6:]), 1) if _WEEK.fullmatch(week) else None
        return (monday, monday + timedelta(days=7)) if monday else None
    except (ValueError, OverflowError):
        return None

