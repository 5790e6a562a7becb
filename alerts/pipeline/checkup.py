"""Explains step by step what a poll of one source would do now: asks and reads as a poll does, and stores nothing."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Engine

from alerts.errors import ReadError, SourceError
from alerts.ingest import KINDS, backfill
from alerts.ingest.local import obtain
from alerts.model import Document, Page, PollState, Request, SourceState
from alerts.pipeline import outcome
from alerts.pipeline.preview import SHOWN, look
from alerts.pipeline.run import CONDITIONAL, FetchOne, host
from alerts.store import due
from alerts.store.due import Claimed
from alerts.store.engine import reading


async def steps(engine: Engine, fetch: FetchOne, slug: str, now: datetime) -> AsyncIterator[str]:
    """Yield one line a step; raises NotFoundError, and SourceError after the lines that explain it."""
    with reading(engine) as session:
        found = due.look(session, slug)
        wait = due.waits(session, [host(found.claimed.source)]).get(host(found.claimed.source))
    for line in _standing(found, wait, now):
        yield line
    claimed = found.claimed
    try:
        with reading(engine) as session:
            known = due.known(session, claimed.id, claimed.window)
        request, state = _request(claimed, known, now)
        yield f"It asks {_asked(request)}"
        document = await obtain(claimed.source, request, fetch)
        yield _answered(claimed, document)
        if document.status == 304:
            yield _following(claimed, now, document, None)
            return
        page = await look(fetch, claimed.source, state, document)
    except SourceError as error:
        yield _failure(claimed, error, now)
        raise
    with reading(engine) as session:
        known |= due.known(session, claimed.id, {*page.window, *(entry.locator for entry in page.entries)})
    for line in _brought(claimed, page, known):
        yield line
    yield _following(claimed, now, document, page)


def _standing(found: due.Look, wait: timedelta | None, now: datetime) -> Iterator[str]:
    """Say how the source stands, and what would keep a poll from asking it."""
    claimed, source = found.claimed, found.claimed.source
    said = f"{source.slug} is a {source.kind} source, state {claimed.state.value}"
    yield f"{said}; its next poll is due {_at(found.next_poll_at)}." if found.next_poll_at else f"{said}."
    if claimed.last_error:
        yield f"At the last try ({claimed.failures} in a row failed): {claimed.last_error}"
    if claimed.state in (SourceState.PAUSED, SourceState.GONE):
        yield f"A poll leaves it alone until: alerts source resume {source.slug}"
    if found.held:
        yield "Another process polls it at this moment; a poll leaves it to that one."
    if wait:
        yield f"Its host wants to be left alone until {_at(now + wait)}; a poll waits until then. This check asks once."


def _request(claimed: Claimed, known: Mapping[str, str], now: datetime) -> tuple[Request, PollState]:
    """Return what a poll would ask first: where the last run broke off, or the beginning of a new one."""
    state = PollState(anchor=claimed.anchor, known=known)
    if claimed.resume and not claimed.resume.get("gap"):
        return outcome.request_from(claimed.resume["request"]), replace(state, resume=claimed.resume["state"])
    plan = KINDS[claimed.source.kind].plan(claimed.source, state, now)
    if plan is None:
        raise ReadError("there is nothing to ask")
    conditional = claimed.source.kind in CONDITIONAL
    request = outcome.conditional(claimed, plan.request) if conditional else plan.request
    return request, replace(state, resume=plan.state)


def _asked(request: Request) -> str:
    validators = [name for name in ("If-None-Match", "If-Modified-Since") if name in request.headers]
    told = f", if it changed since the last poll ({' and '.join(validators)})" if validators else ""
    return f"{request.method} {request.url}{told}"


def _answered(claimed: Claimed, document: Document) -> str:
    if document.status == 304:
        return "It answers 304: nothing changed since the last poll."
    size = f"It answers {document.status} with {len(document.body):,} bytes."
    moved = outcome.moved(claimed, document)
    if "url" in moved:
        return f"{size} It has moved for good to {document.moved_to}, which the next poll adopts."
    if moved["moved_to"]:
        return f"{size} It moved to {document.moved_to}: seen {moved['moved_seen']} of {outcome.MOVED_OFTEN} times."
    return size


def _brought(claimed: Claimed, page: Page, known: Mapping[str, str]) -> Iterator[str]:
    """Say what the answer holds, as far as one page shows it."""
    new = [entry for entry in page.entries if entry.locator not in known]
    changed = sum(known.get(entry.locator, entry.raw_hash) != entry.raw_hash for entry in page.entries)
    yield (
        f"It can be read: {page.title or claimed.source.title or 'no title'}, {len(page.entries) + page.seen} items; "
        f"{len(new)} were never seen here, {changed} changed in some way."
    )
    for entry in new[:SHOWN]:
        yield f"  {entry.content.published or 'no date'}  [{entry.content.kind}] {entry.content.title[:90]}"
    yield from (f"Note: {note}" for note in page.notes)
    if page.next is not None:
        yield "There are more pages; a poll would go on."
    if outcome.gap(page.window, claimed.window):
        other = backfill.stand_in(claimed.source)
        filled = f"a poll would ask {other.kind} for it" if other else "no service can say what"
        yield f"It shares nothing with the last poll, so something may have been missed: {filled}."


def _following(claimed: Claimed, now: datetime, document: Document, page: Page | None) -> str:
    brought = len(page.entries) if page else 0
    after = outcome.following(claimed, now, document, page, brought=brought)
    every = f"every {after['interval_s'] // 60} minutes"
    return f"After this poll the next would be due {_at(after['next_poll_at'])}, {every}."


def _failure(claimed: Claimed, error: SourceError, now: datetime) -> str:
    again = outcome.retry(claimed, error, now)
    when = f"ask again {_at(again.at)}" if again.at else "ask no more: it was gone three times in a day"
    why = outcome.reason(claimed.source, error)
    return f"That fails: {why}. A poll would count failure {claimed.failures + 1} in a row and {when}."


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
