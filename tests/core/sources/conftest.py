"""Plays a whole run of a source kind against a function that answers requests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from alerts.errors import FetchError
from alerts.ingest import KINDS, recover
from alerts.model import Document, Entry, Page, PollState, Request, Source

Serve = Callable[[Request], bytes | str]


@dataclass
class Run:
    """What a run asked and brought."""

    entries: list[Entry] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    anchor: Mapping[str, Any] = field(default_factory=dict)
    seen: int = 0

    @property
    def locators(self) -> list[str]:
        return [entry.locator for entry in self.entries]

    @property
    def asked(self) -> list[dict[str, str]]:
        return [parameters(request) for request in self.requests]


def parameters(request: Request) -> dict[str, str]:
    """Return what a request asks for, be it in the address or in a form."""
    text = request.body.decode() if request.body else urlsplit(request.url).query
    return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}


def play(source: Source, serve: Serve, now: datetime, *, anchor: Mapping[str, Any] = {}, known: Mapping[str, str] = {}, most: int = 2000) -> Run:
    run, kind = Run(), KINDS[source.kind]
    plan = kind.plan(source, PollState(anchor=anchor, known=known), now)
    assert plan is not None
    request: Request | None = plan.request
    state = plan.state
    while request is not None:
        assert len(run.requests) < most, "the run does not end"
        run.requests.append(request)
        before = PollState(anchor=anchor, resume=state, known=known)
        page = _step(source, before, request, serve)
        run.entries += page.entries
        run.notes += page.notes
        run.seen += page.seen
        request, state = page.next, page.state
    run.anchor = state
    return run


def _step(source: Source, state: PollState, request: Request, serve: Serve) -> Page:
    try:
        body = serve(request)
    except FetchError as error:
        page = recover(source, state, request, error)
        if page is None:
            raise
        return page
    raw = body.encode() if isinstance(body, str) else body
    return KINDS[source.kind].read(source, state, Document(url=request.url, body=raw))


@pytest.fixture(name="play")
def _play() -> Callable[..., Run]:
    return play


@pytest.fixture(name="parameters")
def _parameters() -> Callable[[Request], dict[str, str]]:
    return parameters
