"""The one row about this installation: who it is since its first start, its key, and the revisions of what it shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from alerts.errors import UsageError
from alerts.store.tables import InstallationRow, TopicRow

ONLY = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """`authority` and `started_at` make the tag URIs (RFC 4151) of feed entries and never change."""

    authority: str
    started_at: datetime
    public_revision: int
    hold: bool
    hold_reason: str


def start(session: Session, *, authority: str, fingerprint: str, now: datetime) -> Installation:
    """Write the row at the first start; later only check that the secret key is still the same (law 10).

    Raises UsageError where it is not: addresses were sealed with another key.
    """
    row = session.get(InstallationRow, ONLY)
    if row is None:
        row = InstallationRow(authority=authority, started_at=now, key_fingerprint=fingerprint)
        session.add(row)
        session.flush()
    elif not row.key_fingerprint:
        row.key_fingerprint = fingerprint
    elif row.key_fingerprint != fingerprint:
        raise UsageError(
            "ALERTS_SECRET_KEY (or secret.key in the data directory) is not the key this database was made with; "
            "restore the old key, or nobody's address can be read"
        )
    return _value(row)


def installation(session: Session) -> Installation | None:
    """Return what was written at the first start; None before it."""
    row = session.get(InstallationRow, ONLY)
    return _value(row) if row else None


def fingerprint(session: Session) -> str:
    """Return the fingerprint of the key that this database was made with; empty before the first start."""
    return session.exec(select(InstallationRow.key_fingerprint)).first() or ""


def _value(row: InstallationRow) -> Installation:
    return Installation(
        authority=row.authority,
        started_at=row.started_at,
        public_revision=row.public_revision,
        hold=row.hold,
        hold_reason=row.hold_reason,
    )


def set_hold(session: Session, on: bool, reason: str = "") -> None:
    """Stop all mail, or let it go on."""
    session.execute(update(InstallationRow).values(hold=on, hold_reason=reason if on else ""))


def raise_revisions(session: Session, slugs: Iterable[str]) -> None:
    """Say that the public sees something else now, and under which topics (law 15)."""
    session.execute(update(InstallationRow).values(public_revision=InstallationRow.public_revision + 1))
    touched = _upwards(session, slugs)
    if touched:
        session.execute(
            update(TopicRow).where(col(TopicRow.slug).in_(touched)).values(revision=TopicRow.revision + 1)
        )


def _upwards(session: Session, slugs: Iterable[str]) -> list[str]:
    """Return topics with those above them, whose pages and feeds show the same."""
    parents = dict(session.exec(select(TopicRow.slug, TopicRow.parent)).all())
    found: set[str] = set()
    waiting = [*slugs]
    while waiting:
        slug = waiting.pop()
        if slug not in found:
            found.add(slug)
            waiting.extend(above for above in (parents.get(slug),) if above)
    return sorted(found)


def revision(session: Session, slug: str | None = None) -> int:
    """Return the revision of everything public, or of one topic (0 where there is none)."""
    if slug is None:
        return session.exec(select(InstallationRow.public_revision)).first() or 0
    return session.exec(select(TopicRow.revision).where(TopicRow.slug == slug)).first() or 0
