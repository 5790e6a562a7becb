"""What the database holds of the works that a page speaks of: loaded in bulk, before anything is decided."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import tuple_
from sqlmodel import Session, col, select

from alerts.model import Content, Intent, Key, Kind, Label, Link, PartialDate
from alerts.store.bulk import chunks
from alerts.store.tables import ItemRow, KeyRow, LinkRow, SightingRow, SourceRow

TITLE = "title"  # the scheme under which normalised titles are kept beside real keys; never shown


class Seen(NamedTuple):
    """What a source showed of an item the last time."""

    item_id: int
    raw_hash: str
    fingerprint: str


@dataclass(slots=True, kw_only=True)
class Held:
    """An item while its page is worked on; a negative id means that it is not stored yet."""

    id: int
    content: Content
    first_seen: datetime
    keys: set[Key] = field(default_factory=set)
    links: set[Link] = field(default_factory=set)
    mark: str = ""
    first_alert: int | None = None
    merged_into: int | None = None
    about: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True, kw_only=True)
class Shelf:
    """`owners` tells whose a key is, `pointing` which items name a key in a link, and how."""

    items: dict[int, Held] = field(default_factory=dict)
    owners: dict[Key, int] = field(default_factory=dict)
    sightings: dict[str, Seen] = field(default_factory=dict)
    pointing: dict[Key, list[tuple[str, int]]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Draft:
    """What a page does to the shelf; ids below zero are given by the database when it is saved.

    `created` and `touched` are items to write, `before` what those that must be labelled anew were, `marked` those
    whose mark or place changed, `merged` pairs of loser and survivor (both stored before), `labels` the rules' new
    word. `sightings` holds per locator the item, raw hash, fingerprint and address; `seen` the raw hashes of entries
    that said nothing new.
    """

    created: list[int] = field(default_factory=list)
    touched: dict[int, None] = field(default_factory=dict)
    before: dict[int, Content] = field(default_factory=dict)
    marked: dict[int, None] = field(default_factory=dict)
    merged: list[tuple[int, int]] = field(default_factory=list)
    sightings: dict[str, tuple[int, str, str, str]] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    intents: list[Intent] = field(default_factory=list)
    history: list[tuple[int, str, str, str]] = field(default_factory=list)
    labels: dict[int, tuple[Label, ...]] = field(default_factory=dict)
    rules: str = ""
    undated: int = 0


def sightings(session: Session, source_id: int, locators: Iterable[str]) -> dict[str, Seen]:
    """Return what this source showed under these locators the last time."""
    found: dict[str, Seen] = {}
    for part in chunks(locators):
        query = select(SightingRow.locator, SightingRow.item_id, SightingRow.raw_hash, SightingRow.fingerprint)
        rows = session.exec(query.where(SightingRow.source_id == source_id, col(SightingRow.locator).in_(part)))
        found |= {locator: Seen(item_id, raw, fingerprint) for locator, item_id, raw, fingerprint in rows}
    return found


def load(
    session: Session, seen: dict[str, Seen], keys: Collection[Key], targets: Collection[Key], relations: Collection[str]
) -> Shelf:
    """Load every item that `seen`, `keys` or `targets` lead to, and those that point at `keys` by `relations`."""
    owners = _owners(session, {*keys, *targets})
    pointing = _pointing(session, keys, relations)
    wanted = {one.item_id for one in seen.values()} | set(owners.values())
    wanted |= {item_id for pairs in pointing.values() for _, item_id in pairs}
    return Shelf(items=held(session, wanted), owners=owners, sightings=dict(seen), pointing=pointing)


def _owners(session: Session, keys: Collection[Key]) -> dict[Key, int]:
    found = {}
    for part in chunks(sorted(keys)):
        pair = tuple_(col(KeyRow.scheme), col(KeyRow.value))
        for row in session.execute(select(KeyRow.scheme, KeyRow.value, KeyRow.item_id).where(pair.in_(part))):
            found[Key(row[0], row[1])] = row[2]
    return found


def _pointing(
    session: Session, keys: Collection[Key], relations: Collection[str]
) -> dict[Key, list[tuple[str, int]]]:
    found: dict[Key, list[tuple[str, int]]] = {}
    for part in chunks(sorted(keys)):
        pair = tuple_(col(LinkRow.scheme), col(LinkRow.value))
        query = select(LinkRow.scheme, LinkRow.value, LinkRow.relation, LinkRow.item_id)
        query = query.where(pair.in_(part), col(LinkRow.relation).in_(relations)).order_by(col(LinkRow.item_id))
        for scheme, value, relation, item_id in session.execute(query):
            found.setdefault(Key(scheme, value), []).append((relation, item_id))
    return found


def held(session: Session, ids: Collection[int]) -> dict[int, Held]:
    """Load items with their keys, links and what operators said of their sources."""
    found: dict[int, Held] = {}
    for part in chunks(sorted(ids)):
        for row in session.exec(select(ItemRow).where(col(ItemRow.id).in_(part))):
            found[row.id or 0] = _held(row)
        keys = select(KeyRow.item_id, KeyRow.scheme, KeyRow.value).where(col(KeyRow.item_id).in_(part))
        for item_id, scheme, value in session.exec(keys):
            found[item_id].keys.add(Key(scheme, value))
        links = select(LinkRow.item_id, LinkRow.relation, LinkRow.scheme, LinkRow.value)
        for item_id, *link in session.execute(links.where(col(LinkRow.item_id).in_(part))):
            found[item_id].links.add(Link(*link))
        for item_id, said in about(session, part):
            found[item_id].about = (*found[item_id].about, said)
    return found


def about(session: Session, ids: Collection[int]) -> list[tuple[int, tuple[str, str]]]:
    """Return what operators stated of the sources that show these items: topic and the source's title."""
    query = (
        select(SightingRow.item_id, SourceRow.about, SourceRow.title)
        .join(SourceRow, col(SourceRow.id) == col(SightingRow.source_id))
        .where(col(SightingRow.item_id).in_(ids), col(SourceRow.about).is_not(None))
        .distinct()
        .order_by(col(SightingRow.item_id), col(SourceRow.about), col(SourceRow.title))
    )
    return [(item_id, (about or "", title)) for item_id, about, title in session.exec(query)]


