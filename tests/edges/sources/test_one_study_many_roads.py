"""One study comes by six roads, each over real HTTP: the same items, thread and news in any order of arrival."""

import json
import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import Engine
from sqlmodel import select

from alerts.ingest import KINDS
from alerts.ingest.fetch import Fetch
from alerts.model import Document, Kind, Page, PollState, Reason, Request, Source, Topic
from alerts.pipeline import poll, release
from alerts.store import catalogue, items, numberline, threads
from alerts.store.engine import connect, reading, writing
from alerts.store.tables import ItemRow, SourceRow

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]
NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
TOPIC = Topic(slug="myelitis", name="Rare myelitis", definition={"terms": ["rare myelitis"]})
TITLE = "Walking with zorbimab in people with rare myelitis"
TEXT = "We gave zorbimab to 40 people with rare myelitis. They walked a little further than before."
PREPRINT, PAPER, PMID, NCT = "10.64898/2026.04.01.000001", "10.1000/walk.1", "42000001", "NCT07000001"

ARTICLE = f"""<PubmedArticle><MedlineCitation><PMID>{PMID}</PMID><Article><ArticleDate><Year>2026</Year><Month>05</Month><Day>02</Day></ArticleDate>
<ArticleTitle>{TITLE}.</ArticleTitle><Abstract><AbstractText>{TEXT}</AbstractText></Abstract><AuthorList><Author><LastName>Ferro</LastName><Initials>A</Initials></Author></AuthorList>
<PublicationTypeList><PublicationType>Journal Article</PublicationType></PublicationTypeList><DataBankList><DataBank><DataBankName>ClinicalTrials.gov</DataBankName>
<AccessionNumberList><AccessionNumber>{NCT}</AccessionNumber></AccessionNumberList></DataBank></DataBankList></Article><CommentsCorrectionsList>
<CommentsCorrections RefType="UpdateOf"><RefSource>medRxiv. 2026. doi: {PREPRINT}</RefSource></CommentsCorrections>%s</CommentsCorrectionsList></MedlineCitation>
<PubmedData><ArticleIdList><ArticleId IdType="doi">{PAPER}</ArticleId></ArticleIdList></PubmedData></PubmedArticle>"""


class World:
    """Six services in one; what they say can be changed between polls."""

    def __init__(self) -> None:
        self.notices, self.status, self.published, self.moved = "", "RECRUITING", "NA", 0

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        road = request.path.split("/")[1]
        if self.moved and road == "pubmed":
            self.moved -= 1
            raise web.HTTPMovedPermanently(str(request.rel_url).replace("/pubmed/", "/there/"))
        return getattr(self, {"there": "pubmed"}.get(road, road))(request)  # type: ignore[no-any-return]

    def pubmed(self, request: web.Request) -> web.Response:
        if request.path.endswith("esearch.fcgi"):
            found = [PMID] if not self.notices or "[mdat]" in request.query["term"] else []
            return web.json_response({"esearchresult": {"count": str(len(found)), "idlist": found}})
        return web.Response(text=f"<PubmedArticleSet>{ARTICLE % self.notices}</PubmedArticleSet>")

    def europepmc(self, request: web.Request) -> web.Response:
        common = {"title": TITLE, "abstractText": TEXT, "authorList": {"author": [{"fullName": "Ferro A"}]}}
        rows: list[dict[str, Any]] = [
            {**common, "id": PMID, "source": "MED", "pmid": PMID, "doi": PAPER, "firstPublicationDate": "2026-05-02"},
            {**common, "id": "PPR1", "source": "PPR", "doi": PREPRINT, "firstPublicationDate": "2026-04-01", "pubTypeList": {"pubType": ["Preprint"]}},
        ]
        return web.json_response({"hitCount": 2, "nextCursorMark": request.query["cursorMark"], "resultList": {"result": rows}})

    def medrxiv(self, request: web.Request) -> web.Response:
        row = {"title": TITLE, "abstract": TEXT, "authors": "Ferro, A.", "doi": PREPRINT, "date": "2026-04-01", "version": "1", "published": self.published, "server": "medRxiv"}
        rows = [row] if "/details/" in request.path and "/0/json" in request.path else []
        return web.json_response({"messages": [{"status": "ok" if rows else "no posts found"}], "collection": rows})

    def journal(self, request: web.Request) -> web.Response:
        item = f"<item><title>{TITLE}</title><link>https://journal.example/walk</link><description>{TEXT[:40]}...</description><dc:identifier>doi:{PAPER}</dc:identifier><pubDate>Sat, 02 May 2026 08:00:00 GMT</pubDate></item>"
        return web.Response(text=f'<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>J</title><link>https://journal.example/</link><description>d</description>{item}</channel></rss>')

    def trials(self, request: web.Request) -> web.Response:
        protocol = {
            "identificationModule": {"nctId": NCT, "briefTitle": "Zorbimab in Rare Myelitis"},
            "statusModule": {"overallStatus": self.status, "studyFirstPostDateStruct": {"date": "2026-03-01"}},
            "conditionsModule": {"conditions": ["Rare myelitis"]},
        }
        return web.json_response({"studies": [{"protocolSection": protocol, "hasResults": False}]})

    def news(self, request: web.Request) -> web.Response:
        if request.path == "/news/list":
            return web.Response(text='<li class="n"><a href="/news/story">Tablets may help people with rare myelitis walk</a> 5/3/2026</li>', content_type="text/html")
        body = f'<article><p>Forty people took zorbimab for rare myelitis.</p><p><a href="https://doi.org/{PAPER}">The study</a></p></article>'
        return web.Response(text=body, content_type="text/html")


