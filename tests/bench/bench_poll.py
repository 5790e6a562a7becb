"""Polling 2,000 feeds of 20 entries on 100 loopback addresses, and reading feeds of which most entries are known.

The peer of polling is the `reader` library over the same feeds and server (nginx, where it is installed), with one worker
and with four: its better median counts. Warm it is a twentieth quicker with 2,000 feeds than with a part of them (655 beside
619 feeds/s with 400), so it polls them all, though its first polls take a minute each. It is used if it is installed beside
us or if ALERTS_BENCH_READER names a Python that has it. "Cold" stores every entry, "warm" gets 304 for every feed; the index for search is brought up to date within both.
Rounds take turns with the peer's. The peer of reading is feedparser on the whole document.
"""

import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from unittest import mock

import feedparser
import uvloop
from sqlalchemy import Engine

from alerts.classify import packs
from alerts.ingest import feed
from alerts.ingest.fetch import Fetch
from alerts.ingest.pool import Pool
from alerts.model import Document, PollState, Source
from alerts.pipeline import poll
from alerts.store import catalogue, installation, schema
from alerts.store.engine import connect, writing
from tests.bench import feedserver
from tests.bench.figures import Figure, rates

FEEDS = int(os.environ.get("ALERTS_BENCH_FEEDS", "2000"))
ROUNDS, WARM = 3, 3
START = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
NO_LABELS = SimpleNamespace(classify=lambda *_: (), classify_all=lambda given: [()] * len(given), version="none")
PEER = """
import sys, time, tempfile, pathlib
from reader import make_reader
workers, times, *urls = sys.stdin.read().split()
with tempfile.TemporaryDirectory() as folder:
    reader = make_reader(str(pathlib.Path(folder) / "r.sqlite"))
    for url in urls:
        reader.add_feed(url)
    for _ in range(1 + int(times)):
        start = time.perf_counter()
        for result in reader.update_feeds_iter(scheduled=False, workers=int(workers)):
            if isinstance(result.value, Exception):
                raise result.value
        print(len(urls) / (time.perf_counter() - start), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Rates:
    """Feeds a second: of first polls, and of polls that brought nothing new."""

    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)

    def add(self, cold: float, *warm: float) -> None:
        self.cold.append(cold)
        self.warm.extend(warm)


def run() -> Iterator[Figure]:
    """Measure reading first, then polling without labels in turn with the peer, then polling with them."""
    yield from reading()
    with feedserver.serving(FEEDS) as urls:
        mine, peers = Rates(), [Rates(), Rates()] if _python_with_reader() else []
        for _ in range(ROUNDS):
            mine.add(*ours(urls, labels=False))
            for workers, peer in zip((1, 4), peers, strict=False):
                peer.add(*_peer(urls, workers))
        cold = max((peer.cold for peer in peers), key=median, default=[])
        warm = max((peer.warm for peer in peers), key=median, default=[])
        beside = "reader" if peers else "reader is not installed"
        yield Figure("cold, without labels", "feeds/s", mine.cold, cold, beside, 4)
        yield Figure("warm (304)", "feeds/s", mine.warm, warm, beside, 10)
        labelled, *_ = ours(urls[: FEEDS // 2], labels=True)
        yield Figure("cold, with the labels of the shipped topics", "feeds/s", [labelled], cold, beside)


def reading() -> Iterator[Figure]:
    whole = [feedserver.feed(number, 0, 50) for number in range(10)]
    peer = rates(lambda: sum(len(feedparser.parse(io.BytesIO(body)).entries) == 50 for body in whole))
    for new, goal in ((50, None), (2, 8), (0, None)):
        states = [_state(body, new) for body in whole]
        counted = rates(lambda states=states, new=new: sum(_new(*pair) == new for pair in zip(whole, states, strict=True)))
        yield Figure(f"reading, {new} new of 50", "feeds/s", counted, peer, "feedparser", goal)


def _state(body: bytes, new: int) -> PollState:
    entries = feed.read(Source(slug="b"), PollState(), Document(url="http://b.example/", body=body)).entries
    return PollState(known={entry.locator: entry.raw_hash for entry in entries[new:]})


def _new(body: bytes, state: PollState) -> int:
    return len(feed.read(Source(slug="b"), state, Document(url="http://b.example/", body=body)).entries)


def ours(urls: Sequence[str], *, labels: bool) -> list[float]:
    """Return feeds a second of a first poll and of some more, stored in SQLite."""
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
            found = uvloop.run(_polls(engine, len(urls)))
        engine.dispose()
    return found


def _source(number: int, url: str) -> Source:
    return Source(slug=f"feed{number}", url=url, allow_private=True, max_age=None)


async def _polls(engine: Engine, count: int) -> list[float]:
    """Poll as a running service does: the reading processes and the fetch outlive each poll."""
    async with Fetch() as fetch, Pool() as pool:
        return [await _polled(engine, fetch, pool, count, START + timedelta(days=day)) for day in range(1 + WARM)]


async def _polled(engine: Engine, fetch: Fetch, pool: Pool, count: int, now: datetime) -> float:
    start = time.perf_counter()
    outcomes = await poll.poll_due(engine, fetch, now, everything=True, read=pool.read)
    taken = time.perf_counter() - start
    if len(outcomes) != count or any(outcome.failed for outcome in outcomes):
        raise RuntimeError(next((outcome.error for outcome in outcomes if outcome.failed), "some were not polled"))
    return count / taken


def _python_with_reader() -> str:
    python = os.environ.get("ALERTS_BENCH_READER", sys.executable)
    asked = subprocess.run([python, "-c", "import reader"], capture_output=True, check=False)
    return python if asked.returncode == 0 else ""


def _peer(urls: Sequence[str], workers: int) -> list[float]:
    """Return the peer's feeds a second: cold, then warm."""
    said = subprocess.run(
        [_python_with_reader(), "-c", PEER],
        input="\n".join([str(workers), str(WARM), *urls]), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [float(line) for line in said.split()]
