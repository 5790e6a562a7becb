"""Whose turn it is: who is due, who is moved on to the next digest, who wakes from a pause."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select, tuple_, update
from sqlmodel import Session, col

from subscribers.people import NOTHING_NEW, Status
from subscribers.tables import SubscriberRow, SuppressionRow

IN_ONE = 500
OWN_COLUMNS = ("id", "digest_no", "domain_hash", "next_digest_at")
SHARED_COLUMNS = (
    "seen", "interest_set_id", "cadence", "hour", "weekday", "zone", "quiet_from", "quiet_to", "format", "language",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Whose digests to ask for. `now` None: due or not; `after`: (next_digest_at, id) of the last row before.

    Who got no digest since `silent_since` is marked as silent.
    """

    upto: int
    silent_since: datetime
    now: datetime | None = None
    after: tuple[datetime, int] | None = None
    only: int | None = None
    limit: int = 1000


def due(session: Session, wanted: Due) -> Sequence[Any]:
    """Return active subscribers whose digest is due, in slices.

    A row begins with OWN_COLUMNS; what follows (SHARED_COLUMNS, `first`, `silent`, `suppressed`) decides what they
    get. Who wants mail at once is due only when there are alerts beyond those seen.
    """
    table, barred = SubscriberRow.metadata.tables["subscribers"].c, col(SuppressionRow.address_hash)
    last = func.coalesce(table.last_digest_at, table.confirmed_at, table.created_at)
    silent = and_(last <= wanted.silent_since, table.no_notices.not_like(f"%{NOTHING_NEW}%"))
    query = select(
        *(table[name] for name in (*OWN_COLUMNS, *SHARED_COLUMNS)),
        (table.digest_no == 0).label("first"),
        silent.label("silent"),
        barred.is_not(None).label("suppressed"),
    ).outerjoin(SuppressionRow, barred == table.address_hash)
    query = query.where(table.status == Status.ACTIVE.value)
    query = query.where(or_(table.cadence != "immediate", table.seen < wanted.upto))
    if wanted.now is not None:
        query = query.where(table.next_digest_at <= wanted.now)
    if wanted.after is not None:
        query = query.where(tuple_(table.next_digest_at, table.id) > wanted.after)
    if wanted.only is not None:
        query = query.where(table.id == wanted.only)
    return session.execute(query.order_by(table.next_digest_at, table.id).limit(wanted.limit)).all()


def still(session: Session, rows: Sequence[Any]) -> set[int]:
    """Return which of these rows of `due` nobody has moved on since.

    They stay locked until the transaction ends, so that whoever is moved on now is moved on once (law 6).
    """
    table = SubscriberRow.metadata.tables["subscribers"].c
    query = select(table.id, table.seen, table.digest_no).where(table.id.in_([row.id for row in rows]))
    query = query.where(table.status == Status.ACTIVE.value).with_for_update()
    held = {(found.id, found.seen, found.digest_no) for found in session.execute(query)}
    return {row.id for row in rows if (row.id, row.seen, row.digest_no) in held}


def advance(session: Session, ids: Sequence[int], next_at: datetime, **values: Any) -> None:  # noqa: ANN401
    """Move people on to their next digest, with the other columns that change for all of them."""
    table = SubscriberRow.metadata.tables["subscribers"]
    query = update(table).where(table.c.id.in_(ids)).values(next_digest_at=next_at, **values)
    session.connection().execute(query)


def mailed(session: Session, ids: Sequence[int], now: datetime) -> None:
    """Count one more digest for each of these people."""
    table = SubscriberRow.metadata.tables["subscribers"]
    query = update(table).where(table.c.id.in_(ids)).values(digest_no=table.c.digest_no + 1, last_digest_at=now)
    session.connection().execute(query)


def pause_is_over(session: Session, now: datetime, limit: int = 10_000) -> list[int]:
    """Return those whose pause is over."""
    over = (col(SubscriberRow.status) == Status.PAUSED.value, col(SubscriberRow.paused_until) <= now)
    return list(session.execute(select(col(SubscriberRow.id)).where(*over).limit(limit)).scalars())


def wake(session: Session, ids: Sequence[int]) -> None:
    """Make paused people active again."""
    values = {"status": Status.ACTIVE.value, "paused_until": None}
    for start in range(0, len(ids), IN_ONE):
        some = col(SubscriberRow.id).in_(ids[start : start + IN_ONE])
        asleep = col(SubscriberRow.status) == Status.PAUSED.value
        session.execute(update(SubscriberRow).where(some, asleep).values(**values))
