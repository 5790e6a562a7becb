"""Claims rows for one worker: a random token and an end, on the database's own clock (law 5)."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, or_, select, update
from sqlmodel import Session, col

from alerts.store.bulk import changed
from alerts.store.engine import database_now
from subscribers.tables import Table

LEASE = timedelta(seconds=60)

Row = TypeVar("Row", bound=Table)


def free(row: type[Any], at: datetime) -> ColumnElement[bool]:
    """Return the condition that nobody holds the row: never claimed, given back, or the lease ran out."""
    return or_(col(row.lease).is_(None), col(row.leased_until) < at)


def mine(row: type[Any], token: str) -> ColumnElement[bool]:
    """Return the condition under which an outcome may be written; zero rows changed means: drop the work."""
    return col(row.lease) == token


def claim(
    session: Session,
    row: type[Row],
    due: ColumnElement[bool],
    *order: Any,  # noqa: ANN401  what ORDER BY takes
    limit: int,
    lease: timedelta = LEASE,
) -> tuple[str, Sequence[Row]]:
    """Claim up to `limit` free rows that are due and return the token with them, in the order asked for."""
    table: Any = row
    token = take(session, row, due, *order, limit=limit, lease=lease)
    if not token:
        return "", []
    return token, session.execute(select(table).where(mine(table, token)).order_by(*order, table.id)).scalars().all()


def take(
    session: Session,
    row: type[Row],
    due: ColumnElement[bool],
    *order: Any,  # noqa: ANN401  what ORDER BY takes
    limit: int,
    lease: timedelta = LEASE,
) -> str:
    """Claim up to `limit` free rows that are due, in the order asked for, and return the token; "" where none is.

    The table has `id`, `lease` and `leased_until`. On PostgreSQL rows that another worker is about to claim are
    passed over (SKIP LOCKED); on SQLite the UPDATE itself is the lock.
    """
    token, at = secrets.token_hex(16), database_now(session)
    table: Any = row
    taken = (
        select(table.id)
        .where(free(table, at), due)
        .order_by(*order, table.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("taken")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    hold = update(table).where(table.id.in_(select(taken.c.id))).values(lease=token, leased_until=at + lease)
    return token if changed(session, hold) else ""


def renew(session: Session, row: type[Row], token: str, *, lease: timedelta = LEASE) -> int:
    """Put off the end of every lease that is still ours; return how many are."""
    end = database_now(session) + lease
    return changed(session, update(row).where(mine(row, token)).values(leased_until=end))


def give_back(session: Session, row: type[Row], token: str) -> int:
    """End every lease that is still ours without an outcome; return how many were."""
    return changed(session, update(row).where(mine(row, token)).values(lease=None, leased_until=None))
