"""The metronome: a tick calls what is due; what is due stands in the database (law 5)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from alerts.errors import AlertsError
from alerts.ingest.fetch import Fetch
from alerts.pipeline import compose, deliver, inbox, keep, poll, release, watch
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
        except Exception:
            log.exception("beat.crashed", beat=beat.name)
        finally:
            if task:
                self._running.discard(task)

    async def stop(self) -> None:
        """Start nothing more and wait for what is in flight."""
        self._scheduler.pause()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._scheduler.shutdown(wait=False)


def beats(world: World, fetch: Fetch, roles: frozenset[str], stop: asyncio.Event) -> tuple[Beat, ...]:
    """Return what these roles do, and how often they look whether something is due."""
    return tuple(beat for role, beat in _beats(world, fetch, stop) if role in roles)


def _beats(world: World, fetch: Fetch, stop: asyncio.Event) -> Iterator[tuple[str, Beat]]:
    async def read() -> None:
        outcomes = await poll.poll_due(world.engine, fetch, world.now())
        for outcome in outcomes:
            if outcome.failed and not outcome.network:
                log.warning("source.failed", source=outcome.slug, reason=outcome.error)
        if outcomes:
            unreachable = sum(outcome.network for outcome in outcomes)
            log.info(
                "sources.polled",
                sources=len(outcomes),
                failed=sum(one.failed for one in outcomes),
                unreachable=unreachable,
                new=sum(one.new for one in outcomes),
            )

    async def stamp() -> None:
        numbers = await asyncio.to_thread(release.release, world.engine, world.now())
        if numbers:
            log.info("alerts.released", count=len(numbers), last=numbers[-1])

    async def prepare() -> None:
        report = await asyncio.to_thread(compose.compose_due, world.engine, world.keyring, world.settings, world.now())
        if report.candidates:
            log.info("digests.composed", candidates=report.candidates, prepared=report.prepared)

    async def send() -> None:
        report = await deliver.deliver_due(world.engine, world.keyring, world.settings, world.now(), stop=stop)
        if report.total or report.stopped:
            log.info(
                "mail.delivered",
                sent=report.sent,
                deferred=report.deferred,
                bounced=report.bounced,
                uncertain=report.uncertain,
                stopped=report.stopped,
            )

    async def care() -> None:
        done = await watch.complete_due(world.engine, fetch, world.now())
        asked = await watch.ask_after_due(world.engine, fetch, world.now())
        if done.items or asked.items:
            log.info("items.cared", completed=done.changed, asked_after=asked.items, changed=asked.changed)

    async def returned() -> None:
        counts = await inbox.read_bounces(world.engine, world.keyring, world.settings, world.now())
        if counts:
            log.info("mail.returned", messages=sum(counts.values()))

    async def tidy() -> None:
        await asyncio.to_thread(keep.keep, world.engine, world.now())

    yield "poll", Beat("poll", 15, read)
    yield "scheduler", Beat("release", 3, stamp)
    yield "scheduler", Beat("compose", 5, prepare)
    yield "scheduler", Beat("keep", 3600, tidy)
    yield "scheduler", Beat("bounces", 60, returned)
    yield "poll", Beat("care", 60, care)
    yield "deliver", Beat("deliver", 3, send)