def sources(base: str) -> tuple[Source, ...]:
    kinds = {
        "pubmed": Source(slug="pubmed", kind="pubmed", url=f"{base}/pubmed", query="rare myelitis"),
        "europepmc": Source(slug="europepmc", kind="europepmc", url=f"{base}/europepmc", query="rare myelitis"),
        "medrxiv": Source(slug="medrxiv", kind="medrxiv", url=f"{base}/medrxiv", query="rare myelitis", gives="preprint"),
        "journal": Source(slug="journal", url=f"{base}/journal", gives="paper"),
        "trials": Source(slug="trials", kind="clinicaltrials", url=f"{base}/trials", query="rare myelitis", gives="record"),
        "news": Source(slug="news", kind="page", url=f"{base}/news/list", gives="news", options={"item": "li.n", "follow": True}),
    }
    return tuple(Source(**{name: getattr(one, name) for name in Source.__slots__} | {"allow_private": True}) for one in kinds.values())


@pytest.fixture
def database(sqlite_template: Path, tmp_path: Path) -> Engine:
    shutil.copy(sqlite_template, tmp_path / "alerts.db")
    return connect(f"sqlite:///{tmp_path / 'alerts.db'}")


async def settle(engine: Engine, base: str, fetch: Fetch, order: tuple[str, ...]) -> None:
    with writing(engine) as session:
        catalogue.add_topics(session, [TOPIC])
        catalogue.add_sources(session, sources(base), NOW)
    for slug in order:
        (went,) = await poll.poll_due(engine, fetch, NOW, [slug])
        assert (went.state, went.error) == ("ok", "")
        release.release(engine, NOW)


def held(engine: Engine) -> dict[str, Any]:
    """Return the items by kind with their own identifiers and sources, and who is in the thread of each."""
    with reading(engine) as session:
        ids = [one.id for one in session.exec(select(ItemRow).where(ItemRow.merged_into == None)) if one.id]  # noqa: E711
        found = items.items(session, ids)
        thread = threads.of(session, ids)
    named = {number: f"{one.content.kind}" for number, one in found.items()}
    return {
        f"{one.content.kind} {sorted(key for key in one.keys if key.scheme in {'pmid', 'doi', 'nct'})}": (
            sorted(one.sources), sorted(named[other] for _, other in thread.get(number, [])), one.content.title, len(one.content.text) > 60,
        )
        for number, one in found.items()
    }  # fmt: skip


EXPECTED = {
    f"paper [Key(scheme='doi', value='{PAPER}'), Key(scheme='pmid', value='{PMID}')]": ["europepmc", "journal", "pubmed"],
    f"preprint [Key(scheme='doi', value='{PREPRINT}')]": ["europepmc", "medrxiv"],
    f"record [Key(scheme='nct', value='{NCT}')]": ["trials"],
    "news []": ["news"],
}
ROADS = ("pubmed", "europepmc", "medrxiv", "journal", "trials", "news")


