"""Both databases side by side, the same work on the same machine: PostgreSQL is ours, SQLite stands beside it.

Sizes are small, so that a run is short; how each grows is shown under `growth`. PostgreSQL runs on the same two cores
as the program, with its settings as they come.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvloop

from alerts.pipeline import release
from alerts.pipeline.compose import compose_due
from alerts.pipeline.deliver import deliver_due
from alerts.store.engine import connect
from subscribers.tokens import Keyring
from tests.bench import bench_compose, bench_deliver, press
from tests.bench.databases import KINDS, database, has_postgresql
from tests.bench.figures import Figure

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
TIMES, ITEMS, PEOPLE = 3, 1_000, 10_000
KEYRING = Keyring(b"b" * 40)

Rates = Mapping[str, float]


def run() -> Iterator[Figure]:
    """Measure each kind in turn, three times."""
    if not has_postgresql() or not shutil.which("smtp-sink"):
        yield Figure("nothing compared", "", [0.0], beside="(no PostgreSQL, or no smtp-sink)")
        return
    found = {kind: [_measured(kind) for _ in range(TIMES)] for kind in KINDS}
    for what in found[KINDS[0]][0]:
        sqlite, postgresql = ([one[what] for one in found[kind]] for kind in KINDS)
        yield Figure(what, "/s", postgresql, sqlite, "SQLite")


def _measured(kind: str) -> Rates:
    return {**_news(kind), **_digests(kind)}


def _rate(count: int, work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


def _news(kind: str) -> Rates:
    with database(kind) as url:
        engine = press.open_for(url, 10, ITEMS // 10, NOW)
        stored = ITEMS / press.polled(engine, NOW)
        released = _rate(ITEMS, lambda: release.release(engine, NOW))
        idle = 10 / press.polled(engine, NOW + timedelta(days=9))
        engine.dispose()
    return {"items stored with their labels": stored, "alerts released": released, "sources without news": idle}


def _digests(kind: str) -> Rates:
    with ExitStack() as stack:
        url, folder = stack.enter_context(database(kind)), stack.enter_context(tempfile.TemporaryDirectory())
        settings = bench_deliver.settings_for(Path(folder), stack.enter_context(bench_deliver.sink()))
        engine = connect(url)
        bench_compose.fill(engine, KEYRING, PEOPLE, 200, 200)
        composed = _rate(PEOPLE, lambda: compose_due(engine, KEYRING, settings, bench_compose.NOW))
        sent = _rate(PEOPLE, lambda: uvloop.run(deliver_due(engine, KEYRING, settings, bench_compose.NOW)))
        engine.dispose()
    return {"digests composed, 200 interest sets": composed, "digests sent, 16 connections": sent}
