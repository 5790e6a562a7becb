"""Intents as release works them off: due ones with their items, labels and what readers were told before."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, or_, update
from sqlmodel import Session, col, select

from alerts.model import Content, Intent, Label, Reason
from alerts.store import labels as label_store
from alerts.store.bulk import chunks, table_of
from alerts.store.numberline import facts_from
from alerts.store.shelf import content_from
from alerts.store.tables import AlertRow, IntentRow, ItemRow
from subscribers.interest import Facts

ASK_AFTER = timedelta(days=30)  # how soon an alerted item is asked after: most retractions come late


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An intent with all that its alert is made of. `told` are the facts of the item's last alert, None before it."""

    id: int
    intent: Intent
    content: Content
    labels: tuple[Label, ...]
    first_alert: int | None
    told: Facts | None


def pending(session: Session, now: datetime, limit: int) -> list[Pending]:
    """Return intents that may go out now, oldest first; of one poll's, those of the oldest works first.

    Feeds list the newest work first, so among works of one day the one that came last is the oldest.
    """
    free = or_(col(IntentRow.not_before).is_(None), col(IntentRow.not_before) <= now)
    order = (col(IntentRow.created_at), col(ItemRow.published), col(IntentRow.item_id).desc(), col(IntentRow.id))
    query = select(IntentRow).join(ItemRow, col(ItemRow.id) == col(IntentRow.item_id)).where(free)
    rows = session.exec(query.order_by(*order).limit(limit)).all()
    ids = {row.item_id for row in rows}
    items = {row.id: row for row in session.exec(select(ItemRow).where(col(ItemRow.id).in_(ids)))}
    held = label_store.held(session, ids)
    told = _told(session, {one for one in ids if items[one].first_alert is not None})
    return [
        Pending(
            id=row.id or 0,
            intent=Intent(item_id=row.item_id, reason=Reason(row.reason), detail=row.detail, quiet=row.quiet),
            content=content_from(items[row.item_id]),
            labels=held[row.item_id],
            first_alert=items[row.item_id].first_alert,
            told=told.get(row.item_id),
        )
        for row in rows
    ]


class HeldBack(NamedTuple):
    """Why alerts reach nobody by mail: older than `--max-age`, undated among many, a status nobody waits for; or wait.

    `waiting` are works seen now whose text is asked for first.
    """

    old: int = 0
    undated: int = 0
    status: int = 0
    waiting: int = 0


def held_back(session: Session, numbers: range, now: datetime) -> HeldBack:
    """Return how many of the alerts with these numbers are quiet, and how many works seen at `now` wait."""
    query = select(AlertRow.reason, ItemRow.published).join(ItemRow, col(ItemRow.id) == col(AlertRow.item_id))
    quiet = query.where(col(AlertRow.number) >= numbers.start, col(AlertRow.number) < numbers.stop, AlertRow.quiet)
    why = Counter("status" if reason == Reason.STATUS.value else "old" if published else "undated"
                  for reason, published in session.exec(quiet))
    waits = (col(IntentRow.created_at) == now) & (col(IntentRow.not_before) > now)
    return HeldBack(**why, waiting=session.exec(select(func.count()).select_from(IntentRow).where(waits)).one())


def _told(session: Session, items: Collection[int]) -> dict[int, Facts]:
    """Return the facts of the last alert of each item."""
    found: dict[int, Facts] = {}
    for part in chunks(sorted(items)):
        last = select(func.max(AlertRow.number)).where(col(AlertRow.item_id).in_(part)).group_by(col(AlertRow.item_id))
        rows = session.exec(select(AlertRow.item_id, AlertRow.facts).where(col(AlertRow.number).in_(last)))
        found |= {item: facts_from(facts) for item, facts in rows}
    return found


def done(session: Session, ids: Iterable[int]) -> None:
    for part in chunks(ids):
        session.execute(delete(IntentRow).where(col(IntentRow.id).in_(part)))


def first_alerted(session: Session, numbers: dict[int, int], now: datetime) -> None:
    """Note the first alert of items; from now on they are asked after."""
    table = table_of(ItemRow)
    for item, number in numbers.items():
        session.execute(update(table).where(table.c.id == item).values(first_alert=number, ask_after=now + ASK_AFTER))
