"""Items as faces read them: one, many with their alerts and threads, found by what people call them, listed."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from alerts.model import Alert, AlertedItem, Facet, Item, Kind, Label, Role
from alerts.store import labels as label_store
from alerts.store import numberline, threads
from alerts.store.bulk import chunks
from alerts.store.shelf import TITLE, Held, held
from alerts.store.tables import HistoryRow, ItemRow, KeyRow, LabelRow, SightingRow, SourceRow

__all__ = ["Filter", "Past", "alerted", "find", "history", "item", "items", "listing"]

MARKS = ("", "corrected", "concern", "retracted")


def alerted(session: Session, numbers: Sequence[int]) -> list[AlertedItem]:
    """Return what mail, feeds and pages show of these alerts, in this order; numbers that name none are left out.

    An item that was merged is shown as the one that survived.
    """
    alerts = numberline.alerts(session, numbers)
    homes = survivors(session, {alert.item_id for alert in alerts.values()})
    shown = items(session, set(homes.values()))
    labels = label_store.held(session, list(shown))
    thread = threads.of(session, list(shown))
    marks = _marks(session, {one for members in thread.values() for _, one in members} | set(shown))
    others = items(session, {one for members in thread.values() for _, one in members})
    return [
        AlertedItem(
            alert=alert,
            item=shown[home],
            labels=labels[home],
            thread=tuple(threads.member(relation, others[one]) for relation, one in thread[home] if one in others),
            mark=max((marks[one] for one in (home, *(one for _, one in thread[home]))), key=MARKS.index),
        )
        for alert, home in _placed(alerts, homes, numbers)
    ]


def _placed(alerts: dict[int, Alert], homes: dict[int, int], numbers: Sequence[int]) -> list[tuple[Alert, int]]:
    return [(alerts[number], homes[alerts[number].item_id]) for number in numbers if number in alerts]


def _marks(session: Session, ids: Collection[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for part in chunks(sorted(ids)):
        rows = session.execute(select(ItemRow.id, ItemRow.mark).where(col(ItemRow.id).in_(part)))
        found |= {one: mark for one, mark in rows if one is not None}
    return found


def survivors(session: Session, ids: Collection[int]) -> dict[int, int]:
    """Map items to themselves, or to what they were merged into."""
    found: dict[int, int] = {}
    for part in chunks(sorted(ids)):
        rows = session.execute(select(ItemRow.id, ItemRow.merged_into).where(col(ItemRow.id).in_(part)))
        found |= {one: into or one for one, into in rows if one is not None}
    return found


def item(session: Session, number: int) -> Item | None:
    """Return one item by our number, or the one it was merged into."""
    home = survivors(session, [number]).get(number)
    return items(session, [home]).get(home) if home is not None else None


def find(session: Session, text: str) -> int | None:
    """Return the item that people call so: our number, a PMID, DOI, registry number or address; None for none."""
    said = text.strip()
    if said.isdecimal() and int(said) < 2**31 and (home := survivors(session, [int(said)]).get(int(said))):
        return home
    bare = _PREFIX.sub("", said)
    rows = session.exec(select(KeyRow.item_id).where(
        col(KeyRow.value).in_({said, bare, bare.lower(), bare.upper()}), KeyRow.scheme != TITLE).limit(1))
    found = rows.first() or session.exec(select(SightingRow.item_id).where(SightingRow.url == said).limit(1)).first()
    return survivors(session, [found])[found] if found is not None else None


_PREFIX = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|doi:\s*|pmid:?\s*)", re.IGNORECASE)


def items(session: Session, ids: Collection[int]) -> dict[int, Item]:
    """Return items by our numbers."""
    carried = _sources(session, ids)
    return {one: _item(each, carried.get(one, ())) for one, each in held(session, ids).items()}


def _item(each: Held, sources: Sequence[str]) -> Item:
    return Item(
        id=each.id,
        content=each.content,
        first_seen=each.first_seen,
        keys=tuple(sorted(key for key in each.keys if key.scheme != TITLE)),
        links=tuple(sorted(each.links)),
        sources=tuple(sources),
    )


def _sources(session: Session, ids: Collection[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for part in chunks(sorted(ids)):
        query = (
            select(SightingRow.item_id, SourceRow.slug)
            .join(SourceRow, col(SourceRow.id) == col(SightingRow.source_id))
            .where(col(SightingRow.item_id).in_(part))
            .distinct()
            .order_by(col(SourceRow.slug))
        )
        for one, slug in session.exec(query):
            found.setdefault(one, []).append(slug)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a field of an item was before and after a change."""

    at: datetime
    field: str
    old: str
    new: str


