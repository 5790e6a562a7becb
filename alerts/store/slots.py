"""Whose turn it is at each host: one process visits it at a time, for as long as its lease lasts (law 5)."""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta

from sqlalchemy import bindparam, or_, select, update
from sqlmodel import Session

from alerts.store.bulk import chunks, insert_into, table_of
from alerts.store.engine import database_now
from alerts.store.lease import LEASE
from alerts.store.tables import HostRow

_FARTHEST = timedelta(minutes=1)  # a slot beyond that comes of a clock that was set back


def begin(session: Session, hosts: Collection[str], token: str) -> dict[str, timedelta]:
    """Begin visits to those of these hosts that nobody else visits; map each to how long to wait before asking it."""
    opens: dict[str, timedelta] = {}
    for part in chunks(sorted(hosts)):
        opens |= _take(session, part, token)
        opens |= _add(session, [host for host in part if host not in opens], token)
    return opens


def _take(session: Session, hosts: Collection[str], token: str) -> dict[str, timedelta]:
    table, at = table_of(HostRow), database_now(session)
    free = or_(table.c.lease.is_(None), table.c.lease == token, table.c.leased_until < at)
    ours = (
        select(table.c.host)
        .where(table.c.host.in_(hosts), free)
        .order_by(table.c.host)
        .with_for_update(skip_locked=True)
        .cte("ours")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    hold = update(table).where(table.c.host.in_(select(ours.c.host))).values(lease=token, leased_until=at + LEASE)
    taken = session.execute(hold.returning(table.c.host, table.c.next_slot_at))
    return {host: _until(slot - at) if slot else timedelta() for host, slot in taken}


def _until(wait: timedelta) -> timedelta:
    return wait if timedelta() < wait < _FARTHEST else timedelta()


def _add(session: Session, hosts: Iterable[str], token: str) -> dict[str, timedelta]:
    """Take hosts that nobody ever visited; those that are there are somebody else's now."""
    until = database_now(session) + LEASE
    rows = [{"host": host, "lease": token, "leased_until": until} for host in hosts]
    if not rows:
        return {}
    new = insert_into(session, HostRow).values(rows).on_conflict_do_nothing()
    return dict.fromkeys(session.execute(new.returning(table_of(HostRow).c.host)).scalars(), timedelta())


def renew(session: Session, token: str) -> set[str]:
    """Put off the end of our visits and return the hosts that are still ours."""
    table = table_of(HostRow)
    longer = update(table).where(table.c.lease == token).values(leased_until=database_now(session) + LEASE)
    return set(session.execute(longer.returning(table.c.host)).scalars())


def end(session: Session, visits: Mapping[str, timedelta], token: str) -> None:
    """End visits; each host may be asked again after the time given with it."""
    table, at = table_of(HostRow), database_now(session)
    ours = (table.c.host == bindparam("visited")) & (table.c.lease == token)
    free = update(table).where(ours).values(lease=None, leased_until=None, next_slot_at=bindparam("opens"))
    rows = [{"visited": host, "opens": at + wait if wait else None} for host, wait in sorted(visits.items())]
    if rows:
        session.execute(free, rows)
