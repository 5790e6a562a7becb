"""Visits hosts one process at a time: together with every other process of this installation (law 5).

A visit begins with the first request to a host, lasts while others follow and ends a moment after the last. Visits
that begin, go on or end about the same time are written together, so a request costs no transaction of its own.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from alerts.ingest.gate import clock
from alerts.store import slots
from alerts.store.engine import writing
from alerts.store.lease import LEASE

RENEWED = LEASE.total_seconds() / 4
SURE = LEASE.total_seconds() * 3 / 4  # seconds after which a visit that was not renewed may be another's
IDLE = 1.0  # seconds without a request that end a visit
LONGEST = 30.0  # seconds after which a visit gives way to whoever waits
RETRY = 0.25  # seconds between two tries for a host that another process visits

T = TypeVar("T")
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Visit:
    """A host that is ours; moments are the event loop's."""

    began: float
    renewed: float
    opens: float
    left: float | None  # when the last request ended; None: one is under way

    def lasts(self, now: float) -> bool:
        return now - self.renewed < SURE and now - self.began < LONGEST

    def idle(self, now: float) -> bool:
        return self.left is not None and now - self.left > IDLE


class Turns:
    """The turns at hosts of one `Fetch` (see `alerts.ingest.gate.Turn`)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._token = secrets.token_hex(16)
        self._visits: dict[str, _Visit] = {}
        self._wanted: dict[str, asyncio.Future[None]] = {}
        self._wake = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._renewed = 0.0
        self._closed = False

    async def begin(self, host: str) -> None:
        """Visit the host for one request."""
        visit = await self._visit(host)
        visit.left = None
        wait = visit.opens - clock()
        if wait > 0:
            await asyncio.sleep(wait)

    def starts(self, host: str, apart: float) -> None:
        if visit := self._visits.get(host):
            visit.opens = clock() + apart

    def end(self, host: str) -> None:
        if visit := self._visits.get(host):
            visit.left = clock()

    async def close(self) -> None:
        """End every visit."""
        self._closed = True
        if self._keeper is not None:
            self._wake.set()
            await self._keeper
            await self._end(list(self._visits))

    async def _visit(self, host: str) -> _Visit:
        """Return our visit to a host: the one that goes on, or a new one once nobody else is there."""
        visit = self._visits.get(host)
        if visit is not None and not visit.lasts(clock()):
            await self._end([host])
            await asyncio.sleep(2 * RETRY)
        while host not in self._visits:
            await self._ask_for(host)
        return self._visits[host]

    async def _ask_for(self, host: str) -> None:
        granted = self._wanted[host] = asyncio.get_running_loop().create_future()
        self._keeper = self._keeper or asyncio.create_task(self._keep())
        self._wake.set()
        try:
            await granted
        finally:
            self._wanted.pop(host, None)

    async def _keep(self) -> None:
        """Begin, renew and end visits, many in one transaction."""
        while not self._closed:
            try:
                await self._begin()
                await self._renew()
                await self._end([host for host, visit in self._visits.items() if visit.idle(clock())])
            except SQLAlchemyError as error:
                self._tell(error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._pause())
            self._wake.clear()
            await asyncio.sleep(0)  # hosts that are asked for in one breath begin together

    def _pause(self) -> float | None:
        """Return the seconds until there is something to do unasked."""
        if self._wanted:
            return RETRY
        return IDLE / 2 if self._visits else None

    def _tell(self, error: SQLAlchemyError) -> None:
        log.warning("hosts.failed", reason=type(error).__name__)
        for granted in self._wanted.values():
            if not granted.done():
                granted.set_exception(error)

    async def _begin(self) -> None:
        wanted = [host for host, granted in self._wanted.items() if not granted.done()]
        if not wanted:
            return
        asked = clock()
        opens = await self._write(lambda session: slots.begin(session, wanted, self._token))
        for host, wait in opens.items():
            self._visits[host] = _Visit(asked, asked, clock() + wait.total_seconds(), clock())
            granted = self._wanted.get(host)
            if granted is not None and not granted.done():
                granted.set_result(None)

    async def _renew(self) -> None:
        asked = clock()
        if not self._visits or asked - self._renewed < RENEWED:
            return
        ours = await self._write(lambda session: slots.renew(session, self._token))
        self._renewed = asked
        for host in list(self._visits):
            if host in ours:
                self._visits[host].renewed = asked
            else:
                del self._visits[host]

    async def _end(self, hosts: Sequence[str]) -> None:
        visits = {host: self._visits.pop(host) for host in hosts}
        waits = {host: timedelta(seconds=max(visit.opens - clock(), 0)) for host, visit in visits.items()}
        if waits:
            await self._write(lambda session: slots.end(session, waits, self._token))

    async def _write(self, work: Callable[[Session], T]) -> T:
        return await asyncio.to_thread(self._written, work)

    def _written(self, work: Callable[[Session], T]) -> T:
        with writing(self._engine) as session:
            return work(session)
