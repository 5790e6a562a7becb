"""The database is locked, full or restarted under the program: what could not be written is done later, once."""

import asyncio
import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import hands
import pytest
import valley
from crew import Hand
from sink import Sink
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from alerts.pipeline import compose, deliver, release
from alerts.store import engine as store_engine
from alerts.store import schema
from alerts.store.engine import connect

PEOPLE, CONNECTIONS = 30, 4
PATIENCE_MS = 60
VERBS = ("poll", "release", "compose", "send")
TABLES = ("sources", "items", "intents", "number_line", "subscribers", "deliveries")
DISK, ROOM = 24 * 2**20, (8 * 2**10, 500 * 2**10)  # bytes
PIECE = b"x" * 4096


class Work:
    """Every role in turn, each until it has nothing to do; what the database refuses is told by a false."""

    def __init__(self, engine: Engine, port: int, now: datetime) -> None:
        self.engine = engine
        self.port = port
        self.now = now

    def do(self, verb: str) -> bool:
        try:
            getattr(self, verb)()
        except (DBAPIError, ExceptionGroup):
            return False
        return True

    def all(self) -> None:
        for verb in VERBS:
            assert self.do(verb), verb

    def poll(self) -> None:
        asyncio.run(hands._poll(self.engine, self.now))

    def release(self) -> None:
        release.release(self.engine, self.now)

    def compose(self) -> None:
        compose.compose_due(self.engine, valley.KEYRING, valley.settings(self.engine), self.now)

    def send(self) -> None:
        settings, later = valley.settings(self.engine, self.port, CONNECTIONS), self.now + timedelta(hours=1)
        report = asyncio.run(deliver.deliver_due(self.engine, valley.KEYRING, settings, later, eager=True))
        if "database" in report.stopped:
            raise OperationalError(report.stopped, None, Exception())


def counted(engine: Engine, sources: valley.Sources, sink: Sink, people: int) -> dict[str, int]:
    return (valley.works(engine, sources.all) + valley.digests(engine) + valley.mails(engine, people, sink))._asdict()


@pytest.fixture
def hasty(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The same database for a program that does not wait long for a lock."""
    url = engine.url
    if engine.dialect.name == "postgresql":
        url = url.update_query_dict({"options": f"-c lock_timeout={PATIENCE_MS}"})
    monkeypatch.setattr(store_engine, "BUSY_TIMEOUT_MS", PATIENCE_MS)
    found = connect(url.render_as_string(hide_password=False))
    yield found
    found.dispose()


@contextmanager
def locked_now_and_then(engine: Engine, dice: random.Random) -> Iterator[None]:
    """Hold some lock for longer than the program waits, again and again."""
    over = Event()

    def hold() -> None:
        while not over.wait(dice.uniform(0, 0.02)):
            with suppress(OperationalError), engine.connect() as connection:
                _lock(connection, dice)
                over.wait(dice.uniform(1, 3) * PATIENCE_MS / 1000)
                connection.rollback()

    thread = Thread(target=hold)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _lock(connection, dice: random.Random) -> None:
    if connection.dialect.name == "sqlite":
        connection.execution_options(sqlite_begin="IMMEDIATE")
        connection.execute(text("UPDATE number_line SET n = n"))
    else:
        connection.execute(text(f"LOCK TABLE {dice.choice(TABLES)} IN EXCLUSIVE MODE"))


def test_locks_held_for_too_long(
    engine: Engine, hasty: Engine, sources: valley.Sources, sink: Sink, now: datetime, many: Callable,
    dice: random.Random, told: Callable,
) -> None:
    people, refused = many(PEOPLE, 5 * PEOPLE), []
    valley.furnish(engine, sources.base, now, people)
    work = Work(hasty, sink.port, now)
    while len(refused) < many(4, 20):
        with locked_now_and_then(engine, dice):
            refused += [verb for verb in VERBS if not work.do(verb)]
        valley.expire_leases(engine)
        work.now += timedelta(minutes=10)
    work.now += timedelta(days=1)
    work.all()
    assert told("lock held for too long", on=engine, trials=len(refused), **counted(engine, sources, sink, people),
                allowed=refused.count("send") * CONNECTIONS).holds


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, so small that it can be filled."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("no small file system can be mounted here: that needs root")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk: Path, room: int) -> Path:
    """Write until the disk has no more than so many bytes left."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(PIECE):
            pass
    with ballast.open("rb+") as file:
        file.truncate(max(ballast.stat().st_size - room, 0))
    return ballast


def test_a_full_disk(
    disk: Path, sources: valley.Sources, sink: Sink, now: datetime, many: Callable, dice: random.Random, told: Callable
) -> None:
    people, refused = many(PEOPLE, 5 * PEOPLE), []
    engine = connect(f"sqlite:///{disk / 'alerts.db'}")
    schema.upgrade(engine)
    valley.furnish(engine, sources.base, now, people)
    work = Work(engine, sink.port, now)
    for verb in VERBS:
        for _ in range(many(1, 4)):
            ballast = fill(disk, dice.randint(*ROOM) if verb == "poll" else dice.randint(0, ROOM[0]))
            refused += [] if work.do(verb) else [verb]
            ballast.unlink()
            valley.expire_leases(engine)
        assert work.do(verb)
    work.now += timedelta(days=1)
    work.all()
    assert told("disk full", on=engine, trials=len(refused), **counted(engine, sources, sink, people),
                allowed=refused.count("send") * CONNECTIONS).holds
    engine.dispose()


def test_a_service_goes_on_after_its_database_restarted(
    tmp_path: Path, sources: valley.Sources, sink: Sink, now: datetime, many: Callable, dice: random.Random, told: Callable
) -> None:
    """The server is stopped without warning and started again, under a running service."""
    from elephant import Elephant  # noqa: PLC0415  needs PostgreSQL from its wheel

    people, restarts = many(PEOPLE, 6 * PEOPLE), many(1, 10)
    with Elephant() as server:
        engine = connect(server.url)
        schema.upgrade(engine)
        valley.furnish(engine, sources.base, now, people)
        service = Hand(hands.serve, server.url, str(tmp_path), sink.port)
        for _ in range(restarts):
            service.signs(dice.randint(1, 120))
            server.restart(dice)
        valley.until(lambda: valley.all_done(engine, sources.all, people))
        service.stop()
        allowed = restarts * CONNECTIONS
        assert told("database restarted", on=engine, trials=restarts, **counted(engine, sources, sink, people), allowed=allowed).holds
        engine.dispose()
