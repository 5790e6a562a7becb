"""What the result of a poll means for its source: the columns to write, when to ask again, what to tell; pure."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from alerts.errors import FetchError, PrivateError, SourceError, WebPageError
from alerts.ingest import APIS, pace
from alerts.model import Document, Page, Plan, Request, Source, SourceState
from alerts.pipeline import gaps
from alerts.store.due import Claimed, Outcome

MOVED_OFTEN = 3  # permanent redirects to one place before it is adopted
LOST_NETWORK = timedelta(minutes=5)
OFFLINE = "(so did every other source: is this machine offline?)"
GAP_NOTE = "The last poll shares no entry with the one before it: something may have been missed in between."


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOutcome:
    """How the poll of one source went. `state` is ok, unchanged, failed, waiting or dropped.

    `network` says that it failed without reaching any server; of one that was `waiting` the error says why, if it
    was not its host that asked for it.
    """

    slug: str
    state: str = "ok"
    new: int = 0
    changed: int = 0
    seen: int = 0
    error: str = ""
    notes: tuple[str, ...] = ()
    next_poll_at: datetime | None = None
    network: bool = False

    @property
    def asked(self) -> bool:
        return self.state != "waiting"

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
    headers = dict(request.headers)
    if claimed.etag:
        headers["If-None-Match"] = claimed.etag
    if claimed.last_modified:
        headers["If-Modified-Since"] = claimed.last_modified
    return Request(
        url=request.url, method=request.method, headers=headers, body=request.body, allow_private=request.allow_private
    )


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


def midway(claimed: Claimed, page: Page, *, undated: int, pages: int, gap: bool = False) -> Outcome:
    """Return what a page writes after which the run goes on; `gap` where it fills one."""
    following = page.next
    if following is None:
        raise ValueError("the last page ends its run")
    return of(claimed, resume=_resume(following, page.state, undated=undated, pages=pages, gap=gap))


def _resume(
    request: Request, state: Mapping[str, Any], *, undated: int, pages: int, gap: bool = False
) -> dict[str, Any]:
    """Return, as JSON values, all that a run needs to go on after a crash."""
    stands = {"request": request_json(request), "state": dict(state), "undated": undated, "pages": pages}
    return stands | ({"gap": True} if gap else {})


def to_fill(last: Outcome, plan: Plan, *, undated: int, pages: int) -> Outcome:
    """Return what the last page of a feed writes that found a gap: all of its own, and where to ask for the rest."""
    resume = _resume(plan.request, plan.state, undated=undated, pages=pages, gap=True)
    return replace(last, values={**last.values, "resume": resume})


def filled(claimed: Claimed, now: datetime, kind: str, entries: int) -> Outcome:
    """Return what the last page of a filled gap writes; after a run that had broken off the feed itself is due."""
    note = gaps.FILLED.format(kind=kind, entries=entries)
    if not claimed.resume:
        return of(claimed, resume={}, notes=[GAP_NOTE, note])
    fine = {name: value for name, value in healthy(now).items() if name != "last_ok_at"}
    return of(claimed, **fine, resume={}, notes=[GAP_NOTE, note], next_poll_at=now)


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


def retry(claimed: Claimed, error: SourceError, now: datetime) -> pace.Retry:
    """Decide when a source that failed is asked again."""
    usual = timedelta(seconds=claimed.interval_s)
    failing = pace.Failing(claimed.failures + 1, claimed.failing_since or now, usual)
    return pace.after_failure(error, failing, now, jitter(claimed, now))


def reason(source: Source, error: SourceError) -> str:
    """Say why a source could not be polled, and where the operator can change that, how."""
    if isinstance(error, PrivateError) and not source.allow_private:
        return f"{error}; if that is meant: alerts source edit {source.slug} --allow-private"
    if isinstance(error, WebPageError):
        return f"{error}; if the feed has moved: alerts source edit {source.slug} --url ADDRESS"
    return str(error)


def failure(claimed: Claimed, error: SourceError, now: datetime) -> Outcome:
    """Return what a failed poll writes: the reason, one failure more, and a later try; it never gives up."""
    again = retry(claimed, error, now)
    useless = permanent(error) or (claimed.resume.get("gap") and claimed.failures + 1 >= gaps.TRIES)
    begin_anew: dict[str, Any] = {"resume": {}} if claimed.resume and useless else {}
    return of(
        claimed,
        state=(SourceState.FAILING if again.at else SourceState.GONE).value,
        last_error=reason(claimed.source, error),
        failures=claimed.failures + 1,
        failing_since=claimed.failing_since or now,
        last_polled_at=now,
        next_poll_at=again.at,
        **begin_anew,
    )


def permanent(error: SourceError) -> bool:
    """Tell whether asking the same again is useless, so that a broken-off run begins anew."""
    if isinstance(error, FetchError):
        return error.status is not None and 400 <= error.status < 500 and error.status not in (408, 425, 429)
    return True


def waiting(claimed: Claimed, wait: timedelta, now: datetime) -> Outcome:
    """Return what is written where the host asked to be left alone for a while; why it fails otherwise stays told."""
    said = f"not asked: its host wants to be left alone until {now + wait:%Y-%m-%d %H:%M} UTC"
    return of(claimed, next_poll_at=now + wait, last_error=claimed.last_error if claimed.failures else said)


def our_network(claimed: Claimed, error: SourceError, now: datetime) -> Outcome:
    """Return what is written where every source failed at once: nothing counts against this one."""
    said = f"{error} {OFFLINE}"
    return of(claimed, last_error=said, next_poll_at=now + LOST_NETWORK)


def jitter(claimed: Claimed, now: datetime) -> float:
    return pace.jitter(f"{claimed.source.slug} {now.timestamp()}")


def following(
    claimed: Claimed, now: datetime, document: Document, page: Page | None, *, brought: int = 0
) -> dict[str, Any]:
    """Return when to ask next, by what the source brings and wishes; `brought` counts the entries of a run."""
    current = timedelta(seconds=claimed.interval_s)
    wishes = (page.ttl if page else None, pace.freshness(document.headers))
    interval = pace.interval(current, _found(claimed, now, page, brought), wishes)
    after = pace.next_poll(now, interval, jitter(claimed, now))
    return {"interval_s": round(interval.total_seconds()), "next_poll_at": after}


def _found(claimed: Claimed, now: datetime, page: Page | None, brought: int) -> pace.Found:
    """Return how many entries are new, of a window of how many; a first poll says nothing of the rate."""
    current = timedelta(seconds=claimed.interval_s)
    if page is None:
        return pace.Found(0, 0, current)
    if claimed.last_ok_at is None:
        return pace.Found(1, 4, current)
    elapsed = now - claimed.last_ok_at
    if not page.window:
        return pace.Found(brought, _PAGE, elapsed)
    new = len(set(page.window) - set(claimed.window))
    return pace.Found(new, len(page.window), elapsed, gap(page.window, claimed.window))


_PAGE = 100  # entries that a service without a moving window may bring at once before it is asked more often
