"""Who was sent what, when, and with which server reply: read from deliveries and editions."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, cast, exists, func, select, update
from sqlmodel import Session, col

from alerts.store.bulk import changed, chunks
from alerts.store.tables import AlertRow, DeliveryRow, EditionRow, ItemRow, JobRow
from subscribers.tables import SubscriberRow

UNSENT: Final = ("bounced", "expired", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One delivery as it stands."""

    id: int
    subscriber_id: int | None
    recipient: str
    kind: str
    ordinal: int
    edition: int
    state: str
    attempts: int
    reply: str
    message_id: str
    created_at: datetime
    sent_at: datetime | None


_COLUMNS: tuple[Any, ...] = (
    col(DeliveryRow.id), col(DeliveryRow.subscriber_id), col(DeliveryRow.recipient), col(DeliveryRow.kind),
    col(DeliveryRow.ordinal), col(DeliveryRow.edition_id).label("edition"), col(DeliveryRow.state),
    col(DeliveryRow.attempts), col(DeliveryRow.reply), col(DeliveryRow.message_id), col(DeliveryRow.created_at),
    col(DeliveryRow.sent_at),
)  # fmt: skip


def of_person(session: Session, subscriber_id: int) -> list[Sent]:
    """Return what a person was sent, newest first."""
    query = select(*_COLUMNS).where(col(DeliveryRow.subscriber_id) == subscriber_id)
    return [_sent(row) for row in session.execute(query.order_by(col(DeliveryRow.id).desc()))]


def of_editions(session: Session, editions: Collection[int]) -> Iterator[Sent]:
    """Return every delivery of some editions, in the order they were enqueued."""
    for part in chunks(sorted(editions)):
        query = select(*_COLUMNS).where(col(DeliveryRow.edition_id).in_(part)).order_by(col(DeliveryRow.id))
        yield from (_sent(row) for row in session.execute(query))


def _sent(row: Any) -> Sent:  # noqa: ANN401  a result row
    return Sent(**row._mapping)  # noqa: SLF001  SQLAlchemy's public name


def alerts_of(session: Session, items: Collection[int]) -> dict[int, int]:
    """Map every alert of these items, and of what was merged into them, to the item it was given for."""
    found: dict[int, int] = {}
    for part in chunks(sorted(items)):
        merged = select(col(ItemRow.id)).where(col(ItemRow.merged_into).in_(part))
        query = select(col(AlertRow.number), col(AlertRow.item_id)).where(
            col(AlertRow.item_id).in_(part) | col(AlertRow.item_id).in_(merged)
        )
        found |= {row.number: row.item_id for row in session.execute(query)}
    return found


def editions_with(session: Session, numbers: Collection[int]) -> dict[int, int]:
    """Map the editions that tell any of these alerts (in full, as a line, counted) to the first alert they tell."""
    if not numbers:
        return {}
    oldest = select(func.min(col(AlertRow.at))).where(col(AlertRow.number).in_(sorted(numbers))).scalar_subquery()
    found: dict[int, int] = {}
    for column in (col(EditionRow.numbers), col(EditionRow.listed)):
        each = _each(session, column)
        number = cast(each.c.value, BigInteger)
        query = (
            select(col(EditionRow.id), func.min(number).label("number"))
            .join(each, number.in_(sorted(numbers)))
            .where(col(EditionRow.created_at) >= oldest)
            .group_by(col(EditionRow.id))
        )
        for row in session.execute(query):
            found.setdefault(row.id, row.number)
    return found


def _each(session: Session, column: Any) -> Any:  # noqa: ANN401  a JSON column and its elements
    function = func.json_each if session.get_bind().dialect.name == "sqlite" else func.json_array_elements_text
    return function(column).table_valued("value")


def edition(session: Session, number: int) -> bool:
    """Tell whether there is an edition of this number."""
    return bool(session.execute(select(exists().where(col(EditionRow.id) == number))).scalar())


def resend(session: Session, subscriber_id: int, ordinal: int | None, now: datetime, deadline: datetime) -> int | None:
    """Put a digest that was sent back into the outbox, as it was; returns its ordinal, None if there is none."""
    last = select(func.max(col(DeliveryRow.ordinal))).where(
        col(DeliveryRow.subscriber_id) == subscriber_id, col(DeliveryRow.kind) == "digest"
    )
    wanted = ordinal if ordinal is not None else session.execute(last).scalar()
    query = update(DeliveryRow).where(
        col(DeliveryRow.subscriber_id) == subscriber_id,
        col(DeliveryRow.kind) == "digest",
        col(DeliveryRow.ordinal) == wanted,
        col(DeliveryRow.lease).is_(None),
    )
    fresh = {"state": "queued", "attempts": 0, "doubts": 0, "next_attempt_at": now, "deadline_at": deadline}
    return wanted if changed(session, query.values(**fresh)) else None


def alerts_with(
    session: Session, reasons: Collection[str], after: int, upto: int, *, since: datetime | None = None
) -> list[int]:
    """Return the alerts in `(after, upto]` that were given for one of these reasons, quiet ones too."""
    number = col(AlertRow.number)
    query = select(number).where(number > after, number <= upto, col(AlertRow.reason).in_(sorted(reasons)))
    if since is not None:
        query = query.where(col(AlertRow.at) >= since)
    return list(session.execute(query.order_by(number)).scalars())


def told_upto(session: Session, kind: str) -> int:
    """Return how far along the number line a job came; 0 before its first step."""
    return session.execute(select(col(JobRow.done)).where(col(JobRow.kind) == kind)).scalar() or 0


def tell_upto(session: Session, kind: str, number: int, now: datetime) -> None:
    """Note how far along the number line a job came; never backwards."""
    done = update(JobRow).where(col(JobRow.kind) == kind, col(JobRow.done) < number).values(done=number)
    if not changed(session, done) and not told_upto(session, kind):
        session.add(JobRow(kind=kind, done=number, created_at=now))
        session.flush()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Somebody who was sent a work: in which form they read, and when it was."""

    subscriber_id: int
    domain_hash: bytes
    format: str
    no_notices: str
    edition: int
    at: datetime
    delivery: int


def readers(
    session: Session, editions: Sequence[int], *, after: int = 0, limit: int = 1000, only: Collection[int] = ()
) -> list[Reader]:
    """Return active subscribers who were sent one of these editions, in the order of the deliveries, in slices.

    `only` are people to keep to, whatever their status.
    """
    at = func.coalesce(col(DeliveryRow.sent_at), col(DeliveryRow.created_at))
    query: Any = (
        select(
            col(SubscriberRow.id).label("subscriber_id"), col(SubscriberRow.domain_hash), col(SubscriberRow.format),
            col(SubscriberRow.no_notices), col(DeliveryRow.edition_id).label("edition"), at.label("at"),
            col(DeliveryRow.id).label("delivery"),
        )
        .join(SubscriberRow, col(SubscriberRow.id) == col(DeliveryRow.subscriber_id))
        .where(col(DeliveryRow.edition_id).in_(editions), col(DeliveryRow.id) > after)
        .where(col(DeliveryRow.state).not_in(UNSENT))
        .order_by(col(DeliveryRow.id))
        .limit(limit)
    )
    mine = col(SubscriberRow.id).in_(only) if only else col(SubscriberRow.status) == "active"
    query = query.where(mine)
    return [Reader(**row._mapping) for row in session.execute(query)]  # noqa: SLF001  SQLAlchemy's public name
