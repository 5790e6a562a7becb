"""Brings the index for search up to date, in batches, soon after items were stored."""

from sqlalchemy import Engine

from alerts.store import search
from alerts.store.engine import reading, writing

BATCH = 500  # items a transaction: some 10 ms, 50 ms for long abstracts on a slow machine (law 14)


def index(engine: Engine) -> None:
    """Index every item that waits; a crash leaves the rest to the next call, by whatever process."""
    with reading(engine) as session:
        waiting = search.behind(session)
    while waiting:
        waiting = index_some(engine)


def index_some(engine: Engine) -> bool:
    """Index the oldest items that wait, one batch of them; return whether there were any."""
    with writing(engine) as session:
        return search.index(session, BATCH)
