"""How often a source is asked, from its own rate, its wishes and its failures."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.errors import FetchError, ReadError
from alerts.ingest import pace
from alerts.ingest.pace import Failing, Found

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SPANS = st.timedeltas(timedelta(), timedelta(days=3650))
FOUND = st.builds(Found, st.integers(0, 10_000), st.integers(0, 10_000), SPANS, st.booleans())


@given(SPANS, FOUND, st.lists(SPANS | st.none(), max_size=3))
def test_the_interval_stays_between_its_bounds(current, found, wishes) -> None:
    got = pace.interval(current, found, wishes)
    assert pace.SHORTEST <= got <= pace.LONGEST_WISH
    assert got >= min(max((wish for wish in wishes if wish), default=timedelta()), pace.LONGEST_WISH)


def test_a_quiet_source_is_asked_ever_less_often_down_to_once_a_day() -> None:
    wait, waits = HOUR, []
    for _ in range(12):
        wait = pace.interval(wait, Found(0, 20, wait))
        waits.append(wait)
    assert waits == sorted(waits)
    assert waits[0] == timedelta(minutes=90)
    assert waits[-1] == DAY


def test_a_busy_source_is_asked_so_often_that_a_quarter_of_its_window_is_new() -> None:
    wait = timedelta(hours=12)
    for _ in range(12):
        wait = pace.interval(wait, Found(new=round(5 * (wait / HOUR)), window=20, elapsed=wait))
    assert wait == HOUR


def test_a_slow_source_that_published_one_entry_is_not_hurried() -> None:
    assert pace.interval(DAY, Found(1, 20, DAY)) == DAY


def test_a_gap_makes_the_interval_the_shortest() -> None:
    assert pace.interval(DAY, Found(20, 20, DAY, gap=True)) == pace.SHORTEST


def test_what_the_source_wishes_is_a_lower_bound() -> None:
    busy = Found(20, 20, HOUR)
    assert pace.interval(HOUR, busy) == timedelta(minutes=15)
    assert pace.interval(HOUR, busy, [timedelta(hours=2), None, timedelta(minutes=5)]) == timedelta(hours=2)
    assert pace.interval(HOUR, busy, [timedelta(days=365)]) == timedelta(days=2)


@pytest.mark.parametrize(
    ("headers", "fresh"),
    [
        ({"cache-control": "public, max-age=3600"}, HOUR),
        ({"cache-control": "s-maxage=9, max-age=3600", "age": "600"}, timedelta(minutes=50)),
        ({"cache-control": "max-age=60", "age": "600"}, timedelta()),
        ({"cache-control": "no-cache, max-age=3600"}, None),
        ({"cache-control": "max-age=soon"}, None),
        ({"expires": "Mon, 04 May 2026 10:00:00 GMT", "date": "Mon, 04 May 2026 09:00:00 GMT"}, HOUR),
        ({"expires": "0", "date": "Mon, 04 May 2026 09:00:00 GMT"}, None),
        ({"expires": "Mon, 04 May 2026 08:00:00 GMT", "date": "Mon, 04 May 2026 09:00:00 GMT"}, None),
        ({}, None),
    ],
)
def test_freshness(headers, fresh) -> None:
    assert pace.freshness(headers) == fresh


@given(st.text())
def test_any_header_is_survived(value: str) -> None:
    found = pace.freshness({"cache-control": value, "expires": value, "date": value, "age": value})
    assert found is None or found >= timedelta(0)


@given(st.text(), st.integers(0, 10**9))
def test_jitter_adds_at_most_a_tenth(seed: str, seconds: int) -> None:
    interval = timedelta(seconds=seconds)
    at = pace.next_poll(NOW, interval, pace.jitter(seed))
    assert interval <= at - NOW <= interval * 1.1


def test_jitter_is_the_same_for_a_seed_and_spread_over_many() -> None:
    assert pace.jitter("journal") == pace.jitter("journal")
    seeds = [pace.jitter(str(number)) for number in range(1_000)]
    assert 0.45 < sum(seeds) / 1_000 < 0.55
    assert len(set(seeds)) == 1_000


def failed(times: int, error: Exception | None = None, since: datetime = NOW - HOUR) -> pace.Retry:
    return pace.after_failure(error or FetchError("x"), Failing(times, since, HOUR), NOW, 0.0)


@given(st.integers(1, 10**9), st.integers(0, 599), st.timedeltas(timedelta(), timedelta(days=9999)))
def test_no_failure_but_410_ends_the_asking(times: int, status: int, since: timedelta) -> None:
    retry = failed(times, FetchError("x", status=status), NOW - since)
    assert (retry.at is None) == (status == 410 and times >= 3 and since >= DAY)
    assert retry.at is None or timedelta(minutes=5) <= retry.at - NOW <= DAY


def test_the_wait_doubles_up_to_a_day() -> None:
    waits = [(failed(times).at - NOW) / timedelta(minutes=1) for times in range(1, 12)]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440]


def test_410_must_be_seen_three_times_over_a_day() -> None:
    gone = FetchError("x", status=410)
    assert failed(3, gone, NOW - DAY).at is None
    assert failed(2, gone, NOW - DAY).at is not None
    assert failed(3, gone, NOW - DAY + HOUR).at is not None


def test_retry_after_holds_for_the_whole_host() -> None:
    busy = FetchError("x", status=429, retry_after=timedelta(hours=3))
    assert failed(1, busy) == pace.Retry(NOW + timedelta(hours=3), NOW + timedelta(hours=3))


def test_a_senseless_retry_after_is_cut_to_a_day() -> None:
    assert failed(1, FetchError("x", status=503, retry_after=timedelta(days=900))).at == NOW + DAY


def test_503_without_retry_after_is_that_source_s_own_trouble() -> None:
    assert failed(1, FetchError("x", status=503)).host is None


def test_429_without_retry_after_still_rests_the_host() -> None:
    assert failed(2, FetchError("x", status=429)).host == NOW + timedelta(minutes=10)


def test_a_document_that_cannot_be_read_is_tried_again_too() -> None:
    assert failed(1, ReadError("x")) == pace.Retry(NOW + timedelta(minutes=5))
