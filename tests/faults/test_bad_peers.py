"""Peers that are slow, dead, mad or busy at random: what they did not give is asked for again, what they took is not lost."""

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta

import valley
from hands import _read
from sink import Sink
from sqlalchemy import Engine

from alerts import ingest
from alerts.deliver.carrier import Deadlines
from alerts.deliver.smtp import Limits, SmtpCarrier
from alerts.ingest.fetch import Fetch
from alerts.ingest.fetch import Limits as Patience
from alerts.pipeline import compose, deliver, poll, release

PEOPLE = 40
SOON = Limits(deadlines=Deadlines(connect=0.3, command=0.3, body=0.3))
HASTE = Patience(total=1, connect=0.3, idle=1)


async def round_of_polls(engine: Engine, now: datetime) -> None:
    ingest.KINDS["lines"] = valley.Lines()  # type: ignore[index]
    async with Fetch("tests@example.org", limits=HASTE) as fetch:
        await poll.poll_due(engine, fetch, now, everything=True, read=_read)


def test_sources_that_misbehave_at_random(
    engine: Engine, sources: valley.Sources, now: datetime, many: Callable, dice: random.Random, told: Callable
) -> None:
    valley.furnish(engine, sources.base, now)
    met = []

    def mood() -> str:
        met.append(dice.choice(valley.MOODS))
        return met[-1]

    sources.mood = mood
    while len([one for one in met if one != "well"]) < many(8, 40):
        now += timedelta(days=1)
        valley.expire_waits(engine)
        asyncio.run(round_of_polls(engine, now))
        release.release(engine, now)
    sources.mood = lambda: "well"
    valley.expire_waits(engine)
    asyncio.run(round_of_polls(engine, now + timedelta(days=1)))
    release.release(engine, now)
    trials = len([one for one in met if one != "well"])
    assert told("HTTP peer failed", on=engine, trials=trials, **valley.works(engine, sources.all)._asdict()).holds


async def round_of_mails(engine: Engine, sink: Sink, now: datetime) -> None:
    settings = valley.settings(engine, sink.port)
    assert settings.smtp
    carrier = SmtpCarrier(settings.smtp, hello="alerts.example.org", limits=SOON)
    await deliver.deliver_due(engine, valley.KEYRING, settings, now, carrier=carrier, eager=True)


def test_a_mail_server_that_misbehaves_at_random(
    engine: Engine, sources: valley.Sources, sink: Sink, now: datetime, many: Callable, dice: random.Random, told: Callable
) -> None:
    people = many(PEOPLE, 4 * PEOPLE)
    valley.furnish(engine, sources.base, now, people)
    asyncio.run(round_of_polls(engine, now))
    release.release(engine, now)
    compose.compose_due(engine, valley.KEYRING, valley.settings(engine), now)
    met = []

    def mood(step: str) -> str:
        chosen = dice.choice(("later", "drop", "stall")) if dice.random() < 0.1 else "well"
        if chosen != "well":
            met.append((step, chosen))
        return chosen

    sink.mood = mood
    for _ in range(rounds := many(4, 12)):
        now += timedelta(hours=2)
        asyncio.run(round_of_mails(engine, sink, now))
    sink.mood = lambda _: "well"
    while valley.unsent(engine) and rounds:
        now, rounds = now + timedelta(hours=2), rounds - 1
        valley.expire_waits(engine)
        asyncio.run(round_of_mails(engine, sink, now))
    found = valley.mails(engine, people, sink)
    assert told("SMTP peer failed", on=engine, trials=len(met), **found._asdict(), allowed=sink.swallowed).holds
