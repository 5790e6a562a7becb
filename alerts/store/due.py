"""Sources as a poll works on them: claimed when due, and given back with an outcome (laws 1 and 5)."""

import json
from collections import namedtuple
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import JSON, ColumnElement, Dialect, Integer, Text, bindparam, func, literal, null, or_, update
from sqlalchemy import cast as sql_cast
from sqlalchemy import select as plain_select
from sqlmodel import Session, col, select

from alerts.model import PollState, Source, SourceState
from alerts.store.bulk import chunks, insert_into, table_of
from alerts.store.catalogue import source_from, source_row
from alerts.store.engine import database_now
from alerts.store.lease import give_back, renew, take
from alerts.store.prepared import Prepared
from alerts.store.tables import HostRow, SightingRow, SourceRow

IDLE = (SourceState.PAUSED.value, SourceState.GONE.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A source in the hands of one poll, with everything that was remembered of it."""

    id: int
    lease: str
    source: Source
    state: SourceState
    anchor: Mapping[str, Any]
    resume: Mapping[str, Any]
    window: tuple[str, ...]
    etag: str
    last_modified: str
    body_hash: str
    moved_to: str
    moved_seen: int
    failures: int
    failing_since: datetime | None
    last_error: str
    gaps: int
    interval_s: int
    last_ok_at: datetime | None

    def poll_state(self, known: Mapping[str, str] | None = None) -> PollState:
        """Return what the source's kind remembers."""
        return PollState(anchor=self.anchor, resume=self.resume.get("state", {}), known=known or {})


def claim_due(session: Session, now: datetime, *, limit: int, among: Collection[int] | None = None) -> list[Claimed]:
    """Claim sources whose next poll is due; with `among` those of these that nobody holds, due or not."""
    due = col(SourceRow.next_poll_at) <= now if among is None else _one_of(session, among)
    due &= col(SourceRow.state).not_in(IDLE)
    token = take(session, SourceRow, due, SourceRow.next_poll_at, limit=limit)
    return _read(session, _TABLE.c.lease == token, token) if token else []


def _one_of(session: Session, ids: Collection[int]) -> ColumnElement[bool]:
    """Return the condition that a source is one of these, with one parameter however many they are."""
    function = func.json_each if session.get_bind().dialect.name == "sqlite" else func.json_array_elements_text
    each = function(literal(list(ids), JSON)).table_valued("value")
    return col(SourceRow.id).in_(plain_select(sql_cast(each.c.value, Integer)))


_TABLE = table_of(SourceRow)
_UNREAD = frozenset(  # by a poll; each costs as much as a tenth of the request
    {"notes", "told_at", "created_at", "last_polled_at", "next_poll_at", "lease", "leased_until"}
)
_COLUMNS = [column for column in _TABLE.c if column.key not in _UNREAD]
_JSON = [number for number, column in enumerate(_COLUMNS) if isinstance(column.type, JSON)]
_ASKED = [sql_cast(column, Text).label(column.key) if isinstance(column.type, JSON) else column for column in _COLUMNS]
_Row = namedtuple("_Row", [column.key for column in _COLUMNS])  # type: ignore[misc]  # noqa: PYI024


def _read(session: Session, which: ColumnElement[bool], token: str) -> list[Claimed]:
    """Read sources past the ORM, their JSON past SQLAlchemy (most of it is empty), by names that are quick to ask for.

    Otherwise this takes as long as the requests.
    """
    query = plain_select(*_ASKED).where(which).order_by(_TABLE.c.next_poll_at, _TABLE.c.id)
    return [_claimed(_row(each), token) for each in session.execute(query).all()]


def _row(each: Sequence[Any]) -> Any:  # noqa: ANN401
    values = list(each)
    for number in _JSON:
        values[number] = {} if values[number] == "{}" else json.loads(values[number])
    return _Row._make(values)


def _claimed(row: Any, token: str) -> Claimed:  # noqa: ANN401
    return Claimed(
        id=row.id or 0,
        lease=token,
        source=source_from(row),
        state=SourceState(row.state),
        anchor=row.anchor,
        resume=row.resume,
        window=tuple(row.window),
        etag=row.etag,
        last_modified=row.last_modified,
        body_hash=row.body_hash,
        moved_to=row.moved_to,
        moved_seen=row.moved_seen,
        failures=row.failures,
        failing_since=row.failing_since,
        last_error=row.last_error,
        gaps=row.gaps,
        interval_s=row.interval_s,
        last_ok_at=row.last_ok_at,
    )


class Look(NamedTuple):
    """A source as a poll would find it, in nobody's hands; `held`: at this moment another process polls it."""

    claimed: Claimed
    next_poll_at: datetime | None
    held: bool


def look(session: Session, slug: str) -> Look:
    """Return a source without claiming it; raises NotFoundError."""
    row = source_row(session, slug)
    held = row.lease is not None and row.leased_until is not None and row.leased_until >= database_now(session)
    (claimed,) = _read(session, _TABLE.c.slug == slug, "")
    return Look(claimed, row.next_poll_at, held)


def pollable(session: Session, slugs: Sequence[str] = ()) -> list[int]:
    """Return the ids of all sources that may be polled, or of these."""
    query = select(SourceRow.id).where(or_(col(SourceRow.slug).in_(slugs)) if slugs else
                                       col(SourceRow.state).not_in(IDLE))
    return [one for one in session.exec(query) if one is not None]


def known(session: Session, source_id: int, window: Collection[str]) -> dict[str, str]:
    """Map the locators of a window to their raw hashes, so that a kind may skip what did not change."""
    found: dict[str, str] = {}
    for part in chunks(window):
        query = select(SightingRow.locator, SightingRow.raw_hash).where(SightingRow.source_id == source_id)
        found |= dict(session.exec(query.where(col(SightingRow.locator).in_(part))).all())
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a poll of one source came to: the columns to write."""

    source_id: int
    lease: str
    values: Mapping[str, Any] = field(default_factory=dict)


class How(Enum):
    """What is written of an outcome: all of it with the end of the lease, all of it, or nothing yet."""

    END = "end"
    GO_ON = "go on"
    HOLD = "hold"


def write_ours(session: Session, outcomes: Sequence[tuple[Outcome, How]]) -> set[int]:
    """Write outcomes where the lease is still ours and return the sources of which this is so.

    Inside a writing transaction they stay ours until its end; of the others somebody else has taken over.
    """
    held = {(outcome.source_id, outcome.lease) for outcome, _ in outcomes} & _leases(session, outcomes)
    ours = [(outcome, how) for outcome, how in outcomes if (outcome.source_id, outcome.lease) in held]
    for end in (True, False):
        how = How.END if end else How.GO_ON
        write_many(session, [outcome for outcome, each in ours if each is how], ends=end)
    return {outcome.source_id for outcome, _ in ours}


def _leases(session: Session, outcomes: Sequence[tuple[Outcome, How]]) -> set[tuple[int, str]]:
    table = table_of(SourceRow)
    asked = [outcome.source_id for outcome, _ in outcomes]
    query = select(table.c.id, table.c.lease).where(table.c.id.in_(asked)).order_by(table.c.id).with_for_update()
    return {(one, lease) for one, lease in session.execute(query)}


def write_many(session: Session, outcomes: Sequence[Outcome], *, ends: bool = True) -> None:
    """Write outcomes in one statement for each shape of them: a thousand unchanged feeds cost one transaction."""
    shapes: dict[tuple[str, ...], list[Outcome]] = {}
    for outcome in outcomes:
        shapes.setdefault(tuple(sorted(outcome.values)), []).append(outcome)
    for names, alike in shapes.items():
        _writing(session.get_bind().dialect, names, ends=ends).run(session, [
            {"one": each.source_id, "token": each.lease, **{f"new_{k}": v for k, v in each.values.items()}}
            for each in alike
        ])


@lru_cache(maxsize=128)
def _writing(dialect: Dialect, names: Sequence[str], *, ends: bool) -> Prepared:
    """Return the UPDATE of these columns where the lease is still ours, with the end of the lease if it ends."""
    table = table_of(SourceRow)
    ours = (table.c.id == bindparam("one")) & (table.c.lease == bindparam("token"))
    values: dict[str, Any] = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
    ended = {"lease": null(), "leased_until": null()} if ends else {}
    return Prepared.of(update(table).where(ours).values(**values, **ended), dialect)


def hold_on(session: Session, token: str) -> int:
    """Put off the end of our leases; return how many are still ours."""
    return renew(session, SourceRow, token)


def let_go(session: Session, token: str) -> int:
    """Give back what was claimed and not worked on."""
    return give_back(session, SourceRow, token)


def waits(session: Session, hosts: Collection[str]) -> dict[str, timedelta]:
    """Return how much longer hosts asked to be left alone (Retry-After), on the database's clock."""
    at, found = database_now(session), {}
    for part in chunks(sorted(hosts)):
        query = select(HostRow.host, HostRow.not_before).where(col(HostRow.host).in_(part))
        asked = session.execute(query.where(col(HostRow.not_before) > at))
        found.update({host: until - at for host, until in asked if until is not None})
    return found


def leave_alone(session: Session, asked: Mapping[str, timedelta]) -> None:
    """Note that hosts asked to be left alone for a while; all their sources wait."""
    at = database_now(session)
    for host, wait in asked.items():
        new = insert_into(session, HostRow).values(host=host, not_before=at + wait)
        session.execute(new.on_conflict_do_update(index_elements=["host"], set_={"not_before": at + wait}))
