"""Alerts per week by trial phase, as bars for an inline SVG and as rows for a table."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.publish.channel import week_of

WEEKS = 26
FEWEST = 2  # weeks with alerts; a single bar is no picture of anything
HEIGHT = 120
STEP = 24
GAP = 4
GROUPS = ("No phase", "Phase 1", "Phase 2", "Phase 3", "Phase 4")


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of a week's bar, in the units of the SVG."""

    group: int
    x: int
    y: float
    width: int
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Half a year of weeks: the bars, and the same figures as a table."""

    bars: tuple[Bar, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]
    groups: tuple[str, ...]
    width: int
    height: int
    most: int


def chart(alerts: Iterable[tuple[datetime, Sequence[str]]], newest: datetime) -> Chart | None:
    """Count the alerts of the 26 weeks up to `newest` by the highest phase each states; None for a single week's."""
    weeks = [week_of(newest - timedelta(weeks=back)) for back in reversed(range(WEEKS))]
    counted = Counter((week_of(at), _group(phases)) for at, phases in alerts)
    rows = tuple((week, tuple(counted[week, group] for group in range(len(GROUPS)))) for week in weeks)
    most = max(sum(counts) for _, counts in rows)
    bars = tuple(bar for place, (_, counts) in enumerate(rows) for bar in _bars(place, counts, most))
    shown = tuple(row for row in rows if sum(row[1]))
    if len(shown) < FEWEST:
        return None
    return Chart(bars, shown, GROUPS, WEEKS * STEP, HEIGHT, most)


def _group(phases: Sequence[str]) -> int:
    return max((int(phase[-1]) for phase in phases if phase[-1].isdigit()), default=0)


def _bars(place: int, counts: Sequence[int], most: int) -> Iterable[Bar]:
    top = float(HEIGHT)
    for group, count in enumerate(counts):
        if count:
            height = round(HEIGHT * count / most, 1)
            top = round(top - height, 1)
            yield Bar(group, place * STEP + GAP // 2, top, STEP - GAP, height)
