"""When to ask a source again: its own publishing rate, its wishes, and what a failure means; pure values."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from alerts.errors import FetchError, SourceError

SHORTEST = timedelta(minutes=15)
LONGEST = timedelta(hours=24)
LONGEST_WISH = timedelta(days=2)  # who asks to be left alone for longer would be missed
LONGEST_WAIT = timedelta(days=1)  # beyond this, Retry-After is not believed
FIRST_RETRY = timedelta(minutes=5)
GONE_TIMES, GONE_FOR = 3, timedelta(hours=24)
_WINDOW_SHARE = 4  # a poll should find a quarter of the window new
_SLOWER, _FASTER = 1.5, 4
_JITTER = 0.1


def jitter(seed: str) -> float:
    """Return a number from 0 to 1 that is always the same for a seed, and any for any other."""
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big") / 2**32


def next_poll(now: datetime, interval: timedelta, jitter: float) -> datetime:
    """Return when to ask again: after the interval and up to a tenth more; `jitter` is from 0 to 1."""
    return now + interval * (1 + _JITTER * jitter)


class Found(NamedTuple):
    """What a good poll found: `new` entries in a `window` of so many, `elapsed` after the good poll before it.

    `gap`: nothing was left of the window before, so entries may have come and gone unseen.
    """

    new: int
    window: int
    elapsed: timedelta
    gap: bool = False


def interval(current: timedelta, found: Found, wishes: Iterable[timedelta | None] = ()) -> timedelta:
    """Return how long to wait after a good poll, from 15 minutes to a day.

    The wait follows the source's own rate, so that a quarter of its window is new each time; at once it becomes at
    most 1.5 times longer or 4 times shorter, but after a gap the shortest. It is never below what the source wishes
    (`ttl`, `max-age`), as far as that is at most two days.
    """
    wanted = SHORTEST if found.gap else min(max(_by_rate(current, found), SHORTEST), LONGEST)
    wish = max((wish for wish in wishes if wish), default=timedelta())
    return max(wanted, min(wish, LONGEST_WISH))


def _by_rate(current: timedelta, found: Found) -> timedelta:
    slowest = min(current, LONGEST) * _SLOWER
    if found.new <= 0 or found.elapsed <= timedelta():
        return slowest
    share = max(found.window / _WINDOW_SHARE, 1.0)
    return min(max(min(found.elapsed, LONGEST * 30) * (share / found.new), current / _FASTER), slowest)


_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_NOT_KEPT = re.compile(r"\bno-(?:cache|store)\b", re.IGNORECASE)


def freshness(headers: Mapping[str, str]) -> timedelta | None:
    """Return how long an answer says it stays fresh (RFC 9111, 4.2): `max-age` less `Age`, or else `Expires`."""
    control = headers.get("cache-control", "")
    if control and _NOT_KEPT.search(control):
        return None
    if control and (found := _MAX_AGE.search(control)):
        age = headers.get("age", "")
        passed = int(age[:9]) if age.isascii() and age.isdigit() else 0
        return max(timedelta(seconds=int(found[1]) - passed), timedelta())
    return _until(headers.get("expires", ""), headers.get("date", ""))


def _until(expires: str, date: str) -> timedelta | None:
    if not expires:
        return None
    try:
        left = parsedate_to_datetime(expires) - parsedate_to_datetime(date)
    except (ValueError, TypeError, IndexError):
        return None
    return left if left > timedelta() else None


class Failing(NamedTuple):
    """A source that failed: how often in a row (from 1), since when, and its interval when it is well."""

    times: int
    since: datetime
    usual: timedelta


class Retry(NamedTuple):
    """What a failed poll leads to. `at` None: gone, until the operator resumes it.

    `host`: until then nothing at all is asked of that host.
    """

    at: datetime | None
    host: datetime | None = None


def after_failure(error: SourceError, failing: Failing, now: datetime, jitter: float) -> Retry:
    """Decide when to try again: the wait doubles from five minutes up to a day and never ends.

    Retry-After lengthens it, up to a day, for the whole host. Only 410 ends it, seen three times in at least a day.
    """
    answer = error if isinstance(error, FetchError) else FetchError(str(error))
    if answer.gone and failing.times >= GONE_TIMES and now - failing.since >= GONE_FOR:
        return Retry(None)
    wait = max(_doubled(failing), min(answer.retry_after or timedelta(), LONGEST_WAIT))
    return Retry(next_poll(now, wait, jitter), now + wait if answer.throttled else None)


def _doubled(failing: Failing) -> timedelta:
    first = min(max(failing.usual, timedelta(minutes=1)), FIRST_RETRY)
    return min(first * (1 << min(max(failing.times, 1) - 1, 12)), LONGEST)
