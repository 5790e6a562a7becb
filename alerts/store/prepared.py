"""Statements for many rows: compiled once and for all, their values made ready past SQLAlchemy, which takes longer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Dialect, Insert, Update
from sqlmodel import Session

Ready = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement in one database's words.

    `names` are its parameters in order, `ready` turns a value of each into what the driver takes; `defaults` are the
    values of its own and of columns that rows leave out.
    """

    words: str
    names: Sequence[str]
    ready: Sequence[Ready | None]
    by_name: bool
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, statement: Insert | Update, dialect: Dialect) -> "Prepared":
        """Compile a statement whose every value is a named parameter."""
        compiled: Any = statement.compile(dialect=dialect)
        binds = {name: bind for bind, name in compiled.bind_names.items()}
        names = tuple(compiled.positiontup or binds)
        ready = [binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names]
        own = {name: bind.value for name, bind in binds.items() if not bind.required}
        defaults = own | {column.key: column.default.arg for column in compiled.insert_prefetch}
        return cls(str(compiled), names, ready, not compiled.positional, defaults)

    def run(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
        """Carry the statement out for each row."""
        ready = [_once_in_a_row(each) if each else _as_it_is for each in self.ready]
        pairs = list(zip(self.names, ready, strict=True))
        whole = [{**self.defaults, **row} for row in rows] if self.defaults else rows
        given: Any = (
            [{name: to(row[name]) for name, to in pairs} for row in whole]
            if self.by_name
            else [tuple([to(row[name]) for name, to in pairs]) for row in whole]
        )
        session.connection().exec_driver_sql(self.words, given)


def _as_it_is(value: object) -> object:
    return value


def _once_in_a_row(process: Ready) -> Ready:
    """Return the processor, which works on a value that many rows share only once."""
    last: Any = process
    made: Any = None

    def ready(value: object) -> object:
        nonlocal last, made
        if value is not last:
            last, made = value, process(value)
        return made

    return ready
