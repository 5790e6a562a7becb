"""The outbox: deliveries claimed with a lease, and what became of them, written by whoever still holds the lease."""

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from itertools import takewhile
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Row,
    Select,
    and_,
    bindparam,
    case,
    column,
    func,
    or_,
    select,
    table,
    true,
    update,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlmodel import Session, col

from alerts.store.bulk import chunks
from alerts.store.editions import as_bound
from alerts.store.engine import database_now
from alerts.store.lanes import closed, draw
from alerts.store.tables import EditionRow, InstallationRow, metadata

LEASE = timedelta(seconds=60)
MOST_DOUBTS = 5
OPERATOR = "operator"  # the kind of mail that tells the operator something
BY_ITSELF = "stopped by itself: "  # how the reason of a hold begins that no operator asked for
OPEN = ("queued", "claimed", "sending", "deferred", "uncertain")
UNMAILED_REASONS_FOR_CONFIRM = ("complained",)  # what a new double opt-in cannot lift by itself (only the operator)

DELIVERIES = metadata.tables["deliveries"]
_D = DELIVERIES.c
# Without types nothing is converted row by row: this is the hot path of sending.
_COLUMNS = ("id", "domain_hash", "kind", "doubts", "state", "priority", "next_attempt_at", "lease")
_P = table("deliveries", *map(column, _COLUMNS)).c
_CLAIM = "UPDATE deliveries SET state = 'claimed', lease = ?, leased_until = ? WHERE id IN ({ids})"
_KIND = 2
_URGENT_FIRST = itemgetter(2, 3, 0)  # of (id, domain_hash, priority, next_attempt_at)
_IN_HAND = """
SELECT d.id, d.recipient, d.kind, d.edition_id, d.message_id, d.attempts, d.doubts, d.domain_hash, d.private,
    p.public_id, p.address_sealed, p.address_hash, d.created_at, d.deadline_at, s.reason
FROM deliveries AS d
LEFT JOIN subscribers AS p ON p.id = d.subscriber_id
LEFT JOIN suppressions AS s ON s.address_hash = p.address_hash
WHERE d.id IN ({ids})"""


