"""Both databases side by side, the same work on the same machine: PostgreSQL is ours, SQLite stands beside it.

Sizes are small, so that a run is short; how each grows is shown under `growth`. PostgreSQL runs on the same two cores
as the program, with its settings as they come.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alerts.pipeline import release
from alerts.pipeline.compose import compose_due
from alerts.settings import Settings
from alerts.store.engine import connect
from subscribers.tokens import Keyring
from tests.bench import bench_compose, bench_deliver, press
from tests.bench.databases import KINDS, database, has_postgresql
from tests.bench.figures import Figure

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
TIMES, ITEMS, PEOPLE, MAILS = 3, 1_000, 20_000, 5_000
KEYRING = Keyring(b"b" * 40)

Rates = Mapping[str, float]


def run() -> Iterator[Figure]:
    """Measure each kind in turn, three times."""
    if not has_postgresql():
        yield Figure("nothing compared", "", [0.0], beside="PostgreSQL is not there")
        return
    found = {kind: [_measured(kind) for _ in range(TIMES)] for kind in KINDS}
    for what in found[KINDS[0]][0]:
        sqlite, postgresql = ([one[what] for one in found[kind]] for kind in KINDS)
        yield Figure(what, "/s", postgresql, sqlite, "SQLite")


def _measured(kind: str) -> Rates:
    return {**_news(kind), **_digests(kind), **_mails(kind)}


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
    with database(kind) as url:
        engine = connect(url)
        bench_compose.fill(engine, KEYRING, PEOPLE, 200, 200)
        composed = _rate(PEOPLE, lambda: compose_due(engine, KEYRING, Settings(_env_file=None), bench_compose.NOW))
        engine.dispose()
    return {"digests composed, 200 interest sets": composed}


def _mails(kind: str) -> Rates:
    with ExitStack() as stack:
        url, folder = stack.enter_context(database(kind)), stack.enter_context(tempfile.TemporaryDirectory())
        port = stack.enter_context(bench_deliver._sink())
        program = [sys.executable, str(bench_deliver.PROGRAM)]
        here = {**os.environ, "ALERTS_DATABASE_URL": url, "PYTHONPATH": str(Path.cwd())}
        subprocess.run([*program, "seed", folder, str(MAILS), "50", "24576"], env=here, check=True, capture_output=True)
        sending = [*program, "send", folder, str(port), "16", "60"]
        said = subprocess.run(sending, env=here, check=True, capture_output=True, text=True).stdout
    sent, seconds, _ = (float(word) for word in said.split()[-3:])
    return {"mails sent, 24 KB, 16 connections": sent / seconds}
