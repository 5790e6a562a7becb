"""What an older state of the database would send, and what of it was sent already."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from alerts.store.outbox import OPEN
from alerts.store.tables import DeliveryRow
from subscribers.tables import SubscriberRow


@dataclass(frozen=True, slots=True)
class Done:
    """What the newer state has done: the mails that left (Message-IDs), and each person's last digest."""

    sent: frozenset[str] = frozenset()
    digests: Mapping[bytes, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """What waits and is due; of it, what people got already."""

    waiting: int = 0
    waiting_sent: int = 0
    due: int = 0
    digests_again: int = 0


def done(session: Session) -> Done:
    """Read the newer state."""
    sent = select(col(DeliveryRow.message_id)).where(col(DeliveryRow.state).in_(("sent", "uncertain", "sending")))
    people = select(col(SubscriberRow.public_id), col(SubscriberRow.digest_no)).where(col(SubscriberRow.digest_no) > 0)
    return Done(
        sent=frozenset(session.execute(sent).scalars()),
        digests={row.public_id: row.digest_no for row in session.execute(people)},
    )


def compare(session: Session, newer: Done, now: datetime) -> Repeats:
    """Compare the older state, which is open here, with the newer one."""
    open_mails = select(col(DeliveryRow.message_id)).where(col(DeliveryRow.state).in_(OPEN))
    waiting = list(session.execute(open_mails).scalars())
    people = select(col(SubscriberRow.public_id), col(SubscriberRow.digest_no), col(SubscriberRow.next_digest_at))
    active = session.execute(people.where(col(SubscriberRow.status) == "active")).all()
    return Repeats(
        waiting=len(waiting),
        waiting_sent=sum(one in newer.sent for one in waiting),
        due=sum(row.next_digest_at is not None and row.next_digest_at <= now for row in active),
        digests_again=sum(newer.digests.get(row.public_id, 0) > row.digest_no for row in active),
    )
