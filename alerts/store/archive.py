"""The archive as re-labelling walks through it: stored items in batches, and the version of the rules they know."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, update
from sqlmodel import Session, col, select

from alerts.model import Content, Intent, Reason
from alerts.store.bulk import changed, chunks
from alerts.store.shelf import about, content_from
from alerts.store.tables import ItemRow, LinkRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An item as it is classified again; `changed_at` tells later whether it is still the same."""

    id: int
    content: Content
    about: tuple[tuple[str, str], ...]
    study_linked: bool
    changed_at: datetime
    first_alert: int | None

    def news(self, *, quiet: bool) -> Intent:
        """Return the intent that tells what its new labels make of it: its first alert, or a matched one."""
        reason = Reason.NEW if self.first_alert is None else Reason.MATCHED
        return Intent(item_id=self.id, reason=reason, quiet=quiet)


def outdated(version: str) -> ColumnElement[bool]:
    """Return the condition that an item was labelled by other rules than these."""
    return (col(ItemRow.rules) != version) & col(ItemRow.merged_into).is_(None)


def since(moment: datetime | None) -> ColumnElement[bool]:
    """Return the condition that an item is first seen at or after a moment; None: any."""
    living = col(ItemRow.merged_into).is_(None)
    return living if moment is None else living & (col(ItemRow.first_seen_at) >= moment)


def count(session: Session, which: ColumnElement[bool]) -> int:
    return session.exec(select(func.count()).select_from(ItemRow).where(which)).one()


def batch(session: Session, which: ColumnElement[bool], after: int, limit: int) -> list[Stored]:
    """Return the next items in the order of their numbers."""
    query = select(ItemRow).where(col(ItemRow.id) > after, which).order_by(col(ItemRow.id)).limit(limit)
    return _stored(session, session.exec(query).all())


def these(session: Session, ids: Collection[int]) -> list[Stored]:
    """Return stored items by their numbers."""
    return [one for part in chunks(sorted(ids))
            for one in _stored(session, session.exec(select(ItemRow).where(col(ItemRow.id).in_(part))).all())]


def _stored(session: Session, rows: Sequence[ItemRow]) -> list[Stored]:
    ids = [row.id or 0 for row in rows]
    told: dict[int, list[tuple[str, str]]] = {}
    for one, said in about(session, ids):
        told.setdefault(one, []).append(said)
    query = select(LinkRow.item_id).where(col(LinkRow.item_id).in_(ids), LinkRow.relation == "news-about")
    linked = set(session.exec(query))
    return [
        Stored(
            id=row.id or 0,
            content=content_from(row),
            about=tuple(told.get(row.id or 0, ())),
            study_linked=row.id in linked,
            changed_at=row.changed_at,
            first_alert=row.first_alert,
        )
        for row in rows
    ]


def unchanged(session: Session, read: Sequence[Stored]) -> list[Stored]:
    """Return those that nobody changed since they were read."""
    ids = [one.id for one in read]
    rows = session.execute(select(ItemRow.id, ItemRow.changed_at).where(col(ItemRow.id).in_(ids)))
    at = {one: moment for one, moment in rows if one is not None}
    return [one for one in read if at.get(one.id) == one.changed_at]


def labelled(session: Session, ids: Sequence[int], version: str) -> None:
    """Note by which rules items were labelled."""
    changed(session, update(ItemRow).where(col(ItemRow.id).in_(ids)).values(rules=version))
