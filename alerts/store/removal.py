"""Takes out a source, or items whole: only ever what was invented (samples) or what an operator removes."""

from collections.abc import Sequence

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from alerts.store.bulk import changed, chunks
from alerts.store.installation import raise_revisions
from alerts.store.tables import (
    AlertRow,
    AlertTopicRow,
    HistoryRow,
    IntentRow,
    ItemRow,
    KeyRow,
    LabelRow,
    LinkRow,
    ReportRow,
    SightingRow,
    SourceRow,
)


def only_from(session: Session, source_id: int) -> list[int]:
    """Return the items that only this source shows, with those that were merged into them."""
    others = select(SightingRow.item_id).where(SightingRow.source_id != source_id)
    ours = select(SightingRow.item_id).where(SightingRow.source_id == source_id)
    found = set(session.exec(ours.where(col(SightingRow.item_id).not_in(others))))
    return sorted(found | set(session.exec(select(ItemRow.id).where(col(ItemRow.merged_into).in_(found))).all()))  # type: ignore[arg-type]


def remove_items(session: Session, items: Sequence[int]) -> None:
    """Remove items with everything that hangs on them, their alerts too; their numbers are never given again."""
    for part in chunks(items):
        numbers = session.exec(select(AlertRow.number).where(col(AlertRow.item_id).in_(part))).all()
        shown = select(AlertTopicRow.slug).where(col(AlertTopicRow.number).in_(numbers)).distinct()
        raise_revisions(session, session.exec(shown).all())
        changed(session, delete(AlertTopicRow).where(col(AlertTopicRow.number).in_(numbers)))
        for table in (AlertRow, IntentRow, LabelRow, LinkRow, KeyRow, SightingRow, HistoryRow, ReportRow):
            changed(session, delete(table).where(col(table.item_id).in_(part)))
        changed(session, update(ItemRow).where(col(ItemRow.id).in_(part)).values(merged_into=None))
        changed(session, delete(ItemRow).where(col(ItemRow.id).in_(part)))


def forget(session: Session, source_id: int) -> None:
    """Remove a source and that it showed what it showed."""
    changed(session, delete(SightingRow).where(col(SightingRow.source_id) == source_id))
    changed(session, delete(SourceRow).where(col(SourceRow.id) == source_id))
