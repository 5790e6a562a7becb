"""Brings the index for search up to date, in batches, soon after items were stored."""

from sqlalchemy import Engine

from alerts.store import search
from alerts.store.engine import reading, writing

BATCH = 250  # items a transaction: some 50 ms for long abstracts (law 14)


def index(engine: Engine) -> None:
    """Index every item that waits; a crash leaves the rest to the next call, by whatever process."""
    with reading(engine) as session:
        waiting = search.behind(session)
    while waiting:
        with writing(engine) as session:
            waiting = search.index(session, BATCH)
