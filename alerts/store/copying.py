"""Copies an installation whole from one database to another, of either kind; counted and compared."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Column, Connection, Engine, Table, bindparam, delete, func, insert, inspect, select, update
from sqlmodel import Session

from alerts.errors import AlertsError, UsageError
from alerts.store.tables import metadata

BATCH = 1_000

Progress = Callable[[int, int], None]


class Change(Protocol):
    """What else happens in the transaction of a copy."""

    def before(self, session: Session) -> None:
        """Look at the target as it was, and refuse by raising; what is left in it is deleted then."""

    def after(self, session: Session) -> None:
        """Change what was copied."""


def silent(_done: int, _total: int) -> None:
    """Tell nobody how far it is."""


def copy(
    source: Engine, target: Engine, progress: Progress = silent, *, change: Change | None = None
) -> Mapping[str, int]:
    """Copy every table in one snapshot into a migrated database; return the rows of each table.

    The target must be empty (UsageError), but for a `change`: then what it holds is replaced, in one transaction.
    Raises AlertsError where what arrived is not what left; the target is then as it was.
    """
    with _snapshot(source) as there, target.connect() as here:
        if target.dialect.name == "sqlite":
            here.execution_options(sqlite_begin="IMMEDIATE")
        with here.begin():
            _make_room(here, change)
            total, done = sum(_count(there, table) for table in metadata.sorted_tables), 0
            for table in metadata.sorted_tables:
                for rows in _batches(there, table):
                    _insert(here, table, rows)
                    done += len(rows)
                    progress(done, total)
                _point_back(there, here, table)
                _advance_sequence(here, table)
            counts = {table.name: _compared(there, here, table) for table in metadata.sorted_tables}
            if change:
                with Session(here) as session:
                    change.after(session)
                    session.flush()
            return counts


def _make_room(connection: Connection, change: Change | None) -> None:
    if change is None:
        _require_empty(connection)
        return
    with Session(connection) as session:
        change.before(session)
    for table in reversed(metadata.sorted_tables):
        connection.execute(delete(table))


def _snapshot(engine: Engine) -> Connection:
    connection = engine.connect()
    if engine.dialect.name != "sqlite":
        connection.execution_options(isolation_level="REPEATABLE READ")
    return connection


def _require_empty(connection: Connection) -> None:
    for table in metadata.sorted_tables:
        if not inspect(connection).has_table(table.name):
            raise UsageError("The target database has no tables yet; run there first: alerts db upgrade")
        if _count(connection, table):
            raise UsageError(f"The target database is not empty (table {table.name}); name an empty one.")


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _batches(connection: Connection, table: Table) -> Iterator[Sequence[Mapping[str, Any]]]:
    """Yield the rows in the order of the primary key."""
    query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=BATCH)
    found = connection.execute(query)
    for rows in found.mappings().partitions(BATCH):
        yield [dict(row) for row in rows]


def _own(table: Table) -> list[Column[Any]]:
    """Return the columns that point into the same table: they are filled when all rows are there."""
    return [column for column in table.columns if any(key.column.table is table for key in column.foreign_keys)]


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    later = {column.name: None for column in _own(table)}
    connection.execute(insert(table), [{**row, **later} for row in rows])


def _point_back(there: Connection, here: Connection, table: Table) -> None:
    for column in _own(table):
        key = next(iter(table.primary_key.columns))
        rows = there.execute(select(key.label("of"), column.label("to")).where(column.is_not(None))).mappings().all()
        if rows:
            here.execute(
                update(table).where(key == bindparam("of")).values({column: bindparam("to")}),
                [dict(row) for row in rows],
            )


def _advance_sequence(connection: Connection, table: Table) -> None:
    """Let PostgreSQL go on counting behind the copied ids."""
    key = table.columns.get("id")
    if connection.dialect.name != "postgresql" or key is None:
        return
    name = connection.execute(select(func.pg_get_serial_sequence(table.name, "id"))).scalar()
    if name:
        highest = connection.execute(select(func.coalesce(func.max(key), 0))).scalar_one()
        connection.execute(select(func.setval(name, max(highest, 1), highest > 0)))


def _compared(there: Connection, here: Connection, table: Table) -> int:
    left, arrived = _fingerprint(there, table), _fingerprint(here, table)
    if left != arrived:
        raise AlertsError(f"The copy of the table {table.name} differs from what was read; nothing was kept.")
    return left[0]


def _fingerprint(connection: Connection, table: Table) -> tuple[int, str]:
    """Return the number of rows and a hash over all of them that does not depend on their order."""
    count, folded = 0, 0
    for rows in _batches(connection, table):
        for row in rows:
            said = repr(sorted(row.items())).encode()
            folded ^= int.from_bytes(hashlib.blake2b(said, digest_size=16).digest())
            count += 1
    return count, f"{folded:032x}"
