"""A loopback HTTP server that tests put pages on, and a source kind of JSON lines that reads them."""

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from alerts import ingest
from alerts.errors import ReadError
from alerts.ingest.fetch import Fetch
from alerts.model import Content, Document, Entry, Key, Kind, Link, Page, PartialDate, Plan, PollState, Request, Source


class Lines:
    """One JSON object a line is an entry; the header X-Next leads to a further page."""

    def plan(self, source: Source, state: PollState, now: object) -> Plan:
        return Plan(request=Request(url=source.url, allow_private=True))

    def read(self, source: Source, state: PollState, document: Document) -> Page:
        try:
            told = [json.loads(line) for line in document.body.splitlines()]
        except ValueError as error:
            raise ReadError("is no list of JSON lines") from error
        following = document.headers.get("x-next")
        entries = tuple(entry(one) for one in told)
        return Page(
            entries=tuple(one for one in entries if state.known.get(one.locator) != one.raw_hash),
            window=tuple(one.locator for one in entries),
            next=Request(url=following, allow_private=True) if following else None,
            state={"read": len(entries)},
        )


def entry(told: dict[str, object]) -> Entry:
    content = {name: told[name] for name in ("title", "text", "status", "truncated") if name in told}
    return Entry(
        locator=str(told["id"]),
        raw_hash=hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest(),
        keys=tuple(Key(*key) for key in told.get("keys", ())),
        links=tuple(Link(*link) for link in told.get("links", ())),
        content=Content(
            kind=Kind(str(told.get("kind", "paper"))),
            published=PartialDate.parse(str(told.get("published", "2026-05-01"))),
            authors=("Lindqvist A",),
            **content,
        ),
    )


@dataclass
class Site:
    base: str = ""
    pages: dict[str, web.Response | str] = field(default_factory=dict)
    asked: list[web.Request] = field(default_factory=list)
    answers: dict[str, object] = field(default_factory=dict)

    def url(self, path: str) -> str:
        return self.base + path

    def put(self, path: str, *entries: dict[str, object], **headers: str) -> None:
        self.answers[path] = ("\n".join(json.dumps(one) for one in entries).encode(), 200, headers)

    def answer(self, path: str, status: int, **headers: str) -> None:
        self.answers[path] = (b"", status, headers)

    async def serve(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        body, status, headers = self.answers[request.path]
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if "etag" in headers and request.headers.get("If-None-Match") == headers["etag"]:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, status=status, headers=headers)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    found = Site()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", found.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    place = web.TCPSite(runner, "127.0.0.1", 0)
    await place.start()
    found.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


@pytest.fixture
async def fetch() -> AsyncIterator[Fetch]:
    async with Fetch("tests@example.org") as found:
        yield found


@pytest.fixture(autouse=True)
def lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ingest.KINDS, "lines", Lines())