class Claimed(NamedTuple):
    """A delivery in our hands: what is needed to write the mail and to judge its outcome."""

    id: int
    recipient: str
    kind: str
    edition_id: int
    message_id: str
    attempts: int
    doubts: int
    domain_hash: bytes | None
    private: bytes | None
    public_id: bytes | None
    address_sealed: bytes | None
    address_hash: bytes | None
    created_at: datetime
    deadline_at: datetime
    lease: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What one claim took hold of, by our `lease`; `held` where all mail is stopped."""

    ids: Sequence[int] = ()
    lease: str = ""
    held: bool = False


class Outcome(NamedTuple):
    """What became of a claimed delivery. `reply_key` is what reports count replies by."""

    id: int
    lease: str
    state: str
    reply: str
    attempts: int
    doubts: int
    next_attempt_at: datetime
    sent_at: datetime | None = None
    reply_key: str = ""


def claim(session: Session, now: datetime, limit: int, *, lease: timedelta = LEASE) -> Block:
    """Claim up to `limit` due deliveries for one worker, the urgent first, the uncertain last.

    Leases that ran out are taken back first: `claimed` without doubt, `sending` as uncertain. Nothing is claimed on
    hold; slow domains and a slow server get only what their lanes allow. `in_hand` reads what was claimed.
    """
    hold = hold_of(session)
    if hold is Hold.ALL:
        return Block(held=True)
    at = database_now(session)
    take_back(session, at)
    due = draw(session, _due(session, as_bound(session, now), limit, _may_go(_P, hold, closed(session, at))), at, now)
    if not due:
        return Block(held=hold is Hold.READERS)
    token = secrets.token_hex(16)
    _of_these(session, _CLAIM, due, token, as_bound(session, at + lease))
    return Block(ids=due, lease=token)


def in_hand(session: Session, block: Block) -> tuple[Sequence[Claimed], Sequence[int]]:
    """Read what a claim took hold of; the second are the ids of suppressed recipients, which must be cancelled.

    It needs no transaction of writing, which would keep all others waiting.
    """
    rows = {row[0]: row for row in _of_these(session, _IN_HAND, block.ids).all()} if block.ids else {}
    barred = {one for one, row in rows.items() if _barred(row[_KIND], row[-1])}
    return [_claimed(rows[one], block.lease) for one in block.ids if one in rows and one not in barred], sorted(barred)


def take_back(session: Session, at: datetime) -> None:
    """Give back the rows of workers that died: a body that may have left makes its row uncertain."""
    connection = session.connection()
    if connection.execute(_EXPIRED, {"at": at}).first():
        connection.execute(_UNTRIED_AGAIN, {"at": at})
        connection.execute(_DOUBTFUL, {"at": at})


_IS_EXPIRED = and_(_D.lease.is_not(None), _D.leased_until < bindparam("at"))
_EXPIRED = select(_D.id).where(_IS_EXPIRED).limit(1)
_FREE: Mapping[str, Any] = {"lease": None, "leased_until": None}
_UNTRIED_AGAIN = update(DELIVERIES).where(_D.state == "claimed", _IS_EXPIRED).values(state="queued", **_FREE)
_DOUBTFUL = (
    update(DELIVERIES)
    .where(_D.state == "sending", _IS_EXPIRED)
    .values(state="uncertain", doubts=_D.doubts + 1, attempts=_D.attempts + 1, **_FREE)
)


def _due(session: Session, now: datetime | str, limit: int, allowed: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """Return (id, domain_hash) of what may go next, locked on PostgreSQL; at most `limit`."""
    connection = session.connection()
    due = (_of(state, now, limit).where(allowed) for state in ("queued", "deferred"))
    waiting = [row for rows in due for row in connection.execute(rows).all()]
    waiting.sort(key=_URGENT_FIRST)
    if len(waiting) < limit:
        doubtful = _of("uncertain", now, limit - len(waiting)).where(allowed, _P.doubts < MOST_DOUBTS)
        waiting += connection.execute(doubtful).all()
    return waiting[:limit]


def _may_go(
    columns: ReadOnlyColumnCollection[str, Any], hold: "Hold", closed_to: Collection[bytes]
) -> ColumnElement[bool]:
    """Return which deliveries neither a hold nor the lane of their domain keeps back."""
    allowed = columns.kind == OPERATOR if hold is Hold.READERS else true()
    if not closed_to:
        return allowed
    return and_(allowed, or_(columns.domain_hash.is_(None), columns.domain_hash.not_in(closed_to)))


def _of(state: str, now: datetime | str, limit: int) -> Select[Any]:
    return (
        select(_P.id, _P.domain_hash, _P.priority, _P.next_attempt_at)
        .where(_P.state == state, _P.lease.is_(None), _P.next_attempt_at <= now)
        .order_by(_P.priority, _P.next_attempt_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def _claimed(row: Sequence[Any], token: str) -> Claimed:
    """Make the value; the columns of `_IN_HAND` stand in the order of its fields, the reason behind them."""
    return Claimed._make((*row[:-3], _moment(row[-3]), _moment(row[-2]), token))


def _of_these(session: Session, words: str, ids: Sequence[int], *before: str) -> CursorResult[Any]:
    """Carry out a statement about these deliveries without compiling it: this is the hot path of sending."""
    mark = "?" if session.get_bind().dialect.name == "sqlite" else "%s"
    words = words.replace("?", mark).format(ids=", ".join([mark] * len(ids)))
    return session.connection().exec_driver_sql(words, (*before, *ids))


@lru_cache(maxsize=1024)
def _moment(told: datetime | str) -> datetime:
    """Return a time as the driver gave it: SQLite has text, in UTC, and thousands of rows have the same."""
    return told if isinstance(told, datetime) else datetime.fromisoformat(told).replace(tzinfo=UTC)


def _barred(kind: str, reason: str | None) -> bool:
    """Tell whether a suppressed recipient may not get this mail: only a confirming question may reach most of them."""
    return reason is not None and (kind != "confirm" or reason in UNMAILED_REASONS_FOR_CONFIRM)


def renew(session: Session, held: Iterable[tuple[int, str]], *, lease: timedelta = LEASE) -> None:
    """Put off the end of our leases (a heartbeat)."""
    until = database_now(session) + lease
    rows = [{"of": one, "mine": token, "until": until} for one, token in held]
    if rows:
        session.connection().execute(_RENEW, rows)


_OURS = (_D.id == bindparam("of"), _D.lease == bindparam("mine"))
_RENEW = update(DELIVERIES).where(*_OURS).values(leased_until=bindparam("until"))


class Hold(Enum):
    """What is stopped: nothing, everything, or (where the program stopped by itself) all but mail to the operator."""

    NONE = 0
    ALL = 1
    READERS = 2


def hold_of(session: Session) -> Hold:
    """Return what is stopped at this moment."""
    row = session.connection().execute(_HOLD).first()
    if row is None or not row.hold:
        return Hold.NONE
    return Hold.READERS if row.hold_reason.startswith(BY_ITSELF) else Hold.ALL


_HOLD = select(col(InstallationRow.hold), col(InstallationRow.hold_reason)).where(col(InstallationRow.id) == 1)


def leaving(session: Session, starting: Sequence[Claimed]) -> frozenset[int]:
    """Return which of these are being sent under our lease."""
    ours = {one.id: one.lease for one in starting}
    found = session.connection().execute(select(_D.id, _D.lease).where(_D.id.in_(list(ours)), _D.state == "sending"))
    return frozenset(row.id for row in found if row.lease == ours[row.id])


def cancel_barred(session: Session, ids: Sequence[int]) -> None:
    """Cancel what is to go to the suppressed."""
    rows = _of_these(session, _IN_HAND, ids).all() if ids else []
    cancel(session, [row[0] for row in rows if _barred(row[_KIND], row[-1])])


def cancel(session: Session, ids: Sequence[int]) -> None:
    """Cancel deliveries."""
    if ids:
        gone = update(DELIVERIES).where(_D.id.in_(ids))
        session.connection().execute(gone.values(state="cancelled", lease=None, leased_until=None))


def give_back(session: Session, held: Iterable[tuple[int, str]]) -> None:
    """Put deliveries back as they were: nothing was tried."""
    rows = [{"of": one, "mine": token} for one, token in held]
    if rows:
        session.connection().execute(_GIVE_BACK, rows)


_GIVE_BACK = (
    update(DELIVERIES)
    .where(*_OURS, or_(_D.state == "claimed", _D.state == "sending"))
    .values(
        state=case((_D.doubts > 0, "uncertain"), (_D.attempts > 0, "deferred"), else_="queued"),
        lease=None,
        leased_until=None,
    )
)


def waiting(
    session: Session, now: datetime, most: int, *, hold: Hold = Hold.NONE, closed_to: Collection[bytes] = ()
) -> int:
    """Return how many deliveries may go, with those of workers that died; counted up to `most`.

    Mail to the domains of `closed_to` may not.
    """
    if hold is Hold.ALL:
        return 0
    due = and_(
        _D.state.in_(("queued", "deferred", "uncertain")),
        _D.lease.is_(None),
        _D.next_attempt_at <= now,
        _D.doubts < MOST_DOUBTS,
    )
    left = and_(_D.lease.is_not(None), _D.leased_until < database_now(session))
    allowed = _may_go(_D, hold, closed_to)
    found = (select(_D.id).where(one, allowed).limit(most) for one in (due, left))
    return sum(len(session.connection().execute(rows).all()) for rows in found)


def counts(session: Session) -> Mapping[str, int]:
    """Return how many deliveries stand in each state; `unresolved` are those given up as uncertain."""
    number = select(_D.state, func.count().label("number")).group_by(_D.state)
    free, in_hand = (session.execute(number.where(one)) for one in (_D.lease.is_(None), _D.lease.is_not(None)))
    found = {row.state: row.number for row in (*free, *in_hand)}
    given_up = select(func.count()).where(_D.state == "uncertain", _D.lease.is_(None), _D.doubts >= MOST_DOUBTS)
    return {**found, "unresolved": session.execute(given_up).scalar_one()}


def given_up(session: Session) -> list[str]:
    """Return the Message-IDs of deliveries that were given up as uncertain, and that nobody was told of yet."""
    doubtful = select(_D.message_id).where(*_GIVEN_UP).order_by(_D.id)
    return list(session.connection().execute(doubtful).scalars())


def told_of(session: Session, message_ids: Sequence[str]) -> None:
    """Note that the operator knows of deliveries that were given up: one doubt more than there were."""
    told = update(DELIVERIES).where(*_GIVEN_UP)
    for some in chunks(message_ids):
        session.connection().execute(told.where(_D.message_id.in_(some)).values(doubts=MOST_DOUBTS + 1))


_GIVEN_UP = (_D.state == "uncertain", _D.lease.is_(None), _D.doubts == MOST_DOUBTS)


def parts(session: Session, editions: Collection[int]) -> Mapping[int, bytes]:
    """Return the rendered parts of editions."""
    wanted = select(col(EditionRow.id), col(EditionRow.parts)).where(col(EditionRow.id).in_(editions))
    return {row.id: row.parts for row in session.execute(wanted)}


def forget_replies(session: Session, before: datetime) -> None:
    """Blank the replies and attempts of deliveries that ended long ago (kept 90 days)."""
    session.execute(
        update(DELIVERIES)
        .where(_D.state.not_in(OPEN), _D.created_at < before, or_(_D.reply != "", _D.attempts > 0))
        .values(reply="", attempts=0)
    )


def came_back(session: Session, subscriber_id: int, message_id: str, reply: str) -> None:
    """Note that a mail the server had taken came back; without its Message-ID the last one is meant."""
    taken = select(_D.id).where(_D.subscriber_id == subscriber_id, _D.state.in_(("sent", "uncertain", "sending")))
    named = taken.where(_D.message_id == message_id)
    connection = session.connection()
    found = connection.execute(named).scalar() if message_id else None
    one = found or connection.execute(taken.order_by(_D.created_at.desc(), _D.id.desc()).limit(1)).scalar()
    gone = update(DELIVERIES).where(_D.id == one)
    connection.execute(gone.values(state="bounced", reply=reply, lease=None, leased_until=None))


def returned_in_a_row(session: Session, subscriber_id: int, most: int = 50) -> list[datetime]:
    """Return when the last mails to a reader were made, back to the last that arrived: those that all came back."""
    ended = (
        select(_D.state, _D.created_at)
        .where(_D.subscriber_id == subscriber_id, _D.state.in_(("sent", "bounced", "expired")))
        .order_by(_D.created_at.desc(), _D.id.desc())
        .limit(most)
    )
    rows = session.connection().execute(ended)
    return [row.created_at for row in takewhile(lambda row: row.state != "sent", rows)]
