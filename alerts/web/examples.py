"""The sample source: invented items, served over HTTP like any other feed, only where they may be shown."""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from alerts.pipeline import publish, sample
from alerts.publish.feed import Format
from alerts.publish.sample import examples, sample_feed
from alerts.store.engine import reading
from alerts.web.answer import Pages
from alerts.web.prepared import Prepared
from alerts.wiring import World


@dataclass(frozen=True, slots=True)
class Examples:
    """Answers only where nobody but this machine reads."""

    world: World
    pages: Pages

    async def feed(self, _request: Request) -> ASGIApp:
        self._allowed()
        return await run_in_threadpool(self._feed)

    def _feed(self) -> Prepared:
        with reading(self.world.engine) as session:
            site = publish.site(session, self.world.settings)
        body = sample_feed(examples(), site.base_url, site.started_at)
        document = publish.rendered(body, Format.RSS.media_type, site.started_at)
        return Prepared(document, (), "no-cache")

    async def page(self, request: Request) -> Response:
        self._allowed()
        found = [one for one in examples() if one.name == request.path_params["name"]]
        if not found:
            raise HTTPException(404, "There is no such example.")
        return await run_in_threadpool(self.pages.public, request, "sample.html", example=found[0])

    def _allowed(self) -> None:
        if not sample.shown(self.world.settings):
            raise HTTPException(404, "The invented examples are shown on their own machine only.")
