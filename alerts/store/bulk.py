"""Small help for bulk statements: how many rows changed, and slices that fit one statement."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar, cast

from sqlalchemy import Dialect, Executable, TextClause, bindparam, func, select, text
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from alerts.store.prepared import Prepared
from subscribers.tables import Table

IN_ONE = 500  # values in one IN list, rows in one INSERT

T = TypeVar("T")

_PAIRS = {
    "sqlite": "(SELECT value ->> 0 AS one, value ->> 1 AS two FROM json_each(:pairs))",
    "postgresql": "(SELECT value ->> 0 AS one, value ->> 1 AS two"
    " FROM jsonb_array_elements(CAST(:pairs AS jsonb)) AS value)",
}


def changed(session: Session, statement: Executable) -> int:
    """Carry out an UPDATE or DELETE and return how many rows it met; loaded rows are not looked after."""
    result: Any = session.execute(statement.execution_options(synchronize_session=False))
    return cast("int", result.rowcount)


def chunks(values: Iterable[T], size: int = IN_ONE) -> Iterator[Sequence[T]]:
    """Cut values into lists of at most `size`."""
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part


def by_pairs(session: Session, query: str, pairs: Iterable[tuple[Any, str]], **given: Any) -> Sequence[Any]:  # noqa: ANN401
    """Return the rows of a query that joins `{pairs}`, a table of these pairs (`one`, `two`, both text).

    One parameter holds them all, so that the statement is compiled once, whatever their number.
    """
    statement = _joining(query, session.get_bind().dialect.name)
    return session.connection().execute(statement, {"pairs": json.dumps(list(pairs)), **given}).all()


@lru_cache(maxsize=64)
def _joining(query: str, dialect: str) -> TextClause:
    return text(query.format(pairs=_PAIRS[dialect]))


def table_of(row: type[Table]) -> SqlTable:
    """Return the plain table: statements on it pass by the ORM, which costs as much again as the database."""
    return row.metadata.tables[str(row.__tablename__)]


def insert_into(session: Session, row: type[Table]) -> Any:  # noqa: ANN401  the dialects' own Insert
    """Return the INSERT of this database, the one that knows ON CONFLICT."""
    return dialect_insert(session.get_bind().dialect, table_of(row))


def dialect_insert(dialect: Dialect, table: SqlTable) -> Any:  # noqa: ANN401  the dialects' own Insert
    return sqlite.insert(table) if dialect.name == "sqlite" else postgresql.insert(table)


def add(session: Session, row: type[Table], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of one shape."""
    for part in chunks(rows):
        _insertion(session.get_bind().dialect, row, tuple(part[0]), missing=False).run(session, part)


def add_missing(session: Session, row: type[Table], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of one shape; those that are there already stay as they are."""
    for part in chunks(rows):
        _insertion(session.get_bind().dialect, row, tuple(part[0]), missing=True).run(session, part)


@lru_cache(maxsize=256)
def _insertion(dialect: Dialect, row: type[Table], names: Sequence[str], *, missing: bool) -> Prepared:
    table = table_of(row)
    values = {name: bindparam(name, type_=table.c[name].type) for name in names}
    statement = dialect_insert(dialect, table).values(values).inline()
    return Prepared.of(statement.on_conflict_do_nothing() if missing else statement, dialect)


def new_ids(session: Session, row: type[Table], count: int) -> list[int]:
    """Reserve ids for rows to insert; the caller is the one writer (SQLite, or the writers' advisory lock)."""
    name = str(row.__tablename__)
    if session.get_bind().dialect.name == "sqlite":
        table = table_of(row)
        last: int = session.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
        return list(range(last + 1, last + 1 + count))
    ids = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
    return list(session.execute(ids, {"name": name, "count": count}).scalars())
