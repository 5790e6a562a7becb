"""Editions by the hash of their content, and the deliveries that carry them: written in bulk."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final, NamedTuple

from sqlalchemy import Integer, bindparam, delete, func, select, update
from sqlmodel import Session, col

from alerts.store.bulk import chunks, insert_into
from alerts.store.tables import DeliveryRow, EditionRow

DEADLINES: Final[Mapping[str, timedelta]] = {
    "confirm": timedelta(hours=48),
    "operator": timedelta(days=2),
    "test": timedelta(hours=4),
}
DEADLINE: Final = timedelta(days=4)
URGENT, IMMEDIATE, DIGEST = 1, 3, 5


@dataclass(frozen=True, kw_only=True)
class Edition:
    """One rendered content, before or after it is stored; `parts` as `alerts.publish.email` makes them."""

    kind: str
    format: str
    subject: str
    parts: bytes
    language: str = "en"
    numbers: tuple[int, ...] = ()
    listed: tuple[int, ...] = ()

    @cached_property
    def hash(self) -> str:
        told = f"{self.kind} {self.format} {self.language} {self.numbers} {self.listed} ".encode()
        return hashlib.sha256(told + self.parts).hexdigest()


NOTICE: Final = "notice"  # the kind of mail


class Mailing(NamedTuple):
    """One delivery to be enqueued: who gets which edition, as which mail of which kind."""

    recipient: str
    kind: str
    ordinal: int
    edition_id: int
    message_id: str
    subscriber_id: int | None = None
    domain_hash: bytes | None = None
    private: bytes | None = None
    priority: int = DIGEST


def keep(session: Session, editions: Iterable[Edition], now: datetime) -> dict[str, int]:
    """Store editions that are not there yet; return the ids of all by hash."""
    wanted = {edition.hash: edition for edition in editions}
    known = _ids(session, wanted)
    missing = [_row(edition, hashed, now) for hashed, edition in wanted.items() if hashed not in known]
    for part in chunks(missing, 100):
        session.execute(insert_into(session, EditionRow).on_conflict_do_nothing(), part)
    return known | _ids(session, [row["hash"] for row in missing])


def _ids(session: Session, hashes: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunks(hashes):
        query = select(col(EditionRow.hash), col(EditionRow.id)).where(col(EditionRow.hash).in_(part))
        found |= {row.hash: row.id for row in session.execute(query)}
    return found


def _row(edition: Edition, hashed: str, now: datetime) -> dict[str, Any]:
    return {
        "hash": hashed,
        "kind": edition.kind,
        "format": edition.format,
        "language": edition.language,
        "subject": edition.subject,
        "numbers": list(edition.numbers),
        "listed": list(edition.listed),
        "parts": edition.parts,
        "erased": 0,
        "created_at": now,
    }


def enqueue(session: Session, mailings: Sequence[Mailing], now: datetime) -> None:
    """Put deliveries into the outbox; one that is there already stays as it is."""
    connection, at = session.connection(), as_bound(session, now)
    for kind in {mailing.kind for mailing in mailings}:
        new = (*_NEW.values(), at, at, as_bound(session, now + DEADLINES.get(kind, DEADLINE)))
        for part in chunks((one for one in mailings if one.kind == kind), 1000):
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql(_ENQUEUE_SQLITE, [one + new for one in part])
            else:
                connection.exec_driver_sql(_ENQUEUE_POSTGRES, (*new, *map(list, zip(*part, strict=True))))


_NEW: Final = {"state": "queued", "attempts": 0, "doubts": 0, "reply": ""}
_AT: Final = ("created_at", "next_attempt_at", "deadline_at")
_TYPES: Final = {
    "ordinal": "integer", "edition_id": "integer", "subscriber_id": "integer", "domain_hash": "bytea",
    "private": "bytea", "priority": "integer",
}  # fmt: skip
# Past SQLAlchemy, which handles each row and converts three equal dates in each: half the time of composing.
_ENQUEUE: Final = "INSERT INTO deliveries ({}) {} ON CONFLICT DO NOTHING"
_ENQUEUE_SQLITE: Final = _ENQUEUE.format(
    ", ".join((*Mailing._fields, *_NEW, *_AT)),
    f"VALUES ({', '.join('?' for _ in (*Mailing._fields, *_NEW, *_AT))})",
)
_LISTS: Final = ", ".join(f"%s::{_TYPES.get(name, 'text')}[]" for name in Mailing._fields)
_ENQUEUE_POSTGRES: Final = _ENQUEUE.format(
    ", ".join((*_NEW, *_AT, *Mailing._fields)),
    f"SELECT {', '.join('%s' for _ in (*_NEW, *_AT))}, new.* FROM unnest({_LISTS}) AS new",  # noqa: S608  ours
)


def as_bound(session: Session, moment: datetime) -> Any:  # noqa: ANN401  what the driver takes
    """Return a time as the driver takes it: the same for thousands of rows, it is converted once."""
    dialect = session.get_bind().dialect
    kind = DeliveryRow.metadata.tables["deliveries"].c.created_at.type
    convert = kind.dialect_impl(dialect).bind_processor(dialect)
    return convert(moment) if convert else moment


def count(session: Session, kind: str, ordinal: int) -> int:
    """Return how many mails of one kind and ordinal there are: for a notice, how many people were told."""
    query = select(func.count()).select_from(DeliveryRow).where(
        col(DeliveryRow.kind) == kind, col(DeliveryRow.ordinal) == ordinal
    )
    found: int = session.execute(query).scalar_one()
    return found


def forget_deliveries(session: Session, subscriber_id: int) -> None:
    """Delete a person's deliveries; how many there were of each edition stays counted."""
    mine = col(DeliveryRow.subscriber_id) == subscriber_id
    counted = select(col(DeliveryRow.edition_id), func.count()).where(mine).group_by(col(DeliveryRow.edition_id))
    rows = [{"of": edition_id, "more": number} for edition_id, number in session.execute(counted)]
    if rows:
        editions = EditionRow.metadata.tables["editions"]
        more = editions.c.erased + bindparam("more", type_=Integer)
        session.connection().execute(
            update(editions).where(editions.c.id == bindparam("of")).values(erased=more), rows
        )
    session.execute(delete(DeliveryRow).where(mine))


