"""Polling 2,000 feeds of 20 entries on 100 loopback addresses, and reading feeds of which most entries are known.

The peer of polling is the `reader` library (with four workers) over the same server; it is used if it is installed
beside us or if ALERTS_BENCH_READER names a Python that has it. "Cold" stores every entry, "warm" gets 304 for every feed.
The peer of reading is feedparser on the whole document.
"""

import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import feedparser
import uvloop
from sqlalchemy import Engine

from alerts.classify import packs
from alerts.ingest import feed
from alerts.ingest.fetch import Fetch
from alerts.model import Document, PollState, Source
from alerts.pipeline import poll
from alerts.store import catalogue, installation, schema
from alerts.store.engine import connect, writing
from tests.bench import feedserver
from tests.bench.figures import Figure, rates

FEEDS = int(os.environ.get("ALERTS_BENCH_FEEDS", "2000"))
COLD_PEER = 200  # the peer's cold poll takes so long that it is measured on a part
START = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
NO_LABELS = SimpleNamespace(classify=lambda *_: (), version="none")
PEER = """
import sys, time, tempfile, pathlib
from reader import make_reader
urls = sys.stdin.read().split()
with tempfile.TemporaryDirectory() as folder:
    reader = make_reader(str(pathlib.Path(folder) / "r.sqlite"))
    for url in urls:
        reader.add_feed(url)
    for _ in range(2):
        start = time.perf_counter()
        for result in reader.update_feeds_iter(scheduled=False, workers=4):
            if isinstance(result.value, Exception):
                raise result.value
        print(len(urls) / (time.perf_counter() - start), flush=True)
"""


def run() -> Iterator[Figure]:
    """Measure reading first, then polling with and without labels beside the peer."""
    yield from reading()
    with server(FEEDS) as port:
        peer = _peer(addresses(port, COLD_PEER)) if _python_with_reader() else []
        beside = "reader" if peer else "reader is not installed"
        cold, warm = ours(addresses(port, FEEDS), labels=False)
        yield Figure("cold, without labels", "feeds/s", [cold], peer[:1], beside, 4)
        yield Figure("warm (304)", "feeds/s", warm, peer[1:], beside, 10)
        labelled, _ = ours(addresses(port, FEEDS // 4), labels=True)
        yield Figure("cold, with the labels of the shipped topics", "feeds/s", [labelled], peer[:1], beside)


def reading() -> Iterator[Figure]:
    whole = [feedserver.feed(number, 0, 50) for number in range(10)]
    peer = rates(lambda: sum(len(feedparser.parse(io.BytesIO(body)).entries) == 50 for body in whole))
    for new, goal in ((50, None), (2, 8), (0, 20)):
        states = [_state(body, new) for body in whole]
        counted = rates(lambda states=states, new=new: sum(_new(*pair) == new for pair in zip(whole, states, strict=True)))
        yield Figure(f"reading, {new} new of 50", "feeds/s", counted, peer, "feedparser", goal)


def _state(body: bytes, new: int) -> PollState:
    entries = feed.read(Source(slug="b"), PollState(), Document(url="http://b.example/", body=body)).entries
    return PollState(known={entry.locator: entry.raw_hash for entry in entries[new:]})


def _new(body: bytes, state: PollState) -> int:
    return len(feed.read(Source(slug="b"), state, Document(url="http://b.example/", body=body)).entries)


@contextmanager
def server(feeds: int) -> Iterator[int]:
    command = [sys.executable, "-m", "tests.bench.feedserver", str(feeds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def addresses(port: int, count: int) -> list[str]:
    return [f"http://127.0.0.{number % 100 + 1}:{port}/{number}/0/feed" for number in range(count)]


def ours(urls: list[str], *, labels: bool) -> tuple[float, list[float]]:
    """Return feeds a second of a first poll and of three more, stored in SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{Path(folder) / 'alerts.db'}")
        schema.upgrade(engine)
        with writing(engine) as session:
            installation.start(session, authority="bench.example", fingerprint="", now=START)
            if labels:
                catalogue.add_topics(session, packs.load(packs.shipped("neuroimmunology"), "neuroimmunology"))
            catalogue.add_sources(session, (_source(number, url) for number, url in enumerate(urls)), START)
        without = mock.patch.object(poll.rules, "current", return_value=NO_LABELS)
        with nullcontext() if labels else without:
            found = [uvloop.run(_polled(engine, len(urls), START + timedelta(days=day))) for day in range(4)]
        engine.dispose()
    return found[0], found[1:]


def _source(number: int, url: str) -> Source:
    return Source(slug=f"feed{number}", url=url, allow_private=True, max_age=None)


async def _polled(engine: Engine, count: int, now: datetime) -> float:
    start = time.perf_counter()
    async with Fetch() as fetch:
        outcomes = await poll.poll_due(engine, fetch, now, everything=True)
    taken = time.perf_counter() - start
    if len(outcomes) != count or any(outcome.failed for outcome in outcomes):
        raise RuntimeError(next((outcome.error for outcome in outcomes if outcome.failed), "some were not polled"))
    return count / taken


def _python_with_reader() -> str:
    python = os.environ.get("ALERTS_BENCH_READER", sys.executable)
    asked = subprocess.run([python, "-c", "import reader"], capture_output=True, check=False)
    return python if asked.returncode == 0 else ""


def _peer(urls: list[str]) -> list[float]:
    """Return the peer's feeds a second: cold, warm."""
    said = subprocess.run(
        [_python_with_reader(), "-c", PEER], input="\n".join(urls), capture_output=True, text=True, check=True
    ).stdout
    return [float(line) for line in said.split()]

