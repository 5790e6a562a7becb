"""Writes what a page did to the shelf: items, keys, links, sightings, labels, history and intents, in bulk (law 1)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, String, bindparam, delete, update
from sqlmodel import Session, col, select

from alerts.model import Facet, Intent, Label, Reason, Role
from alerts.store import labels as label_store
from alerts.store.bulk import add, add_missing, changed, chunks, dialect_insert, new_ids, table_of
from alerts.store.installation import raise_revisions
from alerts.store.prepared import Prepared
from alerts.store.shelf import Draft, Held, Shelf, content_values
from alerts.store.tables import (
    AlertRow,
    HistoryRow,
    IntentRow,
    ItemRow,
    KeyRow,
    LabelRow,
    LinkRow,
    ReportRow,
    SightingRow,
)

_ONCE = frozenset({"new", "published", "results", "corrected", "concern", "retracted"})  # reasons
_NO_DETAIL: Mapping[str, Any] = {}  # one for all, so that its JSON is made once


def save(session: Session, shelf: Shelf, draft: Draft, now: datetime) -> dict[int, int]:
    """Write a draft and return the ids that new items got, by their ids on the shelf; no source, no sightings."""
    for loser, survivor in draft.merged:
        _merge(session, loser, survivor)
    ids = _create(session, [shelf.items[one] for one in draft.created], draft, now)
    touched = [shelf.items[one] for one in draft.touched]
    _update(session, shelf, draft, now)
    add_missing(session, KeyRow, [
        {"scheme": key.scheme, "value": key.value, "item_id": ids.get(held.id, held.id)}
        for held in touched for key in sorted(held.keys)
    ])
    add_missing(session, LinkRow, [
        {"item_id": ids.get(held.id, held.id), **link._asdict()} for held in touched for link in sorted(held.links)
    ])
    _sight(session, draft, ids, now)
    _label(session, draft, ids, now)
    _remember(session, draft, ids, now)
    put_intents(session, draft.intents, now, new=ids)
    _refresh(session, [held for held in touched if held.first_alert is not None], draft)
    return ids


def _create(session: Session, new: Sequence[Held], draft: Draft, now: datetime) -> dict[int, int]:
    found: dict[int, int] = {}
    if new:
        found = dict(zip((held.id for held in new), new_ids(session, ItemRow, len(new)), strict=True))
        add(session, ItemRow, [{"id": found[held.id]} | _row(held, draft, now) | _first(held, now) for held in new])
    late = [{"one": found[held.id], "merged_into": found.get(held.merged_into, held.merged_into)}
            for held in new if held.merged_into is not None]
    if late:
        _update_items(session, ["merged_into"], late)
    return found


def _row(held: Held, draft: Draft, now: datetime) -> dict[str, Any]:
    return content_values(held.content) | {
        "mark": held.mark,
        "rules": draft.rules,
        "changed_at": now,
    }


def _first(held: Held, now: datetime) -> dict[str, Any]:
    lacking = held.content.truncated or not held.content.text
    return {"first_seen_at": now, "completions": 0, "complete_after": now if lacking else None}


def _update(session: Session, shelf: Shelf, draft: Draft, now: datetime) -> None:
    """Write the content of items that were labelled anew, and the marks and places of those that were marked."""
    grown = [_row(shelf.items[one], draft, now) | {"one": one} for one in draft.labels if one > 0]
    if grown:
        _update_items(session, [name for name in grown[0] if name not in ("one", "mark")], grown)
    marked = [shelf.items[one] for one in draft.marked if one > 0]
    if marked:
        _update_items(session, ["mark", "merged_into"], [
            {"one": held.id, "mark": held.mark, "merged_into": held.merged_into} for held in marked])


def _update_items(session: Session, names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    _items_update(session.get_bind().dialect, tuple(names)).run(session, rows)


@lru_cache(maxsize=16)
def _items_update(dialect: Dialect, names: Sequence[str]) -> Prepared:
    table = table_of(ItemRow)
    values: dict[str, Any] = {name: bindparam(name, type_=table.c[name].type) for name in names}
    return Prepared.of(update(table).where(table.c.id == bindparam("one")).values(values), dialect)


def _sight(session: Session, draft: Draft, ids: Mapping[int, int], now: datetime) -> None:
    rows = [
        {**at._asdict(), "item_id": ids.get(item, item), "raw_hash": raw,
         "fingerprint": fingerprint, "url": url, "first_seen_at": now, "last_seen_at": now, "changes": 0}
        for at, (item, raw, fingerprint, url) in draft.sightings.items() if at.source_id is not None
    ]
    upsert, refresh = _sightings(session.get_bind().dialect)
    for part in chunks(rows):
        upsert.run(session, part)
    again = [{"by": at.source_id, "at": at.locator, "raw": raw, "now": now} for at, raw in draft.seen.items()]
    for part in chunks(again):
        refresh.run(session, part)


@lru_cache(maxsize=8)
def _sightings(dialect: Dialect) -> tuple[Prepared, Prepared]:
    """Return the statements for entries that say something new, and for those that do not."""
    table = table_of(SightingRow)
    values = {name: bindparam(name, type_=table.c[name].type) for name in _SIGHTED}
    new = dialect_insert(dialect, table).values(values).inline()
    says_now = {name: new.excluded[name] for name in ("item_id", "raw_hash", "fingerprint", "url", "last_seen_at")}
    upsert = new.on_conflict_do_update(
        index_elements=["source_id", "locator"], set_={**says_now, "changes": table.c.changes + 1}
    )
    theirs = (table.c.source_id == bindparam("by")) & (table.c.locator == bindparam("at"))
    seen = bindparam("now", type_=table.c.last_seen_at.type)
    said = {"raw_hash": bindparam("raw", type_=String()), "last_seen_at": seen}
    return Prepared.of(upsert, dialect), Prepared.of(update(table).where(theirs).values(said), dialect)


_SIGHTED = (
    "source_id", "locator", "item_id", "raw_hash", "fingerprint", "url", "first_seen_at", "last_seen_at", "changes",
)  # fmt: skip


def saw(session: Session, source_id: int, locators: Iterable[str], now: datetime) -> None:
    """Note that a source still shows these entries."""
    for part in chunks(locators):
        session.execute(update(SightingRow).where(
            col(SightingRow.source_id) == source_id, col(SightingRow.locator).in_(part)
        ).values(last_seen_at=now).execution_options(synchronize_session=False))


def _label(session: Session, draft: Draft, ids: Mapping[int, int], now: datetime) -> None:
    label_store.add_rules(session, {ids[one]: given for one, given in draft.labels.items() if one < 0}, now)
    label_store.replace_rules(session, {one: given for one, given in draft.labels.items() if one > 0}, now)


def _remember(session: Session, draft: Draft, ids: Mapping[int, int], now: datetime) -> None:
    rows = [{"item_id": ids.get(item, item), "at": now, "field": name, "old": old, "new": new}
            for item, name, old, new in draft.history]
    add(session, HistoryRow, rows)


def _refresh(session: Session, alerted: Sequence[Held], draft: Draft) -> None:
    """Raise the revisions of what the public already sees and now sees otherwise (law 15)."""
    shown = [held.id for held in alerted if held.id in draft.before or held.id in draft.marked]
    if shown:
        raise_revisions(session, topics_of(session, shown))


def topics_of(session: Session, items: Collection[int]) -> set[str]:
    """Return the topics under which items stand today."""
    found: set[str] = set()
    for part in chunks(items):
        query = select(LabelRow.value).where(col(LabelRow.item_id).in_(part), LabelRow.facet == Facet.TOPIC.value)
        found |= set(session.exec(query.where(LabelRow.role == Role.ABOUT.value)))
    return found


def put_intents(
    session: Session, intents: Sequence[Intent], now: datetime, *, new: Mapping[int, int] | None = None
) -> None:
    """Leave intents for release: what is told once is left once.

    Of `new` items (their ids by those on the shelf) nothing can have been told yet.
    """
    if not intents:
        return
    new = new or {}
    known = _known(session, {one.item_id for one in intents} - new.keys())
    rows = []
    for one in intents:
        reason = one.reason.value
        if (one.item_id, reason) in known and reason in _ONCE:
            continue
        known.add((one.item_id, reason))
        rows.append({"item_id": new.get(one.item_id, one.item_id), "reason": reason,
                     "detail": dict(one.detail) or _NO_DETAIL, "quiet": one.quiet, "created_at": now,
                     "not_before": one.not_before})
    add(session, IntentRow, rows)


def _known(session: Session, items: Collection[int]) -> set[tuple[int, str]]:
    known: set[tuple[int, str]] = set()
    for part in chunks(sorted(items)):
        for table in (IntentRow, AlertRow):
            query = select(table.item_id, table.reason).where(col(table.item_id).in_(part))
            known |= set(session.exec(query).all())
    return known


def hurry(session: Session, items: Collection[int]) -> None:
    """Let the first alert of items that were completed wait no longer, and ask for no more of them."""
    for part in chunks(sorted(items)):
        changed(session, update(IntentRow).where(col(IntentRow.item_id).in_(part)).values(not_before=None))
        changed(session, update(ItemRow).where(col(ItemRow.id).in_(part)).values(complete_after=None))


def _merge(session: Session, loser: int, survivor: int) -> None:
    """Let everything of one item belong to another; its row stays and leads there, its alerts stay as they were."""
    raise_revisions(session, topics_of(session, [loser, survivor]))
    session.execute(delete(LabelRow).where(col(LabelRow.item_id) == loser, col(LabelRow.by) == label_store.RULE))
    _drop_doubles(session, LinkRow, ("relation", "scheme", "value"), loser, survivor)
    _drop_doubles(session, LabelRow, ("facet", "value", "by"), loser, survivor)
    for table in (KeyRow, LinkRow, SightingRow, LabelRow, HistoryRow, ReportRow, IntentRow):
        session.execute(update(table).where(col(table.item_id) == loser).values(item_id=survivor)
                        .execution_options(synchronize_session=False))
    session.execute(update(ItemRow).where((col(ItemRow.id) == loser) | (col(ItemRow.merged_into) == loser))
                    .values(merged_into=survivor).execution_options(synchronize_session=False))
    _single_new(session, survivor)


def _drop_doubles(session: Session, row: Any, names: Sequence[str], loser: int, survivor: int) -> None:  # noqa: ANN401
    columns = [getattr(row, name) for name in names]
    ours = set(session.execute(select(*columns).where(row.item_id == survivor)))
    theirs = session.execute(select(row.id, *columns).where(row.item_id == loser))
    double = [one for one, *rest in theirs if tuple(rest) in ours]
    if double:
        session.execute(delete(row).where(row.id.in_(double)))


def _single_new(session: Session, item: int) -> None:
    """Keep one first alert of a merged work: none if it was alerted, else the first left, loud if any was."""
    waiting = session.exec(select(IntentRow).where(IntentRow.item_id == item, IntentRow.reason == Reason.NEW.value)
                           .order_by(col(IntentRow.id))).all()
    held = session.get(ItemRow, item)
    keep = waiting[:1] if held and held.first_alert is None else []
    if keep:
        keep[0].quiet = all(one.quiet for one in waiting)
    for one in waiting[len(keep):]:
        session.delete(one)
    session.flush()


def same_labels(one: Iterable[Label], other: Iterable[Label]) -> bool:
    """Tell whether two sets of labels say the same, whatever words prove it."""
    return {(label.facet, label.value, label.role) for label in one} == {
        (label.facet, label.value, label.role) for label in other}
