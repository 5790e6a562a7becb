"""Whose turn it is: who is due, who is moved on to the next digest, who wakes from a pause."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import and_, case, column, func, literal_column, or_, select, table, tuple_, update
from sqlmodel import Session, col

from subscribers.people import NOTHING_NEW, Status
from subscribers.tables import SubscriberRow, SuppressionRow

IN_ONE = 500
OWN_COLUMNS = ("id", "digest_no", "domain_hash", "next_digest_at")
SHARED_COLUMNS = (
    "seen", "interest_set_id", "cadence", "hour", "weekday", "zone", "quiet_from", "quiet_to", "format", "language",
)  # fmt: skip

# Without types nothing is converted row by row: this is the hot path of composing.
_MORE = ("status", "no_notices", "address_hash", "last_digest_at", "confirmed_at", "created_at")
_S = table("subscribers", *map(column, (*OWN_COLUMNS, *SHARED_COLUMNS, *_MORE))).c
_ACTIVE = _S.status == literal_column("'active'")  # a parameter would keep the partial index from being used
_MOMENT: Final = SubscriberRow.metadata.tables["subscribers"].c.next_digest_at.type


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Whose digests to ask for. `now` None: due or not; `after`: the last row before (see `place`).

    Who got no digest since `silent_since` is marked as silent.
    """

    upto: int
    silent_since: datetime
    now: datetime | None = None
    after: tuple[Any, ...] | None = None
    only: int | None = None
    limit: int = 1000

    def place(self, row: Any) -> tuple[Any, ...]:  # noqa: ANN401
        """Return where a row stands: by when it is due, or where everyone is asked for, in the order they came."""
        return (row.id,) if self.now is None else (row.next_digest_at, row.id)


class Move(NamedTuple):
    """A person moved on: from the digest and the alert they stood at, to when and what comes next.

    `mailed` is 1 where a digest goes, else 0.
    """

    id: int
    digest_no: int
    was_seen: int
    next_at: datetime
    seen: int
    mailed: int


def due(session: Session, wanted: Due) -> Sequence[Any]:
    """Return active subscribers whose digest is due, in slices.

    A row begins with OWN_COLUMNS; what follows (SHARED_COLUMNS, `first`, `silent`, `suppressed`) decides what they
    get. Times come as the database's driver gives them. Who wants mail at once is due only when there are alerts
    beyond those seen.
    """
    barred = col(SuppressionRow.address_hash)
    last = func.coalesce(_S.last_digest_at, _S.confirmed_at, _S.created_at)
    silent = and_(last <= _bound(session, wanted.silent_since), _S.no_notices.not_like(f"%{NOTHING_NEW}%"))
    query = select(
        *(_S[name] for name in (*OWN_COLUMNS, *SHARED_COLUMNS)),
        case((_S.digest_no == 0, 1), else_=0).label("first"),
        case((silent, 1), else_=0).label("silent"),
        case((barred.is_not(None), 1), else_=0).label("suppressed"),
    ).outerjoin(SuppressionRow, barred == _S.address_hash)
    query = query.where(_ACTIVE, or_(_S.cadence != "immediate", _S.seen < wanted.upto))
    order = (_S.id,) if wanted.now is None else (_S.next_digest_at, _S.id)
    if wanted.now is not None:
        query = query.where(_S.next_digest_at <= _bound(session, wanted.now))
    if wanted.after is not None:
        query = query.where(tuple_(*order) > wanted.after)
    if wanted.only is not None:
        query = query.where(_S.id == wanted.only)
    return session.connection().execute(query.order_by(*order).limit(wanted.limit)).all()


def advance(session: Session, moves: Sequence[Move], now: datetime) -> set[int]:
    """Move people on to their next digest, those whom nobody moved on since (law 6); return who that was."""
    if not moves:
        return set()
    at = {moment: _bound(session, moment) for moment in {move.next_at for move in moves}}
    rows = [(*move[:3], at[move.next_at], *move[4:]) for move in moves]
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql(_ADVANCE_SQLITE, (_bound(session, now), json.dumps(rows)))
    else:
        found = connection.exec_driver_sql(_ADVANCE_POSTGRES, (*map(list, zip(*rows, strict=True)), now))
    return {row[0] for row in found}


# One statement a batch, past SQLAlchemy: what it costs to make it is paid for each row.
_ADVANCE_SQLITE: Final = """
UPDATE subscribers SET digest_no = digest_no + (j.value ->> 5), seen = j.value ->> 4, next_digest_at = j.value ->> 3,
    last_digest_at = CASE j.value ->> 5 WHEN 1 THEN ? ELSE last_digest_at END
FROM json_each(?) AS j
WHERE subscribers.id = j.value ->> 0 AND digest_no = j.value ->> 1 AND seen = j.value ->> 2 AND status = 'active'
RETURNING subscribers.id"""
# The rows are locked in one order, so that two composers never wait for each other.
_ADVANCE_POSTGRES: Final = """
WITH asked AS (
    SELECT * FROM unnest(%s::bigint[], %s::integer[], %s::bigint[], %s::timestamptz[], %s::bigint[], %s::integer[])
        AS one (id, digest_no, was_seen, next_at, seen, mailed)
), held AS (
    SELECT s.id, a.next_at, a.seen, a.mailed FROM subscribers AS s JOIN asked AS a ON a.id = s.id
    WHERE s.digest_no = a.digest_no AND s.seen = a.was_seen AND s.status = 'active' ORDER BY s.id FOR UPDATE OF s
)
UPDATE subscribers AS s SET digest_no = s.digest_no + held.mailed, seen = held.seen, next_digest_at = held.next_at,
    last_digest_at = CASE held.mailed WHEN 1 THEN %s ELSE s.last_digest_at END
FROM held WHERE s.id = held.id
RETURNING s.id"""


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


def _bound(session: Session, moment: datetime) -> Any:  # noqa: ANN401  what the driver takes
    dialect = session.get_bind().dialect
    convert = _MOMENT.dialect_impl(dialect).bind_processor(dialect)
    return convert(moment) if convert else moment
