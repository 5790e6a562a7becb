"""Topics and sources: what people follow, and what we poll."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from alerts.errors import NotFoundError, NoTopicError, UsageError
from alerts.model import Facet, Role, Source, SourceState, Topic
from alerts.store import removal
from alerts.store.bulk import changed
from alerts.store.installation import raise_revisions
from alerts.store.tables import ItemRow, LabelRow, SightingRow, SourceRow, TopicRow

RESERVED = frozenset({"all", "none", "new", "build", "search", "test"})
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


def topics(session: Session, *, retired: bool = False) -> list[Topic]:
    """Return the topics by slug; retired ones only if asked for."""
    query = select(TopicRow).order_by(col(TopicRow.slug))
    if not retired:
        query = query.where(col(TopicRow.retired_at).is_(None))
    return [_topic(row) for row in session.exec(query)]


def topic(session: Session, slug: str) -> Topic:
    """Return one topic, retired or not; raises NotFoundError."""
    return _topic(_topic_row(session, slug))


def parents(session: Session) -> dict[str, str | None]:
    """Map every topic to its parent."""
    return dict(session.execute(select(TopicRow.slug, TopicRow.parent)).all())


def ended(session: Session) -> set[str]:
    """Return the slugs of topics that were retired."""
    return set(session.exec(select(TopicRow.slug).where(col(TopicRow.retired_at).is_not(None))))


def _topic(row: TopicRow) -> Topic:
    return Topic(
        slug=row.slug,
        name=row.name,
        definition=row.definition,
        parent=row.parent,
        retired=row.retired_at is not None,
        successor=row.successor,
    )


def _topic_row(session: Session, slug: str) -> TopicRow:
    row = session.exec(select(TopicRow).where(TopicRow.slug == slug)).first()
    if row is None:
        raise NoTopicError(slug, session.exec(select(TopicRow.slug).where(col(TopicRow.retired_at).is_(None))))
    return row


def topic_id(session: Session, slug: str) -> int:
    """Return the number that the database gave a topic."""
    return _topic_row(session, slug).id or 0


def add_topics(session: Session, new: Iterable[Topic]) -> list[str]:
    """Add topics; raises what `check_new_topics` raises."""
    wanted = list(new)
    check_new_topics(session, wanted)
    if wanted:
        session.execute(insert(TopicRow), [_topic_values(one) for one in wanted])
    return [one.slug for one in wanted]


def check_new_topics(session: Session, wanted: Sequence[Topic]) -> None:
    """Raise UsageError for a slug that exists, and what `check_topics` raises."""
    check_topics(session, wanted)
    if existing := sorted(parents(session).keys() & {one.slug for one in wanted}):
        raise UsageError(f"The topic {existing[0]!r} exists already; change it with: alerts topic edit {existing[0]}")


def check_topics(session: Session, wanted: Sequence[Topic]) -> None:
    """Raise UsageError for a slug that has ended or is reserved, for a parent that does not exist, or a circle."""
    known = parents(session) | {one.slug: one.parent for one in wanted}
    gone = ended(session)
    for one in wanted:
        if one.slug in gone:
            raise UsageError(f"The topic {one.slug!r} has ended, and its slug is never used again; choose another slug")
        if one.slug in RESERVED:
            raise UsageError(f"{one.slug!r} is a reserved word and cannot be a topic")
        _check_parent(one, known)


def edit_topics(session: Session, changed_topics: Iterable[Topic]) -> list[str]:
    """Give topics a new name, definition or parent; the slug stays for ever. Returns the slugs that differ now."""
    wanted, touched = list(changed_topics), []
    rows = [_topic_row(session, one.slug) for one in wanted]
    check_topics(session, wanted)
    for one, row in zip(wanted, rows, strict=True):
        values = _topic_values(one)
        if any(getattr(row, name) != value for name, value in values.items()):
            row.name, row.definition, row.parent = one.name, values["definition"], one.parent
            touched.append(one.slug)
    session.flush()
    return touched


def _topic_values(one: Topic) -> dict[str, Any]:
    return {"slug": one.slug, "name": one.name, "definition": dict(one.definition), "parent": one.parent}


def _check_parent(one: Topic, known: Mapping[str, str | None]) -> None:
    if one.parent is not None and one.parent not in known:
        raise UsageError(f"The topic {one.slug!r} names the parent {one.parent!r}, which does not exist")
    at, passed = one.parent, {one.slug}
    while at is not None:
        if at in passed:
            raise UsageError(f"The topic {one.slug!r} would be its own ancestor (by way of {one.parent!r})")
        passed.add(at)
        at = known.get(at)


def retire_topic(session: Session, slug: str, now: datetime, *, into: str | None = None) -> None:
    """End a topic; those who follow it go on with `into` where it is given. It stays known and is never reused."""
    row = _topic_row(session, slug)
    if into is not None and (into == slug or _topic_row(session, into).retired_at is not None):
        raise UsageError(f"{into!r} is no living topic that could take over from {slug!r}")
    row.retired_at, row.successor = now, into
    session.flush()
    raise_revisions(session, [slug, *([into] if into else [])])


def topic_counts(session: Session) -> dict[str, int]:
    """Return how many items are about each topic (by today's labels, operators' word included)."""
    said = aliased(LabelRow)
    denied = select(said.id).where(
        col(said.item_id) == col(LabelRow.item_id), col(said.facet) == col(LabelRow.facet),
        col(said.value) == col(LabelRow.value), col(said.by) == "operator",
        col(said.role) != Role.ABOUT.value,
    )  # fmt: skip
    query = (
        select(LabelRow.value, func.count(func.distinct(col(LabelRow.item_id))))
        .join(ItemRow, col(ItemRow.id) == col(LabelRow.item_id))
        .where(col(LabelRow.facet) == Facet.TOPIC.value, col(LabelRow.role) == Role.ABOUT.value)
        .where(col(ItemRow.merged_into).is_(None), ~denied.exists())
        .group_by(col(LabelRow.value))
    )
    return dict(session.exec(query).all())


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """A source and how it does."""

    source: Source
    state: SourceState
    items: int
    last_error: str
    notes: tuple[str, ...]
    failures: int
    gaps: int
    failing_since: datetime | None
    told_at: datetime | None
    last_polled_at: datetime | None
    last_ok_at: datetime | None
    next_poll_at: datetime | None
    interval: timedelta


def sources(session: Session) -> list[Source]:
    """Return every source by slug."""
    return [source_from(row) for row in session.exec(select(SourceRow).order_by(col(SourceRow.slug)))]


def source(session: Session, slug: str) -> Source:
    """Return one source; raises NotFoundError."""
    return source_from(source_row(session, slug))


def health(session: Session, slugs: Sequence[str] = ()) -> list[SourceHealth]:
    """Return how every source does, or these; raises NotFoundError for a slug that names none."""
    query = select(SourceRow).order_by(col(SourceRow.slug))
    rows = session.exec(query.where(col(SourceRow.slug).in_(slugs)) if slugs else query).all()
    missing = sorted(set(slugs) - {row.slug for row in rows})
    if missing:
        raise NotFoundError(f"There is no source {missing[0]!r}; see: alerts source list")
    counted = select(SightingRow.source_id, func.count(func.distinct(col(SightingRow.item_id))))
    items = dict(session.exec(counted.group_by(col(SightingRow.source_id))).all())
    return [_health(row, items.get(row.id or 0, 0)) for row in rows]


def _health(row: SourceRow, items: int) -> SourceHealth:
    return SourceHealth(
        source=source_from(row),
        state=SourceState(row.state),
        items=items,
        last_error=row.last_error,
        notes=tuple(row.notes),
        failures=row.failures,
        gaps=row.gaps,
        failing_since=row.failing_since,
        told_at=row.told_at,
        last_polled_at=row.last_polled_at,
        last_ok_at=row.last_ok_at,
        next_poll_at=row.next_poll_at,
        interval=timedelta(seconds=row.interval_s),
    )


def source_from(row: SourceRow) -> Source:
    return Source(
        slug=row.slug,
        kind=row.kind,
        url=row.url,
        query=row.query,
        title=row.title,
        gives=row.gives,
        about=row.about,
        max_age=None if row.max_age_days is None else timedelta(days=row.max_age_days),
        allow_private=row.allow_private,
        why=row.why,
        sample=row.sample,
        options=row.options,
    )


def source_row(session: Session, slug: str) -> SourceRow:
    row = session.exec(select(SourceRow).where(SourceRow.slug == slug)).first()
    if row is None:
        raise NotFoundError(f"There is no source {slug!r}; see: alerts source list")
    return row


def _source_values(one: Source) -> dict[str, Any]:
    return {
        "slug": one.slug,
        "kind": one.kind,
        "url": one.url,
        "query": one.query,
        "title": one.title,
        "gives": one.gives,
        "about": one.about,
        "max_age_days": None if one.max_age is None else one.max_age.days,
        "allow_private": one.allow_private,
        "why": one.why,
        "sample": one.sample,
        "options": dict(one.options),
    }


def check_new_sources(session: Session, wanted: Iterable[Source]) -> None:
    """Raise UsageError for a slug that is none or exists, for what is polled already, or for an unknown topic."""
    places = {known.asks: known.slug for known in sources(session)}
    slugs, about = set(places.values()), parents(session)
    for one in wanted:
        if not SLUG.fullmatch(one.slug):
            raise UsageError(f"{one.slug!r} is no slug: small letters, digits and hyphens, such as my-journal")
        if one.slug in RESERVED:
            raise UsageError(f"{one.slug!r} is a reserved word; choose another --slug")
        if one.asks in places:
            raise UsageError(f"The source {places[one.asks]!r} polls this already")
        if one.slug in slugs:
            raise UsageError(f"The source {one.slug!r} exists already and polls something else; choose another --slug")
        if one.about is not None and one.about not in about:
            raise UsageError(f"There is no topic {one.about!r} for the source {one.slug!r} to be about")
        slugs.add(one.slug)
        places[one.asks] = one.slug


def add_sources(session: Session, new: Iterable[Source], now: datetime) -> list[str]:
    """Add sources, due at once; raises UsageError as `check_new_sources` does."""
    wanted = list(new)
    check_new_sources(session, wanted)
    if wanted:
        session.execute(insert(SourceRow), [_source_values(one) | _START | {
            "created_at": now, "next_poll_at": now} for one in wanted])
    return [one.slug for one in wanted]


_START = {"state": SourceState.NEW.value, "anchor": {}, "resume": {}, "window": [], "notes": []}
_FRESH = _START | {
    "etag": "", "last_modified": "", "body_hash": "", "moved_to": "", "moved_seen": 0,
    "last_ok_at": None, "last_error": "", "failures": 0, "failing_since": None,
}  # fmt: skip


def edit_source(session: Session, slug: str, changed_source: Source, now: datetime, *, afresh: bool = False) -> None:
    """Change a source; where it now asks something else it starts `afresh`. A paused one stays so.

    Raises UsageError for an unknown topic, and for what another source polls.
    """
    row = source_row(session, slug)
    old = source_from(row)
    if changed_source.about not in {old.about, None, *parents(session)}:
        raise UsageError(f"There is no topic {changed_source.about!r} for the source {slug!r} to be about")
    if other := [one.slug for one in sources(session) if one.slug != slug and one.asks == changed_source.asks]:
        raise UsageError(f"The source {other[0]!r} polls this already")
    values = _source_values(changed_source) | {"slug": slug}
    if afresh or old.asks != changed_source.asks:
        values |= _FRESH
    if row.state == SourceState.PAUSED.value:
        values["state"] = row.state
    elif values.keys() >= _FRESH.keys() or old.allow_private != changed_source.allow_private:
        values["next_poll_at"] = now
    session.execute(update(SourceRow).where(col(SourceRow.id) == row.id).values(**values))


def pause_source(session: Session, slug: str) -> None:
    """Poll a source no more until it is resumed; what it gave stays."""
    row = source_row(session, slug)
    changed(session, update(SourceRow).where(col(SourceRow.id) == row.id).values(
        state=SourceState.PAUSED.value, next_poll_at=None))


def pause_watchers(session: Session, why: str) -> list[str]:
    """Pause the sources that are there for a reason, and return their slugs."""
    query = select(SourceRow.slug).where(SourceRow.why == why, SourceRow.state != SourceState.PAUSED.value)
    slugs = list(session.exec(query.order_by(col(SourceRow.slug))))
    for slug in slugs:
        pause_source(session, slug)
    return slugs


def resume_source(session: Session, slug: str, now: datetime) -> None:
    """Poll a paused or gone source again, at once."""
    row = source_row(session, slug)
    state = SourceState.OK if row.last_ok_at else SourceState.NEW
    changed(session, update(SourceRow).where(col(SourceRow.id) == row.id).values(
        state=state.value, next_poll_at=now, failures=0, failing_since=None, last_error=""))


def remove_source(session: Session, slug: str) -> None:
    """Remove a source and its sightings; the items stay. A sample source goes with all that only it brought."""
    row = source_row(session, slug)
    if row.sample and row.id is not None:
        removal.remove_items(session, removal.only_from(session, row.id))
    removal.forget(session, row.id or 0)
