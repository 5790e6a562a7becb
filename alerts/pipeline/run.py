"""One run of one source: plan, fetch, read and store page after page, and end with an outcome (law 1)."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from alerts import ingest
from alerts.errors import FetchError, ReadError, SourceError
from alerts.ingest.local import obtain
from alerts.model import Document, Page, PollState, Request, Source
from alerts.pipeline import gaps, outcome
from alerts.pipeline.clerk import Clerk
from alerts.pipeline.outcome import PollOutcome
from alerts.pipeline.shelve import Shelved, Shelver, Visit
from alerts.settings import is_loopback
from alerts.store import due
from alerts.store import engine as database
from alerts.store.due import Claimed, Outcome

FetchOne = Callable[[Request], Awaitable[Document]]
Reader = Callable[[Source, PollState, Document], Awaitable[Page]]

CONDITIONAL = frozenset({"feed", "page"})

T = TypeVar("T")
log = structlog.get_logger()


@dataclass(slots=True)
class Tools:
    """What every run of a poll works with."""

    engine: Engine
    fetch: FetchOne
    read: Reader
    shelver: Shelver
    now: datetime
    threads: Executor
    unchanged: list[Outcome] = field(default_factory=list)
    lost: list[tuple[Claimed, SourceError]] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)
    asked: dict[str, timedelta] = field(default_factory=dict)
    clerk: Clerk = field(init=False)

    def __post_init__(self) -> None:
        self.clerk = Clerk(self.shelver, self.in_thread)

    def settled(self) -> None:
        """Forget what was written at the end of a batch."""
        for each in (self.unchanged, self.lost, self.reached, self.asked):
            each.clear()

    async def in_thread(self, call: Callable[[], T]) -> T:
        """Carry out database work off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, call)


@dataclass(slots=True)
class _At:
    """Where a run stands: the request to make, the run's state, and what came before.

    `source` is what is asked: the source itself, or after a gap the one that stands in for it, which gave `fills`
    entries so far.
    """

    request: Request
    state: Mapping[str, Any]
    source: Source
    pages: int = 0
    undated: int = 0
    fills: int = 0
    done: Shelved = field(default_factory=Shelved)
    notes: tuple[str, ...] = ()


async def run(claimed: Claimed, tools: Tools) -> PollOutcome:
    """Poll one source; whatever is wrong with it becomes its outcome, never an exception."""
    try:
        at = _begin(claimed, tools.now)
        if at is None:
            return _unchanged(claimed, tools, Document(url=claimed.source.url))
        return await _pages(claimed, tools, at)
    except SourceError as error:
        return _failed(claimed, tools, error)
    except (OperationalError, InterfaceError):  # the database itself is away
        raise
    except Exception as error:  # foreign documents break programs in ways nobody foresees: the others go on
        log.exception("poll broke", source=claimed.source.slug)
        return _failed(claimed, tools, SourceError(f"broke this program: {type(error).__name__}: {str(error)[:200]}"))


def _begin(claimed: Claimed, now: datetime) -> _At | None:
    """Go on where a run broke off, or plan a new one."""
    resume = claimed.resume
    if resume:
        source = gaps.under_way(claimed) or claimed.source
        return _At(
            outcome.request_from(resume["request"]), resume["state"], source, resume["pages"], resume["undated"]
        )
    plan = ingest.KINDS[claimed.source.kind].plan(claimed.source, claimed.poll_state(), now)
    if plan is None:
        return None
    conditional = claimed.source.kind in CONDITIONAL
    request = outcome.conditional(claimed, plan.request) if conditional else plan.request
    return _At(request, plan.state, claimed.source)


async def _pages(claimed: Claimed, tools: Tools, at: _At) -> PollOutcome:
    while True:
        document, page = await _page(claimed, tools, at)
        if page is None:
            return _unchanged(claimed, tools, document)
        written, following = _written(claimed, tools.now, at, document, page)
        visit = Visit(claimed=claimed, page=page, outcome=written, ends=following is None, undated=at.undated)
        stored = await tools.clerk.shelve(visit)
        if stored is None:
            return PollOutcome(slug=claimed.source.slug, state="dropped")
        fills = at.fills + len(page.entries) if at.source is not claimed.source else 0
        at = replace(following or at, fills=fills, pages=at.pages + 1, undated=stored.undated, done=at.done + stored,
                     notes=(*at.notes, *page.notes))
        if following is None:
            return _polled(claimed, at, written)


def _written(
    claimed: Claimed, now: datetime, at: _At, document: Document, page: Page
) -> tuple[Outcome, _At | None]:
    """Return what a page writes, and where the run goes on; None where it ends with this page.

    A run that found a gap goes on elsewhere; the feed's own state stands already, so that nothing is asked twice.
    """
    filling = at.source is not claimed.source
    if page.next is not None:
        midway = outcome.midway(claimed, page, undated=at.undated, pages=at.pages + 1, gap=filling)
        return midway, replace(at, request=page.next, state=page.state)
    if filling:
        return outcome.filled(claimed, now, at.source.kind, at.fills + len(page.entries)), None
    last = _last(claimed, now, at, document, page)
    missed = gaps.begin(claimed, now) if outcome.gap(page.window, claimed.window) else None
    if missed is None:
        return last, None
    source, plan = missed
    return outcome.to_fill(last, plan, undated=at.undated, pages=at.pages + 1), replace(
        at, request=plan.request, state=plan.state, source=source)


