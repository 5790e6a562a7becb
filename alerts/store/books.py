"""Writes what became of deliveries and which bodies may leave: one short durable transaction for many connections.

This is the hot path of sending (law 7 wants a commit before each body), so its two statements go straight to the
driver, on a database connection of its own.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from time import perf_counter
from typing import Any, Self

from sqlalchemy import Engine, PoolProxiedConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from alerts.errors import AlertsError
from alerts.store import outbox
from alerts.store.bulk import chunks
from alerts.store.engine import writing
from alerts.store.outbox import Claimed, Outcome

_SETTLE = """
UPDATE deliveries SET state = {3}, reply = {4}, attempts = {5}, doubts = {6}, next_attempt_at = {7}, sent_at = {8},
    lease = NULL, leased_until = NULL
{rows}
WHERE deliveries.id = {1} AND deliveries.lease = {2}"""
_LEAVE = """
UPDATE deliveries SET state = 'sending'
{rows}
WHERE deliveries.id = {1} AND deliveries.lease = {2} AND state = 'claimed' AND leased_until > {now}
    AND NOT EXISTS (SELECT 1 FROM installation
        WHERE hold AND NOT (kind = 'operator' AND substr(hold_reason, 1, {long}) = '{by_itself}'))
    AND NOT EXISTS (SELECT 1 FROM suppressions
        WHERE address_hash = {3} AND (kind <> 'confirm' OR reason = 'complained'))"""
_SETTLE_TYPES = ("bigint", "text", "text", "text", "integer", "integer", "timestamptz", "timestamptz")
_LEAVE_TYPES = ("bigint", "text", "bytea")
SLOW = 0.02  # seconds that a commit may hold up the event loop, in the mean
_SHARE = 1 / 16
_IN_ONE = 64  # rows in one statement: more than there are connections, as a rule
_LONG = len("2026-01-01 00:00:00.000000")
_SQLITE_NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')"


@dataclass(frozen=True, slots=True)
class Leave:
    """Which bodies may leave once the transaction is committed; `held` where all mail is stopped."""

    going: frozenset[int] = frozenset()
    held: bool = False


class BooksError(AlertsError):
    """The database could not be written; nothing of the transaction is."""


@dataclass(frozen=True, slots=True)
class _Statement:
    """An update of many rows: carried out for each where the database is here, about all of them at a server."""

    words: str
    row: str = ""

    @classmethod
    def for_each(cls, words: str, types: Sequence[str]) -> Self:
        return cls(cls._filled(words, _SQLITE_NOW, "", (f"?{place}" for place, _ in enumerate(types, 1))))

    @classmethod
    def for_all(cls, words: str, types: Sequence[str]) -> Self:
        values = (f"v.column{place}" for place, _ in enumerate(types, 1))
        row = f"({', '.join(f'CAST(%s AS {one})' for one in types)})"
        return cls(cls._filled(words, "clock_timestamp()", "FROM (VALUES {rows}) AS v", values), row)

    @staticmethod
    def _filled(words: str, now: str, rows: str, values: Iterable[str]) -> str:
        stop = outbox.BY_ITSELF
        return words.format("", *values, rows=rows, now=now, by_itself=stop, long=len(stop))

    def about(self, rows: int) -> str:
        return self.words.format(rows=", ".join([self.row] * rows))


class Books:
    """The books of one run; used by one thread at a time, but `write_at_once` by the event loop at any time."""

    def __init__(self, engine: Engine) -> None:
        self._sqlite = engine.dialect.name == "sqlite"
        statement = _Statement.for_each if self._sqlite else _Statement.for_all
        self._settle, self._leave = statement(_SETTLE, _SETTLE_TYPES), statement(_LEAVE, _LEAVE_TYPES)
        self._engine = engine
        self._driver: Any = engine.dialect.dbapi
        self._connection: PoolProxiedConnection | None = None
        self._took = 0.0  # seconds, the mean of the last few commits on the event loop

    def write(
        self, outcomes: Sequence[Outcome], starting: Sequence[Claimed], more: Callable[[Session], None] | None = None
    ) -> Leave:
        """Write what became of deliveries and mark others as sending, with whatever `more` writes, in one transaction.

        An outcome is written only where the lease is still ours. Which of those starting may leave is returned; the
        others are not ours any more: on hold, suppressed meanwhile, erased, or their lease ran out.
        """
        try:
            if more is None and not self._sqlite and (leave := self._write_plain(outcomes, starting)):
                return leave
            with writing(self._engine, durable=True) as session:
                self._many(session.connection().connection, self._settle, self._settled(outcomes))
                if more:
                    more(session)
                if self._many(session.connection().connection, self._leave, _leaving(starting)) == len(starting):
                    return Leave(frozenset(one.id for one in starting))
                return _sorted_out(session, starting)
        except (SQLAlchemyError, self._driver.Error) as trouble:
            self.close()
            raise BooksError(f"the database cannot be written: {getattr(trouble, 'orig', trouble)}") from trouble

    def write_at_once(self, outcomes: Sequence[Outcome], starting: Sequence[Claimed]) -> Leave | None:
        """Write the plain case without waiting for another writer; None, and nothing written, where that cannot be.

        It cannot be on a database server, on a slow disk, while another writes, or where a row is not ours any more.
        """
        if not self._sqlite or self._took > SLOW:
            self._took *= 1 - _SHARE  # so that a disk that was slow is tried again
            return None
        begun = perf_counter()
        try:
            leave = self._write_plain(outcomes, starting)
        except (SQLAlchemyError, self._driver.Error):  # the thread that tries again will tell what it is
            leave = None
        self._took += (perf_counter() - begun - self._took) * _SHARE
        return leave

    def _write_plain(self, outcomes: Sequence[Outcome], starting: Sequence[Claimed]) -> Leave | None:
        """Write the plain case past SQLAlchemy; None, and nothing written, if any row is not ours any more."""
        connection = self._opened()
        try:
            if self._sqlite:
                connection.cursor().execute("BEGIN IMMEDIATE")
            self._many(connection, self._settle, self._settled(outcomes))
            if self._many(connection, self._leave, _leaving(starting)) == len(starting):
                connection.commit()
                return Leave(frozenset([one.id for one in starting]))
        except BaseException:
            with suppress(self._driver.Error):
                connection.rollback()
            raise
        connection.rollback()
        return None

    def _many(self, connection: PoolProxiedConnection, update: _Statement, rows: Sequence[tuple[Any, ...]]) -> int:
        """Update many rows; return how many were changed."""
        changed = 0
        cursor = connection.cursor()
        if rows and self._sqlite:
            cursor.executemany(update.words, rows)
            changed = cursor.rowcount
        elif rows:
            for some in chunks(rows, _IN_ONE):
                cursor.execute(update.about(len(some)), tuple(chain.from_iterable(some)))
                changed += cursor.rowcount
        cursor.close()
        return changed

    def _opened(self) -> PoolProxiedConnection:
        if self._connection is None:
            self._connection = self._engine.raw_connection()
            if self._sqlite:
                self._connection.detach()  # whoever got it next from the pool would miss its patience
                for pragma in ("synchronous=FULL", "busy_timeout=0", "wal_autocheckpoint=0"):  # who claims does that
                    self._connection.cursor().execute(f"PRAGMA {pragma}")
        return self._connection

    def close(self) -> None:
        """Give the connection back; another is opened if they are used again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _settled(self, outcomes: Sequence[Outcome]) -> list[tuple[Any, ...]]:
        return [self._values(one) for one in outcomes]

    def _values(self, one: Outcome) -> tuple[Any, ...]:
        at = self._time(one.next_attempt_at)
        sent = at if one.sent_at is one.next_attempt_at else self._time(one.sent_at)
        return one.id, one.lease, one.state, one.reply, one.attempts, one.doubts, at, sent

    def _time(self, moment: datetime | None) -> datetime | str | None:
        """Return a time as the driver takes it: SQLite has text, in UTC."""
        if moment is None or not self._sqlite:
            return moment
        return moment.astimezone(UTC).isoformat(" ", "microseconds")[:_LONG]


def _leaving(starting: Sequence[Claimed]) -> list[tuple[Any, ...]]:
    return [(one.id, one.lease, one.address_hash) for one in starting]


def _sorted_out(session: Session, starting: Sequence[Claimed]) -> Leave:
    if outbox.hold_of(session) is not outbox.Hold.NONE:
        outbox.give_back(session, [(one.id, one.lease) for one in starting])
        return Leave(held=True)
    outbox.cancel_barred(session, [one.id for one in starting])
    return Leave(outbox.leaving(session, starting))
