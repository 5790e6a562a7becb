"""Work that is due once a night in the whole installation, whoever of its processes comes first."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, update
from sqlmodel import Session, col, select

from alerts.store.bulk import changed
from alerts.store.lease import claim, mine
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
    _end(session, token, finished_at=now, done=0)


def failed(session: Session, token: str) -> bool:
    """Let it be tried again; true where it failed for the first time since it was last done."""
    tries = session.exec(select(JobRow.done).where(mine(JobRow, token))).first()
    _end(session, token, done=JobRow.done + 1)
    return tries == 0


def _end(session: Session, token: str, **values: Any) -> None:  # noqa: ANN401  columns of JobRow
    changed(session, update(JobRow).where(mine(JobRow, token)).values(lease=None, leased_until=None, **values))
