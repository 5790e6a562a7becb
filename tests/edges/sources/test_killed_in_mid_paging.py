"""kill -9 in the middle of a run of each service: it goes on at the page it came to, counted at the service."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import Engine, text
from sqlmodel import select
from standins import TODAY, EuropePmc, Eutils, Listing, Registry

from alerts.model import Source
from alerts.store import catalogue
from alerts.store.engine import reading, writing
from alerts.store.tables import ItemRow, KeyRow, SourceRow

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]
CHILD = Path(__file__).with_name("killed_child.py")
APART = 0.03
WORKS = 700

SERVICES: dict[str, tuple[Callable[[], Any], str, str, int]] = {
    "pubmed": (lambda: Eutils({40_000_000 + n: TODAY - timedelta(days=n % 80) for n in range(WORKS)}), "/entrez/eutils/", "pmid", 1 + 4),
    "clinicaltrials": (lambda: Registry(WORKS), "/api/v2/studies", "nct", 4),
    "europepmc": (lambda: EuropePmc(WORKS), "/rest/search", "pmid", 4 + 1),
    "medrxiv": (lambda: Listing(WORKS), "", "doi", 20),
}
"""The stand-in, where its API begins, the identifier of its works, and the requests that a run needs at most."""


class Counted:
    """Counts what comes in at a service: the moment of each request, and how many at once."""

    def __init__(self, service: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        self.service, self.starts, self.asked = service, list[float](), list[str]()
        self.at_once = self.most = 0

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.starts.append(asyncio.get_running_loop().time())
        self.asked.append(f"{request.rel_url} {await request.text()}")
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            return await self.service(request)
        finally:
            self.at_once -= 1


def expected(kind: str, service: Any) -> set[str]:
    if kind == "pubmed":
        return {str(pmid) for pmid in service.entered}
    if kind == "clinicaltrials":
        return set(service.updated)
    if kind == "europepmc":
        return set(service.indexed)
    return {row["doi"] for row in service.rows if row["title"] == "Rare myelitis"}


async def run(engine: Engine, now: str, pages: int | None) -> bool:
    """Let a child store so many pages and kill it then; True where it came to its end."""
    url = engine.url.render_as_string(hide_password=False)
    child = await asyncio.create_subprocess_exec(sys.executable, str(CHILD), url, now, str(APART), stdout=PIPE)
    assert child.stdout is not None
    lines = []
    while (pages is None or len(lines) < pages) and (line := await child.stdout.readline()):
        lines.append(line)
    if child.returncode is None and lines[-1:] != [b"done\n"]:
        child.kill()
    await child.stdout.read()
    await child.wait()
    with writing(engine) as session:  # the minute passes that a dead worker's claims last
        for table in ("sources", "hosts"):
            session.execute(text(f"UPDATE {table} SET leased_until = '2000-01-01 00:00:00' WHERE lease IS NOT NULL"))  # noqa: S608
    return lines[-1:] == [b"done\n"]


@pytest.mark.parametrize("kind", SERVICES)
async def test_a_run_that_is_killed_loses_nothing_and_asks_again_for_one_page_at_most(sqlite_engine: Engine, serve: Serve, now, kind: str) -> None:
    engine = sqlite_engine
    make, begins, scheme, needed = SERVICES[kind]
    service = make()
    counted = Counted(service)
    base = await serve(counted)
    with writing(engine) as session:
        catalogue.add_sources(session, [Source(slug="s", kind=kind, url=base + begins, query="rare myelitis", allow_private=True)], now)
    kills = 0
    while not await run(engine, now.isoformat(), 2 if kills < 2 else None):
        kills += 1
        assert kills < 4
    assert kills == 2, "it was killed in mid-paging"
    with reading(engine) as session:
        assert set(session.exec(select(KeyRow.value).where(KeyRow.scheme == scheme))) == expected(kind, service)
        assert len(session.exec(select(ItemRow)).all()) == len(expected(kind, service))
        (row,) = session.exec(select(SourceRow))
        assert (row.state, row.resume, row.lease) == ("ok", {}, None)
        assert row.anchor["began"] == TODAY.isoformat()
    assert len(counted.asked) <= needed + kills
    assert len(counted.asked) - len(set(counted.asked)) <= kills, "a kill costs one page at most"
    assert counted.most == 1
    assert min(later - sooner for sooner, later in pairwise(counted.starts)) > APART / 2, "they start apart; one may be longer on its way than the next"
