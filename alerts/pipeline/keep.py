"""What is thrown away, and when: unconfirmed sign-ups, old server replies, counters of attempts."""

from datetime import datetime, timedelta

from sqlalchemy import Engine

from alerts.pipeline import membership
from alerts.store import outbox
from alerts.store.engine import writing
from subscribers import store as people
from subscribers.people import FORGET_AFTER

REPLIES = timedelta(days=90)
ATTEMPTS = timedelta(days=2)


def keep(engine: Engine, now: datetime) -> int:
    """Forget what is past its time; returns how many unconfirmed sign-ups went. Who got what stays."""
    with writing(engine) as session:
        unconfirmed = people.pending_since(session, now - FORGET_AFTER)
        for person_id in unconfirmed:
            membership.forget(session, person_id)
        people.forget_attempts(session, now - ATTEMPTS)
    with writing(engine) as session:
        outbox.forget_replies(session, now - REPLIES)
    return len(unconfirmed)
