"""The pace allowed to each recipient domain and to the server, shared by all processes, drawn a block at a time."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, case, delete, select, update
from sqlmodel import Session, col

from alerts.store.bulk import changed, insert_into
from alerts.store.engine import database_now
from alerts.store.tables import LaneRow, metadata

SERVER = b""
IN_STEP = timedelta(seconds=60)  # a run whose moment is further from the database's clock was given it by `--at`
SAVED_UP = timedelta(seconds=60)  # an idle lane may burst by what this time would have let through
FIRST_INTERVAL_MS, LONGEST_INTERVAL_MS, FREE_BELOW_MS = 1_000, 600_000, 250
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=60), timedelta(hours=1)

_DELIVERIES = metadata.tables["deliveries"]
_PARK = (
    update(_DELIVERIES)
    .where(_DELIVERIES.c.id == bindparam("of"))
    .values(
        next_attempt_at=case(
            (_DELIVERIES.c.deadline_at < bindparam("until"), _DELIVERIES.c.deadline_at), else_=bindparam("until")
        )
    )
)


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane: nothing before `not_before`, then one mail each `interval` (zero: no limit)."""

    not_before: datetime | None = None
    interval: timedelta = timedelta()
    refusals: int = 0

    def allows(self, at: datetime) -> int | None:
        """Return how many mails may go now; None: as many as there are."""
        if self.not_before is not None and self.not_before > at:
            return 0
        if not self.interval:
            return None
        idle = min(at - self.not_before, SAVED_UP) if self.not_before else timedelta()
        return 1 + idle // self.interval

    def after(self, taken: int, at: datetime) -> "Lane":
        """Return the lane when that many were let through."""
        start = max(self.not_before or at, at - SAVED_UP)
        return replace(self, not_before=start + taken * self.interval) if taken and self.interval else self

    def slower(self, at: datetime) -> "Lane":
        """Return the lane after a refusal for pace or policy; refusals of mail already under way count once."""
        if self.not_before is not None and self.not_before > at and self.refusals:
            return self
        interval = min(max(2 * self.interval, _ms(FIRST_INTERVAL_MS)), _ms(LONGEST_INTERVAL_MS))
        pause = min(FIRST_PAUSE * 2 ** min(self.refusals, 10), LONGEST_PAUSE)
        return Lane(at + pause, interval, self.refusals + 1)

    def faster(self) -> "Lane | None":
        """Return the lane after mail went through; None: it needs no limit any more."""
        interval = self.interval * 3 / 4
        return replace(self, interval=interval, refusals=0) if interval >= _ms(FREE_BELOW_MS) else None


def _ms(count: int) -> timedelta:
    return timedelta(milliseconds=count)


def draw(session: Session, due: Sequence[Row[Any]], at: datetime, now: datetime) -> list[int]:
    """Return the ids that may go now, of rows (id, domain_hash); what a slow domain must keep waits for its turn.

    `at` is the database's clock, by which lanes run; `now` the moment of the run, by which deliveries do.
    """
    lanes = _lanes(session) if due else {}
    if not lanes:
        return [row.id for row in due]
    server = lanes.get(SERVER, Lane())
    most = server.allows(at)
    due = due if most is None else due[:most]
    left = {domain: lane.allows(at) for domain, lane in lanes.items()}
    taken: dict[bytes, int] = {}
    going, kept = [], []
    for row in due:
        room = left.get(row.domain_hash)
        if room is not None and taken.get(row.domain_hash, 0) >= room:
            kept.append(row)
        else:
            going.append(row.id)
            taken[row.domain_hash] = taken.get(row.domain_hash, 0) + 1
    after = {domain: lane.after(taken.get(domain, 0), at) for domain, lane in lanes.items()}
    after[SERVER] = server.after(len(going), at)
    _write(session, {domain: lane for domain, lane in after.items() if lane != lanes.get(domain, Lane())})
    _park(session, kept, after, at, now)
    return going


def _park(session: Session, kept: Sequence[Row[Any]], lanes: Mapping[bytes, Lane], at: datetime, now: datetime) -> None:
    """Put off what found no room, one interval apart, so that the next claims need not look at it.

    Not in a run for another moment than the present: its deliveries fall due by a clock that no lane runs by.
    """
    if abs(now - at) > IN_STEP:
        return
    queue: dict[bytes, int] = {}
    rows = []
    for row in kept:
        lane, place = lanes[row.domain_hash], queue.get(row.domain_hash, 0)
        queue[row.domain_hash] = place + 1
        opens = max((lane.not_before or at) - at, timedelta())
        rows.append({"of": row.id, "until": now + opens + place * lane.interval})
    if rows:
        session.connection().execute(_PARK, rows)


def closed(session: Session, at: datetime) -> list[bytes]:
    """Return the domains that get nothing at this moment of the database's clock."""
    shut = select(col(LaneRow.domain_hash)).where(col(LaneRow.not_before) > at, col(LaneRow.domain_hash) != SERVER)
    return [bytes(domain) for domain in session.execute(shut).scalars()]


def slow(session: Session, domains: Collection[bytes]) -> None:
    """Slow the lanes of domains that refused us for our pace or by policy."""
    if not domains:
        return
    at, lanes = database_now(session), _lanes(session)
    _write(session, {domain: lanes.get(domain, Lane()).slower(at) for domain in domains})


def ease(session: Session, domains: Iterable[bytes]) -> None:
    """Let domains that took mail again go faster; one that needs no limit any more loses its lane."""
    lanes = _lanes(session)
    after = {domain: lanes[domain].faster() for domain in set(domains) & lanes.keys()}
    _write(session, {domain: lane for domain, lane in after.items() if lane is not None})
    free = [domain for domain, lane in after.items() if lane is None]
    if free:
        changed(session, delete(LaneRow).where(col(LaneRow.domain_hash).in_(free)))


def limited(session: Session) -> frozenset[bytes]:
    """Return the domains that have a lane."""
    return frozenset(_lanes(session)) - {SERVER}


def close_server(session: Session, pause: timedelta) -> None:
    """Let nothing go for a while: the server refused us."""
    _write(session, {SERVER: Lane(database_now(session) + pause)})


def open_server(session: Session) -> None:
    """Forget that the server refused us: the operator wants a try now."""
    changed(session, delete(LaneRow).where(col(LaneRow.domain_hash) == SERVER))


def server_closed_until(session: Session) -> datetime | None:
    """Return when the server may be tried again, None if now."""
    found = session.execute(select(col(LaneRow.not_before)).where(col(LaneRow.domain_hash) == SERVER)).scalar()
    return found if found and found > database_now(session) else None


def _lanes(session: Session) -> dict[bytes, Lane]:
    rows = session.execute(select(LaneRow).with_for_update()).scalars()
    return {bytes(row.domain_hash): Lane(row.not_before, _ms(row.interval_ms), row.refusals) for row in rows}


def _write(session: Session, lanes: Mapping[bytes, Lane]) -> None:
    rows = [
        {
            "domain_hash": domain,
            "not_before": lane.not_before,
            "interval_ms": int(lane.interval / _ms(1)),
            "refusals": lane.refusals,
        }
        for domain, lane in sorted(lanes.items())
    ]
    if rows:
        new = insert_into(session, LaneRow)
        change = {name: new.excluded[name] for name in ("not_before", "interval_ms", "refusals")}
        session.execute(new.on_conflict_do_update(index_elements=["domain_hash"], set_=change), rows)
