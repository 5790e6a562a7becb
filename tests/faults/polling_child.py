"""What a fault test kills: polls every source and releases until nothing is due.

Arguments: database URL, moment (ISO 8601). Prints a line before and after every transaction of a page or of a
batch of alerts, and `done` when everything is worked off.
"""

import asyncio
import hashlib
import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

from alerts import ingest
from alerts.ingest.fetch import Fetch
from alerts.model import Content, Document, Entry, Key, Page, PartialDate, Plan, PollState, Request, Source
from alerts.pipeline import poll, release, shelve
from alerts.store.engine import connect


class Lines:
    """A paged source of JSON lines."""

    def plan(self, source: Source, state: PollState, now: datetime) -> Plan:
        return Plan(request=Request(url=source.url, allow_private=True))

    def read(self, source: Source, state: PollState, document: Document) -> Page:
        told = [json.loads(line) for line in document.body.splitlines()]
        following = document.headers.get("x-next")
        return Page(
            entries=tuple(self.entry(one) for one in told),
            next=Request(url=following, allow_private=True) if following else None,
            state={"done": following is None},
        )

    def entry(self, told: dict[str, str]) -> Entry:
        return Entry(
            locator=told["id"],
            raw_hash=hashlib.sha256(told["title"].encode()).hexdigest(),
            keys=(Key("pmid", told["id"]),),
            content=Content(title=told["title"], text=told["title"] * 20, published=PartialDate(2026, 5, 1)),
        )


def telling(call: Callable[..., Any]) -> Callable[..., Any]:
    def told(*args: object, **named: object) -> object:
        print("begins", flush=True)
        found = call(*args, **named)
        print("ended", flush=True)
        return found

    return told


async def main(url: str, now: datetime) -> None:
    engine = connect(url)
    async with Fetch("tests@example.org") as fetch:
        while await poll.poll_due(engine, fetch, now) or release.release(engine, now):
            pass
    print("done", flush=True)


if __name__ == "__main__":
    ingest.KINDS["lines"] = Lines()  # type: ignore[index]
    release.BATCH = 20
    release._batch = telling(release._batch)
    shelve.Shelver.shelve = telling(shelve.Shelver.shelve)  # type: ignore[method-assign]
    asyncio.run(main(sys.argv[1], datetime.fromisoformat(sys.argv[2])))
