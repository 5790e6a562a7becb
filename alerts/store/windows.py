"""What a digest must know of a window of alerts beside the alerts: threads, origins, and how much there was before."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from alerts.model import Kind
from alerts.store import threads
from alerts.store.bulk import chunks
from alerts.store.tables import AlertRow, AlertTopicRow, ItemRow, SightingRow, SourceRow


def thread_roots(session: Session, ids: Collection[int]) -> dict[int, int]:
    """Map each item to a number that it shares with the other items of its study."""
    root: dict[int, int] = {}

    def find(one: int) -> int:
        while (up := root.setdefault(one, one)) != one:
            one = up
        return one

    for one, others in threads.of(session, ids).items():
        for _, other in others:
            low, high = sorted((find(one), find(other)))
            root[high] = low
    return {one: find(one) for one in ids}


def origins(session: Session, ids: Collection[int]) -> dict[int, str]:
    """Name where each item came from: an abstract's congress, else the source that showed the item first."""
    found: dict[int, str] = {}
    for part in chunks(sorted(ids)):
        first = (
            select(col(SightingRow.item_id).label("item"), func.min(col(SightingRow.id)).label("sighting"))
            .where(col(SightingRow.item_id).in_(part))
            .group_by(col(SightingRow.item_id))
            .subquery()
        )
        query = (
            select(first.c.item, col(SourceRow.title), col(SourceRow.slug), col(ItemRow.kind), col(ItemRow.venue))
            .join(SightingRow, col(SightingRow.id) == first.c.sighting)
            .join(SourceRow, col(SourceRow.id) == col(SightingRow.source_id))
            .join(ItemRow, col(ItemRow.id) == first.c.item)
        )
        for one, title, slug, kind, venue in session.execute(query):
            found[one] = venue if kind == Kind.ABSTRACT.value and venue else title or slug
    return found


def items_under(session: Session, slugs: Iterable[str], since: datetime) -> dict[str, int]:
    """Count the items alerted under each topic since a moment, quiet ones included."""
    query = (
        select(col(AlertTopicRow.slug), func.count(func.distinct(col(AlertRow.item_id))))
        .join(AlertRow, col(AlertRow.number) == col(AlertTopicRow.number))
        .where(col(AlertTopicRow.slug).in_(sorted(set(slugs))), col(AlertRow.at) >= since)
        .group_by(col(AlertTopicRow.slug))
    )
    return dict(session.execute(query).all())


def newest_under(session: Session, slug: str, upto: int) -> int | None:
    """Return the newest alert of a topic, quiet or not."""
    query = select(func.max(col(AlertTopicRow.number))).where(
        col(AlertTopicRow.slug) == slug, col(AlertTopicRow.number) <= upto
    )
    return session.execute(query).scalar()


def number_before(session: Session, moment: datetime) -> int:
    """Return the last alert number stamped before a moment: where a window that looks back so far begins."""
    query = select(func.min(col(AlertRow.number))).where(col(AlertRow.at) >= moment)
    earliest: int | None = session.execute(query).scalar()
    if earliest is not None:
        return earliest - 1
    last: int | None = session.execute(select(func.max(col(AlertRow.number)))).scalar()
    return last or 0


def read_since(session: Session, moment: datetime) -> tuple[int, int]:
    """Return how many items came in since a moment, and from how many sources."""
    count = func.count(func.distinct(col(SightingRow.item_id))), func.count(func.distinct(col(SightingRow.source_id)))
    row = session.execute(select(*count).where(col(SightingRow.first_seen_at) >= moment)).one()
    return row[0], row[1]
