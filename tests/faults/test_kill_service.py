"""kill -9 of the whole service, all roles at work at once: the next one finishes what was begun."""

import random
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import hands
import valley
from crew import Hand
from sink import Sink
from sqlalchemy import Engine

PEOPLE, CONNECTIONS = 40, 4
SIGNS = 200


def test_a_service_killed_again_and_again_and_two_of_them_at_once(
    engine: Engine, sources: valley.Sources, sink: Sink, now: datetime, tmp_path: Path, many: Callable,
    dice: random.Random, told: Callable,
) -> None:
    people, kills = many(PEOPLE, 6 * PEOPLE), 0
    valley.furnish(engine, sources.base, now, people)
    start = engine.url.render_as_string(hide_password=False), str(tmp_path), sink.port
    for _ in range(many(1, 10)):
        services = [Hand(hands.serve, *start) for _ in range(2)]
        kills += sum(service.killed(dice, SIGNS) for service in services)
        valley.expire_leases(engine)
    services = [Hand(hands.serve, *start) for _ in range(2)]
    valley.until(lambda: valley.all_done(engine, sources.all, people))
    for service in services:
        service.stop()
    found = valley.works(engine, sources.all) + valley.digests(engine) + valley.mails(engine, people, sink)
    assert told("two services killed", on=engine, trials=kills, **found._asdict(), allowed=kills * CONNECTIONS).holds
