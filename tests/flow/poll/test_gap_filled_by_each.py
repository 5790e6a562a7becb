"""Whatever a feed of trials, papers or preprints lost in a gap is asked of the API behind it, page after page."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web
from sqlmodel import select

from alerts.ingest import backfill, ctgov, europepmc, preprints
from alerts.model import Source
from alerts.pipeline import outcome, poll
from alerts.store import catalogue
from alerts.store.engine import reading, writing
from alerts.store.tables import ItemRow, KeyRow, SourceRow

PAGE = 2  # works an API gives at once


class Service:
    """A feed of three works and the API behind it, which knows all; some of its answers may be 503."""

    scheme = "doi"
    path = "/feed"

    def __init__(self) -> None:
        self.newest, self.asked, self.broken = 3, list[str](), set[int]()

    async def serve(self, request: web.Request) -> web.Response:
        if request.path == self.path:
            numbers = range(self.newest, self.newest - 3, -1)
            items = "".join(f"<item><title>{self.title(n)}</title><guid>g{n}</guid><link>{self.link(n)}</link>{self.more(n)}</item>" for n in numbers)
            return web.Response(body=f"<rss version='2.0'><channel><title>Lamps</title>{items}</channel></rss>".encode())
        self.asked.append(str(request.rel_url))
        if len(self.asked) in self.broken:
            return web.Response(status=503)
        return self.answer(request)

    def some(self, start: int) -> range:
        return range(start + 1, min(start + PAGE, self.newest) + 1)

    def title(self, number: int) -> str:
        return f"Work {number} on dim lamps and sleep"

    def link(self, number: int) -> str:
        return f"https://j.example/{number}"

    def more(self, number: int) -> str:
        return ""

    def doi(self, number: int) -> str:
        return f"10.1101/2026.05.01.2600000{number}"

    def answer(self, request: web.Request) -> web.Response:
        raise NotImplementedError


class Trials(Service):
    scheme, kind, path = "nct", "clinicaltrials", "/api/rss"

    def link(self, number: int) -> str:
        return f"https://clinicaltrials.gov/study/NCT0000000{number}"

    def answer(self, request: web.Request) -> web.Response:
        asked = request.query
        assert (asked["query.cond"], asked["sort"]) == ("dim lamps", "LastUpdatePostDate:asc")
        assert "AREA[InterventionSearch](lamp)" in asked["filter.advanced"]
        assert "AREA[LastUpdatePostDate]RANGE[" in asked["filter.advanced"]
        start = int(asked.get("pageToken", "0"))
        studies = [{"protocolSection": {"identificationModule": {"nctId": f"NCT0000000{n}", "briefTitle": self.title(n)}}} for n in self.some(start)]
        return web.json_response({"studies": studies} | ({"nextPageToken": str(start + PAGE)} if start + PAGE < self.newest else {}))


class EuropePmc(Service):
    kind, path = "europepmc", "/rss/search/dim lamps"

    def more(self, number: int) -> str:
        return f"<identifier xmlns='http://purl.org/dc/elements/1.1/'>doi:{self.doi(number)}</identifier>"

    def answer(self, request: web.Request) -> web.Response:
        asked = request.query
        assert asked["query"].startswith("(dim lamps) AND (FIRST_IDATE:[")
        start = 0 if asked["cursorMark"] == "*" else int(asked["cursorMark"])
        rows = [{"id": str(n), "source": "MED", "doi": self.doi(n), "title": self.title(n)} for n in self.some(start)]
        return web.json_response({"hitCount": self.newest, "nextCursorMark": str(start + len(rows)) if rows else asked["cursorMark"], "resultList": {"result": rows}})


class Preprints(Service):
    kind = "medrxiv"

    def link(self, number: int) -> str:
        return f"https://www.{self.kind}.org/content/{self.doi(number)}v1?rss=1"

    def answer(self, request: web.Request) -> web.Response:
        _, part, server, _, _, cursor, form = request.path.split("/")
        assert (server, form) == (self.kind, "json")
        rows = [{"doi": self.doi(n), "title": self.title(n), "version": "1", "published": "NA", "date": "2026-05-01"} for n in self.some(int(cursor))]
        rows = rows if part == "details" else []
        return web.json_response({"messages": [{"status": "ok" if rows else "no posts found"}], "collection": rows})


class BioRxiv(Preprints):
    kind = "biorxiv"


FIND = {"clinicaltrials": backfill._trials, "europepmc": backfill._europepmc}


@pytest.fixture(params=[Trials, EuropePmc, Preprints, BioRxiv], ids=lambda one: one.kind)
async def service(request, engine, now, monkeypatch) -> AsyncIterator[Service]:
    found, app = request.param(), web.Application()
    app.router.add_route("*", "/{tail:.*}", found.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    for module in (ctgov, europepmc, preprints):
        monkeypatch.setattr(module, "BASE", f"{base}/api")
    monkeypatch.setattr(preprints, "BASE", base)
    server = found.kind if found.kind in ("medrxiv", "biorxiv") else ""
    find = FIND.get(found.kind, lambda source, parts: backfill._preprints(source, parts._replace(netloc=f"connect.{server}.org")))
    monkeypatch.setattr(backfill, "_BY_HOST", {"127.0.0.1": find})
    more = "?cond=dim+lamps&intr=lamp" if found.kind == "clinicaltrials" else ""
    with writing(engine) as session:
        catalogue.add_sources(session, [Source(slug="lamps", url=f"{base}{found.path}{more}", allow_private=True)], now)
    yield found
    await runner.cleanup()


def held(engine, scheme: str) -> set[str]:
    with reading(engine) as session:
        assert not [one for one in session.exec(select(ItemRow)) if one.merged_into is not None]
        return set(session.exec(select(KeyRow.value).where(KeyRow.scheme == scheme)))


def row(engine) -> SourceRow:
    with reading(engine) as session:
        found = session.exec(select(SourceRow)).one()
        session.expunge(found)
    return found


def count(engine) -> int:
    with reading(engine) as session:
        return len(session.exec(select(ItemRow)).all())


async def test_what_lay_between_two_windows_comes_by_the_api(engine, fetch, service, now) -> None:
    await poll.poll_due(engine, fetch, now)
    assert service.asked == []
    service.newest = 9
    (went,) = await poll.poll_due(engine, fetch, now + timedelta(days=2))
    assert (went.state, went.error) == ("ok", "")
    assert len(held(engine, service.scheme)) == count(engine) == 9, "each work once, by whichever road"
    assert len(service.asked) >= 9 // PAGE
    after = row(engine)
    assert (after.gaps, after.resume, after.lease, after.window) == (1, {}, None, ["g9", "g8", "g7"])
    assert after.notes[0] == outcome.GAP_NOTE
    assert f"asked of {service.kind}" in after.notes[1]


async def test_a_filling_that_breaks_off_goes_on_at_the_page_it_came_to(engine, fetch, service, now) -> None:
    await poll.poll_due(engine, fetch, now)
    service.newest, service.broken = 9, {3}
    (went,) = await poll.poll_due(engine, fetch, now + timedelta(days=2))
    assert went.failed
    asked = list(service.asked)
    (went, again) = await poll.poll_due(engine, fetch, now + timedelta(days=3))
    assert (went.state, again.state) == ("ok", "unchanged")
    assert service.asked[3] == asked[2], "nothing is asked twice but what failed"
    assert len(set(service.asked)) == len(service.asked) - 1
    assert len(held(engine, service.scheme)) == count(engine) == 9
