"""PubMed over real HTTP: complete results, limits kept, every documented error form."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from standins import LIMIT, Eutils

from alerts.errors import FetchError, ReadError
from alerts.ingest.fetch import Fetch
from alerts.model import Source

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]
TODAY = date(2026, 5, 4)
def source(base: str, **more: Any) -> Source:
    return Source(slug="p", kind="pubmed", url=f"{base}/entrez/eutils/", query="myelitis[tiab]", allow_private=True, **more)


def spread(count: int, days: int = 80) -> dict[int, date]:
    return {40_000_000 + number: TODAY - timedelta(days=number % days) for number in range(count)}


async def test_a_large_result_comes_whole_in_slices_and_batches(serve: Serve, fetch: Fetch, poll: type) -> None:
    service = Eutils(spread(12_345))
    run = poll(source(await serve(service)))
    assert await run.run(fetch)
    assert set(run.entries) == {str(pmid) for pmid in service.entered}
    searches = [asked for _, path, asked in service.log if path.endswith("esearch.fcgi")]
    assert len(searches) == 3, "one that shows the wall, then two halves"
    assert len(service.log) - len(searches) <= 12_345 / 200 + 2


@pytest.mark.parametrize("pages", [1, 2, 3, 5])
async def test_a_run_that_breaks_off_after_any_page_goes_on_and_loses_nothing(serve: Serve, fetch: Fetch, poll: type, pages: int) -> None:
    service = Eutils(spread(1_234))
    run = poll(source(await serve(service)))
    while not await run.run(fetch, pages=pages):
        assert run.anchor == {}, "the anchor moves only with the last page"
    assert set(run.entries) == {str(pmid) for pmid in service.entered}
    fetched = [one for _, path, asked in service.log if path.endswith("efetch.fcgi") for one in asked["id"].split(",")]
    assert len(fetched) == len(set(fetched)), "and asks nothing twice"


async def test_the_second_poll_asks_little_and_sees_retractions(serve: Serve, fetch: Fetch, poll: type) -> None:
    service = Eutils(spread(300))
    run = poll(source(await serve(service)))
    await run.run(fetch)
    service.log.clear()
    service.entered[41_000_000] = TODAY + timedelta(days=1)
    service.modified[40_000_007] = TODAY + timedelta(days=1)
    service.retracted = {40_000_007}
    await run.run(fetch, run_at(1))
    assert "41000000" in run.entries
    assert [link.relation for link in run.entries["40000007"].links] == ["retracted-by"]
    assert len(service.log) <= 4


def run_at(days: int) -> datetime:
    return datetime(2026, 5, 4, 9, 30, tzinfo=UTC) + timedelta(days=days)


async def test_a_long_query_goes_by_post(serve: Serve, fetch: Fetch, poll: type) -> None:
    service = Eutils(spread(3))
    query = " OR ".join(f'"myelitis of kind {number}"[tiab]' for number in range(300))
    given = source(await serve(service))
    run = poll(Source(slug="p", kind="pubmed", url=given.url, query=query, allow_private=True))
    assert await run.run(fetch)
    assert len(run.entries) == 3
    assert service.log[0][0] == "POST"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (web.Response(text='{"esearchresult":{"ERROR":"Search Backend failed: x"}}'), "Search Backend failed"),
        (web.Response(text="<!DOCTYPE html><html><body>Maintenance</body></html>", content_type="text/html"), "web page"),
        (web.Response(text=""), "empty"),
        (web.Response(text='{"esearchresult":{"count":"2","idlist":["1"'), "broken JSON"),
        (web.Response(text='{"esearchresult":{"count":"0","idlist":[],"errorlist":{"phrasesnotfound":["myelitis"]}}}'), "does not know"),
    ],
    ids=["error", "html", "empty", "cut", "phrase"],
)
async def test_error_forms_inside_a_200(serve: Serve, fetch: Fetch, poll: type, answer: web.Response, said: str) -> None:
    service = Eutils(spread(3))
    service.broken.append(answer)
    run = poll(source(await serve(service)))
    with pytest.raises(ReadError, match=said):
        await run.run(fetch)
    assert run.anchor == {}
    assert await run.run(fetch)
    assert len(run.entries) == 3


@pytest.mark.parametrize("status", [400, 414, 500, 502, 503])
@pytest.mark.parametrize("pages", [0, 1, 2])
async def test_an_outage_at_any_page_is_no_end(serve: Serve, fetch: Fetch, poll: type, status: int, pages: int) -> None:
    service = Eutils(spread(450))
    run = poll(source(await serve(service)))
    assert not await run.run(fetch, pages=pages)
    service.broken.append(web.Response(status=status, text="<html>Bad gateway</html>"))
    with pytest.raises(FetchError) as caught:
        await run.run(fetch)
    assert caught.value.status == status
    assert run.anchor == {}
    assert await run.run(fetch)
    assert len(run.entries) == 450


@pytest.mark.parametrize("status", [200, 429])
async def test_the_rate_limit_is_a_throttle_in_both_forms_and_repeats_no_key(serve: Serve, poll: type, status: int) -> None:
    service = Eutils(spread(250))
    base = await serve(service)
    run = poll(source(base))
    async with Fetch("c", {"127.0.0.1": {"api_key": "TOPSECRET", "email": "ops@example.org"}}) as fetch:
        assert not await run.run(fetch, pages=1)
        service.broken.append(web.Response(status=status, text=LIMIT.format(key="TOPSECRET")))
        with pytest.raises(FetchError) as caught:
            await run.run(fetch)
        assert caught.value.throttled
        assert "TOPSECRET" not in str(caught.value)
        assert await run.run(fetch)
    assert len(run.entries) == 250
    assert all(asked["api_key"] == "TOPSECRET" for _, _, asked in service.log)
    assert "TOPSECRET" not in json.dumps(run.resume)


async def test_half_a_record_set_is_no_record_set(serve: Serve, fetch: Fetch, poll: type) -> None:
    service = Eutils(spread(3))
    run = poll(source(await serve(service)))
    await run.run(fetch, pages=1)
    service.broken.append(web.Response(text="<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID>", content_type="text/xml"))
    with pytest.raises(ReadError, match="instead of whole XML"):
        await run.run(fetch)
    assert await run.run(fetch)
    assert len(run.entries) == 3


async def test_requests_are_spaced_as_declared(serve: Serve, poll: type) -> None:
    """The service allows one request in 30 ms and refuses any that comes sooner."""
    last = -1.0
    service = Eutils(spread(2_100))

    async def strict(request: web.Request) -> web.StreamResponse:
        nonlocal last
        at = asyncio.get_running_loop().time()
        if at - last < 0.025:
            return web.Response(status=429, text=LIMIT.format(key="x"))
        last = at
        return await service(request)

    run = poll(source(await serve(strict)))
    async with Fetch("c", spacing={"127.0.0.1": 0.03}) as fetch:
        assert await run.run(fetch)
    assert len(run.entries) == 2_100


async def test_records_that_come_late_are_not_lost(serve: Serve, fetch: Fetch, poll: type) -> None:
    service = Eutils(spread(5))
    service.withheld = {40_000_002}
    run = poll(source(await serve(service)))
    await run.run(fetch)
    assert len(run.entries) == 4
    service.withheld = set()
    await run.run(fetch, run_at(6))
    assert len(run.entries) == 5
