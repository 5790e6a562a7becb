"""A host is visited by one process at a time, and its limit holds for all of them together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, text, update

from alerts.pipeline import turns
from alerts.pipeline.turns import Turns
from alerts.store import slots
from alerts.store.engine import database_now, writing
from alerts.store.tables import HostRow

HOST, OTHER = "api.example.org", "feeds.example.org"


@pytest.fixture
async def two(engine: Engine) -> AsyncIterator[tuple[Turns, Turns]]:
    """The turns of two processes."""
    one, other = Turns(engine), Turns(engine)
    yield one, other
    await one.close()
    await other.close()


@asynccontextmanager
async def busy(turn: Turns, host: str, apart: float = 0.0) -> AsyncIterator[None]:
    await turn.begin(host)
    turn.starts(host, apart)
    try:
        yield
    finally:
        turn.end(host)


def begun(engine: Engine, *hosts: str, by: str) -> dict[str, timedelta]:
    with writing(engine) as session:
        return slots.begin(session, hosts, by)


def test_a_host_belongs_to_one_until_it_is_given_back(engine) -> None:
    assert begun(engine, HOST, by="one") == {HOST: timedelta()}
    assert begun(engine, HOST, OTHER, by="other") == {OTHER: timedelta()}
    with writing(engine) as session:
        slots.end(session, {HOST: timedelta(seconds=5)}, "other")  # not theirs to give
    assert begun(engine, HOST, by="other") == {}
    with writing(engine) as session:
        slots.end(session, {HOST: timedelta(seconds=5)}, "one")
    wait = begun(engine, HOST, by="other")[HOST]
    assert timedelta(seconds=3) < wait <= timedelta(seconds=5)


def test_what_a_crash_left_is_free_when_its_lease_ran_out(engine) -> None:
    begun(engine, HOST, by="dead")
    with writing(engine) as session:
        assert slots.renew(session, "dead") == {HOST}
        session.execute(text("UPDATE hosts SET leased_until = '2000-01-01 00:00:00'"))
    assert begun(engine, HOST, by="living") == {HOST: timedelta()}
    with writing(engine) as session:
        assert slots.renew(session, "dead") == set()


def test_a_slot_far_ahead_comes_of_a_wrong_clock_and_is_not_waited_for(engine) -> None:
    begun(engine, HOST, by="one")
    with writing(engine) as session:
        slots.end(session, {HOST: timedelta(seconds=5)}, "one")
        session.execute(update(HostRow).values(next_slot_at=database_now(session) + timedelta(days=1)))
    assert begun(engine, HOST, by="other") == {HOST: timedelta()}


async def test_while_one_is_there_the_other_waits(two) -> None:
    one, other = two
    async with busy(one, HOST):
        waiting = asyncio.create_task(busy(other, HOST).__aenter__())
        async with busy(other, OTHER):
            assert not waiting.done(), "a host that is free is not held up by one that is not"
        assert not waiting.done()
    await asyncio.wait_for(waiting, 20)


async def test_the_limit_goes_with_the_host_from_one_to_the_other(two, monkeypatch) -> None:
    monkeypatch.setattr(turns, "IDLE", 0.0)
    one, other = two
    clock = asyncio.get_running_loop().time
    async with busy(one, HOST, 2.0):
        started = clock()
    async with busy(other, HOST, 2.0):
        assert clock() - started > 1.9


async def test_who_stays_long_gives_way(two, monkeypatch) -> None:
    monkeypatch.setattr(turns, "LONGEST", 0.3)
    one, other = two
    async with busy(one, HOST):
        waiting = asyncio.create_task(busy(other, HOST).__aenter__())
    async with asyncio.timeout(20):
        while not waiting.done():
            async with busy(one, HOST):
                await asyncio.sleep(0.01)
    assert waiting.exception() is None


async def test_a_visit_that_was_lost_is_begun_anew(two, engine, monkeypatch) -> None:
    monkeypatch.setattr(turns, "RENEWED", 0.0)
    one, _ = two
    async with busy(one, HOST):
        with writing(engine) as session:
            session.execute(update(HostRow).values(lease="another", leased_until=database_now(session)))
        async with asyncio.timeout(20):
            while HOST in one._visits:  # who renews finds out
                async with busy(one, OTHER):
                    await asyncio.sleep(0.01)
    async with busy(one, HOST):
        assert HOST in one._visits


async def test_closing_gives_everything_back_at_once(engine) -> None:
    one = Turns(engine)
    async with busy(one, HOST), busy(one, OTHER):
        pass
    await one.close()
    assert begun(engine, HOST, OTHER, by="other").keys() == {HOST, OTHER}


async def test_many_visits_and_requests_cost_few_transactions(two, engine) -> None:
    began = 0

    def count(_: object) -> None:
        nonlocal began
        began += 1

    async def ask(host: str) -> None:
        for _ in range(20):
            async with busy(two[0], host):
                await asyncio.sleep(0)

    event.listen(engine, "begin", count)
    await asyncio.gather(*(ask(f"{number}.example.org") for number in range(100)))
    assert began <= 5, "2,000 requests to 100 hosts"


async def test_a_database_that_is_away_is_told_to_who_waits(engine) -> None:
    one = Turns(engine)
    with writing(engine) as session:
        session.execute(text("ALTER TABLE hosts RENAME TO elsewhere"))
    with pytest.raises(Exception, match="hosts"):
        async with busy(one, HOST):
            pass
    with writing(engine) as session:
        session.execute(text("ALTER TABLE elsewhere RENAME TO hosts"))
    async with busy(one, HOST):
        assert HOST in one._visits
    await one.close()
