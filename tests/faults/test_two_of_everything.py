"""Two of everything at once on one database, one of them killed on the way: each piece of work is done once."""

import random
from collections.abc import Callable
from datetime import datetime

import hands
import valley
from crew import Hand
from sink import Sink
from sqlalchemy import Engine

PEOPLE, CONNECTIONS = 80, 3
SIGNS = 80


def test_two_of_each_role_of_which_one_is_killed(
    engine: Engine, sources: valley.Sources, sink: Sink, now: datetime, many: Callable, dice: random.Random, told: Callable
) -> None:
    """Each role by two processes at once: one is killed at random, the other goes on, a third finishes."""
    people = many(PEOPLE, 5 * PEOPLE)
    valley.furnish(engine, sources.base, now, people)
    url, kills, open_at_kills = engine.url.render_as_string(hide_password=False), 0, 0
    for work, more in ((hands.page, ()), (hands.publish, ()), (hands.compose, ()), (hands.send, (sink.port, CONNECTIONS))):
        for _ in range(many(1, 4)):
            other, victim = (Hand(work, url, now, *more) for _ in range(2))
            if work is hands.send:
                sink.grows_to(sink.count + dice.randint(1, people // 8), 0.5)
                open_at_kills += CONNECTIONS
            kills += victim.killed(dice, SIGNS if work is not hands.send else 1)
            other.finish()
            valley.expire_leases(engine)
        Hand(work, url, now, *more).finish()
    found = valley.works(engine, sources.all) + valley.digests(engine) + valley.mails(engine, people, sink)
    assert told("two of each role, one killed", on=engine, trials=kills, **found._asdict(), allowed=open_at_kills).holds
