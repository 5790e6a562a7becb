"""What the result of a poll means for its source: the columns to write, when to ask again, what to tell; pure."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from alerts.errors import FetchError, SourceError
from alerts.ingest import APIS
from alerts.model import Document, Page, Request, SourceState
from alerts.store.due import Claimed, Outcome

MOVED_OFTEN = 3  # permanent redirects to one place before it is adopted
GAP_NOTE = "The last poll shares no entry with the one before it: something may have been missed in between."


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOutcome:
    """How the poll of one source went. `state` is ok, unchanged, failed, waiting or dropped."""

    slug: str
    state: str = "ok"
    new: int = 0
    changed: int = 0
    seen: int = 0
    error: str = ""
    notes: tuple[str, ...] = ()
    next_poll_at: datetime | None = None

    @property
    def failed(self) -> bool:
        return self.state == "failed"


def of(claimed: Claimed, **values: Any) -> Outcome:  # noqa: ANN401  columns of `sources`
    return Outcome(source_id=claimed.id, lease=claimed.lease, values=values)


def request_json(request: Request) -> dict[str, Any]:
    """Return a request as JSON values, to go on with after a crash."""
    return {
        "url": request.url,
        "method": request.method,
        "headers": dict(request.headers),
        "body": None if request.body is None else base64.b64encode(request.body).decode(),
        "allow_private": request.allow_private,
    }


def request_from(said: Mapping[str, Any]) -> Request:
    body = said.get("body")
    return Request(
        url=said["url"],
        method=said["method"],
        headers=said["headers"],
        body=None if body is None else base64.b64decode(body),
        allow_private=said["allow_private"],
    )


def conditional(claimed: Claimed, request: Request) -> Request:
    """Return the request with the validators that the server gave last, verbatim (RFC 9110, 13.1)."""
    given = {"If-None-Match": claimed.etag, "If-Modified-Since": claimed.last_modified}
    headers = {name: value for name, value in given.items() if value}
    return replace(request, headers={**request.headers, **headers})


def healthy(now: datetime) -> dict[str, Any]:
    """Return what every good poll writes."""
    return {
        "state": SourceState.OK.value,
        "last_error": "",
        "failures": 0,
        "failing_since": None,
        "last_polled_at": now,
        "last_ok_at": now,
    }


def validators(document: Document) -> dict[str, str]:
    return {"etag": document.headers.get("etag", ""), "last_modified": document.headers.get("last-modified", "")}


def midway(claimed: Claimed, page: Page, *, undated: int, pages: int) -> Outcome:
    """Return what a page writes after which the run goes on."""
    following = page.next
    if following is None:
        raise ValueError("the last page ends its run")
    resume = {"request": request_json(following), "state": dict(page.state), "undated": undated, "pages": pages}
    return of(claimed, resume=resume)


def moved(claimed: Claimed, document: Document) -> dict[str, Any]:
    """Adopt a permanent redirect that was seen often enough and led to something readable (RFC 9110, 15.4.2).

    Never of an API: its address is the beginning of many, not the one that was asked.
    """
    if document.moved_to is None or claimed.source.kind in APIS:
        return {"moved_to": "", "moved_seen": 0}
    seen = claimed.moved_seen + 1 if claimed.moved_to == document.moved_to else 1
    if seen >= MOVED_OFTEN:
        return {"url": document.moved_to, "moved_to": "", "moved_seen": 0}
    return {"moved_to": document.moved_to, "moved_seen": seen}


def gap(window: Sequence[str], before: Sequence[str]) -> bool:
    """Tell whether two windows of one feed share nothing, so that entries between them may be missed."""
    return bool(window) and bool(before) and set(window).isdisjoint(before)


def failure(claimed: Claimed, error: SourceError, now: datetime) -> Outcome:
    """Return what a failed poll writes: the reason, one failure more, and a later try; it never gives up."""
    failures = claimed.failures + 1
    values: dict[str, Any] = {
        "state": SourceState.FAILING.value,
        "last_error": str(error),
        "failures": failures,
        "failing_since": claimed.failing_since or now,
        "last_polled_at": now,
        "next_poll_at": now + backoff(error, failures),
    }
    if _gone_again(claimed, error):
        values |= {"state": SourceState.GONE.value, "next_poll_at": None}
    if claimed.resume and permanent(error):
        values["resume"] = {}
    return of(claimed, **values)


def _gone_again(claimed: Claimed, error: SourceError) -> bool:
    """410 once can be a mistake; a source is only given up when it says so again."""
    return isinstance(error, FetchError) and error.gone and claimed.last_error == str(error)


def permanent(error: SourceError) -> bool:
    """Tell whether asking the same again is useless, so that a broken-off run begins anew."""
    if isinstance(error, FetchError):
        return error.status is not None and 400 <= error.status < 500 and error.status not in (408, 425, 429)
    return True


def waiting(claimed: Claimed, wait: timedelta, now: datetime) -> Outcome:
    """Return what is written where the host asked to be left alone for a while."""
    return of(claimed, next_poll_at=now + wait)


def backoff(error: SourceError, failures: int) -> timedelta:
    asked = error.retry_after if isinstance(error, FetchError) else None
    own = min(timedelta(minutes=15 * 2 ** min(failures - 1, 8)), timedelta(days=1))
    return max(asked or own, own)


def our_network(claimed: Claimed, error: SourceError, now: datetime) -> Outcome:
    """Return what is written where every source failed at once: nothing counts against this one."""
    return of(claimed, last_error=f"{error} (so did every other source: is this machine offline?)",
              next_poll_at=now + timedelta(minutes=5))


def pace(claimed: Claimed, now: datetime, document: Document, page: Page, *, missed: bool) -> dict[str, Any]:
    interval = max(timedelta(seconds=claimed.interval_s), page.ttl or timedelta())
    return {"interval_s": claimed.interval_s, "next_poll_at": now + interval}


def idle_pace(claimed: Claimed, now: datetime) -> dict[str, Any]:
    return {"next_poll_at": now + timedelta(seconds=claimed.interval_s)}
