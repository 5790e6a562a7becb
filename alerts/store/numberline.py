"""The alert numbers, the only clock of publication: stamped, written and read back (law 4)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Select, func, text
from sqlalchemy import select as sqlalchemy_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from alerts.model import Alert, Reason
from alerts.store.bulk import add, chunks
from alerts.store.tables import AlertRow, AlertTopicRow, ItemRow, NumberLineRow
from subscribers.interest import Facts

_LISTS = frozenset(f.name for f in fields(Facts) if "tuple" in str(f.type))
_NAMES = frozenset(f.name for f in fields(Facts))

_STAMP = text(
    "INSERT INTO number_line (id, n) VALUES (1, :k) "
    "ON CONFLICT (id) DO UPDATE SET n = number_line.n + excluded.n RETURNING n"
)


def stamp(session: Session, k: int) -> range:
    """Return the next `k` alert numbers; the row stays locked until the transaction ends, so none is lost."""
    if k < 1:
        return range(0)
    last: int = session.execute(_STAMP, {"k": k}).scalar_one()
    return range(last - k + 1, last + 1)


def last(session: Session) -> int:
    """Return the last number given out; 0 before the first."""
    return session.exec(select(NumberLineRow.n)).first() or 0


def facts_json(facts: Facts) -> dict[str, Any]:
    return asdict(facts)


def facts_from(frozen: Mapping[str, Any]) -> Facts:
    """Read frozen facts back; fields that this release does not know are left out."""
    known: dict[str, Any] = {k: tuple(v) if k in _LISTS else v for k, v in frozen.items() if k in _NAMES}
    return Facts(**known)


def alert_from(row: AlertRow) -> Alert:
    return Alert(
        number=row.number,
        item_id=row.item_id,
        reason=Reason(row.reason),
        at=row.at,
        facts=facts_from(row.facts),
        before=facts_from(row.before) if row.before else None,
        detail=row.detail,
        quiet=row.quiet,
    )


def append(session: Session, alerts: Sequence[Alert]) -> None:
    """Write stamped alerts and the topics they are found under."""
    add(session, AlertRow, [_row(alert) for alert in alerts])
    add(session, AlertTopicRow, [
        {"number": alert.number, "slug": slug} for alert in alerts for slug in alert.facts.under
    ])


def _row(alert: Alert) -> dict[str, Any]:
    return {
        "number": alert.number,
        "item_id": alert.item_id,
        "reason": alert.reason.value,
        "at": alert.at,
        "quiet": alert.quiet,
        "facts": facts_json(alert.facts),
        "before": facts_json(alert.before) if alert.before else None,
        "detail": dict(alert.detail),
    }


def alerts(session: Session, numbers: Iterable[int]) -> dict[int, Alert]:
    """Return the alerts of these numbers; numbers that name none are left out."""
    found: dict[int, Alert] = {}
    for some in chunks(sorted(set(numbers))):
        rows = session.exec(select(AlertRow).where(col(AlertRow.number).in_(some)))
        found |= {row.number: alert_from(row) for row in rows}
    return found


def window(session: Session, seen: int, upto: int, *, slugs: Sequence[str] = (), loud: bool = True) -> list[Alert]:
    """Return the alerts in `(seen, upto]`, in order; with `slugs` only those found under one of them.

    `loud` leaves the quiet ones out (what is mailed); feeds and pages ask for all.
    """
    query = select(AlertRow).where(col(AlertRow.number) > seen, col(AlertRow.number) <= upto)
    if slugs:
        under = select(AlertTopicRow.number).where(
            col(AlertTopicRow.slug).in_(slugs), col(AlertTopicRow.number) > seen, col(AlertTopicRow.number) <= upto
        )
        query = query.where(col(AlertRow.number).in_(under))
    if loud:
        query = query.where(col(AlertRow.quiet).is_(False))
    return [alert_from(row) for row in session.exec(query.order_by(col(AlertRow.number)))]


def voided(session: Session, seen: int, upto: int) -> dict[int, int]:
    """Map each `new` alert in `(seen, upto]` of a work that turned out to be held already to that work's first alert.

    Such an alert is void for everyone whose window lies after the first one, or holds both (law 2).
    """
    survivor = aliased(ItemRow)
    query = (
        select(AlertRow.number, survivor.first_alert)
        .join(ItemRow, col(ItemRow.id) == col(AlertRow.item_id))
        .join(survivor, col(survivor.id) == col(ItemRow.merged_into))
        .where(col(AlertRow.number) > seen, col(AlertRow.number) <= upto, col(AlertRow.reason) == Reason.NEW.value)
        .where(col(survivor.first_alert) < col(AlertRow.number))
    )
    return {number: first for number, first in session.exec(query) if first is not None}


def void() -> Select[int]:
    """Return the question which alerts are void for everybody who reads all of them, as feeds and pages do."""
    survivor = aliased(ItemRow)
    return (
        sqlalchemy_select(col(AlertRow.number))
        .join(ItemRow, col(ItemRow.id) == col(AlertRow.item_id))
        .join(survivor, col(survivor.id) == col(ItemRow.merged_into))
        .where(col(AlertRow.reason) == Reason.NEW.value, col(survivor.first_alert) < col(AlertRow.number))
    )


def slugs(session: Session, after: int, upto: int) -> list[str]:
    """Return the topics under which the alerts in `(after, upto]` stand."""
    query = select(AlertTopicRow.slug).where(col(AlertTopicRow.number) > after, col(AlertTopicRow.number) <= upto)
    return sorted(session.exec(query.distinct()))


def count(session: Session) -> int:
    """Return how many alerts there are."""
    return session.exec(select(func.count()).select_from(AlertRow)).one()
