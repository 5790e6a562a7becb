"""When the next digest is due: pure, for every IANA zone, with its gaps and its hours that come twice."""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from subscribers.errors import CadenceError

RHYTHMS: Final = ("immediate", "daily", "weekly", "monthly")
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PERIODS: Final = {
    "immediate": timedelta(0),
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=31),
}
SHORTEST_FIRST_WINDOW: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """How often, and when by the reader's own clock; `quiet` are the hours in which no immediate mail goes."""

    rhythm: str = "weekly"
    hour: int = 7
    weekday: int = 0
    zone: str = "UTC"
    quiet: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.rhythm not in RHYTHMS:
            raise CadenceError(f"{self.rhythm!r} is not a cadence; valid are {', '.join(RHYTHMS)}")
        if not 0 <= self.hour <= 23:
            raise CadenceError("the hour must be a number from 0 to 23")
        if not 0 <= self.weekday <= 6:
            raise CadenceError(f"the weekday must be one of {', '.join(WEEKDAYS)}")
        if self.quiet and not all(0 <= hour <= 23 for hour in self.quiet):
            raise CadenceError("quiet hours must be two numbers from 0 to 23, such as 22-7")
        if self.zone not in zones():
            raise CadenceError(f"{self.zone!r} is not a time zone; they look like Europe/Lisbon")

    @property
    def first_window(self) -> timedelta:
        """How far back the first digest looks."""
        return max(PERIODS[self.rhythm], SHORTEST_FIRST_WINDOW)


@lru_cache(maxsize=1)
def zones() -> frozenset[str]:
    """Return the names of all IANA zones."""
    return frozenset(available_timezones())


def parse_weekday(text: str) -> int:
    """Read `mon` or `Monday` (0) ... `sun` (6)."""
    short = text.strip().lower()[:3]
    if short not in WEEKDAYS:
        raise CadenceError(f"{text!r} is not a weekday; valid are {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(short)


@lru_cache(maxsize=4096)
def next_due(cadence: Cadence, after: datetime) -> datetime:
    """Return the first moment (UTC) after `after` at which a digest is due.

    Each period (local day, ISO week, month) that exists in the zone has one such moment: the asked local hour of
    its day, or where the clocks jump over it the first moment after; an hour that comes twice counts once, the
    first time. An immediate mail is due at once, or when the quiet hours end.
    """
    zone = ZoneInfo(cadence.zone)
    if cadence.rhythm == "immediate":
        return _end_of_quiet(cadence.quiet, zone, after)
    day = after.astimezone(zone).date() - timedelta(days=2)
    while True:
        day = _next_day(cadence, day)
        due = first_moment(datetime.combine(day, time(cadence.hour)), zone)
        if due > after and (cadence.rhythm != "daily" or _exists(day, zone)):
            return due


def first_moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment (UTC) at which the zone's clocks show `wall` or later."""
    early, late = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early <= late:
        return early
    before, reached = late - timedelta(seconds=1), early  # a gap: fold=1 reads the offset after the jump
    while reached - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(reached - before) // timedelta(seconds=2))
        if middle.astimezone(zone).replace(tzinfo=None) >= wall:
            reached = middle
        else:
            before = middle
    return reached


def _exists(day: date, zone: ZoneInfo) -> bool:
    return first_moment(datetime.combine(day, time()), zone).astimezone(zone).date() == day


def _next_day(cadence: Cadence, day: date) -> date:
    """Return the first day after `day` on which the cadence has a digest."""
    if cadence.rhythm == "daily":
        return day + timedelta(days=1)
    ahead = (cadence.weekday - day.weekday() - 1) % 7 + 1
    found = day + timedelta(days=ahead)
    if cadence.rhythm == "weekly" or found.day <= 7:
        return found
    start = found.replace(day=calendar.monthrange(found.year, found.month)[1]) + timedelta(days=1)
    return start + timedelta(days=(cadence.weekday - start.weekday()) % 7)


def _end_of_quiet(quiet: tuple[int, int] | None, zone: ZoneInfo, after: datetime) -> datetime:
    if quiet is None or quiet[0] == quiet[1]:
        return after
    start, end = quiet
    local = after.astimezone(zone)
    inside = start <= local.hour < end if start < end else local.hour >= start or local.hour < end
    if not inside:
        return after
    day = local.date() + timedelta(days=1 if local.hour >= start > end else 0)
    return max(after, first_moment(datetime.combine(day, time(end)), zone))
