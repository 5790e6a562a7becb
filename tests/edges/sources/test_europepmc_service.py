"""Europe PMC over real HTTP: cursors, errors inside a 200, outages in plain text."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime

import pytest
from aiohttp import web
from standins import EuropePmc

from alerts.errors import FetchError, ReadError
from alerts.ingest.fetch import Fetch
from alerts.model import Source

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]
TODAY = date(2026, 5, 4)
def source(base: str, query: str = "myelitis") -> Source:
    return Source(slug="e", kind="europepmc", url=f"{base}/rest/search", query=query, allow_private=True)


@pytest.mark.parametrize("count", [0, 199, 200, 930])
async def test_all_results_come_and_no_page_is_asked_for_in_vain_twice(serve: Serve, fetch: Fetch, poll: type, count: int) -> None:
    service = EuropePmc(count)
    run = poll(source(await serve(service)))
    assert await run.run(fetch)
    assert {entry.keys[0].value for entry in run.entries.values()} == set(service.indexed)
    assert len(service.log) == -(-count // 200) + 1


@pytest.mark.parametrize("pages", [1, 3])
async def test_a_run_that_breaks_off_goes_on(serve: Serve, fetch: Fetch, poll: type, pages: int) -> None:
    service = EuropePmc(930)
    run = poll(source(await serve(service)))
    while not await run.run(fetch, pages=pages):
        assert run.anchor == {}
    assert len(run.entries) == 930
    assert len(service.log) == 6


@pytest.mark.parametrize("expire_at", [{2}, {5}, {3, 6}])
async def test_a_cursor_that_expires_loses_nothing(serve: Serve, fetch: Fetch, poll: type, expire_at: set[int]) -> None:
    service = EuropePmc(930)
    service.expire_at = frozenset(expire_at)
    run = poll(source(await serve(service)))
    assert await run.run(fetch)
    assert len(run.entries) == 930


async def test_a_later_poll_brings_only_what_is_new_though_counts_changed(serve: Serve, fetch: Fetch, poll: type) -> None:
    service = EuropePmc(400)
    run = poll(source(await serve(service)))
    await run.run(fetch)
    before = dict(run.entries)
    service.indexed["44000001"] = date(2026, 5, 5)
    await run.run(fetch, datetime(2026, 5, 5, 9, 30, tzinfo=UTC))
    assert {locator for locator, entry in run.entries.items() if before.get(locator) != entry} == {"MED:44000001"}


async def test_a_long_query_goes_by_post(serve: Serve, fetch: Fetch, poll: type) -> None:
    service = EuropePmc(250)
    run = poll(source(await serve(service), " OR ".join(f'TITLE:"myelitis {number}"' for number in range(200))))
    assert await run.run(fetch)
    assert len(run.entries) == 250
    assert {path for path, _ in service.log} == {"/rest/searchPOST"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (web.Response(text='{"errCode":404,"errMsg":"No search criteria provided."}'), ReadError),
        (web.json_response({"errCode": 404, "errMsg": "Invalid page size provided. Valid size is between 1 and 1000"}), ReadError),
        (web.Response(status=503, text="Service Unavailable"), FetchError),
        (web.Response(status=504, text="upstream"), FetchError),
        (web.Response(text="OK"), ReadError),
        (web.Response(text='{"hitCount": 12, "nextCursorMark": "*", "resultList": {"result": []}}'), ReadError),
    ],
    ids=["in-200", "page-size", "503", "504", "text", "nothing-shown"],
)
async def test_error_forms(serve: Serve, fetch: Fetch, poll: type, answer: web.Response, error: type[Exception]) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return answer

    with pytest.raises(error):
        await poll(source(await serve(refuse))).run(fetch)
