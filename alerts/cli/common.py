"""What the commands share: opening the installation, moments, tables, JSON, progress."""

import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from alerts.errors import AlertsError

if TYPE_CHECKING:
    from alerts.wiring import World


class Moment(click.ParamType[datetime]):
    """An ISO 8601 moment; without a zone it is UTC."""

    name = "ISO8601"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no moment; write it like 2026-05-01 or 2026-05-01T07:00+02:00", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Span(click.ParamType[timedelta]):
    """A span of time such as 7d, 12h or 2w."""

    name = "SPAN"
    UNITS: Mapping[str, timedelta] = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:  # noqa: ANN401
        if isinstance(value, timedelta):
            return value
        if not (match := re.fullmatch(r"(\d{1,5})([hdw])", value.strip().lower())):
            self.fail(f"{value!r} is no span of time; write it like 7d, 12h or 2w", param, ctx)
        return int(match[1]) * self.UNITS[match[2]]


at_option = click.option("--at", type=Moment(), help="The moment to act as, for what is due (leases keep real time).")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def moment(world: "World", at: datetime | None) -> datetime:
    return at.astimezone(UTC) if at else world.now()


def opened(*, upgrade: bool = False, works: bool = False) -> "World":
    """Open the installation that the settings name; a missing SQLite database is made, and its path told.

    A command that `works` is seen as running until it ends, so that nobody replaces the database under it.
    """
    from sqlalchemy.exc import OperationalError

    from alerts.logs import configure
    from alerts.settings import load
    from alerts.wiring import ensure_ready, open_world

    configure("console", level=logging.WARNING)
    world = open_world(load())
    try:
        told = ensure_ready(world, upgrade=upgrade)
    except OperationalError as error:
        where = world.engine.url.render_as_string()
        raise AlertsError(f"The database {where} cannot be used: {str(error.orig).splitlines()[0]}") from error
    for line in told:
        click.echo(line, err=True)
    if works:
        _be_seen(world)
    return world


def _be_seen(world: "World") -> None:
    from alerts.pipeline.presence import at_work

    context = click.get_current_context()
    context.with_resource(at_work(world.engine, context.command_path))


def print_json(value: Any) -> None:  # noqa: ANN401  anything json can print
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, empty: str) -> None:
    """Print rows as a JSON array, or as a table of the columns; `empty` says what to do where there is none."""
    if as_json:
        print_json(list(rows))
    elif not rows:
        click.echo(empty)
    else:
        for line in table([[cell(row[column]) for column in columns] for row in rows], columns):
            click.echo(line)


def counted(count: int, what: str) -> str:
    """Return `1 item`, `2 items`."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def cell(value: Any) -> str:  # noqa: ANN401
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "-"
    return str(value) or "-"


def table(rows: Iterable[Sequence[str]], head: Sequence[str], widest: int = 60) -> Iterator[str]:
    """Lay rows out in columns; a cell longer than `widest` is cut with an ellipsis, but for the last column."""
    cells = [[name.replace("_", " ") for name in head], *([*map(_one_line, row)] for row in rows)]
    widths = [min(widest, max(len(row[i]) for row in cells)) for i in range(len(head))]
    for row in cells:
        padded = [_fit(text, width) for text, width in zip(row[:-1], widths, strict=False)]
        yield "  ".join([*padded, row[-1]]).rstrip()


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _fit(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"


@contextmanager
def progress(label: str) -> Iterator[Any]:
    """Give a callback `(done, total)`: a bar where standard error is a terminal, silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        yield show
