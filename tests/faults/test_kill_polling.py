"""kill -9 in the middle of paging and releasing: a restart finishes the work, nothing is lost, nothing twice."""

import random
from collections.abc import Callable
from datetime import datetime

import hands
import valley
from crew import Hand
from sqlalchemy import Engine, func, select

from alerts.store import numberline
from alerts.store.engine import reading
from alerts.store.tables import SightingRow

FEW, FULL = 3, 20
SIGNS = 60  # within which a kill falls


def counted(engine: Engine) -> tuple[int, int]:
    with reading(engine) as session:
        return session.execute(select(func.count()).select_from(SightingRow)).scalar_one(), numberline.last(session)


def finish(engine: Engine, url: str, now: datetime, served: int) -> valley.Count:
    valley.expire_leases(engine)
    Hand(hands.page, url, now).finish()
    Hand(hands.publish, url, now).finish()
    return valley.works(engine, served)


def test_a_poller_killed_again_and_again_loses_and_repeats_nothing(
    engine: Engine, sources: valley.Sources, now: datetime, many: Callable, dice: random.Random, told: Callable
) -> None:
    valley.furnish(engine, sources.base, now)
    url, kills, counts = engine.url.render_as_string(hide_password=False), 0, [(0, 0)]
    for _ in range(many(FEW, FULL)):
        kills += Hand(hands.page, url, now).killed(dice, SIGNS)
        counts.append(counted(engine))
        valley.expire_leases(engine)
    assert counts == sorted(counts)
    assert told("poller killed", on=engine, trials=kills, **finish(engine, url, now, sources.all)._asdict()).holds


def test_a_releaser_killed_again_and_again_loses_and_repeats_no_number(
    engine: Engine, sources: valley.Sources, now: datetime, many: Callable, dice: random.Random, told: Callable
) -> None:
    valley.furnish(engine, sources.base, now)
    url, kills, counts = engine.url.render_as_string(hide_password=False), 0, [(0, 0)]
    Hand(hands.page, url, now).finish()
    for _ in range(many(FEW, FULL)):
        kills += Hand(hands.publish, url, now).killed(dice, SIGNS)
        counts.append(counted(engine))
    assert counts == sorted(counts)
    assert told("releaser killed", on=engine, trials=kills, **finish(engine, url, now, sources.all)._asdict()).holds
