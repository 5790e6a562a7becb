"""Writes what became of deliveries and which bodies may leave: one short durable transaction for many connections.

This is the hot path of sending (law 7 wants a commit before each body), so its two statements go straight to the
driver, on a database connection of its own.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine
from sqlmodel import Session

from alerts.store import outbox
from alerts.store.outbox import Claimed, Outcome

_SETTLE = """
UPDATE deliveries SET state = ?, reply = ?, attempts = ?, doubts = ?, next_attempt_at = ?, sent_at = ?,
    lease = NULL, leased_until = NULL
WHERE id = ? AND lease = ?"""
_LEAVE = """
UPDATE deliveries SET state = 'sending'
WHERE id = ? AND lease = ? AND state = 'claimed' AND leased_until > {now}
    AND NOT EXISTS (SELECT 1 FROM installation WHERE hold)
    AND NOT EXISTS (SELECT 1 FROM suppressions
        WHERE address_hash = ? AND (kind <> 'confirm' OR reason = 'complained'))"""
_SQLITE_NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')"


@dataclass(frozen=True, slots=True)
class Leave:
    """Which bodies may leave once the transaction is committed; `held` where all mail is stopped."""

    going: frozenset[int] = frozenset()
    held: bool = False


class Books:
    """The books of one run; used by one thread at a time."""

    def __init__(self, engine: Engine) -> None:
        self._sqlite = engine.dialect.name == "sqlite"
        now, mark = (_SQLITE_NOW, "?") if self._sqlite else ("clock_timestamp()", "%s")
        self._settle = _SETTLE.replace("?", mark)
        self._leave = _LEAVE.format(now=now).replace("?", mark)
        self._engine = engine
        self._connection: Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open a durable transaction in which `settle`, `leave` and the session work; it commits at the end."""
        connection = self._open()
        with connection.begin(), Session(connection, expire_on_commit=False) as session:
            yield session
            session.flush()

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(sqlite_begin="IMMEDIATE")
            if self._sqlite:
                driver: Any = self._connection.connection.driver_connection
                driver.execute("PRAGMA synchronous=FULL")
        return self._connection

    def close(self) -> None:
        """Give the connection back; another is opened if it is used again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def settle(self, session: Session, outcomes: Sequence[Outcome]) -> None:
        """Write what became of deliveries, each only where the lease is still ours; a later one finds no row."""
        if outcomes:
            self._many(session, self._settle, [self._values(one) for one in outcomes])

    def leave(self, session: Session, starting: Sequence[Claimed]) -> Leave:
        """Mark deliveries as sending and tell which bodies may leave.

        The others are not ours any more: on hold, suppressed meanwhile, erased, or their lease ran out.
        """
        if not starting:
            return Leave()
        rows = [(one.id, one.lease, one.address_hash) for one in starting]
        if self._many(session, self._leave, rows) == len(rows):
            return Leave(frozenset(one.id for one in starting))
        if outbox.held(session):
            outbox.give_back(session, [(one.id, one.lease) for one in starting])
            return Leave(held=True)
        outbox.cancel_barred(session, [one.id for one in starting])
        return Leave(outbox.leaving(session, starting))

    def _many(self, session: Session, statement: str, rows: Sequence[tuple[Any, ...]]) -> int:
        driver: Any = session.connection().connection.driver_connection
        cursor = driver.cursor()
        cursor.executemany(statement, rows)
        changed: int = cursor.rowcount
        cursor.close()
        return changed

    def _values(self, one: Outcome) -> tuple[Any, ...]:
        at, sent = self._time(one.next_attempt_at), self._time(one.sent_at)
        return one.state, one.reply, one.attempts, one.doubts, at, sent, one.id, one.lease

    def _time(self, moment: datetime | None) -> datetime | str | None:
        """Return a time as the driver takes it: SQLite has text, in UTC."""
        if moment is None or not self._sqlite:
            return moment
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
