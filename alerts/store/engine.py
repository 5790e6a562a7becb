"""The engine and the transaction: one code path for SQLite and PostgreSQL (laws 5 and 14)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, event, make_url, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlmodel import Session, create_engine

BUSY_TIMEOUT_MS = 10_000
WRITER_LOCK = 7_301_990  # the advisory lock under which identify-to-store runs (law 2)


def connect(url: str, *, pool_size: int = 5) -> Engine:
    """Return an engine for a SQLAlchemy URL (`sqlite:///...` or `postgresql+psycopg://...`); connects to nothing."""
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(url, pool_size=pool_size, max_overflow=20)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(url, pool_size=pool_size, max_overflow=20, pool_pre_ping=True)


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401  a DBAPI connection
    connection.isolation_level = None  # we begin by ourselves: the driver's own BEGIN comes too late (law 14)
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:  # noqa: ANN401
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Open a session that only reads: one consistent snapshot, nothing is written."""
    with Session(engine, expire_on_commit=False) as session:
        yield session
        session.rollback()


@contextmanager
def writing(engine: Engine, *, durable: bool = False, exclusive: bool = False) -> Iterator[Session]:
    """Open a session that commits at the end, or rolls everything back if the block raises.

    `durable`: what is written survives a power cut (consent, unsubscribing, mail outcomes: law 14).
    `exclusive`: one such writer at a time over all processes (identify-to-store, release: laws 2 and 4).
    On SQLite every writing transaction is exclusive and begins with BEGIN IMMEDIATE.
    """
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        if sqlite:
            driver: Any = connection.connection.driver_connection  # SQLAlchemy itself would begin before the PRAGMA
            driver.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            connection.execution_options(sqlite_begin="IMMEDIATE")
        with Session(connection, expire_on_commit=False) as session:
            if exclusive and not sqlite:
                session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": WRITER_LOCK})
            yield session
            session.commit()


def said(error: BaseException) -> str:
    """Return what the database said, where an error (or one of a group) is its refusal or its absence; else ""."""
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(said, error.exceptions)), "")
    return str(error.orig).splitlines()[0] if isinstance(error, (OperationalError, InterfaceError)) else ""


def database_now(session: Session) -> datetime:
    """Return the database's clock (UTC, aware): leases and expiries use it and ignore `--at`."""
    if session.get_bind().dialect.name == "sqlite":
        found = session.execute(text("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')")).scalar_one()
        return datetime.fromisoformat(found).replace(tzinfo=UTC)
    moment: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment.astimezone(UTC)
