"""Labelling an archive anew, as a changed topic asks for: every item is read, classified and compared, on SQLite.

100,000 items in about a minute was asked; the archive here has ALERTS_BENCH_ARCHIVE items (5,000), abstracts of some
1,750 characters, read by as many processes as there are cores, with 100 topics of 30 terms.
"""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import Engine, insert

from alerts.model import Topic
from alerts.pipeline import relabel
from alerts.store import catalogue, installation
from alerts.store.engine import connect, writing
from alerts.store.tables import ItemRow
from tests.bench import bench_classify
from tests.bench.databases import database
from tests.bench.figures import Figure

ITEMS = int(os.environ.get("ALERTS_BENCH_ARCHIVE", "5000"))
NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
GOAL = 100_000 / 60
TIMES = 2


def run() -> Iterator[Figure]:
    """Label the archive for the first time, and again for each of two more topics."""
    with database("SQLite") as url:
        engine = connect(url)
        topics = bench_classify.topics(100, 30)
        texts = bench_classify.contents(topics, ITEMS)
        with writing(engine) as session:
            installation.start(session, authority="bench.example", fingerprint="", now=NOW)
            catalogue.add_topics(session, topics)
            session.execute(insert(ItemRow), [
                {"id": number, "kind": "paper", "title": one.title, "text": one.text, "url": "", "why_stopped": "",
                 "first_seen_at": NOW, "changed_at": NOW} for number, one in enumerate(texts, 1)])
        first, again = _rate(engine), []
        for number in range(TIMES):
            with writing(engine) as session:
                catalogue.add_topics(session, [Topic(slug=f"more{number}", name="More", definition={"terms": ["placebo"]})])
            again.append(_rate(engine))
        engine.dispose()
    yield Figure(f"{ITEMS:,} items labelled for the first time", "items/s", [first])
    yield Figure(f"{ITEMS:,} items labelled anew for one more topic", "items/s", again, goal=GOAL)


def _rate(engine: Engine) -> float:
    started = time.perf_counter()
    done = relabel.relabel(engine, NOW)
    if done.items != ITEMS:
        raise RuntimeError(f"{done.items} of {ITEMS} items were labelled")
    return done.items / (time.perf_counter() - started)
