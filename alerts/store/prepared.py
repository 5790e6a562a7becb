"""Statements for many rows: compiled once and for all, their values made ready past SQLAlchemy, which takes longer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import itemgetter
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
        made = list(zip(*map(self._column, self.names, self.ready, repeat(rows)), strict=True))
        given: Any = [dict(zip(self.names, row, strict=True)) for row in made] if self.by_name else made
        session.connection().exec_driver_sql(self.words, given)

    def _column(self, name: str, ready: Ready | None, rows: Sequence[Mapping[str, Any]]) -> Iterable[Any]:
        """Return one parameter's values for all rows: column by column, for few columns need a look at each value."""
        values = map(itemgetter(name), rows) if name in rows[0] else repeat(self.defaults[name], len(rows))
        return map(_once_in_a_row(ready), values) if ready else values


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
