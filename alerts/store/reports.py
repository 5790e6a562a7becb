"""Readers' reports of wrong labels."""

from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from alerts.store.tables import ReportRow


def waiting(session: Session, item: int) -> int:
    """Count the reports about an item that nobody has looked at."""
    query = select(func.count()).select_from(ReportRow).where(col(ReportRow.item_id) == item)
    return session.execute(query.where(col(ReportRow.done_at).is_(None))).scalar() or 0


def keep(session: Session, item: int, words: str, now: datetime) -> None:
    """Write one report down."""
    session.add(ReportRow(item_id=item, at=now, words=words))
    session.flush()
