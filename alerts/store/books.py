"""Writes what became of deliveries and which bodies may leave: one short durable transaction for many connections.

This is the hot path of sending (law 7 wants a commit before each body), so its two statements go straight to the
driver, on a database connection of its own.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, PoolProxiedConnection
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from alerts.errors import AlertsError
from alerts.store import outbox
from alerts.store.engine import writing
from alerts.store.outbox import Claimed, Outcome

_SETTLE = """
UPDATE deliveries SET state = ?, reply = ?, attempts = ?, doubts = ?, next_attempt_at = ?, sent_at = ?,
    lease = NULL, leased_until = NULL
WHERE id = ? AND lease = ?"""
_LEAVE = """
UPDATE deliveries SET state = 'sending'
WHERE id = ? AND lease = ? AND state = 'claimed' AND leased_until > {now}
    AND NOT EXISTS (SELECT 1 FROM installation
        WHERE hold AND NOT (kind = 'operator' AND substr(hold_reason, 1, {long}) = '{by_itself}'))
    AND NOT EXISTS (SELECT 1 FROM suppressions
        WHERE address_hash = ? AND (kind <> 'confirm' OR reason = 'complained'))"""
_SQLITE_NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')"


@dataclass(frozen=True, slots=True)
class Leave:
    """Which bodies may leave once the transaction is committed; `held` where all mail is stopped."""

    going: frozenset[int] = frozenset()
    held: bool = False


class BooksError(AlertsError):
    """The database could not be written; nothing of the transaction is."""


class Books:
    """The books of one run; used by one thread at a time."""

    def __init__(self, engine: Engine) -> None:
        self._sqlite = engine.dialect.name == "sqlite"
        now, mark = (_SQLITE_NOW, "?") if self._sqlite else ("clock_timestamp()", "%s")
        self._settle = _SETTLE.replace("?", mark)
        by_itself = outbox.BY_ITSELF
        self._leave = _LEAVE.format(now=now, by_itself=by_itself, long=len(by_itself)).replace("?", mark)
        self._engine = engine
        self._driver: Any = engine.dialect.dbapi
        self._connection: PoolProxiedConnection | None = None

    def write(
        self, outcomes: Sequence[Outcome], starting: Sequence[Claimed], more: Callable[[Session], None] | None = None
    ) -> Leave:
        """Write what became of deliveries and mark others as sending, with whatever `more` writes, in one transaction.

        An outcome is written only where the lease is still ours. Which of those starting may leave is returned; the
        others are not ours any more: on hold, suppressed meanwhile, erased, or their lease ran out.
        """
        settled = [self._values(one) for one in outcomes]
        leaving = [(one.id, one.lease, one.address_hash) for one in starting]
        try:
            if more is None and self._write_all(settled, leaving):
                return Leave(frozenset(one.id for one in starting))
            with writing(self._engine, durable=True) as session:
                self._many(session.connection().connection, self._settle, settled)
                if more:
                    more(session)
                if self._many(session.connection().connection, self._leave, leaving) == len(leaving):
                    return Leave(frozenset(one.id for one in starting))
                return _sorted_out(session, starting)
        except (DBAPIError, self._driver.Error) as trouble:
            self.close()
            raise BooksError(f"the database cannot be written: {getattr(trouble, 'orig', trouble)}") from trouble

    def _write_all(self, settled: Sequence[tuple[Any, ...]], leaving: Sequence[tuple[Any, ...]]) -> bool:
        """Write the plain case past SQLAlchemy; false, and nothing written, if any row is not ours any more."""
        connection = self._open()
        try:
            if self._sqlite:
                connection.cursor().execute("BEGIN IMMEDIATE")
            self._many(connection, self._settle, settled)
            if self._many(connection, self._leave, leaving) == len(leaving):
                connection.commit()
                return True
        except BaseException:
            with suppress(self._driver.Error):
                connection.rollback()
            raise
        connection.rollback()
        return False

    def _many(self, connection: PoolProxiedConnection, statement: str, rows: Sequence[tuple[Any, ...]]) -> int:
        if not rows:
            return 0
        cursor = connection.cursor()
        cursor.executemany(statement, rows)
        changed: int = cursor.rowcount
        cursor.close()
        return changed

    def _open(self) -> PoolProxiedConnection:
        if self._connection is None:
            self._connection = self._engine.raw_connection()
            if self._sqlite:
                self._connection.cursor().execute("PRAGMA synchronous=FULL")
        return self._connection

    def close(self) -> None:
        """Give the connection back; another is opened if they are used again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _values(self, one: Outcome) -> tuple[Any, ...]:
        at, sent = self._time(one.next_attempt_at), self._time(one.sent_at)
        return one.state, one.reply, one.attempts, one.doubts, at, sent, one.id, one.lease

    def _time(self, moment: datetime | None) -> datetime | str | None:
        """Return a time as the driver takes it: SQLite has text, in UTC."""
        if moment is None or not self._sqlite:
            return moment
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _sorted_out(session: Session, starting: Sequence[Claimed]) -> Leave:
    if outbox.hold_of(session) is not outbox.Hold.NONE:
        outbox.give_back(session, [(one.id, one.lease) for one in starting])
        return Leave(held=True)
    outbox.cancel_barred(session, [one.id for one in starting])
    return Leave(outbox.leaving(session, starting))
