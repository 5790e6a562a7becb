"""Stores the pages that are in hand at one moment in one transaction, however many sources they are of."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol, TypeVar

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from alerts.pipeline import index
from alerts.pipeline.shelve import PART, Shelved, Shelver, Visit

Stored = Shelved | Exception | None
T = TypeVar("T")

log = structlog.get_logger()


class InThread(Protocol):
    """Carries out database work off the event loop."""

    def __call__(self, call: Callable[[], T]) -> Awaitable[T]: ...


class Clerk:
    """`await clerk.shelve(visit)`: what comes while a transaction runs waits and goes together into the next one.

    Whenever a batch of new items came together it is indexed, while other pages are fetched and read.
    """

    def __init__(self, shelver: Shelver, in_thread: InThread) -> None:
        self._shelver = shelver
        self._in_thread = in_thread
        self._unindexed = 0
        self._waiting: deque[tuple[Visit, asyncio.Future[Shelved | None]]] = deque()
        self._working: asyncio.Task[None] | None = None

    async def shelve(self, visit: Visit) -> Shelved | None:
        """Store a page; None if another worker has taken its source over."""
        stored: asyncio.Future[Shelved | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((visit, stored))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await stored

    async def _work(self) -> None:
        while self._waiting:
            taken = self._take()
            visits = [visit for visit, _ in taken]
            found: list[Stored]
            try:
                found = await self._in_thread(partial(self._stored, visits))
            except Exception as error:  # noqa: BLE001  the runs they belong to raise it
                found = [error] * len(taken)
            for (_, future), one in zip(taken, found, strict=True):
                _answer(future, one)
            await self._index(sum(one.new for one in found if isinstance(one, Shelved)))

    async def _index(self, new: int) -> None:
        self._unindexed += new
        if self._unindexed >= index.BATCH:
            self._unindexed = 0
            with suppress(SQLAlchemyError):  # the poll's end indexes what is left, or tells
                await self._in_thread(partial(index.index_some, self._shelver.engine))

    def _take(self) -> list[tuple[Visit, asyncio.Future[Shelved | None]]]:
        """Take pages as they came, as many as fit into one transaction; a page that is larger goes alone."""
        taken = [self._waiting.popleft()]
        room = PART - _size(taken[0][0])
        while self._waiting and _size(self._waiting[0][0]) <= room:
            room -= _size(self._waiting[0][0])
            taken.append(self._waiting.popleft())
        return taken

    def _stored(self, visits: Sequence[Visit]) -> list[Stored]:
        if len(visits) > 1:
            try:
                return list(self._shelver.shelve_together(visits))
            except (OperationalError, InterfaceError):
                raise
            except Exception:  # a fault with one page must not cost the others: each by itself
                log.exception("pages.stored_apart", sources=[visit.claimed.source.slug for visit in visits])
        return [self._alone(visit) for visit in visits]

    def _alone(self, visit: Visit) -> Stored:
        try:
            return self._shelver.shelve(visit)
        except Exception as error:  # noqa: BLE001  the run it belongs to raises it
            return error


def _size(visit: Visit) -> int:
    return len(visit.page.entries) + 1


def _answer(future: "asyncio.Future[Shelved | None]", found: Stored) -> None:
    if future.done():
        return
    if isinstance(found, Exception):
        future.set_exception(found)
    else:
        future.set_result(found)
