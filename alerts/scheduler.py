"""The metronome: a tick calls what is due; what is due stands in the database (law 5)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from alerts.errors import AlertsError
from alerts.ingest.fetch import Fetch
from alerts.ingest.pool import Pool
from alerts.pipeline import care, compose, deliver, inbox, index, keep, nightly, ping, poll, relabel, release, troubles
from alerts.store import engine as database
from alerts.wiring import World

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Beat:
    """One job of the metronome: it runs at start and then every `seconds`, never twice at a time."""

    name: str
    seconds: float
    work: Callable[[], Awaitable[object]]


class Metronome:
    """Calls each beat in time; a beat that raises is logged and called again at its next time."""

    def __init__(self, beats: tuple[Beat, ...]) -> None:
        self._beats = beats
        self._running: set[asyncio.Task[None]] = set()
        self._scheduler = AsyncIOScheduler(
            timezone="UTC",
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def start(self) -> None:
        """Start within the running event loop."""
        for beat in self._beats:
            start = datetime.now(UTC)  # noqa: TID251  the metronome is the clock
            self._scheduler.add_job(
                self._play, "interval", (beat,), seconds=beat.seconds, id=beat.name, next_run_time=start
            )
        self._scheduler.start()

    async def _play(self, beat: Beat) -> None:
        task = asyncio.current_task()
        if task:
            self._running.add(task)
        try:
            await beat.work()
        except AlertsError as error:
            log.warning("beat.failed", beat=beat.name, reason=str(error))
        except Exception as crash:
            if reason := database.said(crash):
                log.error("beat.failed", beat=beat.name, reason=f"the database said: {reason}")  # noqa: TRY400
            else:
                log.exception("beat.crashed", beat=beat.name)
        finally:
            if task:
                self._running.discard(task)

    async def stop(self) -> None:
        """Start nothing more and wait for what is in flight."""
        self._scheduler.pause()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._scheduler.shutdown(wait=False)


def beats(
    world: World, fetch: Fetch, roles: frozenset[str], stop: asyncio.Event, *, pool: Pool
) -> tuple[Beat, ...]:
    """Return what these roles do, and how often (in seconds) they look whether something is due."""
    work = _Work(world, fetch, stop, pool)
    plan = {
        "poll": (Beat("poll", 15, work.poll), Beat("care", 60, work.care), Beat("index", 3, work.index)),
        "scheduler": (
            Beat("release", 3, work.release),
            Beat("compose", 5, work.compose),
            Beat("herald", 5, work.herald),
            Beat("bounces", 60, work.bounces),
            Beat("relabel", 5, work.relabel),
            Beat("troubles", 600, work.troubles),
            Beat("backup", 600, work.backup),
            Beat("keep", 3600, work.keep),
        ),
        "deliver": (Beat("deliver", 3, work.deliver),),
    }
    return tuple(beat for role, its in plan.items() if role in roles for beat in its)


class _Work:
    """What the beats do: one call of the pipeline each, and one line in the log where there was something to do."""

    def __init__(self, world: World, fetch: Fetch, stop: asyncio.Event, pool: Pool) -> None:
        self._world = world
        self._fetch = fetch
        self._stop = stop
        self._pool = pool
        self._compared = False
        self._herald = ping.Herald(world.engine, world.settings)

    async def poll(self) -> None:
        outcomes = await poll.poll_due(self._world.engine, self._fetch, self._world.now(), read=self._pool.read)
        for outcome in outcomes:
            if outcome.failed and not outcome.network:
                log.warning("source.failed", source=outcome.slug, reason=outcome.error)
        if outcomes:
            log.info(
                "sources.polled",
                sources=len(outcomes),
                failed=sum(one.failed for one in outcomes),
                unreachable=sum(one.network for one in outcomes),
                new=sum(one.new for one in outcomes),
            )

    async def care(self) -> None:
        world = self._world
        budget = world.settings.completions_a_day
        done = await care.complete_due(world.engine, self._fetch, world.now(), budget=budget)
        asked = await care.ask_after_due(world.engine, self._fetch, world.now())
        if done.items or asked.items:
            log.info("items.cared", completed=done.changed, asked_after=asked.items, changed=asked.changed)

    async def index(self) -> None:
        await asyncio.to_thread(index.index, self._world.engine)

    async def release(self) -> None:
        numbers = await asyncio.to_thread(release.release, self._world.engine, self._world.now())
        if numbers:
            log.info("alerts.released", count=len(numbers), last=numbers[-1])

    async def herald(self) -> None:
        for reason in await self._herald.tell(self._fetch):
            log.warning("hub.failed", reason=reason)

    async def compose(self) -> None:
        world = self._world
        report = await asyncio.to_thread(compose.compose_due, world.engine, world.keyring, world.settings, world.now())
        if report.candidates:
            log.info("digests.composed", candidates=report.candidates, prepared=report.prepared)

    async def deliver(self) -> None:
        world = self._world
        report = await deliver.deliver_due(world.engine, world.keyring, world.settings, world.now(), stop=self._stop)
        if report.total or report.stopped:
            log.info(
                "mail.delivered",
                sent=report.sent,
                deferred=report.deferred,
                bounced=report.bounced,
                uncertain=report.uncertain,
                stopped=report.stopped,
            )

    async def relabel(self) -> None:
        world = self._world
        if not self._compared:
            await asyncio.to_thread(relabel.order_if_outdated, world.engine, world.now())
            self._compared = True
        done = await asyncio.to_thread(relabel.work_off, world.engine, world.now(), stopped=self._stop.is_set)
        if done:
            log.info("archive.relabelled", items=done.items, changed=done.changed)

    async def troubles(self) -> None:
        world = self._world
        told = await asyncio.to_thread(troubles.tell_due, world.engine, world.keyring, world.settings, world.now())
        if told:
            log.info("operator.told", broken=len(told.broken), recovered=len(told.recovered))

    async def bounces(self) -> None:
        world = self._world
        counts = await inbox.read_bounces(world.engine, world.keyring, world.settings, world.now())
        if counts:
            log.info("mail.returned", messages=sum(counts.values()))

    async def backup(self) -> None:
        world = self._world
        made = await asyncio.to_thread(nightly.back_up, world.engine, world.keyring, world.settings, world.now())
        if made:
            log.info("backup.made", file=made.path.name, rows=sum(made.rows.values()))

    async def keep(self) -> None:
        await asyncio.to_thread(keep.keep, self._world.engine, self._world.now())
