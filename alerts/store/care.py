"""Items that need care after they were stored: teasers to complete, and alerted works to ask after."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from alerts.model import Item
from alerts.store.bulk import table_of
from alerts.store.items import items
from alerts.store.tables import AlertRow, ItemRow, JobRow


class Teaser(NamedTuple):
    """An item to complete, and how often it was asked for in vain."""

    item: Item
    attempts: int


class Alerted(NamedTuple):
    """An item to ask after, and when it was first alerted."""

    item: Item
    at: datetime


def teasers(session: Session, now: datetime, limit: int) -> list[Teaser]:
    """Return items whose completion is due, the longest waiting first."""
    query = select(ItemRow.id, ItemRow.completions).where(
        col(ItemRow.complete_after) <= now, col(ItemRow.merged_into).is_(None)
    ).order_by(col(ItemRow.complete_after), col(ItemRow.id)).limit(limit)  # fmt: skip
    attempts = {one: times for one, times in session.exec(query) if one is not None}
    held = items(session, list(attempts))
    return [Teaser(held[one], times) for one, times in attempts.items()]


def tried(session: Session, later: Mapping[int, datetime | None]) -> None:
    """Count one more attempt for these items and note when the next is due (None: no more)."""
    _set(session, "complete_after", later, count=True)


def alerted(session: Session, now: datetime, limit: int) -> list[Alerted]:
    """Return alerted items after which it is time to ask (again)."""
    query = (
        select(ItemRow.id, AlertRow.at)
        .join(AlertRow, col(AlertRow.number) == col(ItemRow.first_alert))
        .where(col(ItemRow.ask_after) <= now, col(ItemRow.merged_into).is_(None))
        .order_by(col(ItemRow.ask_after), col(ItemRow.id))
        .limit(limit)
    )
    at = {one: moment for one, moment in session.exec(query) if one is not None}
    held = items(session, list(at))
    return [Alerted(held[one], moment) for one, moment in at.items()]


def asked(session: Session, later: Mapping[int, datetime | None]) -> None:
    """Note when to ask after these items again (None: never)."""
    _set(session, "ask_after", later, count=False)


def _set(session: Session, name: str, later: Mapping[int, datetime | None], *, count: bool) -> None:
    if not later:
        return
    table = table_of(ItemRow)
    values: dict[str, Any] = {name: bindparam("later")}
    if count:
        values["completions"] = table.c.completions + 1
    rows = [{"one": item, "later": moment} for item, moment in later.items()]
    session.execute(update(table).where(table.c.id == bindparam("one")).values(values), rows)


def spend(session: Session, kind: str, now: datetime, wish: int, budget: int) -> int:
    """Take up to `wish` requests from a day's budget and return how many are granted."""
    day = now.date().isoformat()
    row = session.exec(select(JobRow).where(JobRow.kind == kind).with_for_update()).first()
    if row is None:
        row = JobRow(kind=kind, detail={}, created_at=now)
        session.add(row)
    if row.detail.get("day") != day:
        row.detail, row.done = {"day": day}, 0
    granted = max(0, min(wish, budget - row.done))
    row.done += granted
    row.total = budget
    session.flush()
    return granted
