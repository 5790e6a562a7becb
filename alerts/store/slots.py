"""Turns at hosts that limit our rate, which all processes on one database share (law 5)."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlmodel import Session

from alerts.store.bulk import add_missing, table_of
from alerts.store.engine import database_now
from alerts.store.tables import HostRow

_FARTHEST = timedelta(minutes=1)  # a slot beyond that comes of a clock that was set back


def take(session: Session, host: str, apart: timedelta) -> timedelta:
    """Take the next slot at a host and return how long to wait for it, on the database's clock."""
    table = table_of(HostRow)
    add_missing(session, HostRow, [{"host": host}])
    this = table.c.host == host
    free = session.execute(select(table.c.next_slot_at).where(this).with_for_update()).scalar_one()
    at = database_now(session)
    slot = max(at, free) if free and free - at < _FARTHEST else at
    session.execute(update(table).where(this).values(next_slot_at=slot + apart))
    return slot - at
