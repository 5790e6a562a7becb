"""The table of trials, losses and duplicates, and the page that keeps it."""

import os
import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

MARK = "fault"
COLUMNS = ("what was broken", "database", "trials", "lost", "twice", "may come twice")
PAGE = """# Broken on purpose

Written by `make faults`; do not edit. A short form of the same trials runs in `make test`.

{date}, {cores} cores, Python {python}, seed {seed} (`ALERTS_TEST_SEED` sets another): {trials} trials, {lost} lost,
{twice} twice.

{table}

A trial is one fault: a kill -9 at a random moment, a restart, a lock, a full disk, a jump of the clock, a peer that
misbehaves. After each row of trials the work is finished and counted: every item that a source showed is there once and
has one alert; the alert numbers are 1 to n without a gap or a repeat, and the number line stands at n; everyone was told
every alert once; there is one delivery row for each person and digest, and the runs of composing add up.

*Lost* counts items, alerts and mails that are missing, *twice* those that are there again. A mail may come twice only
where the server took it and we never read its answer: the connections open at a kill, the answers that a bad server
swallowed. Such a copy has the same Message-ID.

The sources of these trials have no `--max-age`: a clock that jumps a year ahead makes new works look old to a source
that has one, so that they are shown in feeds and pages but not mailed.
"""


class Line(NamedTuple):
    """One kind of fault on one database, after its trials."""

    what: str
    database: str
    trials: int
    lost: int
    twice: int
    allowed: int

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, and no more came twice than may."""
        return self.lost == 0 and self.twice <= self.allowed


def table(lines: Sequence[Line]) -> Iterator[str]:
    """Yield the rows of the table in Markdown, with the sums under them."""
    total = Line("all", "", *(sum(column) for column in list(zip(*lines, strict=True))[2:]))
    rows = [COLUMNS, *(tuple(map(str, line)) for line in (*sorted(lines), total))]
    widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
    rows.insert(1, tuple("-" * width for width in widths))
    for row in rows:
        yield f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |"


def page(lines: Sequence[Line], seed: str) -> str:
    return PAGE.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        cores=os.cpu_count(),
        python=platform.python_version(),
        seed=seed,
        trials=sum(line.trials for line in lines),
        lost=sum(line.lost for line in lines),
        twice=sum(line.twice for line in lines),
        table="\n".join(table(lines)),
    )
