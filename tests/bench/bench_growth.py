"""Growth: what one more unit costs when there are a thousand times as many, on SQLite; flat is well.

The ratio says how many times dearer a unit is at the largest size than where it is cheapest. ALERTS_BENCH_GROWTH sets
the largest size (1,000,000); the curves of topics and sources end at a thousandth and a hundredth of it.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alerts.classify import Classifier
from alerts.pipeline import release
from tests.bench import bench_classify, bench_compose, press
from tests.bench.curves import Curve, write
from tests.bench.databases import database
from tests.bench.figures import Figure

MOST = int(os.environ.get("ALERTS_BENCH_GROWTH", "1000000"))
NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
NEW = 1_000  # items that are added at each size of the archive
TIMES = 3
FLAT = 2.0
CURVES = ("items", "topics", "subscribers", "sources")
AFTER = "\n" + "\n".join(f"![What one more of the {name} costs](pictures/growth-{name}.svg)" for name in CURVES) + "\n"


def run() -> Iterator[Figure]:
    """Draw a figure for each curve."""
    for name, make in zip(CURVES, (_items, _topics, _subscribers, _sources), strict=True):
        curve = make()
        write(curve, PICTURES / f"growth-{name}.svg")
        yield _figure(curve)


def _figure(curve: Curve) -> Figure:
    (least, cost), (most, last) = min(curve.points, key=lambda point: point[1]), curve.points[-1]
    name = f"{curve.title}, {most:,} {curve.of}"
    return Figure(name, curve.unit, [last], [cost], f"{least:,} {curve.of}", FLAT, at_most=True)


def _sizes(first: int, most: int) -> Sequence[int]:
    sizes = [first]
    while sizes[-1] * 10 <= most:
        sizes.append(sizes[-1] * 10)
    return sizes


def _least(work: Callable[[], float], times: int = TIMES) -> float:
    """Return the least of a few measurements: what is disturbed is never faster."""
    return min(work() for _ in range(times))


def _items() -> Curve:
    """Store and release a thousand new items beside archives of every size."""
    sizes, points = _sizes(1_000, MOST), []
    with database("SQLite") as url:
        engine, there = press.open_for(url, TIMES * len(sizes), NEW, NOW), 0
        slugs = (f"s{number}" for number in range(TIMES * len(sizes)))

        def add() -> float:
            took = press.polled(engine, NOW, slugs=[next(slugs)])
            return (took + _timed(lambda: release.release(engine, NOW))) / NEW

        for size in sizes:
            press.archive(engine, size - there, NOW)
            there = size
            points.append((size, _least(add) * 1e6))
        engine.dispose()
    return Curve("Storing, labelling and releasing a new item", "items in the archive", "µs an item", points)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _topics() -> Curve:
    """Classify the same items with ever more topics of thirty terms."""
    sizes = _sizes(10, max(MOST // 1_000, 10))
    return Curve("Classifying an item", "topics", "µs an item", [(size, _classified(size)) for size in sizes])


def _classified(topics: int) -> float:
    known = bench_classify.topics(topics, 30)
    items = bench_classify.contents(known, 200)
    classify = Classifier(known).classify
    return _least(lambda: _timed(lambda: [classify(item) for item in items])) / len(items) * 1e6


def _subscribers() -> Curve:
    """Compose for ever more people with 200 sets of interests."""
    points = [(size, 1e6 / _composed(size)) for size in _sizes(1_000, MOST)]
    return Curve("Composing a digest", "subscribers", "µs a digest", points)


def _composed(people: int) -> float:
    return max(rate for rate, *_ in bench_compose.measure(people))


def _sources() -> Curve:
    """Poll ever more sources, of which each has one item at first and nothing new thereafter."""
    sizes = _sizes(10, max(MOST // 100, 10))
    return Curve("Polling a source without news", "sources", "µs a source", [(size, _polled(size)) for size in sizes])


def _polled(sources: int) -> float:
    with database("SQLite") as url:
        engine = press.open_for(url, sources, 1, NOW)
        press.polled(engine, NOW, labels=False)
        days = iter(range(1, TIMES + 1))

        def again() -> float:
            return press.polled(engine, NOW + timedelta(days=next(days)), everything=True, labels=False)

        took = _least(again) / sources * 1e6
        engine.dispose()
    return took
