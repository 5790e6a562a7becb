"""A digest is due exactly once in each period that exists, at the asked local hour or the first moment after it."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from subscribers.cadence import Cadence, first_moment, next_due, parse_weekday, zones
from subscribers.errors import CadenceError

ZONES = sorted(zones())
SECOND = timedelta(seconds=1)
moments = st.datetimes(datetime(1850, 1, 1), datetime(2500, 12, 1), timezones=st.just(UTC))
hours = st.integers(0, 23)


def dues(cadence: Cadence, start: datetime, count: int) -> list[datetime]:
    found = [next_due(cadence, start)]
    while len(found) < count:
        found.append(next_due(cadence, found[-1]))
    return found


def local(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def shows_first(moment: datetime, wall: datetime, zone: str) -> bool:
    """Whether the zone's clocks show `wall` or later at this moment and did not a second before."""
    return local(moment, zone) >= wall > local(moment - SECOND, zone)


def exists(day: date, zone: str) -> bool:
    """Look at every quarter of an hour that could belong to the day."""
    noon = datetime.combine(day, time(12), UTC)
    return any(local(noon + timedelta(minutes=15 * step), zone).date() == day for step in range(-120, 121))


def exists_at_six_hours(day: date, zone: str) -> bool:
    noon = datetime.combine(day, time(12), UTC)
    return any(local(noon + timedelta(hours=6 * step), zone).date() == day for step in range(-5, 6))


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(ZONES), moments, hours)
@example("Pacific/Apia", datetime(2011, 12, 28, tzinfo=UTC), 7)
@example("America/New_York", datetime(2026, 3, 7, tzinfo=UTC), 2)
@example("America/New_York", datetime(2026, 10, 31, tzinfo=UTC), 1)
@example("Asia/Amman", datetime(2021, 3, 25, tzinfo=UTC), 0)
@example("Australia/Lord_Howe", datetime(2026, 10, 2, tzinfo=UTC), 2)
@example("Pacific/Kwajalein", datetime(1993, 8, 19, tzinfo=UTC), 9)
def test_a_daily_digest_is_due_once_on_every_day_that_exists(zone: str, start: datetime, hour: int) -> None:
    found = dues(Cadence(rhythm="daily", hour=hour, zone=zone), start, 6)
    walls = [datetime.combine(day, time(hour)) for day in _days(local(start, zone).date(), zone, 9)]
    first = next(index for index, wall in enumerate(walls) if shows_first(found[0], wall, zone))
    assert all(first_moment(wall, ZoneInfo(zone)) <= start for wall in walls[:first])
    for moment, wall in zip(found, walls[first:], strict=False):
        assert shows_first(moment, wall, zone)


def _days(start: date, zone: str, count: int) -> list[date]:
    days = (start + timedelta(days=ahead) for ahead in range(-2, 30))
    return [day for day in days if exists(day, zone)][:count]


YEARS = (1912, 1946, 1969, 1993, 2011, 2024, 2037, 2038, 2100, 2399)


def test_in_every_zone_four_months_have_one_digest_for_every_day_that_exists() -> None:
    for place, zone in enumerate(ZONES):
        year, hour = YEARS[place % len(YEARS)], place % 24
        cadence = Cadence(rhythm="daily", hour=hour, zone=zone)
        days = [date(year, place % 9 + 1, 3) + timedelta(days=ahead) for ahead in range(120)]
        walls = [datetime.combine(day, time(hour)) for day in days if exists_at_six_hours(day, zone)]
        found = dues(cadence, first_moment(walls[0], ZoneInfo(zone)) - SECOND, len(walls))
        assert all(shows_first(due, wall, zone) for due, wall in zip(found, walls, strict=True)), (zone, year, hour)


@pytest.mark.parametrize(("zone", "skipped"), [
    ("Pacific/Apia", date(2011, 12, 30)), ("Pacific/Fakaofo", date(2011, 12, 30)), ("Pacific/Kwajalein", date(1993, 8, 21)),
    ("Pacific/Kiritimati", date(1994, 12, 31)), ("Asia/Manila", date(1844, 12, 31)),
])  # fmt: skip
@pytest.mark.parametrize("hour", [0, 7, 23])
def test_a_day_that_a_zone_left_out_has_no_digest_and_its_neighbours_have_one(zone: str, skipped: date, hour: int) -> None:
    start = datetime.combine(skipped, time(), UTC) - timedelta(days=3)
    walls = [local(due, zone) for due in dues(Cadence(rhythm="daily", hour=hour, zone=zone), start, 6)]
    assert not exists(skipped, zone)
    near = [skipped + timedelta(days=ahead) for ahead in (-1, 1)]
    assert [wall for wall in walls if abs(wall.date() - skipped) <= timedelta(days=1)] == [datetime.combine(day, time(hour)) for day in near]


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(ZONES), moments, hours, st.integers(0, 6))
@example("Pacific/Apia", datetime(2011, 12, 20, tzinfo=UTC), 7, 4)
def test_a_weekly_digest_is_due_once_a_week(zone: str, start: datetime, hour: int, weekday: int) -> None:
    found = dues(Cadence(rhythm="weekly", hour=hour, weekday=weekday, zone=zone), start, 5)
    asked = [_asked(moment, hour, zone, lambda day: day.weekday() == weekday) for moment in found]
    assert {later - earlier for earlier, later in pairwise(asked)} == {timedelta(days=7)}
    assert start < found[0] <= start + timedelta(days=8, hours=2)


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(ZONES), moments, hours, st.integers(0, 6))
def test_a_monthly_digest_is_due_on_the_first_such_weekday(zone: str, start: datetime, hour: int, weekday: int) -> None:
    found = dues(Cadence(rhythm="monthly", hour=hour, weekday=weekday, zone=zone), start, 14)
    asked = [_asked(moment, hour, zone, lambda day: day.weekday() == weekday and day.day <= 7) for moment in found]
    months = [day.year * 12 + day.month for day in asked]
    assert months == list(range(months[0], months[0] + 14))
    assert found[0] <= start + timedelta(days=36)


