"""A reader's word that a label is wrong: kept without a name, for the operator."""

from datetime import datetime

from sqlalchemy import Engine

from alerts.errors import NotFoundError, UsageError
from alerts.store import reading, reports
from alerts.store.engine import writing

MOST_WORDS = 1_000
MOST_WAITING = 20


def report(engine: Engine, item: int, words: str, now: datetime) -> bool:
    """Keep a report; False where so many wait for the item already that one more tells nothing new."""
    said = " ".join(words.split())[:MOST_WORDS]
    if not said:
        raise UsageError("Please say in a few words what is wrong.")
    with writing(engine, durable=True) as session:
        home = reading.survivor(session, item)
        if home is None:
            raise NotFoundError(f"There is no item {item} here.")
        if reports.waiting(session, home) >= MOST_WAITING:
            return False
        reports.add(session, home, said, now)
    return True
