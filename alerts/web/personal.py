"""Personal feeds: a secret address with one's own interests, kept by nobody but its reader."""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp

from alerts.pipeline import personal
from alerts.publish.feed import Format
from alerts.web.prepared import Prepared
from alerts.wiring import World

CACHE = "private, max-age=300"


@dataclass(frozen=True, slots=True)
class Personal:
    """Rendered at each request: not kept among the public feeds, never listed."""

    world: World

    async def feed(self, request: Request) -> ASGIApp:
        token, fmt = request.path_params["token"], Format(request.path_params["format"])
        return await run_in_threadpool(self._feed, token, fmt)

    def _feed(self, token: str, fmt: Format) -> Prepared:
        world = self.world
        document = personal.feed(world.engine, world.keyring, world.settings, personal.Secret(token, world.now()), fmt)
        return Prepared(document, (), CACHE, listed=False)
