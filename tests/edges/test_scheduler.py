"""The metronome over a real event loop: beats again after a failure, never twice at a time, stops softly."""

import asyncio
from pathlib import Path

from sqlalchemy import text
from structlog.testing import capture_logs

from alerts.errors import SourceError
from alerts.scheduler import Beat, Metronome
from alerts.store.engine import connect, reading


async def test_a_beat_that_fails_is_played_again() -> None:
    played = 0
    twice = asyncio.Event()

    async def work() -> None:
        nonlocal played
        played += 1
        if played == 2:
            twice.set()
        raise SourceError("the peer is away")

    metronome = Metronome((Beat("failing", 0.02, work),))
    metronome.start()
    await asyncio.wait_for(twice.wait(), 5)
    await metronome.stop()
    assert played >= 2


async def test_a_beat_is_never_played_twice_at_a_time() -> None:
    at_once = most = 0
    rounds = 0
    enough = asyncio.Event()
    gate = asyncio.Event()

    async def slow() -> None:
        nonlocal at_once, most, rounds
        at_once += 1
        most = max(most, at_once)
        await gate.wait()
        at_once -= 1
        rounds += 1
        if rounds == 2:
            enough.set()

    async def quick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 5:
            gate.set()

    ticks = 0
    metronome = Metronome((Beat("slow", 0.01, slow), Beat("quick", 0.02, quick)))
    metronome.start()
    await asyncio.wait_for(enough.wait(), 5)
    await metronome.stop()
    assert most == 1


async def test_stopping_waits_for_what_is_in_flight() -> None:
    started, gate = asyncio.Event(), asyncio.Event()
    finished = False

    async def work() -> None:
        nonlocal finished
        started.set()
        await gate.wait()
        finished = True

    metronome = Metronome((Beat("long", 60, work),))
    metronome.start()
    await asyncio.wait_for(started.wait(), 5)
    stopping = asyncio.create_task(metronome.stop())
    done, _ = await asyncio.wait({stopping}, timeout=0)
    assert not done
    gate.set()
    await asyncio.wait_for(stopping, 5)
    assert finished


async def test_a_crash_in_a_beat_does_not_stop_the_others() -> None:
    ticks = asyncio.Event()

    async def crash() -> None:
        raise ZeroDivisionError

    async def tick() -> None:
        ticks.set()

    metronome = Metronome((Beat("crash", 0.01, crash), Beat("tick", 0.01, tick)))
    metronome.start()
    await asyncio.wait_for(ticks.wait(), 5)
    await metronome.stop()
    assert ticks.is_set()


async def test_a_database_that_is_away_is_one_line_in_the_log_and_no_traceback(tmp_path: Path) -> None:
    tried = asyncio.Event()
    nowhere = connect(f"sqlite:///{tmp_path / 'no' / 'where.db'}")

    async def ask() -> None:
        with reading(nowhere) as session:
            session.execute(text("SELECT 1"))

    async def work() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(ask())
        finally:
            tried.set()

    metronome = Metronome((Beat("asking", 60, work),))
    with capture_logs() as lines:
        metronome.start()
        await asyncio.wait_for(tried.wait(), 5)
        await metronome.stop()
    (line,) = lines
    assert (line["event"], line["beat"], line["reason"]) == (
        "beat.failed", "asking", "the database said: unable to open database file",
    )  # fmt: skip
