"""ClinicalTrials.gov over real HTTP: complete results, tokens that expire, errors in plain text."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime

import pytest
from aiohttp import web
from standins import Registry

from alerts.errors import FetchError, ReadError
from alerts.ingest.fetch import Fetch
from alerts.model import Source

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]
TODAY = date(2026, 5, 4)
LATER = datetime(2026, 5, 8, 9, 30, tzinfo=UTC)


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
        (web.Response(status=404, text="NCT number not found"), FetchError),
        (web.Response(status=500, text="oops"), FetchError),
        (web.Response(status=429, text="slow down", headers={"Retry-After": "7"}), FetchError),
        (web.Response(text="<!DOCTYPE html><html>Maintenance</html>", content_type="text/html"), ReadError),
        (web.Response(text=json.dumps({"FullStudiesResponse": {}})), ReadError),
    ],
    ids=["plain-400", "404", "500", "429", "html", "version-1"],
)
async def test_error_forms(serve: Serve, fetch: Fetch, poll: type, answer: web.Response, error: type[Exception]) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return answer

    run = poll(source(await serve(refuse)))
    with pytest.raises(error):
        await run.run(fetch)
    assert run.anchor == {}