def _asked(moment: datetime, hour: int, zone: str, fits: object) -> date:
    """Return the day that the cadence asked for and that this moment is the first moment of."""
    near = (local(moment, zone).date() + timedelta(days=back) for back in (0, -1))
    return next(day for day in near if fits(day) and shows_first(moment, datetime.combine(day, time(hour)), zone))


def test_a_day_that_a_zone_skipped_has_no_daily_digest() -> None:
    found = dues(Cadence(rhythm="daily", hour=7, zone="Pacific/Apia"), datetime(2011, 12, 28, 20, tzinfo=UTC), 2)
    assert [local(moment, "Pacific/Apia") for moment in found] == [datetime(2011, 12, 29, 7), datetime(2011, 12, 31, 7)]


def test_a_week_whose_weekday_was_skipped_has_its_digest_at_the_first_moment_after() -> None:
    friday = Cadence(rhythm="weekly", weekday=4, hour=7, zone="Pacific/Apia")
    assert local(next_due(friday, datetime(2011, 12, 29, tzinfo=UTC)), "Pacific/Apia") == datetime(2011, 12, 31, 0)


def test_an_hour_that_the_clocks_jump_over_becomes_the_first_moment_after() -> None:
    cadence = Cadence(rhythm="daily", hour=2, zone="America/New_York")
    assert next_due(cadence, datetime(2026, 3, 8, 1, tzinfo=UTC)) == datetime(2026, 3, 8, 7, tzinfo=UTC)


def test_an_hour_that_comes_twice_counts_the_first_time() -> None:
    cadence = Cadence(rhythm="daily", hour=1, zone="America/New_York")
    found = dues(cadence, datetime(2026, 10, 31, 12, tzinfo=UTC), 2)
    assert found == [datetime(2026, 11, 1, 5, tzinfo=UTC), datetime(2026, 11, 2, 6, tzinfo=UTC)]


def test_after_downtime_one_digest_is_due_and_not_one_a_day() -> None:
    cadence = Cadence(rhythm="daily", hour=7)
    assert next_due(cadence, datetime(2026, 5, 20, 9, tzinfo=UTC)) == datetime(2026, 5, 21, 7, tzinfo=UTC)


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(ZONES), moments, hours, hours)
def test_no_immediate_mail_is_due_in_quiet_hours_and_none_waits_longer_than_they_last(
    zone: str, start: datetime, first: int, last: int
) -> None:
    cadence = Cadence(rhythm="immediate", zone=zone, quiet=(first, last))
    due = next_due(cadence, start)
    quiet = {(first + step) % 24 for step in range((last - first) % 24)}
    assert start <= due <= start + timedelta(hours=50)
    if local(start, zone).hour not in quiet:
        assert due == start
    elif due > start:
        before = local(due - SECOND, zone)
        assert before.hour in quiet or local(due, zone) - before > SECOND


def test_an_immediate_mail_waits_for_the_end_of_the_night() -> None:
    cadence = Cadence(rhythm="immediate", zone="Europe/Lisbon", quiet=(22, 7))
    assert next_due(cadence, datetime(2026, 1, 4, 23, 30, tzinfo=UTC)) == datetime(2026, 1, 5, 7, tzinfo=UTC)
    assert next_due(cadence, datetime(2026, 1, 5, 3, tzinfo=UTC)) == datetime(2026, 1, 5, 7, tzinfo=UTC)


@pytest.mark.parametrize("wrong", [
    {"rhythm": "hourly"}, {"hour": 24}, {"weekday": 7}, {"zone": "Europe/Atlantis"}, {"quiet": (7, 24)},
])  # fmt: skip
def test_a_cadence_that_does_not_exist_is_refused_with_what_is_valid(wrong: dict) -> None:
    with pytest.raises(CadenceError, match=r"valid are|number|must be|look like"):
        Cadence(**wrong)


def test_weekdays_are_read_short_and_long() -> None:
    assert (parse_weekday("Mon"), parse_weekday("sunday")) == (0, 6)
    with pytest.raises(CadenceError):
        parse_weekday("someday")