def _held(row: ItemRow) -> Held:
    return Held(
        id=row.id or 0,
        content=content_from(row),
        first_seen=row.first_seen_at,
        mark=row.mark,
        first_alert=row.first_alert,
        merged_into=row.merged_into,
    )


def content_from(row: ItemRow) -> Content:
    return Content(
        kind=Kind(row.kind),
        title=row.title,
        text=row.text,
        url=row.url,
        authors=tuple(row.authors),
        venue=row.venue,
        published=PartialDate.parse(row.published) if row.published else None,
        language=row.language,
        publication_types=tuple(row.publication_types),
        mesh=tuple(row.mesh),
        phases=tuple(row.phases),
        enrollment=row.enrollment,
        status=row.status,
        why_stopped=row.why_stopped,
        has_results=row.has_results,
        truncated=row.truncated,
    )


def content_values(content: Content) -> dict[str, object]:
    """Return the columns of `items` that hold a content."""
    return {
        "kind": content.kind.value,
        "title": content.title,
        "text": content.text,
        "url": content.url,
        "authors": list(content.authors),
        "venue": content.venue,
        "published": str(content.published) if content.published else "",
        "language": content.language,
        "publication_types": list(content.publication_types),
        "mesh": list(content.mesh),
        "phases": list(content.phases),
        "enrollment": content.enrollment,
        "status": content.status,
        "why_stopped": content.why_stopped,
        "has_results": content.has_results,
        "truncated": content.truncated,
    }
