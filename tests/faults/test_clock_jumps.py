"""The clock jumps forwards and backwards between any two steps: nothing is lost, told twice or numbered anew."""

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta

import valley
from hands import _poll
from sqlalchemy import Engine

from alerts.pipeline import compose, release

PEOPLE = 3
JUMP = timedelta(days=400)


def step(engine: Engine, now: datetime, verb: str) -> None:
    if verb == "poll":
        asyncio.run(_poll(engine, now))
    elif verb == "release":
        release.release(engine, now)
    else:
        compose.compose_due(engine, valley.KEYRING, valley.settings(engine), now)


def test_every_step_at_a_moment_of_its_own(
    engine: Engine, sources: valley.Sources, now: datetime, many: Callable, dice: random.Random, told: Callable
) -> None:
    """The dates of people and sources go with the jumps; the order of news is that of the numbers alone."""
    trials, found = many(2, 20), valley.Count()
    valley.furnish(engine, sources.base, now, PEOPLE)
    sources.pages = 1
    for jump in range(trials):
        sources.pages = min(sources.pages + 1, sources.most)
        for verb in ("poll", "release", "compose"):
            step(engine, now + dice.uniform(-1, 1) * JUMP, verb)
        if jump % 2:
            step(engine, now, dice.choice(("poll", "release", "compose")))
    sources.pages = sources.most
    last = now + 3 * JUMP
    for verb in ("poll", "release", "compose"):
        step(engine, last, verb)
    found += valley.works(engine, sources.all) + valley.digests(engine)
    assert told("clock jumped", on=engine, trials=trials, **found._asdict()).holds
