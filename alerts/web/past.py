"""The digests one person was sent, by signed link; editions are never public."""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from alerts.pipeline import past, people
from alerts.publish.page import Moment
from alerts.web.answer import Pages
from alerts.wiring import World
from subscribers.people import Person


@dataclass(frozen=True, slots=True)
class PastDigests:
    """GET only; each address holds the token, and nobody keeps what it answers."""

    world: World
    pages: Pages

    async def index(self, request: Request) -> Response:
        return await run_in_threadpool(self._index, request.path_params["token"])

    def _index(self, token: str) -> Response:
        sent = past.digests(self.world.engine, self._person(token))
        return self.pages.private("digests.html", sent=sent, token=token, moment=Moment.of)

    async def show(self, request: Request) -> Response:
        token, ordinal = request.path_params["token"], request.path_params["ordinal"]
        return await run_in_threadpool(self._show, token, ordinal)

    def _show(self, token: str, ordinal: int) -> Response:
        digest = past.digest(self.world.engine, self.world.keyring, self._person(token), ordinal)
        return self.pages.private("digest.html", token=token, digest=digest)

    def _person(self, token: str) -> Person:
        person = people.person(self.world.engine, self.world.keyring, token, purpose="edition")
        if person is None:
            raise HTTPException(404, "Nobody gets mail under this link any more.")
        return person
