"""One request at a time for each host, spaced where asked; so many hosts at once (issue of fairness)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

Starts = Callable[[], None]
"""Says that the request starts now."""


class Turn(Protocol):
    """The turns at hosts, shared with whoever else asks them.

    `async with turn.at(host, apart) as starts` waits for the turn: for nobody else to be there, and for `apart`
    seconds since the last request's start. The caller asks for one turn at a host at a time.
    """

    def at(self, host: str, apart: float) -> AbstractAsyncContextManager[Starts]: ...

    async def close(self) -> None: ...


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
        turn = self._turn.at(host, self._spacing.get(host, 0.0))
        async with self._queues.setdefault(host, asyncio.Lock()), turn as starts, self._places:
            starts()
            yield

    async def close(self) -> None:
        """Give back whatever turns are still ours."""
        await self._turn.close()


class _Alone:
    """The turns of a process that nobody shares its hosts with."""

    def __init__(self) -> None:
        self._opens: dict[str, float] = {}

    @asynccontextmanager
    async def at(self, host: str, apart: float) -> AsyncIterator[Starts]:
        clock = asyncio.get_running_loop().time

        def starts() -> None:
            if apart:
                self._opens[host] = clock() + apart

        await asyncio.sleep(self._opens.get(host, 0.0) - clock())
        yield starts

    async def close(self) -> None: ...