def history(session: Session, number: int) -> list[Past]:
    """Return how an item changed, oldest first."""
    rows = session.exec(select(HistoryRow).where(HistoryRow.item_id == number).order_by(col(HistoryRow.id)))
    return [Past(at=row.at, field=row.field, old=row.old, new=row.new) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which items to list: by labels that hold today. `topic` `none` means items that are about nothing followed."""

    topic: str | None = None
    kind: Kind | None = None
    phase: str | None = None
    design: str | None = None
    source: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An item with the labels that hold for it."""

    item: Item
    labels: tuple[Label, ...]
    mark: str = ""


def listing(session: Session, wanted: Filter, limit: int = 50, *, before: int | None = None) -> list[Listed]:
    """Return the newest items that pass a filter; `before` is the item number to go on after."""
    query = select(ItemRow.id).where(col(ItemRow.merged_into).is_(None), *_conditions(wanted))
    if before is not None:
        query = query.where(col(ItemRow.id) < before)
    found = [one for one in session.exec(query.order_by(col(ItemRow.id).desc()).limit(limit)) if one is not None]
    return listed(session, found)


def listed(session: Session, ids: Sequence[int]) -> list[Listed]:
    """Return items with their labels and marks, in this order."""
    shown, labels, marks = items(session, ids), label_store.held(session, ids), _marks(session, ids)
    return [Listed(item=shown[one], labels=labels[one], mark=marks[one]) for one in ids if one in shown]


def count(session: Session, wanted: Filter = Filter()) -> int:
    """Return how many items pass a filter."""
    query = select(func.count()).select_from(ItemRow).where(col(ItemRow.merged_into).is_(None), *_conditions(wanted))
    return session.exec(query).one()


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.topic == "none":
        found.append(col(ItemRow.id).not_in(_labelled(Facet.TOPIC, None, Role.ABOUT)))
    elif wanted.topic:
        found.append(col(ItemRow.id).in_(_labelled(Facet.TOPIC, wanted.topic, Role.ABOUT)))
    if wanted.phase:
        found.append(col(ItemRow.id).in_(_labelled(Facet.PHASE, wanted.phase, None)))
    if wanted.design:
        found.append(col(ItemRow.id).in_(_labelled(Facet.DESIGN, wanted.design, None)))
    if wanted.kind:
        found.append(col(ItemRow.kind) == wanted.kind.value)
    if wanted.since:
        found.append(col(ItemRow.first_seen_at) >= wanted.since)
    if wanted.source:
        shown = select(SightingRow.item_id).join(SourceRow, col(SourceRow.id) == col(SightingRow.source_id))
        found.append(col(ItemRow.id).in_(shown.where(SourceRow.slug == wanted.source)))
    return found


def _labelled(facet: Facet, value: str | None, role: Role | None) -> ColumnElement[int]:
    """Select the items that bear a label today: an operator's `not` takes it away, an operator's value stands alone."""
    ours = select(LabelRow.item_id).where(LabelRow.facet == facet.value, col(LabelRow.by) == label_store.OPERATOR)
    query = select(LabelRow.item_id).where(LabelRow.facet == facet.value, LabelRow.role != Role.NOT.value)
    if value is not None:
        query = query.where(LabelRow.value == value)
        denied = ours.where(LabelRow.value == value, LabelRow.role == Role.NOT.value)
        query = query.where(col(LabelRow.item_id).not_in(denied) | (col(LabelRow.by) == label_store.OPERATOR))
    if role is not None:
        query = query.where(LabelRow.role == role.value)
    if facet in label_store.ONE_VALUE:
        said = ours.where(LabelRow.role != Role.NOT.value)
        query = query.where(col(LabelRow.item_id).not_in(said) | (col(LabelRow.by) == label_store.OPERATOR))
    return query  # type: ignore[return-value]
