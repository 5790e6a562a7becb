"""The standing order to label the archive anew: who works it off, and how far it is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col, select

from alerts.store.bulk import changed
from alerts.store.engine import database_now
from alerts.store.lease import claim, mine
from alerts.store.tables import JobRow

KIND = "relabel"
LEASE = timedelta(seconds=120)
_WAITING = (col(JobRow.kind) == KIND) & col(JobRow.finished_at).is_(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order in our hands; `loud` makes what items gain news instead of quiet alerts."""

    token: str
    loud: bool
    number: int


def place(session: Session, now: datetime, *, loud: bool = False) -> None:
    """Order a pass over the archive, from its start even where one is under way."""
    row = session.exec(select(JobRow).where(JobRow.kind == KIND)).first()
    if row is None:
        row = JobRow(kind=KIND, detail={"number": 0, "loud": False}, created_at=now, finished_at=now)
    still_loud = row.finished_at is None and row.detail["loud"]
    row.detail = {"number": row.detail["number"] + 1, "loud": loud or still_loud}
    row.created_at, row.finished_at, row.done, row.total = now, None, 0, 0
    session.add(row)


def take(session: Session) -> Order | None:
    """Claim the order; None where there is none, or where it is in somebody's hands."""
    token, rows = claim(session, JobRow, _WAITING, limit=1, lease=LEASE)
    return Order(token=token, loud=rows[0].detail["loud"], number=rows[0].detail["number"]) if rows else None


def tell(session: Session, order: Order, done: int, total: int) -> None:
    """Note how far the pass is, and put off the end of the lease."""
    values = {"done": done, "total": total, "leased_until": database_now(session) + LEASE}
    changed(session, update(JobRow).where(mine(JobRow, order.token)).values(**values))


def give_back(session: Session, order: Order, finished: datetime | None) -> None:
    """Give the order back; it is done if it was `finished` and no other order was placed meanwhile."""
    row = session.exec(select(JobRow).where(mine(JobRow, order.token))).first()
    if row is None:
        return
    if row.detail["number"] == order.number:
        row.finished_at = finished
    row.lease = row.leased_until = None
    session.add(row)


def progress(session: Session) -> tuple[int, int] | None:
    """Return (done, total) of the pass that is under way or waits; None where there is none."""
    row = session.exec(select(JobRow).where(_WAITING)).first()
    return (row.done, row.total) if row else None
