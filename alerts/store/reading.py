"""Questions that feeds and pages ask of the database; nothing here writes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel import Session, col

from alerts.model import Alert, Facet, Reason, Role
from alerts.store import numberline
from alerts.store.search import holders
from alerts.store.tables import (
    AlertRow,
    AlertTopicRow,
    DeliveryRow,
    EditionRow,
    HistoryRow,
    InstallationRow,
    ItemRow,
    LabelRow,
    SightingRow,
    SourceRow,
    TopicRow,
)
from subscribers.interest import Facts


def revisions(session: Session) -> tuple[int, Mapping[str, int]]:
    """Return the public revision and that of every topic."""
    public = session.execute(select(col(InstallationRow.public_revision))).scalar() or 0
    rows = session.execute(select(col(TopicRow.slug), col(TopicRow.revision)))
    return public, dict(rows.all())


def sample_items(session: Session) -> frozenset[int]:
    """Return the items that only sample sources carry."""
    sample = select(col(SightingRow.item_id)).join(SourceRow, col(SourceRow.id) == col(SightingRow.source_id))
    real = sample.where(col(SourceRow.sample).is_(False))
    shown = session.execute(sample.where(col(SourceRow.sample).is_(True), col(SightingRow.item_id).not_in(real)))
    return frozenset(shown.scalars())


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A part of the number line: numbers in (after, upto], times in [since, until); `topics` None means all.

    `words` are what the work's title or text must hold, as `search.terms` splits it.
    """

    topics: tuple[str, ...] | None = None
    after: int = 0
    upto: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    without_items: frozenset[int] = frozenset()
    words: str = ""


def alerts(session: Session, span: Span, limit: int) -> list[Alert]:
    """Return the newest alerts of a span; those that a merge made void are left out (law 2)."""
    query = _within(session, select(AlertRow), span).order_by(col(AlertRow.number).desc()).limit(limit)
    return [_alert(row) for row in session.execute(query).scalars()]


def latest_before(session: Session, span: Span) -> datetime | None:
    """Return the time of the newest alert of a span."""
    return session.execute(_within(session, select(func.max(col(AlertRow.at))), span)).scalar()


def count(session: Session, span: Span) -> int:
    """Count the alerts of a span."""
    counted: int = session.execute(_within(session, select(func.count()).select_from(AlertRow), span)).scalar_one()
    return counted


def _within(session: Session, query: Select[Any], span: Span) -> Select[Any]:
    query = query.where(col(AlertRow.number) > span.after, col(AlertRow.number).not_in(numberline.void()))
    if span.upto is not None:
        query = query.where(col(AlertRow.number) <= span.upto)
    if span.since is not None:
        query = query.where(col(AlertRow.at) >= span.since)
    if span.until is not None:
        query = query.where(col(AlertRow.at) < span.until)
    if span.topics is not None:
        under = select(col(AlertTopicRow.number)).where(col(AlertTopicRow.slug).in_(span.topics))
        query = query.where(col(AlertRow.number).in_(under))
    if span.without_items:
        query = query.where(col(AlertRow.item_id).not_in(span.without_items))
    if span.words:
        query = query.where(col(AlertRow.item_id).in_(holders(session, span.words)))
    return query


def _facts(said: Mapping[str, Any]) -> Facts:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}
    return Facts(**values)


def _alert(row: AlertRow) -> Alert:
    return Alert(
        number=row.number, item_id=row.item_id, reason=Reason(row.reason), at=row.at.astimezone(UTC), quiet=row.quiet,
        facts=_facts(row.facts), before=_facts(row.before) if row.before else None, detail=row.detail,
    )


def denied_topics(session: Session, items: Iterable[int]) -> Mapping[int, frozenset[str]]:
    """Return the topics that an operator took away from items (law 4: it only hides)."""
    query = select(col(LabelRow.item_id), col(LabelRow.value)).where(
        col(LabelRow.facet) == Facet.TOPIC, col(LabelRow.role) == Role.NOT, col(LabelRow.item_id).in_(list(items)),
    )
    found: dict[int, set[str]] = {}
    for item, slug in session.execute(query):
        found.setdefault(item, set()).add(slug)
    return {item: frozenset(slugs) for item, slugs in found.items()}


def changed_at(session: Session, items: Sequence[int]) -> datetime | None:
    """Return when any of these items last changed."""
    query = select(func.max(col(ItemRow.changed_at))).where(col(ItemRow.id).in_(items))
    return session.execute(query).scalar()


def survivor(session: Session, item: int) -> int | None:
    """Return the item itself, or the one it was merged into; None where there is no such item."""
    for _ in range(10):
        query = select(col(ItemRow.id), col(ItemRow.merged_into)).where(col(ItemRow.id) == item)
        found = session.execute(query).first()
        if found is None or found.merged_into is None:
            return found.id if found else None
        item = found.merged_into
    return None


def alert_numbers(session: Session, item: int) -> list[int]:
    """Return the numbers of an item's alerts, newest first, those of items merged into it included."""
    merged = select(col(ItemRow.id)).where(col(ItemRow.merged_into) == item)
    query = select(col(AlertRow.number)).where((col(AlertRow.item_id) == item) | col(AlertRow.item_id).in_(merged))
    return list(session.execute(query.order_by(col(AlertRow.number).desc())).scalars())