def cancel_queued(session: Session, subscriber_id: int) -> None:
    """Stop what has not left yet; a body in flight takes its course."""
    waiting = col(DeliveryRow.state).in_(("queued", "deferred", "claimed", "uncertain"))
    session.execute(
        update(DeliveryRow)
        .where(col(DeliveryRow.subscriber_id) == subscriber_id, waiting)
        .values(state="cancelled", lease=None, leased_until=None)
    )


def last_ordinal(session: Session, recipient: str, kind: str) -> int:
    """Return the highest ordinal of a recipient's mails of one kind; 0 before the first."""
    query = select(func.max(col(DeliveryRow.ordinal))).where(
        col(DeliveryRow.recipient) == recipient, col(DeliveryRow.kind) == kind
    )
    return session.execute(query).scalar() or 0


def sent_since(session: Session, subscriber_ids: Sequence[int], moment: datetime) -> dict[int, list[datetime]]:
    """Return when each of these people was last given digests, since a moment."""
    found: dict[int, list[datetime]] = {}
    for part in chunks(subscriber_ids):
        query = select(col(DeliveryRow.subscriber_id), col(DeliveryRow.created_at)).where(
            col(DeliveryRow.subscriber_id).in_(part),
            col(DeliveryRow.kind) == "digest",
            col(DeliveryRow.created_at) > moment,
        )
        for subscriber_id, at in session.execute(query):
            found.setdefault(subscriber_id, []).append(at)
    return found
