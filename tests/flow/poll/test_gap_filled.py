"""What a feed lost between two polls is asked of the service that stands in for it, in the same run."""

from datetime import timedelta

import pytest
from aiohttp import web
from sqlmodel import select

from alerts.ingest import pubmed
from alerts.model import Source
from alerts.pipeline import outcome, poll
from alerts.store import catalogue
from alerts.store.engine import reading, writing
from alerts.store.tables import KeyRow, SourceRow

ITEM = "<item><title>Work {n} on dim lamps and sleep</title><guid>g{n}</guid><link>https://j.example/{n}</link>{more}</item>"
RECORD = (
    "<PubmedArticle><MedlineCitation><PMID Version='1'>{n}</PMID><DateRevised><Year>2026</Year><Month>05</Month>"
    "<Day>01</Day></DateRevised><Article><ArticleTitle>Work {n} on dim lamps and sleep</ArticleTitle></Article>"
    "</MedlineCitation></PubmedArticle>"
)


class Journal:
    """A journal's feed of three items, and E-utilities that know every work; `broken` answers of theirs are 503."""

    def __init__(self) -> None:
        self.newest, self.broken, self.asked = 3, 0, list[str]()

    async def serve(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if "/feed/" in request.path:
            items = "".join(ITEM.format(n=n, more=f"<description>pmid: {n}</description>") for n in range(self.newest, self.newest - 3, -1))
            return web.Response(body=f"<rss version='2.0'><channel><title>Lamps</title>{items}</channel></rss>".encode())
        if self.broken:
            self.broken -= 1
            return web.Response(status=503)
        asked = {**request.query, **await request.post()}
        if request.path.endswith("esearch.fcgi"):
            assert '"1234-5678"[is]' in asked["term"]
            ids = [str(n) for n in range(1, self.newest + 1)]
            return web.json_response({"esearchresult": {"count": str(len(ids)), "retmax": "99", "retstart": "0", "idlist": ids}})
        records = "".join(RECORD.format(n=n) for n in asked["id"].split(","))
        return web.Response(body=f"<PubmedArticleSet>{records}</PubmedArticleSet>".encode())


@pytest.fixture
async def journal(engine, now, monkeypatch):
    found, app = Journal(), web.Application()
    app.router.add_route("*", "/{tail:.*}", found.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    monkeypatch.setattr(pubmed, "BASE", f"{base}/eutils/")
    with writing(engine) as session:
        catalogue.add_sources(session, [Source(slug="lamps", url=f"{base}/feed/1234-5678", allow_private=True)], now)
    yield found
    await runner.cleanup()


def source(engine) -> SourceRow:
    with reading(engine) as session:
        found = session.exec(select(SourceRow)).one()
        session.expunge(found)
    return found


def pmids(engine) -> set[str]:
    with reading(engine) as session:
        return set(session.exec(select(KeyRow.value).where(KeyRow.scheme == "pmid")))


async def test_a_gap_is_filled_in_the_same_poll(engine, fetch, journal, now) -> None:
    await poll.poll_due(engine, fetch, now)
    assert journal.asked == ["/feed/1234-5678"]
    journal.newest = 9
    (went,) = await poll.poll_due(engine, fetch, now + timedelta(days=2))
    assert went.state == "ok"
    assert pmids(engine) >= {"4", "5", "6"}
    row = source(engine)
    assert (row.gaps, row.resume, row.lease, row.window) == (1, {}, None, ["g9", "g8", "g7"])
    assert row.notes == [outcome.GAP_NOTE, "What may have been missed was asked of pubmed: 9 entries were read."]
    assert row.next_poll_at > now + timedelta(days=2)
    (went,) = await poll.poll_due(engine, fetch, now + timedelta(days=4))
    assert journal.asked[-1] == "/feed/1234-5678"


async def test_a_gap_whose_service_fails_is_filled_at_the_next_poll(engine, fetch, journal, now) -> None:
    await poll.poll_due(engine, fetch, now)
    journal.newest, journal.broken = 9, 1
    (went,) = await poll.poll_due(engine, fetch, now + timedelta(days=2))
    assert went.failed
    assert source(engine).window == ["g9", "g8", "g7"]
    later = now + timedelta(days=3)
    (filled, again) = await poll.poll_due(engine, fetch, later)
    assert (filled.state, again.state) == ("ok", "unchanged")
    assert pmids(engine) >= {"4", "5", "6"}
    assert (source(engine).resume, source(engine).state) == ({}, "ok")


async def test_a_service_that_stays_away_does_not_keep_the_feed_from_being_read(engine, fetch, journal, now) -> None:
    await poll.poll_due(engine, fetch, now)
    journal.newest, journal.broken = 9, 99
    for day in (2, 4, 6):
        (went,) = await poll.poll_due(engine, fetch, now + timedelta(days=day))
        assert went.failed
    journal.newest = 10
    (went,) = await poll.poll_due(engine, fetch, now + timedelta(days=8))
    assert (went.state, source(engine).window) == ("ok", ["g10", "g9", "g8"])
