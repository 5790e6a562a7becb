"""The line at the foot that says how many sources were read, and what could not be; pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby

from alerts.publish.lines import one_line

_NAMED = 10  # more are counted


def line(read: int, unread: Iterable[tuple[str, datetime | None]]) -> str:
    """Return such as `Read 14 sources; not readable since 12 June: X, Y.`; empty where there is no source."""
    missing = list(unread)
    if not read and not missing:
        return ""
    count = [f"{len(missing)} not readable"] if len(missing) > 1 else []
    return "; ".join([f"Read {read} {'source' if read == 1 else 'sources'}", *count, *_groups(missing)]) + "."


def _groups(missing: list[tuple[str, datetime | None]]) -> Iterator[str]:
    for said, group in groupby(missing[:_NAMED], key=lambda one: _since(one[1])):
        yield f"not readable{said}: {', '.join(one_line(title) for title, _ in group)}"
    if len(missing) > _NAMED:
        yield f"and {len(missing) - _NAMED} more"


def _since(at: datetime | None) -> str:
    return f" since {at.day} {at:%B}" if at else ""
