"""The pages of people: unsubscribing, in one click or after a look (laws 8 and 10)."""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from alerts.pipeline import people
from alerts.store import catalogue
from alerts.store.engine import reading
from alerts.web.answer import Pages
from alerts.wiring import World


@dataclass(frozen=True, slots=True)
class People:
    """GET shows, POST acts; no cookie, no session: the token in the address proves itself."""

    world: World
    pages: Pages

    async def unsubscribe(self, request: Request) -> Response:
        """`/unsubscribe/<token>`: RFC 8058 one-click posts multipart or urlencoded, without a cookie."""
        token = request.path_params["token"]
        if request.method != "POST":
            return await run_in_threadpool(self._ask, token)
        async with request.form(max_files=0, max_fields=20) as form:
            said = {name: str(value) for name, value in form.items()}
        return await run_in_threadpool(self._leave, token, said)

    def _ask(self, token: str) -> Response:
        person = people.person(self.world.engine, self.world.keyring, token)
        return self.pages.private("unsubscribe.html", done=False, person=person, token=token, names=self._names())

    def _leave(self, token: str, said: dict[str, str]) -> Response:
        people.unsubscribe(self.world.engine, self.world.keyring, token, self.world.now())
        return self.pages.private("unsubscribe.html", done=True)

    def _names(self) -> dict[str, str]:
        with reading(self.world.engine) as session:
            return {topic.slug: topic.name for topic in catalogue.topics(session, retired=True)}
