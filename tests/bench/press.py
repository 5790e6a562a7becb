"""A press for benchmarks: sources of which each shows made-up papers, handed over in memory without a network."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from unittest import mock

from sqlalchemy import Engine, func, insert, select

from alerts import ingest
from alerts.model import Content, Document, Entry, Key, Page, PartialDate, Plan, PollState, Request, Source, Topic
from alerts.pipeline import poll
from alerts.store import catalogue, installation
from alerts.store.engine import connect, reading, writing
from alerts.store.tables import ItemRow, KeyRow, SightingRow

PAGE = 100
TEXT = "In this study of a rare disease the number of relapses was measured over two years in all who took part. " * 4
TOPIC = Topic(slug="rare", name="Rare", definition={"terms": ["rare disease"]})
NO_LABELS = SimpleNamespace(classify=lambda *_: (), classify_all=lambda given: [()] * len(given), version="none")


class Printed:
    """A kind of source: `items` papers from `first` on, a hundred a page; unchanged when asked again."""

    def plan(self, source: Source, state: PollState, now: datetime) -> Plan | None:
        return None if state.anchor else Plan(request=Request(url=source.url), state={"from": source.options["first"]})

    def read(self, source: Source, state: PollState, document: Document) -> Page:
        begin, end = int(state.resume["from"]), int(source.options["first"]) + int(source.options["items"])
        stop = min(begin + PAGE, end)
        more = Request(url=source.url) if stop < end else None
        entries = tuple(_entry(number) for number in range(begin, stop))
        return Page(entries=entries, next=more, state={"from": stop})


def _entry(number: int) -> Entry:
    content = Content(title=_title(number), text=TEXT, published=PartialDate(2026, 5, 1))
    return Entry(locator=str(number), raw_hash=str(number), keys=(Key("pmid", str(number)),), content=content)


def _title(number: int) -> str:
    return f"A rare disease in the {number}th household of the valley"


def open_for(url: str, sources: int, each: int, now: datetime) -> Engine:
    """Make an installation with so many sources of so many papers each, on a hundred hosts."""
    engine = connect(url)
    with writing(engine) as session:
        installation.start(session, authority="bench.example", fingerprint="", now=now)
        catalogue.add_topics(session, [TOPIC])
        catalogue.add_sources(session, (_source(number, each) for number in range(sources)), now)
    return engine


def _source(number: int, each: int) -> Source:
    options = {"first": 10_000_000 + number * each, "items": each}
    return Source(slug=f"s{number}", kind="printed", url=f"http://h{number % 100}.example/{number}", options=options, max_age=None)


def polled(
    engine: Engine, now: datetime, *, slugs: Sequence[str] = (), everything: bool = False, labels: bool = True
) -> float:
    """Poll what is due, these sources or all, and return the seconds it took."""
    started = time.perf_counter()
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict(ingest.KINDS, {"printed": Printed()}))
        if not labels:
            stack.enter_context(mock.patch.object(poll.rules, "current", return_value=NO_LABELS))
        outcomes = asyncio.run(poll.poll_due(engine, _fetch, now, slugs, everything, read=_read))
    if failed := [outcome.error for outcome in outcomes if outcome.failed]:
        raise RuntimeError(failed[0])
    return time.perf_counter() - started


async def _fetch(request: Request) -> Document:
    return Document(url=request.url, body=b"-")


async def _read(source: Source, state: PollState, document: Document) -> Page:
    return Printed().read(source, state, document)


def archive(engine: Engine, count: int, now: datetime) -> None:
    """Put so many papers into the archive at once, as if the first source had shown them long ago."""
    with reading(engine) as session:
        first = (session.execute(select(func.max(ItemRow.id))).scalar() or 0) + 1
    for begin in range(first, first + count, 5_000):
        some = range(begin, min(begin + 5_000, first + count))
        with writing(engine) as session:
            session.execute(insert(ItemRow), [_item(number, now) for number in some])
            session.execute(insert(KeyRow), [_key(number) for number in some])
            session.execute(insert(SightingRow), [_sighting(number, now) for number in some])


def _item(number: int, now: datetime) -> dict[str, Any]:
    return {"id": number, "kind": "paper", "title": _title(number), "text": TEXT[:100], "published": "2026-05-01",
            "url": "", "why_stopped": "", "first_seen_at": now, "changed_at": now}  # fmt: skip


def _key(number: int) -> dict[str, Any]:
    return {"item_id": number, "scheme": "pmid", "value": f"{number}"}


def _sighting(number: int, now: datetime) -> dict[str, Any]:
    return {"source_id": 1, "item_id": number, "locator": str(number), "raw_hash": str(number), "fingerprint": "",
            "url": "", "first_seen_at": now, "last_seen_at": now}  # fmt: skip
