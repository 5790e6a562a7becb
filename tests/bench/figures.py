"""What a benchmark reports: a figure beside its peer or ceiling, measured in the same run."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Figure:
    """`ours` and `peer` hold one value a repetition, in `unit`; `goal` is the least ratio ours : peer we claim."""

    name: str
    unit: str
    ours: Sequence[float]
    peer: Sequence[float] = ()
    beside: str = ""
    goal: float | None = None

    @property
    def ratio(self) -> float | None:
        return statistics.median(self.ours) / statistics.median(self.peer) if self.peer else None

    def row(self) -> str:
        """Return one line of the table in docs/performance.md."""
        ratio = f"{self.ratio:.2f}" if self.ratio is not None else ""
        goal = f"{self.goal:g}" if self.goal is not None else ""
        return f"| {self.name} | {_spread(self.ours)} {self.unit} | {_peer(self)} | {ratio} | {goal} |"


def _spread(values: Sequence[float]) -> str:
    middle = (
        f"{statistics.median(values):,.4g}" if statistics.median(values) < 1000 else f"{statistics.median(values):,.0f}"
    )
    return middle if len(values) == 1 else f"{middle} [{min(values):,.4g} to {max(values):,.4g}]"


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
