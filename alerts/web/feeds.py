"""The feeds: rendered once for each revision, then kept for the bare way in."""

import asyncio

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp

from alerts.pipeline import publish
from alerts.publish.channel import address
from alerts.publish.feed import Format
from alerts.publish.query import Query
from alerts.web.front import feed_address
from alerts.web.prepared import MAX_AGE_SECONDS, Prepared
from alerts.web.shelf import Shelf
from alerts.wiring import World

CACHE = f"public, max-age={MAX_AGE_SECONDS}"


class Feeds:
    """Answers feed addresses that are not kept yet."""

    def __init__(self, world: World, shelf: Shelf) -> None:
        self._world = world
        self._shelf = shelf

    async def topic(self, request: Request) -> ASGIApp:
        """`/topics/<slug>.<format>`."""
        slug, fmt = request.path_params["slug"], request.path_params["format"]
        return await self._answer(request, Query.parse(f"{slug}?{request.url.query}"), Format(fmt))

    async def several(self, request: Request) -> ASGIApp:
        """`/feed.<format>`, for everything or for `topics=...`."""
        return await self._answer(request, Query.parse(f"?{request.url.query}"), Format(request.path_params["format"]))

    async def _answer(self, request: Request, query: Query, fmt: Format) -> ASGIApp:
        query.begun(self._world.now().date())
        async with self._shelf.rendering:
            await self._shelf.refresh()
            stamp = self._shelf.stamp(query.topics)
            kept = await self._shelf.get(feed_address(request.scope))
            if kept is not None:
                return kept
            prepared = await self._render(query, fmt)
            if not query.daily:
                self._shelf.put(feed_address(request.scope), prepared, stamp)
        return prepared

    async def _render(self, query: Query, fmt: Format) -> Prepared:
        world = self._world
        document = await asyncio.to_thread(publish.feed, world.engine, world.settings, query, fmt, world.now())
        return Prepared(document, query.topics, CACHE)

    async def outlines(self, _request: Request) -> ASGIApp:
        """`/topics.opml`: every topic's feed."""
        document = await asyncio.to_thread(publish.outlines, self._world.engine, self._world.settings)
        return Prepared(document, (), CACHE)


def moved(world: World, request: Request, gone: publish.RetiredError) -> Response | None:
    """Send the readers of a retired topic on to its successor, if it has one."""
    if gone.successor is None:
        return None
    fmt = request.path_params.get("format")
    if fmt is None:
        return RedirectResponse(f"{world.settings.base_url}/topics/{gone.successor}", 301)
    query = Query.parse(f"{gone.successor}?{request.url.query}")
    return RedirectResponse(address(world.settings.base_url, query, Format(fmt)), 301)
