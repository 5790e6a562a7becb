"""Readers' words that a label is wrong: kept without an address, until an operator has looked."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from alerts.store.tables import ReportRow


def add(session: Session, item: int, words: str, now: datetime) -> None:
    """Keep a report."""
    session.add(ReportRow(item_id=item, words=words, at=now))


def open_items(session: Session, limit: int) -> Sequence[int]:
    """Return the items with a report that nobody has looked at, the latest report first."""
    query = select(ReportRow.item_id).where(col(ReportRow.done_at).is_(None)).group_by(col(ReportRow.item_id))
    return session.exec(query.order_by(func.max(ReportRow.at).desc()).limit(limit)).all()


def done(session: Session, item: int, now: datetime) -> None:
    """Say that an operator has looked at an item's reports."""
    session.execute(
        update(ReportRow).where(col(ReportRow.item_id) == item, col(ReportRow.done_at).is_(None)).values(done_at=now)
    )


def waiting(session: Session, item: int) -> int:
    """Count the reports about an item that nobody has looked at."""
    query = select(func.count()).select_from(ReportRow).where(ReportRow.item_id == item)
    return session.exec(query.where(col(ReportRow.done_at).is_(None))).one()
