"""A host's limit holds for all processes together."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

from sqlalchemy import update

from alerts.pipeline.turns import Turns
from alerts.store import slots
from alerts.store.engine import database_now, writing
from alerts.store.tables import HostRow

HOST, APART = "api.example.org", timedelta(seconds=5)


def taken(engine) -> timedelta:
    with writing(engine) as session:
        return slots.take(session, HOST, APART)


def test_each_that_asks_gets_a_slot_of_its_own_however_many_ask_at_once(engine) -> None:
    with ThreadPoolExecutor(4) as threads:
        waits = sorted(threads.map(lambda _: taken(engine), range(8)))
    assert waits[0] == timedelta()
    gaps = [later - sooner for sooner, later in pairwise(waits)]
    assert all(abs(gap - APART) < timedelta(seconds=2) for gap in gaps)


def test_a_slot_far_ahead_comes_of_a_wrong_clock_and_is_not_waited_for(engine) -> None:
    assert taken(engine) == timedelta()
    with writing(engine) as session:
        session.execute(update(HostRow).values(next_slot_at=database_now(session) + timedelta(days=1)))
    assert taken(engine) == timedelta()


async def test_two_processes_wait_for_each_other(engine) -> None:
    one, other = Turns(engine), Turns(engine)
    assert await one(HOST, 5.0) == 0
    assert 3 < await other(HOST, 5.0) <= 5
    assert await one("other.example.org", 5.0) == 0