async def _page(claimed: Claimed, tools: Tools, at: _At) -> tuple[Document, Page | None]:
    """Fetch and read one page; None where nothing changed since the last poll."""
    known: Mapping[str, str] = {}
    try:
        document = await obtain(at.source, at.request, tools.fetch)
        _reached(claimed, tools)
        if document.status == 304 or (at.pages == 0 and claimed.body_hash and _digest(document) == claimed.body_hash):
            return document, None
        if claimed.window:
            known = await tools.in_thread(lambda: _known(tools.engine, claimed))
        return document, await tools.read(at.source, _state(claimed, at, known), document)
    except (FetchError, ReadError) as error:
        page = _recovered(at, _state(claimed, at, known), error)
        if page is None:
            raise
        return Document(url=at.request.url), page


def _state(claimed: Claimed, at: _At, known: Mapping[str, str]) -> PollState:
    return PollState(anchor=claimed.anchor, resume=at.state, known=known)


def _recovered(at: _At, state: PollState, error: SourceError) -> Page | None:
    return ingest.recover(at.source, state, at.request, error) if at.pages else None


def _known(engine: Engine, claimed: Claimed) -> dict[str, str]:
    with database.reading(engine) as session:
        return due.known(session, claimed.id, claimed.window)


def _digest(document: Document) -> str:
    return hashlib.sha256(document.body).hexdigest()


def _last(claimed: Claimed, now: datetime, at: _At, document: Document, page: Page) -> Outcome:
    """Return what the last page writes: only it moves the anchor, the HTTP state and the next poll (law 1)."""
    single = at.pages == 0 and document.status == 200
    missed = outcome.gap(page.window, claimed.window)
    notes = [*at.notes, *page.notes, *([outcome.GAP_NOTE] if missed else [])]
    return outcome.of(
        claimed,
        **outcome.healthy(now),
        **outcome.moved(claimed, document),
        **(outcome.validators(document) if single else {}),
        **outcome.following(claimed, now, document, page, brought=at.done.new + at.done.changed + len(page.entries)),
        body_hash=_digest(document) if single and document.body else "",
        anchor=dict(page.state),
        resume={},
        window=list(page.window or claimed.window),
        notes=notes,
        gaps=claimed.gaps + missed,
        title=claimed.source.title or page.title,
    )


def _unchanged(claimed: Claimed, tools: Tools, document: Document) -> PollOutcome:
    """Note a source that had nothing new; many are written in one transaction."""
    values = outcome.healthy(tools.now)
    values |= outcome.moved(claimed, document)
    values |= outcome.following(claimed, tools.now, document, None)
    tools.unchanged.append(Outcome(source_id=claimed.id, lease=claimed.lease, values=values))
    return PollOutcome(
        slug=claimed.source.slug, state="unchanged", seen=len(claimed.window), next_poll_at=values["next_poll_at"]
    )


def _polled(claimed: Claimed, at: _At, written: Outcome) -> PollOutcome:
    return PollOutcome(
        slug=claimed.source.slug,
        new=at.done.new,
        changed=at.done.changed,
        seen=at.done.seen,
        notes=tuple(written.values["notes"]),
        next_poll_at=written.values.get("next_poll_at"),
    )


def _failed(claimed: Claimed, tools: Tools, error: SourceError) -> PollOutcome:
    tools.lost.append((claimed, error))
    network = isinstance(error, FetchError) and error.network
    again = outcome.retry(claimed, error, tools.now)
    if again.host:
        tools.asked[host(claimed.source)] = again.host - tools.now
    if not network:
        _reached(claimed, tools)
    return PollOutcome(
        slug=claimed.source.slug, state="failed", error=outcome.reason(claimed.source, error), next_poll_at=again.at,
        network=network,
    )


def _reached(claimed: Claimed, tools: Tools) -> None:
    """Note that a host beyond this machine answered: our own network works."""
    if not near(claimed.source.url):
        tools.reached.add(host(claimed.source))


@lru_cache(maxsize=4_096)
def near(url: str) -> bool:
    """Tell whether an address leads to this machine alone."""
    return is_loopback(urlsplit(url).hostname or "")


def waiting(claimed: Claimed, wait: timedelta, tools: Tools) -> PollOutcome:
    """Leave a source alone whose host asked for it."""
    written = outcome.waiting(claimed, wait, tools.now)
    tools.unchanged.append(written)
    return PollOutcome(slug=claimed.source.slug, state="waiting", next_poll_at=written.values["next_poll_at"])


def host(source: Source) -> str:
    """Return where a source's requests go: the host of its address, or its kind where that knows the address."""
    return _netloc(source.url) or source.kind


@lru_cache(maxsize=4_096)
def _netloc(url: str) -> str:
    return urlsplit(url).netloc
