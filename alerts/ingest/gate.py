"""One request at a time for each host, spaced where asked; so many hosts at once, none kept waiting by another."""

import asyncio
from collections.abc import Mapping
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

    def pass_(self, host: str) -> "_Pass":
        """Hold the host's turn while the block runs; those who wait for one host take no place from others."""
        queue = self._queues.get(host) or self._queues.setdefault(host, asyncio.Lock())
        return _Pass(host, queue, self._turn, self._places, self._spacing.get(host, 0.0))

    async def close(self) -> None:
        """Give back whatever turns are still ours."""
        await self._turn.close()


class _Pass:
    """One request's way to its host."""

    __slots__ = ("_apart", "_host", "_places", "_queue", "_turn")

    def __init__(
        self, host: str, queue: asyncio.Lock, turn: Turn, places: asyncio.Semaphore, apart: float
    ) -> None:
        self._host = host
        self._queue = queue
        self._turn = turn
        self._places = places
        self._apart = apart

    async def __aenter__(self) -> None:
        await self._queue.acquire()
        try:
            await self._turn.begin(self._host)
            await self._places.acquire()
        except BaseException:
            self._leave()
            raise
        self._turn.starts(self._host, self._apart)

    async def __aexit__(self, *_: object) -> None:
        self._places.release()
        self._leave()

    def _leave(self) -> None:
        self._turn.end(self._host)
        self._queue.release()


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
