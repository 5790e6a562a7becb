"""Sources that stay broken, and those that recovered: what the operator is told, once each, and what readers see."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, update
from sqlmodel import Session, col, select

from alerts.model import SourceState
from alerts.store import catalogue
from alerts.store.bulk import changed
from alerts.store.catalogue import SourceHealth
from alerts.store.tables import SourceRow

STAYS = timedelta(hours=24)
FAILURES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is to be told now: sources that stay broken, and those told of earlier that are read again."""

    broken: tuple[SourceHealth, ...] = ()
    recovered: tuple[SourceHealth, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.broken or self.recovered)


def trouble(session: Session, now: datetime) -> Trouble:
    """Return what the operator was not told yet: 24 hours and three failed polls make a source broken."""
    broken = select(SourceRow.slug).where(_broken(now), col(SourceRow.told_at).is_(None))
    read_again = select(SourceRow.slug).where(
        SourceRow.state == SourceState.OK.value, col(SourceRow.told_at).is_not(None)
    )
    return Trouble(
        broken=_health(session, list(session.exec(broken))), recovered=_health(session, list(session.exec(read_again)))
    )


def _broken(now: datetime) -> ColumnElement[bool]:
    stays = (col(SourceRow.failures) >= FAILURES) & (col(SourceRow.failing_since) <= now - STAYS)
    state = col(SourceRow.state)
    return (state != SourceState.PAUSED.value) & (stays | (state == SourceState.GONE.value))


class Unread(NamedTuple):
    """A source that cannot be read, and since when (None: unknown)."""

    title: str
    since: datetime | None


def reach(session: Session, now: datetime) -> tuple[int, tuple[Unread, ...]]:
    """Return how many sources are read, and which never were or have not been for long; samples do not count.

    A source that was not asked yet is neither.
    """
    ours = (col(SourceRow.sample).is_(False)) & (col(SourceRow.state) != SourceState.PAUSED.value)
    query = select(SourceRow.title, SourceRow.slug, SourceRow.failing_since).where(ours, _unread(now))
    rows = session.exec(query.order_by(col(SourceRow.failing_since), col(SourceRow.slug)))
    unread = tuple(Unread(title or slug, since) for title, slug, since in rows)
    is_read = col(SourceRow.last_ok_at).is_not(None) & ~_unread(now)
    return session.exec(select(func.count()).select_from(SourceRow).where(ours, is_read)).one(), unread


def _unread(now: datetime) -> ColumnElement[bool]:
    never = col(SourceRow.last_ok_at).is_(None) & (col(SourceRow.failures) > 0)
    return _broken(now) | never


def _health(session: Session, slugs: list[str]) -> tuple[SourceHealth, ...]:
    return tuple(catalogue.health(session, slugs)) if slugs else ()


def told(session: Session, said: Trouble, now: datetime) -> None:
    """Note that the operator was told; belongs into the transaction that leaves the mail in the outbox."""
    for found, at in ((said.broken, now), (said.recovered, None)):
        slugs = [one.source.slug for one in found]
        if slugs:
            changed(session, update(SourceRow).where(col(SourceRow.slug).in_(slugs)).values(told_at=at))
