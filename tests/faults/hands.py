"""What the processes of a trial do: one role of the program each, or all of them, with a sign at every statement."""

import asyncio
import signal
from dataclasses import replace
from datetime import datetime, timedelta

import uvloop
from alembic import command
from crew import Say
from sqlalchemy import Engine, event
from valley import KEYRING, Lines, settings

from alerts import ingest, logs
from alerts.deliver.carrier import Deadlines
from alerts.deliver.smtp import Limits, SmtpCarrier
from alerts.ingest.fetch import Fetch
from alerts.ingest.pool import Pool
from alerts.model import Document, Page, PollState, Source
from alerts.pipeline import compose as composing
from alerts.pipeline import deliver, poll, release
from alerts.pipeline.presence import present
from alerts.scheduler import Metronome, beats
from alerts.store import lease, schema
from alerts.store.engine import connect
from alerts.wiring import World

SHORT = Limits(deadlines=Deadlines(connect=10, command=30, body=30))
QUICK = 0.1  # seconds between the beats of a service under trial
LEASE = timedelta(seconds=5)  # there, so that nobody waits a minute for what a dead worker held


def _opened(say: Say, url: str) -> Engine:
    """Open the database; a sign is given where a transaction begins, before every statement, and at the commit."""
    engine = connect(url)
    for moment in ("begin", "before_cursor_execute", "commit"):
        event.listen(engine, moment, lambda *_: say())
    return engine


async def _read(source: Source, state: PollState, document: Document) -> Page:
    return Lines().read(source, state, document)


def page(say: Say, url: str, now: datetime) -> None:
    """Poll until nothing is due; nothing is released."""
    asyncio.run(_poll(_opened(say, url), now))


async def _poll(engine: Engine, now: datetime) -> None:
    ingest.KINDS["lines"] = Lines()  # type: ignore[index]
    async with Fetch("tests@example.org") as fetch:
        while await poll.poll_due(engine, fetch, now, read=_read):
            pass


def publish(say: Say, url: str, now: datetime) -> None:
    """Release until no intent waits, twenty a transaction."""
    release.BATCH = 20
    release.release(_opened(say, url), now)


def compose(say: Say, url: str, now: datetime) -> None:
    """Compose for everyone who is due, ten people a transaction."""
    composing.BATCH = 10  # type: ignore[misc]
    engine = _opened(say, url)
    composing.compose_due(engine, KEYRING, settings(engine), now)


def send(say: Say, url: str, now: datetime, port: int, connections: int) -> None:
    """Work off the outbox once."""
    engine = connect(url)
    wanted = settings(engine, port, connections)
    server = wanted.smtp
    assert server is not None
    carrier = SmtpCarrier(server, hello="alerts.example.org", limits=SHORT)
    say()
    uvloop.run(deliver.deliver_due(engine, KEYRING, wanted, now + timedelta(hours=1), carrier=carrier, eager=True))


def migrate(say: Say, url: str, folder: str = "") -> None:
    """Bring the schema to the newest revision, of this program or of the migrations in a folder."""
    engine = _opened(say, url)
    config = schema._config(engine)
    if folder:
        config.set_main_option("script_location", folder)
    command.upgrade(config, "head")


def serve(say: Say, url: str, folder: str, port: int) -> None:
    """Run the whole service but for its pages, with quick beats, until SIGTERM."""
    ingest.KINDS["lines"] = Lines()  # type: ignore[index]
    composing.BATCH = 10  # type: ignore[misc]
    for call in (lease.claim, lease.take, lease.renew, deliver.deliver_due):
        (call.__kwdefaults__ or {})["lease"] = LEASE
    logs.configure()
    engine = _opened(say, url)
    uvloop.run(_serve(World(settings(engine, port, folder=folder), engine, KEYRING)))


async def _serve(world: World) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    roles = frozenset({"scheduler", "poll", "deliver"})
    async with present(world.engine, roles), Fetch() as fetch, Pool() as pool:
        found = beats(world, fetch, roles, stop, pool=pool)
        metronome = Metronome(tuple(replace(beat, seconds=QUICK) for beat in found if beat.name in _UNDER_TRIAL))
        metronome.start()
        await stop.wait()
        await metronome.stop()


_UNDER_TRIAL = frozenset({"poll", "release", "compose", "deliver"})
