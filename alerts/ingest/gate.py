"""One request at a time for each host, spaced where asked; so many hosts at once (issue of fairness)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager


class Gates:
    """`async with gates.pass_(host)` waits its turn: first at the host, then for one of the `hosts` places."""

    def __init__(self, hosts: int, spacing: Mapping[str, float]) -> None:
        self._places = asyncio.Semaphore(hosts)
        self._spacing = spacing
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
        clock = asyncio.get_running_loop().time
        await asyncio.sleep(max(0.0, self._next.get(host, 0.0) - clock()))
        self._next[host] = clock() + gap
