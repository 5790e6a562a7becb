"""The preprint servers' listing, and a news site that is followed, over real HTTP."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date

import pytest
from aiohttp import web
from standins import Listing

from alerts.errors import FetchError, ReadError
from alerts.ingest.fetch import Fetch
from alerts.model import Link, Source

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]
TODAY = date(2026, 5, 4)


def medrxiv(base: str) -> Source:
    return Source(slug="m", kind="medrxiv", url=base, query="rare myelitis", allow_private=True)


async def test_all_preprints_come_and_those_that_became_papers(serve: Serve, fetch: Fetch, poll: type) -> None:
    listing = Listing(700)
    run = poll(medrxiv(await serve(listing)))
    assert await run.run(fetch)
    posted = {entry.keys[0].value for locator, entry in run.entries.items() if locator.endswith("v1")}
    assert posted == {row["doi"] for row in listing.rows if row["title"] == "Rare myelitis"}
    assert run.entries["10.64898/2026.04.01.000003 published"].links == (Link("published-as", "doi", "10.1000/paper"),)


@pytest.mark.parametrize("pages", [1, 2, 5])
async def test_a_listing_that_breaks_off_goes_on(serve: Serve, fetch: Fetch, poll: type, pages: int) -> None:
    listing = Listing(700)
    run = poll(medrxiv(await serve(listing)))
    while not await run.run(fetch, pages=pages):
        assert run.anchor == {}
    assert len(run.entries) == 234 + 1
    assert len(set(listing.log)) == len(listing.log)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (web.Response(text=""), ReadError),
        (web.Response(text="<!DOCTYPE html><title>Just a moment...</title>", content_type="text/html"), ReadError),
        (web.json_response({"messages": [{"status": "error: no interval"}], "collection": []}), ReadError),
        (web.Response(status=500), FetchError),
        (web.Response(status=403, text="<title>Just a moment...</title>", headers={"cf-mitigated": "challenge"}), FetchError),
        (web.json_response({"messages": [], "collection": []}), ReadError),
    ],
    ids=["empty-200", "challenge", "status", "500", "challenge-403", "no-status"],
)
async def test_failures_in_mid_listing_are_no_end(serve: Serve, fetch: Fetch, poll: type, answer: web.Response, error: type[Exception]) -> None:
    listing = Listing(300)
    listing.answers[3] = answer
    run = poll(medrxiv(await serve(listing)))
    with pytest.raises(error):
        await run.run(fetch)
    assert run.anchor == {}
    assert await run.run(fetch)
    assert len(run.entries) == 100 + 1


class News:
    """A site with a list and a page for each story; one of them is gone, one redirects."""

    def __init__(self, count: int) -> None:
        self.count, self.log = count, list[str]()
        self.throttled: set[str] = set()

    async def __call__(self, request: web.Request) -> web.Response:
        self.log.append(request.path)
        if request.path in self.throttled:
            return web.Response(status=429, headers={"Retry-After": "60"})
        if request.path == "/news":
            rows = "".join(f'<li class="n"><a href="/story/{number}?utm_source=home">Story {number}</a> May {number + 1}, 2026</li>' for number in range(self.count))
            return web.Response(text=f"<ul>{rows}</ul>", content_type="text/html")
        number = request.path.rpartition("/")[2]
        if number == "1":
            return web.Response(status=410)
        if number == "2":
            return web.Response(status=302, headers={"Location": "/elsewhere/22"})
        return web.Response(text=f"<html><body><article><p>The whole story {number}.</p></article></body></html>", content_type="text/html")


def news(base: str) -> Source:
    return Source(slug="n", kind="page", url=f"{base}/news", gives="news", options={"item": "li.n", "follow": True}, allow_private=True)


async def test_each_new_story_is_read_once_and_a_lost_page_stops_nothing(serve: Serve, fetch: Fetch, poll: type) -> None:
    site = News(5)
    run = poll(news(await serve(site)))
    assert await run.run(fetch)
    assert [entry.content.text for entry in run.entries.values()] == [
        "The whole story 0.", "Story 1 May 2, 2026", "The whole story 22.", "The whole story 3.", "The whole story 4.",
    ]  # fmt: skip
    assert "410" in run.notes[0]
    site.log.clear()
    assert await run.run(fetch)
    assert site.log == ["/news"]


async def test_a_throttled_story_waits_and_the_run_goes_on_there(serve: Serve, fetch: Fetch, poll: type) -> None:
    site = News(5)
    site.throttled = {"/story/3"}
    run = poll(news(await serve(site)))
    with pytest.raises(FetchError) as caught:
        await run.run(fetch)
    assert caught.value.throttled
    assert len(run.entries) == 3
    site.throttled = set()
    site.log.clear()
    assert await run.run(fetch)
    assert site.log == ["/story/3", "/story/4"]


async def test_private_addresses_are_reached_only_by_sources_that_may(serve: Serve, fetch: Fetch, poll: type) -> None:
    base = await serve(News(2))
    for closed in (news(base), medrxiv(base), Source(slug="p", kind="pubmed", url=base, query="q"), Source(slug="t", kind="clinicaltrials", url=base, query="q")):
        with pytest.raises(FetchError, match="private"):
            await poll(replace(closed, allow_private=False)).run(fetch)
