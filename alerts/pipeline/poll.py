"""Polls the sources that are due: one request at a time per host, hosts in fair turn, each page stored at once."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Engine

from alerts.collector import collecting_seldom
from alerts.errors import FetchError, SourceError
from alerts.ingest.pool import Pool
from alerts.pipeline import index, outcome, rules
from alerts.pipeline.outcome import PollOutcome
from alerts.pipeline.run import FetchOne, Reader, Tools, host, near, run, waiting
from alerts.pipeline.shelve import Shelver
from alerts.store import catalogue, due
from alerts.store.bulk import chunks
from alerts.store.due import Claimed
from alerts.store.engine import reading, writing
from alerts.store.lease import LEASE

BATCH = 1_000  # sources claimed at once, and outcomes written: rows that one transaction may have (law 14)
HOSTS = 50  # hosts asked at once
FEWEST = 3  # hosts that must fail together before our own network is suspected

Progress = Callable[[PollOutcome], None]


async def poll_due(  # noqa: PLR0913  the contract of every face
    engine: Engine,
    fetch: FetchOne,
    now: datetime,
    slugs: Sequence[str] = (),
    everything: bool = False,
    *,
    read: Reader | None = None,
    progress: Progress = lambda _: None,
) -> list[PollOutcome]:
    """Poll what is due at `now`, these sources, or all; return how each went.

    A source that another worker holds is left to it. `read` is a `Pool.read` that outlives this poll; without it
    documents are read in processes of their own. Raises NotFoundError for a slug that names no source.
    """
    if read is None:
        async with Pool() as pool:
            return await poll_due(engine, fetch, now, slugs, everything, read=pool.read, progress=progress)
    with reading(engine) as session:
        shelver = Shelver(engine, rules.current(session), now)
    with collecting_seldom(), ThreadPoolExecutor(1, thread_name_prefix="store") as threads:
        poll = _Poll(Tools(engine, fetch, read, shelver, now, threads), progress)
        return await poll.all(slugs, everything=everything)


class _Poll:
    def __init__(self, tools: Tools, progress: Progress) -> None:
        self._engine = tools.engine
        self._now = tools.now
        self._progress = progress
        self._tools = tools

    async def all(self, slugs: Sequence[str], *, everything: bool) -> list[PollOutcome]:
        wanted = await self._tools.in_thread(lambda: self._wanted(slugs)) if slugs or everything else None
        found: list[PollOutcome] = []
        while claimed := await self._tools.in_thread(partial(self._claim, wanted)):
            found += await self._batch(claimed)
            if wanted is not None:
                wanted -= {one.id for one in claimed}
            await self._tools.in_thread(partial(index.index, self._engine))
        return found

    def _wanted(self, slugs: Sequence[str]) -> set[int]:
        with reading(self._engine) as session:
            if slugs:
                catalogue.health(session, slugs)
            return set(due.pollable(session, slugs))

    def _claim(self, wanted: set[int] | None) -> list[Claimed]:
        if wanted is not None and not wanted:
            return []
        with writing(self._engine) as session:
            return due.claim_due(session, self._now, limit=BATCH, among=wanted)

    async def _batch(self, claimed: Sequence[Claimed]) -> list[PollOutcome]:
        """Poll what was claimed; the leases are renewed until all is done."""
        found: list[PollOutcome] = []
        hosts = _by_host(claimed)
        waits = await self._tools.in_thread(partial(self._waits, hosts))
        turns = deque(hosts.items())
        heart = asyncio.create_task(self._keep(claimed[0].lease))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(HOSTS, len(hosts))):
                    group.create_task(self._take_turns(turns, waits, found))
        except BaseException:
            self._let_go(claimed[0].lease)
            raise
        finally:
            heart.cancel()
        await self._tools.in_thread(self._settle)
        return found

    def _waits(self, hosts: Collection[str]) -> dict[str, timedelta]:
        with reading(self._engine) as session:
            return due.waits(session, hosts)

    async def _take_turns(
        self, hosts: deque[tuple[str, deque[Claimed]]], waits: Mapping[str, timedelta], found: list[PollOutcome]
    ) -> None:
        """Poll a source of the host whose turn it is, then one of the next, until no host waits for its turn.

        A host that is being asked stands in no queue, so nobody else asks it meanwhile.
        """
        while hosts:
            name, queue = hosts.popleft()
            claimed = queue.popleft()
            wait = waits.get(name) or self._tools.asked.get(name)
            one = waiting(claimed, wait, self._tools) if wait else await run(claimed, self._tools)
            found.append(one)
            self._progress(one)
            if queue:
                hosts.append((name, queue))

    async def _keep(self, lease: str) -> None:
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 4)
            await self._tools.in_thread(partial(self._renew, lease))

    def _renew(self, lease: str) -> None:
        with writing(self._engine) as session:
            due.hold_on(session, lease)

    def _let_go(self, lease: str) -> None:
        """Give back what a broken-off poll still holds, so that nobody waits for its leases to run out."""
        with writing(self._engine) as session:
            due.let_go(session, lease)

    def _settle(self) -> None:
        """Write what could wait until the end of the batch: sources without news, failures, what hosts asked for."""
        tools = self._tools
        ours = _our_network(tools.reached, tools.lost)
        lost = [outcome.our_network(one, error, self._now) if ours and not near(one.source.url) else
                outcome.failure(one, error, self._now) for one, error in tools.lost]
        with writing(self._engine) as session:
            due.leave_alone(session, tools.asked)
        for part in chunks([*tools.unchanged, *lost], BATCH):
            with writing(self._engine) as session:
                due.write_many(session, part)
        tools.settled()


def _our_network(reached: Collection[str], lost: Sequence[tuple[Claimed, SourceError]]) -> bool:
    """Everything beyond this machine fails at once without reaching a server: that is our network, not theirs."""
    outside = [(claimed, error) for claimed, error in lost if not near(claimed.source.url)]
    unreached = all(isinstance(error, FetchError) and error.network for _, error in outside)
    return not reached and unreached and len({host(claimed.source) for claimed, _ in outside}) >= FEWEST


def _by_host(claimed: Iterable[Claimed]) -> dict[str, deque[Claimed]]:
    hosts: dict[str, deque[Claimed]] = {}
    for one in claimed:
        hosts.setdefault(host(one.source), deque()).append(one)
    return hosts
