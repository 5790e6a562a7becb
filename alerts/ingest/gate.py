"""One request at a time for each host, spaced where asked; so many hosts at once (issue of fairness)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Protocol


class Turn(Protocol):
    """The turns at hosts, shared with whoever else asks them; the caller takes one at a host at a time."""

    async def begin(self, host: str) -> None:
        """Wait for the turn: for nobody else to be there, and for the time that was to lie between two requests."""

    def starts(self, host: str, apart: float) -> None:
        """Note that a request starts now; the next may start so many seconds later."""

    def end(self, host: str) -> None:
        """Leave the host, whether the request was made or not."""

    async def close(self) -> None:
        """Give back whatever turns are still ours."""


class Gates:
    """`async with gates.pass_(host)` waits its turn: first at the host, then for one of the `hosts` places."""

    def __init__(self, hosts: int, spacing: Mapping[str, float], turn: Turn | None = None) -> None:
        self._places = asyncio.Semaphore(hosts)
        self._spacing = spacing
        self._turn = turn or _Alone()
        self._queues: dict[str, asyncio.Lock] = {}

    @asynccontextmanager
    async def pass_(self, host: str) -> AsyncIterator[None]:
        """Hold the host's turn while the block runs; those who wait for one host take no place from others."""
        async with self._queues.setdefault(host, asyncio.Lock()):
            try:
                await self._turn.begin(host)
                async with self._places:
                    self._turn.starts(host, self._spacing.get(host, 0.0))
                    yield
            finally:
                self._turn.end(host)

    async def close(self) -> None:
        """Give back whatever turns are still ours."""
        await self._turn.close()


class _Alone:
    """The turns of a process that nobody shares its hosts with."""

    def __init__(self) -> None:
        self._opens: dict[str, float] = {}

    async def begin(self, host: str) -> None:
        wait = self._opens.get(host, 0.0) - clock()
        if wait > 0:
            await asyncio.sleep(wait)

    def starts(self, host: str, apart: float) -> None:
        if apart:
            self._opens[host] = clock() + apart

    def end(self, host: str) -> None: ...

    async def close(self) -> None: ...


def clock() -> float:
    """Return the event loop's clock."""
    return asyncio.get_running_loop().time()
