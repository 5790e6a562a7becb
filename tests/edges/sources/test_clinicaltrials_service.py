"""ClinicalTrials.gov over real HTTP: complete results, tokens that expire, errors in plain text."""

import json
import re
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
LATER = datetime(2026, 5, 8, 9, 30, tzinfo=UTC)
KNOWN = {"query.cond", "filter.advanced", "fields", "sort", "pageSize", "format", "pageToken", "countTotal"}


class Registry:
    """The API v2 as documented: pageSize 10 by default and 1,000 at most, tokens bound to one state of the data."""

    def __init__(self, count: int) -> None:
        self.updated = {f"NCT{number:08}": TODAY - timedelta(days=number % 500) for number in range(1, count + 1)}
        self.status = dict.fromkeys(self.updated, "RECRUITING")
        self.version, self.refresh_at = 1, frozenset[int]()
        self.log: list[dict[str, str]] = []

    async def __call__(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        self.log.append(asked)
        self.version += len(self.log) in self.refresh_at
        if request.path != "/api/v2/studies" or (strange := asked.keys() - KNOWN):
            return web.Response(status=400, text=f"Unknown parameter {strange if request.path == '/api/v2/studies' else ''}")
        size = int(asked.get("pageSize", "10"))
        if not 0 <= size <= 1000:
            return web.Response(status=400, text="pageSize must be between 0 and 1000")
        version, _, start = asked.get("pageToken", f"{self.version}-0").partition("-")
        if int(version) != self.version:
            return web.Response(status=400, text="Invalid page token")
        return web.json_response(self.page(asked, int(start), size))

    def page(self, asked: dict[str, str], start: int, size: int) -> dict[str, Any]:
        window = re.search(r"AREA\[LastUpdatePostDate\]RANGE\[([^,]+),MAX\]", asked.get("filter.advanced", ""))
        first = date.fromisoformat(window[1]) if window else date.min
        assert asked["sort"] == "LastUpdatePostDate:asc"
        found = sorted((day, number) for number, day in self.updated.items() if day >= first)
        studies = [self.study(number, day) for day, number in found[start : start + size]]
        return {"studies": studies} | ({"nextPageToken": f"{self.version}-{start + size}"} if start + size < len(found) else {})

    def study(self, number: str, day: date) -> dict[str, Any]:
        status = {"overallStatus": self.status[number], "lastUpdatePostDateStruct": {"date": day.isoformat()}, "startDateStruct": {"date": "2025-07"}}
        return {"protocolSection": {"identificationModule": {"nctId": number, "briefTitle": "A trial"}, "statusModule": status}, "hasResults": False}


def source(base: str) -> Source:
    return Source(slug="t", kind="clinicaltrials", url=f"{base}/api/v2/studies", query="rare myelitis", allow_private=True)


async def test_all_records_come_in_pages_of_two_hundred(serve: Serve, fetch: Fetch, poll: type) -> None:
    registry = Registry(1_050)
    run = poll(source(await serve(registry)))
    assert await run.run(fetch)
    assert set(run.entries) == set(registry.updated)
    assert len(registry.log) == 6


@pytest.mark.parametrize("refresh_at", [{2}, {4}, {6}, {3, 7}])
async def test_a_refresh_of_the_data_in_mid_paging_loses_nothing(serve: Serve, fetch: Fetch, poll: type, refresh_at: set[int]) -> None:
    registry = Registry(1_050)
    registry.refresh_at = frozenset(refresh_at)
    run = poll(source(await serve(registry)))
    assert await run.run(fetch)
    assert set(run.entries) == set(registry.updated)
    assert len(run.notes) == len(refresh_at)


@pytest.mark.parametrize("pages", [1, 2, 4])
async def test_a_run_that_breaks_off_goes_on_even_after_a_refresh(serve: Serve, fetch: Fetch, poll: type, pages: int) -> None:
    registry = Registry(1_050)
    run = poll(source(await serve(registry)))
    assert not await run.run(fetch, pages=pages)
    registry.version += 1
    assert await run.run(fetch)
    assert set(run.entries) == set(registry.updated)


async def test_a_later_poll_brings_what_changed_and_no_more(serve: Serve, fetch: Fetch, poll: type) -> None:
    registry = Registry(600)
    run = poll(source(await serve(registry)))
    await run.run(fetch)
    registry.log.clear()
    registry.updated |= {"NCT00000333": date(2026, 5, 7), "NCT00000900": date(2026, 5, 6)}
    registry.status |= {"NCT00000333": "TERMINATED", "NCT00000900": "NOT_YET_RECRUITING"}
    before = dict(run.entries)
    await run.run(fetch, LATER)
    changed = {locator for locator, entry in run.entries.items() if before.get(locator) != entry}
    assert changed == {"NCT00000333", "NCT00000900"}
    assert run.entries["NCT00000333"].content.status == "TERMINATED"
    assert len(registry.log) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (web.Response(status=400, text="Invalid query"), FetchError),
        (web.Response(status=500, text="oops"), FetchError),
        (web.Response(status=429, text="slow down", headers={"Retry-After": "7"}), FetchError),
        (web.Response(text="<!DOCTYPE html><html>Maintenance</html>", content_type="text/html"), ReadError),
        (web.Response(text=json.dumps({"FullStudiesResponse": {}})), ReadError),
    ],
    ids=["plain-400", "500", "429", "html", "version-1"],
)
async def test_error_forms(serve: Serve, fetch: Fetch, poll: type, answer: web.Response, error: type[Exception]) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return answer

    run = poll(source(await serve(refuse)))
    with pytest.raises(error):
        await run.run(fetch)
    assert run.anchor == {}
