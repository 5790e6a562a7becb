"""Keeps up the note that this process runs, so that nobody replaces the database under it."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from threading import Event, Thread

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from alerts.store import presence
from alerts.store.engine import writing

log = structlog.get_logger(__name__)
EVERY = presence.LEASE.total_seconds() / 5


@asynccontextmanager
async def present(engine: Engine, roles: Iterable[str], *, every: float = EVERY) -> AsyncIterator[None]:
    """Be seen as running for as long as the block lasts."""
    here = _Here(engine, tuple(roles))
    await asyncio.to_thread(here.stay)
    staying = asyncio.create_task(here.stay_on(every))
    try:
        yield
    finally:
        staying.cancel()
        with suppress(asyncio.CancelledError):
            await staying
        await asyncio.to_thread(here.leave)


@contextmanager
def at_work(engine: Engine, what: str, *, every: float = EVERY) -> Iterator[None]:
    """Be seen as running for as long as the block lasts, where no event loop runs."""
    here, over = _Here(engine, (what,)), Event()
    here.stay()
    staying = Thread(target=here.stay_until, args=(over, every), daemon=True)
    staying.start()
    try:
        yield
    finally:
        over.set()
        staying.join()
        here.leave()


class _Here:
    def __init__(self, engine: Engine, roles: tuple[str, ...]) -> None:
        self._engine = engine
        self._roles = roles
        self._token = ""

    async def stay_on(self, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            await asyncio.to_thread(self.stay)

    def stay_until(self, over: Event, every: float) -> None:
        while not over.wait(every):
            self.stay()

    def stay(self) -> None:
        """Put off the end of the lease; enter (again) where there is no row of ours."""
        try:
            with writing(self._engine) as session:
                if not self._token or not presence.stay(session, self._token):
                    self._token = presence.enter(session, self._roles, socket.gethostname(), os.getpid())
        except DBAPIError as trouble:
            log.warning("presence.unknown", reason=type(trouble).__name__)

    def leave(self) -> None:
        with suppress(DBAPIError), writing(self._engine) as session:
            presence.leave(session, self._token)
