"""How the installation does, in numbers that any process reads alike from the database."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import quantiles

from sqlalchemy import func, select
from sqlmodel import Session, col

from alerts.store.outbox import MOST_DOUBTS
from alerts.store.tables import AlertRow, DeliveryRow, ItemRow, LabelRow, SourceRow
from subscribers.tables import SubscriberRow

LAST_ALERTS, LAST_MAILS = 1_000, 10_000
POLLS_WITHIN = timedelta(hours=1)
SOON = timedelta(hours=24)
WAITING = ("queued", "deferred", "uncertain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The mail that is due now: how much (counted up to 10,000), and since when the oldest waits."""

    due: int = 0
    oldest: datetime | None = None

    def age(self, now: datetime) -> timedelta:
        return now - self.oldest if self.oldest else timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """When the next digest is due, and how many are within a day."""

    next_at: datetime | None = None
    soon: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """How long a step took lately, in seconds: the middle one, and what 95 of 100 stayed under."""

    middle: float
    most: float


def queue(session: Session, now: datetime) -> Queue:
    """Return what is due in the outbox; what was given up as uncertain is not."""
    count, oldest = 0, []
    for state in WAITING:
        free = col(DeliveryRow.lease).is_(None)
        of_state = (col(DeliveryRow.state) == state, free, col(DeliveryRow.next_attempt_at) <= now)
        due = select(col(DeliveryRow.next_attempt_at)).where(*of_state, col(DeliveryRow.doubts) < MOST_DOUBTS)
        count += session.execute(select(func.count()).select_from(due.limit(LAST_MAILS).subquery())).scalar_one()
        first = session.execute(due.order_by(col(DeliveryRow.next_attempt_at)).limit(1)).scalar()
        oldest += [first] if first else []
    return Queue(due=count, oldest=min(oldest, default=None))


def digests(session: Session, now: datetime) -> Digests:
    """Return when digests are due next."""
    due = col(SubscriberRow.next_digest_at)
    active = col(SubscriberRow.status) == "active"
    first = session.execute(select(due).where(active, due.is_not(None)).order_by(due).limit(1)).scalar()
    soon = select(func.count()).select_from(SubscriberRow).where(active, due <= now + SOON)
    return Digests(next_at=first, soon=session.execute(soon).scalar_one())


def last_poll(session: Session) -> datetime | None:
    """Return when a source was last polled."""
    found: datetime | None = session.execute(select(func.max(col(SourceRow.last_polled_at)))).scalar()
    return found


def polls(session: Session, now: datetime) -> Mapping[str, int]:
    """Count the sources polled within the last hour by what came of it."""
    failed = col(SourceRow.failures) > 0
    recent = col(SourceRow.last_polled_at) > now - POLLS_WITHIN
    rows = session.execute(select(failed.label("failed"), func.count().label("n")).where(recent).group_by(failed))
    found = {bool(row.failed): row.n for row in rows}
    return {"ok": found.get(False, 0), "failed": found.get(True, 0)}


def outcomes(session: Session) -> Mapping[tuple[str, str], int]:
    """Count the newest 10,000 deliveries by state and class of the server's reply (2xx, 4xx, 5xx, none)."""
    newest = (
        select(col(DeliveryRow.state), func.substr(col(DeliveryRow.reply), 1, 1).label("first"))
        .order_by(col(DeliveryRow.id).desc())
        .limit(LAST_MAILS)
        .subquery()
    )
    rows = session.execute(
        select(newest.c.state, newest.c.first, func.count().label("n")).group_by(newest.c.state, newest.c.first)
    )
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        counts[row.state, f"{row.first}xx" if row.first in ("2", "4", "5") else "none"] += row.n
    return counts


def delays(session: Session) -> Mapping[str, Delay]:
    """Return how long it took lately: works from published and from seen to alert, mails from prepared to sent."""
    alerts = session.execute(
        select(col(AlertRow.at), col(ItemRow.first_seen_at), col(ItemRow.published))
        .join(ItemRow, col(ItemRow.id) == col(AlertRow.item_id))
        .where(col(AlertRow.reason) == "new", col(AlertRow.quiet).is_(False))
        .order_by(col(AlertRow.number).desc())
        .limit(LAST_ALERTS)
    ).all()
    mails = session.execute(
        select(col(DeliveryRow.sent_at), col(DeliveryRow.created_at))
        .order_by(col(DeliveryRow.id).desc())
        .limit(LAST_ALERTS)
    ).all()
    published = [(row.at, day) for row in alerts if (day := _moment(row.published))]
    steps = {
        "published_to_alert": published,
        "seen_to_alert": [(row.at, row.first_seen_at) for row in alerts],
        "prepared_to_sent": [(row.sent_at, row.created_at) for row in mails if row.sent_at],
    }
    return {name: _delay(pairs) for name, pairs in steps.items() if pairs}


def _moment(published: str) -> datetime | None:
    """Read a date that is precise to the day or better; a year or a month says nothing of a delay."""
    try:
        found = datetime.fromisoformat(published) if len(published) >= len("2026-05-04") else None
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or UTC) if found else None


def _delay(pairs: Sequence[tuple[datetime, datetime]]) -> Delay:
    seconds = [max((end - start).total_seconds(), 0.0) for end, start in pairs]
    cut = quantiles(seconds, n=20, method="inclusive") if len(seconds) > 1 else seconds * 19
    return Delay(middle=cut[9], most=cut[18])


def labels(session: Session) -> Mapping[str, int]:
    """Count the labels of each facet."""
    rows = session.execute(select(col(LabelRow.facet), func.count().label("n")).group_by(col(LabelRow.facet)))
    return {row.facet: row.n for row in rows}


def newest_alert(session: Session) -> datetime | None:
    """Return when the last alert was released."""
    query = select(col(AlertRow.at)).order_by(col(AlertRow.number).desc()).limit(1)
    found: datetime | None = session.execute(query).scalar()
    return found
