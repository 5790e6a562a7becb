"""Work that is due once a night in the whole installation, whoever of its processes comes first."""

from datetime import datetime, timedelta

from sqlalchemy import and_, update
from sqlmodel import Session, col, select

from alerts.store.bulk import changed
from alerts.store.lease import claim, give_back, mine
from alerts.store.tables import JobRow

LONGEST = timedelta(hours=2)


def take(session: Session, kind: str, night: datetime, now: datetime) -> str:
    """Claim the work of a night; empty where it is done or in somebody's hands. A new installation begins the next."""
    of_kind = col(JobRow.kind) == kind
    if session.exec(select(JobRow.id).where(of_kind)).first() is None:
        session.add(JobRow(kind=kind, detail={}, created_at=now, finished_at=now))
        return ""
    due = and_(of_kind, col(JobRow.finished_at) < night)
    token, rows = claim(session, JobRow, due, limit=1, lease=LONGEST)
    return token if rows else ""


def done(session: Session, token: str, now: datetime) -> None:
    """Note that the work of this night is done."""
    changed(
        session,
        update(JobRow).where(mine(JobRow, token)).values(finished_at=now, lease=None, leased_until=None),
    )


def failed(session: Session, token: str) -> None:
    """Let it be tried again."""
    give_back(session, JobRow, token)
