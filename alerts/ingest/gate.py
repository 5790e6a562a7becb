"""One request at a time for each host, spaced where asked; so many hosts at once (issue of fairness)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

Turn = Callable[[str, float], Awaitable[float]]
"""Takes a host and the seconds between two requests to it, and returns the seconds to wait until ours may start."""


class Gates:
    """`async with gates.pass_(host)` waits its turn: first at the host, then for one of the `hosts` places.

    `turn` shares out the turns at hosts with a spacing where other processes ask them too.
    """

    def __init__(self, hosts: int, spacing: Mapping[str, float], turn: Turn | None = None) -> None:
        self._places = asyncio.Semaphore(hosts)
        self._spacing = spacing
        self._turn = turn or self._own_turn
        self._turns: dict[str, asyncio.Lock] = {}
        self._next: dict[str, float] = {}

    @asynccontextmanager
    async def pass_(self, host: str) -> AsyncIterator[None]:
        """Hold the host's turn while the block runs; those who wait for one host take no place from others."""
        async with self._turns.setdefault(host, asyncio.Lock()):
            await self._wait(host)
            async with self._places:
                yield

    async def _wait(self, host: str) -> None:
        gap = self._spacing.get(host, 0.0)
        if not gap:
            return
        await asyncio.sleep(await self._turn(host, gap))

    async def _own_turn(self, host: str, gap: float) -> float:
        now = asyncio.get_running_loop().time()
        start = max(now, self._next.get(host, 0.0))
        self._next[host] = start + gap
        return start - now
