"""kill -9 in the middle of composing: a restart finishes the work, everyone has one delivery, the runs add up."""

import random
from collections.abc import Callable
from datetime import datetime

import hands
import pytest
import valley
from crew import Hand
from sqlalchemy import Engine, func, select

from alerts.store.engine import reading
from alerts.store.tables import DeliveryRow

FEW, FULL = 3, 20
SIGNS = 60


@pytest.fixture
def people(many: Callable[[int, int], int]) -> int:
    return many(150, 800)


@pytest.fixture
def url(engine: Engine, sources: valley.Sources, now: datetime, people: int) -> str:
    """An installation with news for everyone, where everyone is due."""
    valley.furnish(engine, sources.base, now, people)
    address = engine.url.render_as_string(hide_password=False)
    Hand(hands.page, address, now).finish()
    Hand(hands.publish, address, now).finish()
    return address


def prepared(engine: Engine) -> int:
    with reading(engine) as session:
        return session.execute(select(func.count()).select_from(DeliveryRow)).scalar_one()


def test_a_composer_killed_again_and_again_gives_everyone_one_digest(
    engine: Engine, url: str, now: datetime, people: int, many: Callable, dice: random.Random, told: Callable
) -> None:
    kills, counts = 0, [0]
    for _ in range(many(FEW, FULL)):
        kills += Hand(hands.compose, url, now).killed(dice, SIGNS)
        counts.append(prepared(engine))
    assert counts == sorted(counts)
    Hand(hands.compose, url, now).finish()
    found = valley.digests(engine)
    assert told("composer killed", on=engine, trials=kills, lost=people - prepared(engine) + found.lost, twice=found.twice).holds
