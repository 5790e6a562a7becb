"""Europe PMC over real HTTP: cursors, errors inside a 200, outages in plain text."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from alerts.errors import FetchError, ReadError
from alerts.ingest.fetch import Fetch
from alerts.model import Source

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]
TODAY = date(2026, 5, 4)
SORTS = {"", "FIRST_IDATE_D asc", "FIRST_IDATE_D desc", "FIRST_PDATE_D desc", "CITED desc"}


class EuropePmc:
    """The search as documented: errors in a 200, one more cursor after the last page, 503 for an unknown sort."""

    def __init__(self, count: int) -> None:
        self.indexed = {str(43_000_000 + number): TODAY - timedelta(days=number % 88) for number in range(count)}
        self.log: list[tuple[str, dict[str, str]]] = []
        self.expire_at = frozenset[int]()

    async def __call__(self, request: web.Request) -> web.Response:
        asked = {name: str(value) for name, value in (*request.query.items(), *(await request.post()).items())}
        self.log.append((request.path, asked))
        if request.path != ("/rest/searchPOST" if request.method == "POST" else "/rest/search"):
            return web.Response(status=404, text="no such service")
        if asked.get("sort", "") not in SORTS:
            return web.Response(status=503, text="Service Unavailable")
        if not 1 <= int(asked.get("pageSize", "25")) <= 1000:
            return web.json_response({"errCode": 404, "errMsg": "Invalid page size provided. Valid size is between 1 and 1000"})
        if len(self.log) in self.expire_at:
            return web.json_response({"errCode": 404, "errMsg": "Invalid cursorMark"})
        return web.json_response(self.page(asked))

    def page(self, asked: dict[str, str]) -> dict[str, Any]:
        first, last = (date.fromisoformat(one) for one in asked["query"].split("FIRST_IDATE:[")[1].rstrip("])").split(" TO "))
        found = sorted((day, number) for number, day in self.indexed.items() if first <= day <= last)
        start, size = 0 if asked["cursorMark"] == "*" else int(asked["cursorMark"], 36), int(asked.get("pageSize", "25"))
        rows = [{"id": number, "source": "MED", "pmid": number, "title": f"Work {number}", "citedByCount": len(self.log)} for _, number in found[start : start + size]]
        following = format(start + len(rows), "d") if rows else asked["cursorMark"]
        body = {"version": "6.9", "hitCount": len(found), "resultList": {"result": rows}}
        return body | {"nextCursorMark": _base36(int(following)) if rows else asked["cursorMark"], "nextPageUrl": f"http://x/search?query=raw space&cursorMark={following}"}


def _base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    return (_base36(number // 36) if number >= 36 else "") + digits[number % 36]


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
        (web.Response(status=503, text="Service Unavailable"), FetchError),
        (web.Response(status=504, text="upstream"), FetchError),
        (web.Response(text="OK"), ReadError),
        (web.Response(text='{"hitCount": 12, "nextCursorMark": "*", "resultList": {"result": []}}'), ReadError),
    ],
    ids=["in-200", "503", "504", "text", "nothing-shown"],
)
async def test_error_forms(serve: Serve, fetch: Fetch, poll: type, answer: web.Response, error: type[Exception]) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return answer

    with pytest.raises(error):
        await poll(source(await serve(refuse))).run(fetch)