def histories(session: Session, items: Sequence[int]) -> dict[int, list[tuple[int, Reason, datetime]]]:
    """Return number, reason and time of all alerts of each item, oldest first, with those of works merged into it."""
    merged = select(col(ItemRow.id), col(ItemRow.merged_into)).where(col(ItemRow.merged_into).in_(items))
    homes = {item: item for item in items} | dict(session.execute(merged).all())
    query = select(col(AlertRow.item_id), col(AlertRow.number), col(AlertRow.reason), col(AlertRow.at))
    found: dict[int, list[tuple[int, Reason, datetime]]] = {item: [] for item in items}
    for item, number, reason, at in session.execute(
        query.where(col(AlertRow.item_id).in_(homes)).order_by(col(AlertRow.number))
    ):
        found[homes[item]].append((number, Reason(reason), at))
    return found


def alert_counts(session: Session, without_items: frozenset[int] = frozenset()) -> dict[str, int]:
    """Count the items alerted under each topic."""
    query = select(col(AlertTopicRow.slug), func.count(func.distinct(col(AlertRow.item_id)))).join(
        AlertRow, col(AlertRow.number) == col(AlertTopicRow.number),
    )
    if without_items:
        query = query.where(col(AlertRow.item_id).not_in(without_items))
    return dict(session.execute(query.group_by(col(AlertTopicRow.slug))).all())


def alerts_with_phases(
    session: Session, slug: str, newest: datetime, without_items: frozenset[int] = frozenset(),
) -> list[tuple[datetime, tuple[str, ...]]]:
    """Return time and phases of a topic's alerts of the half year before `newest`."""
    span = Span(topics=(slug,), since=newest - timedelta(weeks=27), without_items=without_items)
    rows = session.execute(_within(session, select(AlertRow.at, AlertRow.facts), span))  # type: ignore[call-overload]
    return [(at, tuple(facts.get("phases", ()))) for at, facts in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """That a source showed an item."""

    slug: str
    title: str
    url: str
    first_seen: datetime
    last_seen: datetime


def sightings(session: Session, item: int) -> list[Showing]:
    """Return the sources that showed an item, the first first."""
    query = (
        select(SourceRow, SightingRow)
        .join(SightingRow, col(SightingRow.source_id) == col(SourceRow.id))
        .where(col(SightingRow.item_id) == item)
        .order_by(col(SightingRow.first_seen_at), col(SightingRow.id))
    )
    return [
        Showing(
            slug=source.slug, title=source.title or source.slug, url=seen.url, first_seen=seen.first_seen_at,
            last_seen=seen.last_seen_at,
        )
        for source, seen in session.execute(query)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a field of an item was, and what it became."""

    at: datetime
    field: str
    old: str
    new: str


def changes(session: Session, item: int) -> list[Change]:
    """Return what changed about an item, newest first."""
    query = select(HistoryRow).where(col(HistoryRow.item_id) == item).order_by(col(HistoryRow.id).desc())
    return [Change(at=row.at, field=row.field, old=row.old, new=row.new) for row in session.execute(query).scalars()]


def found(session: Session, span: Span, limit: int, before: int | None = None) -> list[Alert]:
    """Return the newest alert in a span of each item, newest first.

    `before` is the alert number to go on after.
    """
    newest = _within(session, select(func.max(col(AlertRow.number))), span)
    numbers = newest.group_by(col(AlertRow.item_id))
    query = select(AlertRow).where(col(AlertRow.number).in_(numbers))
    if before is not None:
        query = query.where(col(AlertRow.number) < before)
    rows = session.execute(query.order_by(col(AlertRow.number).desc()).limit(limit)).scalars()
    return [_alert(row) for row in rows]


def deliveries(session: Session, subscriber: int) -> list[dict[str, Any]]:
    """Return what a person was sent, as JSON values, the oldest first."""
    query = select(DeliveryRow).where(col(DeliveryRow.subscriber_id) == subscriber).order_by(col(DeliveryRow.id))
    return [
        {
            "kind": row.kind, "edition": row.edition_id, "state": row.state, "attempts": row.attempts,
            "created_at": row.created_at.isoformat(), "sent_at": row.sent_at.isoformat() if row.sent_at else None,
            "reply": row.reply, "message_id": row.message_id,
        }
        for row in session.execute(query).scalars()
    ]


def digests_of(session: Session, subscriber: int) -> list[tuple[int, str, datetime]]:
    """Return ordinal, subject and time of the digests a person was sent, newest first."""
    query = select(col(DeliveryRow.ordinal), col(EditionRow.subject), col(DeliveryRow.sent_at)).join(
        EditionRow, col(DeliveryRow.edition_id) == col(EditionRow.id),
    ).where(
        col(DeliveryRow.subscriber_id) == subscriber, col(DeliveryRow.kind) == "digest",
        col(DeliveryRow.state) == "sent", col(DeliveryRow.sent_at).is_not(None),
    )
    rows = session.execute(query.order_by(col(DeliveryRow.ordinal).desc()))
    return [(ordinal, subject, at) for ordinal, subject, at in rows if at is not None]


def edition_of(session: Session, subscriber: int, ordinal: int) -> tuple[bytes, str, datetime] | None:
    """Return rendered parts, Message-ID and time of one digest a person was sent."""
    query = select(col(EditionRow.parts), col(DeliveryRow.message_id), col(DeliveryRow.created_at)).join(
        DeliveryRow, col(DeliveryRow.edition_id) == col(EditionRow.id),
    ).where(
        col(DeliveryRow.subscriber_id) == subscriber, col(DeliveryRow.kind) == "digest",
        col(DeliveryRow.ordinal) == ordinal, col(DeliveryRow.state) == "sent",
    )
    row = session.execute(query).first()
    return (row.parts, row.message_id, row.created_at) if row else None
