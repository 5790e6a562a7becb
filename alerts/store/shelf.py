"""What the database holds of the works that a page speaks of: loaded in bulk, before anything is decided."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from alerts.model import Content, Intent, Key, Kind, Label, Link, PartialDate
from alerts.store.bulk import by_pairs, chunks
from alerts.store.tables import ItemRow, KeyRow, LinkRow, SightingRow, SourceRow

TITLE = "title"  # the scheme under which normalised titles are kept beside real keys; never shown


class At(NamedTuple):
    """Where an entry stands: its source (None: outside of any), and what that source calls it."""

    source_id: int | None
    locator: str


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
    sightings: dict[At, Seen] = field(default_factory=dict)
    pointing: dict[Key, list[tuple[str, int]]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Draft:
    """What a page does to the shelf; ids below zero are given by the database when it is saved.

    `created` and `touched` are items to write, `before` what those that must be labelled anew were, `marked` those
    whose mark or place changed, `merged` pairs of loser and survivor (both stored before), `labels` the rules' new
    word. `sightings` holds per place the item, raw hash, fingerprint and address; `seen` the raw hashes of entries
    that said nothing new. `numbers` counts the ids given to new items: one draft may hold the pages of many sources.
    """

    created: list[int] = field(default_factory=list)
    touched: dict[int, None] = field(default_factory=dict)
    before: dict[int, Content] = field(default_factory=dict)
    marked: dict[int, None] = field(default_factory=dict)
    merged: list[tuple[int, int]] = field(default_factory=list)
    sightings: dict[At, tuple[int, str, str, str]] = field(default_factory=dict)
    seen: dict[At, str] = field(default_factory=dict)
    intents: list[Intent] = field(default_factory=list)
    history: list[tuple[int, str, str, str]] = field(default_factory=list)
    labels: dict[int, tuple[Label, ...]] = field(default_factory=dict)
    rules: str = ""
    numbers: int = 0


_SIGHTINGS = """
    SELECT s.source_id, s.locator, s.item_id, s.raw_hash, s.fingerprint FROM {pairs} AS p
    JOIN sightings AS s ON s.source_id = CAST(p.one AS integer) AND s.locator = p.two
"""


def sightings(session: Session, places: Collection[At]) -> dict[At, Seen]:
    """Return what was shown at these places the last time."""
    rows = by_pairs(session, _SIGHTINGS, places) if places else ()
    return {At(source_id, locator): Seen(*rest) for source_id, locator, *rest in rows}


def load(
    session: Session, seen: dict[At, Seen], keys: Collection[Key], targets: Collection[Key], relations: Collection[str]
) -> Shelf:
    """Load every item that `seen`, `keys` or `targets` lead to, and those that point at `keys` by `relations`."""
    owners = _owners(session, {*keys, *targets})
    pointing = _pointing(session, keys, relations)
    wanted = {one.item_id for one in seen.values()} | set(owners.values())
    wanted |= {item_id for pairs in pointing.values() for _, item_id in pairs}
    return Shelf(items=held(session, wanted), owners=owners, sightings=dict(seen), pointing=pointing)


_OWNERS = """
    SELECT k.scheme, k.value, k.item_id FROM {pairs} AS p JOIN keys AS k ON k.scheme = p.one AND k.value = p.two
"""


def _owners(session: Session, keys: Collection[Key]) -> dict[Key, int]:
    rows = by_pairs(session, _OWNERS, keys) if keys else ()
    return {Key(scheme, value): item_id for scheme, value, item_id in rows}


_POINTING = """
    SELECT l.scheme, l.value, l.relation, l.item_id FROM {pairs} AS p
    JOIN links AS l ON l.scheme = p.one AND l.value = p.two ORDER BY l.item_id
"""


def _pointing(
    session: Session, keys: Collection[Key], relations: Collection[str]
) -> dict[Key, list[tuple[str, int]]]:
    found: dict[Key, list[tuple[str, int]]] = {}
    named = [key for key in keys if key.scheme not in _NEVER_LINKED]
    for scheme, value, relation, item_id in by_pairs(session, _POINTING, named) if named else ():
        if relation in relations:
            found.setdefault(Key(scheme, value), []).append((relation, item_id))
    return found


_NEVER_LINKED = frozenset({TITLE, "guid"})


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
    """Return what operators stated of the sources that show these items: topic and the source's title or slug."""
    query = (
        select(SightingRow.item_id, SourceRow.about, SourceRow.title, SourceRow.slug)
        .join(SourceRow, col(SourceRow.id) == col(SightingRow.source_id))
        .where(col(SightingRow.item_id).in_(ids), col(SourceRow.about).is_not(None))
        .distinct()
        .order_by(col(SightingRow.item_id), col(SourceRow.about), col(SourceRow.title))
    )
    return [(item_id, (about or "", title or slug)) for item_id, about, title, slug in session.exec(query)]


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
        "authors": content.authors,
        "venue": content.venue,
        "published": str(content.published) if content.published else "",
        "language": content.language,
        "publication_types": content.publication_types,
        "mesh": content.mesh,
        "phases": content.phases,
        "enrollment": content.enrollment,
        "status": content.status,
        "why_stopped": content.why_stopped,
        "has_results": content.has_results,
        "truncated": content.truncated,
    }
