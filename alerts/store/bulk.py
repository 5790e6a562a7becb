"""Small help for bulk statements: how many rows changed, and slices that fit one statement."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar, cast

from sqlalchemy import Executable
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from subscribers.tables import Table

IN_ONE = 500  # values in one IN list, rows in one INSERT

T = TypeVar("T")


def changed(session: Session, statement: Executable) -> int:
    """Carry out an UPDATE or DELETE and return how many rows it met; loaded rows are not looked after."""
    result: Any = session.execute(statement.execution_options(synchronize_session=False))
    return cast("int", result.rowcount)


def chunks(values: Iterable[T], size: int = IN_ONE) -> Iterator[Sequence[T]]:
    """Cut values into lists of at most `size`."""
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part


def insert_into(session: Session, table: type[Table]) -> Any:  # noqa: ANN401  the dialects' own Insert
    """Return the INSERT of this database, the one that knows ON CONFLICT."""
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def add_missing(session: Session, table: type[Table], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; those that are there already stay as they are."""
    for part in chunks(rows):
        session.execute(insert_into(session, table).on_conflict_do_nothing(), part)
