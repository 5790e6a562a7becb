"""What a benchmark reports: a figure beside its peer or ceiling, measured in the same run."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

MISSING = ("not installed", "(no ")  # how a bench says beside what it could not measure


@dataclass(frozen=True, slots=True)
class Figure:
    """`ours` and `peer` hold one value a repetition, in `unit`.

    `goal` is the least ratio ours : peer that we claim, or the least value where there is no peer; with `at_most` it is
    the greatest.
    """

    name: str
    unit: str
    ours: Sequence[float]
    peer: Sequence[float] = ()
    beside: str = ""
    goal: float | None = None
    at_most: bool = False

    @property
    def ratio(self) -> float | None:
        return statistics.median(self.ours) / statistics.median(self.peer) if self.peer else None

    @property
    def reached(self) -> bool | None:
        """Tell whether the goal is reached; None where there is none, or nothing to compare with."""
        if self.goal is None or any(word in self.beside for word in MISSING):
            return None
        value = self.ratio if self.ratio is not None else statistics.median(self.ours)
        return value <= self.goal if self.at_most else value >= self.goal

    def row(self) -> str:
        """Return one line of the table in docs/performance.md."""
        ratio = f"{self.ratio:.2f}" if self.ratio is not None else ""
        return f"| {self.name} | {_spread(self.ours)} {self.unit} | {_peer(self)} | {ratio} | {_goal(self)} |"


def _goal(figure: Figure) -> str:
    if figure.goal is None:
        return ""
    goal = f"{figure.goal:,.0f}" if figure.goal >= 100 else f"{figure.goal:.3g}"
    said = f"{'at most ' if figure.at_most else ''}{goal}"
    return said + {True: ", reached", False: ", **not reached**", None: ", not measured"}[figure.reached]


def _spread(values: Sequence[float]) -> str:
    middle = _plain(statistics.median(values))
    return middle if len(values) == 1 else f"{middle} [{_plain(min(values))} to {_plain(max(values))}]"


def _plain(value: float) -> str:
    return f"{value:,.4g}" if value < 1000 else f"{value:,.0f}"


def _peer(figure: Figure) -> str:
    return f"{figure.beside} {_spread(figure.peer)}" if figure.peer else figure.beside


def rates(work: Callable[[], int], times: int = 3) -> list[float]:
    """Run `work` a few times; it returns how many units it did. Returns units a second for each run."""
    found = []
    for _ in range(times):
        start = perf_counter()
        done = work()
        found.append(done / (perf_counter() - start))
    return found
