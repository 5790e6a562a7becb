"""Loopback services and a poll over real HTTP, which may break off after any page and go on from what JSON keeps."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from alerts.errors import FetchError
from alerts.ingest import KINDS, recover
from alerts.ingest.fetch import Fetch
from alerts.model import Entry, Page, PollState, Request, Source

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Poll:
    """What runs brought so far, and where the last one stands."""

    source: Source
    entries: dict[str, Entry] = field(default_factory=dict)
    requests: int = 0
    notes: list[str] = field(default_factory=list)
    anchor: Mapping[str, Any] = field(default_factory=dict)
    resume: str = ""
    window: tuple[str, ...] = ()

    @property
    def known(self) -> dict[str, str]:
        return {locator: self.entries[locator].raw_hash for locator in self.window if locator in self.entries}

    async def run(self, fetch: Fetch, now: datetime = NOW, *, pages: int = 10_000) -> bool:
        """Begin a run, or go on where the last one broke off; True when it came to its end within so many pages."""
        request, state = self._begin(now)
        for _ in range(pages):
            page = await self._page(fetch, request, PollState(anchor=self.anchor, resume=state, known=self.known))
            self.entries |= {entry.locator: entry for entry in page.entries}
            self.notes += page.notes
            if page.next is None:
                self.anchor, self.resume, self.window = json.loads(json.dumps(page.state)), "", page.window
                return True
            self.resume = json.dumps({"request": _dumped(page.next), "state": page.state})
            request, state = page.next, page.state
        return False

    def _begin(self, now: datetime) -> tuple[Request, Mapping[str, Any]]:
        if self.resume:
            kept = json.loads(self.resume)
            return _loaded(kept["request"]), kept["state"]
        plan = KINDS[self.source.kind].plan(self.source, PollState(anchor=self.anchor, known=self.known), now)
        assert plan is not None
        return plan.request, json.loads(json.dumps(plan.state))

    async def _page(self, fetch: Fetch, request: Request, state: PollState) -> Page:
        self.requests += 1
        try:
            document = await fetch(request)
        except FetchError as error:
            page = recover(self.source, state, request, error)
            if page is None:
                raise
            return page
        return KINDS[self.source.kind].read(self.source, state, document)


def _dumped(request: Request) -> dict[str, Any]:
    body = request.body.decode() if request.body is not None else None
    return {"url": request.url, "method": request.method, "headers": dict(request.headers), "body": body, "allow_private": request.allow_private}


def _loaded(kept: dict[str, Any]) -> Request:
    return Request(**kept | {"body": kept["body"].encode() if kept["body"] is not None else None})


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Handler], Awaitable[str]]]:
    """Start services on loopback; each answers every address under the base that is returned."""
    runners: list[web.AppRunner] = []

    async def start(handler: Handler) -> str:
        async def answer(request: web.Request) -> web.StreamResponse:
            return await handler(request)

        app = web.Application(client_max_size=2**22)
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None)
        runners.append(runner)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        return f"http://{host}:{port}"

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def fetch() -> AsyncIterator[Fetch]:
    async with Fetch("tests@example.org") as made:
        yield made


@pytest.fixture
def poll() -> type[Poll]:
    return Poll