class Tape:
    """What the services answered, to be heard again without them."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch, self._answers = fetch, dict[Request, Document]()

    async def __call__(self, request: Request) -> Document:
        asked = replace(request, headers={})  # which validators are sent depends on the order, what comes does not
        key = (asked.url, asked.method, asked.body)
        if key not in self._answers:
            self._answers[key] = await self._fetch(asked)
        return self._answers[key]


async def read(source: Source, state: PollState, document: Document) -> Page:
    return KINDS[source.kind].read(source, state, document)


def as_expected(engine: Engine) -> bool:
    """Tell whether there are four items, each with its identifiers and sources and all the others in its thread."""
    found = held(engine)
    kinds = {"paper", "preprint", "record", "news"}
    return {name: carried for name, (carried, *_) in found.items()} == EXPECTED and all(
        set(members) == kinds - {name.split()[0]} and (whole or name.startswith(("news", "record")))
        for name, (_, members, _, whole) in found.items()
    )


EVERY = list(permutations(ROADS))
ORDERS = EVERY if os.environ.get("ALERTS_TEST_ALL_ORDERS") else EVERY[::29]
BEGINNINGS = {order[:length] for order in ORDERS for length in range(1, len(ROADS) + 1)}


def test_the_orders_tried_have_every_road_before_and_after_every_other() -> None:
    assert {(one, other) for order in ORDERS for one, other in combinations(order, 2)} == set(permutations(ROADS, 2))
    assert {order[0] for order in ORDERS} == {order[-1] for order in ORDERS} == set(ROADS)


@pytest.mark.parametrize("first", ROADS)
async def test_every_order_of_arrival_gives_the_same_four_items_and_one_thread(
    serve: Serve, fetch: Fetch, sqlite_template: Path, tmp_path: Path, first: str
) -> None:
    """Orders share what they begin with: each database is the copy of one that lacks the last road.

    ALERTS_TEST_ALL_ORDERS=1 tries all 720, 120 for each road that comes first.
    """
    start = tmp_path / "start.db"
    shutil.copy(sqlite_template, start)
    engine = connect(f"sqlite:///{start}")
    base, tape, orders = await serve(World()), Tape(fetch), 0
    await settle(engine, base, fetch, ())
    engine.dispose()

    async def further(before: Path, came: tuple[str, ...]) -> None:
        nonlocal orders
        for road in ROADS if came else [first]:
            if (*came, road) not in BEGINNINGS:
                continue
            place = tmp_path / f"{len(came)}.db"
            _copy(before, place)
            engine = connect(f"sqlite:///{place}")
            (went,) = await poll.poll_due(engine, tape, NOW, [road], read=read)
            assert (went.state, went.error) == ("ok", "")
            release.release(engine, NOW)
            if len(came) + 1 == len(ROADS):
                assert as_expected(engine)
                orders += 1
            engine.dispose()
            await further(place, (*came, road))

    await further(start, ())
    assert orders == sum(order[0] == first for order in ORDERS)


def _copy(before: Path, place: Path) -> None:
    for end in ("", "-wal", "-shm"):
        Path(f"{place}{end}").unlink(missing_ok=True)
        if Path(f"{before}{end}").exists():
            shutil.copy(f"{before}{end}", f"{place}{end}")


@pytest.mark.parametrize("order", list(permutations(ROADS))[::131], ids=lambda order: "-".join(one[0] for one in order))
async def test_orders_over_real_http_give_the_same(serve: Serve, fetch: Fetch, database: Engine, order: tuple[str, ...]) -> None:
    await settle(database, await serve(World()), fetch, order)
    assert as_expected(database)
    database.dispose()


async def test_what_befalls_the_study_becomes_one_alert_each(serve: Serve, fetch: Fetch, database: Engine) -> None:
    world = World()
    base = await serve(world)
    await settle(database, base, fetch, ROADS)
    before = last(database)
    world.status, world.published = "TERMINATED", PAPER
    world.notices = '<CommentsCorrections RefType="RetractionIn"><RefSource>x</RefSource><PMID>42000099</PMID></CommentsCorrections>'
    for days in (1, 2, 3):
        for slug in ROADS:
            (went,) = await poll.poll_due(database, fetch, NOW + timedelta(days=days), [slug])
            assert went.error == ""
        release.release(database, NOW + timedelta(days=days))
    with reading(database) as session:
        new = items.alerted(session, range(before + 1, last(database) + 1))
    told = sorted((one.alert.reason, one.item.content.kind) for one in new)
    assert (Reason.RETRACTED, Kind.PAPER) in told
    assert (Reason.STATUS, Kind.RECORD) in told
    assert len(told) == len(set(told)), "each once"
    database.dispose()


def last(engine: Engine) -> int:
    with reading(engine) as session:
        return numberline.last(session)


async def test_a_local_file_is_polled_like_any_source(fetch: Fetch, database: Engine, tmp_path: Path) -> None:
    place = tmp_path / "works.jsonl"
    place.write_text("\n".join(json.dumps({"pmid": str(number), "title": f"Rare myelitis, part {number}", "published": "2026-05-01"}) for number in range(1, 521)))
    with writing(database) as session:
        catalogue.add_topics(session, [TOPIC])
        catalogue.add_sources(session, [Source(slug="import", kind="file", url=place.as_uri())], NOW)
    (went,) = await poll.poll_due(database, fetch, NOW)
    assert (went.state, went.new, went.error) == ("ok", 520, "")
    (went,) = await poll.poll_due(database, fetch, NOW + timedelta(days=1))
    assert went.new == went.changed == 0
    database.dispose()


async def test_an_api_that_moves_for_good_is_followed_and_its_address_kept(serve: Serve, fetch: Fetch, database: Engine) -> None:
    """Only a feed's or page's address is the address that was asked; an API's is the beginning of many."""
    world = World()
    base = await serve(world)
    with writing(database) as session:
        catalogue.add_sources(session, sources(base), NOW)
    world.moved = 99
    for days in range(5):
        (went,) = await poll.poll_due(database, fetch, NOW + timedelta(days=days), ["pubmed"])
        assert went.error == ""
    with reading(database) as session:
        assert session.exec(select(SourceRow.url).where(SourceRow.slug == "pubmed")).one() == f"{base}/pubmed"
    database.dispose()
