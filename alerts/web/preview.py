"""The digest somebody would get, shown before they sign up: nothing is kept, nothing is sent."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from alerts.pipeline import previews
from alerts.store import catalogue
from alerts.store.engine import reading
from alerts.web.answer import PRIVATE, Pages
from alerts.web.forms import choices_for_forms, given, interests
from alerts.web.guard import POLICY
from alerts.web.mailbox import INSIDE
from alerts.web.tree import tree
from alerts.wiring import World

SINCE = timedelta(days=31)
MOST_TOPICS = 20


@dataclass(frozen=True, slots=True)
class Previewing:
    """GET only: the choice stands in the address, so that it can be shown to somebody else."""

    world: World
    pages: Pages

    async def page(self, request: Request) -> Response:
        return await run_in_threadpool(self._page, request)

    def _page(self, request: Request) -> Response:
        form = given(request.query_params)
        with reading(self.world.engine) as session:
            topics = tree(catalogue.topics(session), {})
        chosen = [str(one) for one in interests(form)]
        answer = self.pages.private(
            "preview.html", form=form, topics=topics, chosen=chosen, **choices_for_forms(),
            asked=urlencode([("topic", slug) for slug in form.many.get("topic", ())]),
            frame=urlencode([(name, value) for name, values in form.many.items() for value in values]),
        )
        answer.headers["content-security-policy"] = POLICY + "; frame-src 'self'"
        return answer

    async def mail(self, request: Request) -> Response:
        return await run_in_threadpool(self._mail, request)

    def _mail(self, request: Request) -> Response:
        chosen = [str(one) for one in interests(given(request.query_params))]
        if not 0 < len(chosen) <= MOST_TOPICS:
            raise HTTPException(400, f"Choose from 1 to {MOST_TOPICS} topics.")
        world = self.world
        shown = previews.digest(
            world.engine, world.keyring, world.settings, world.now(), interests=chosen, since=SINCE, form="html"
        )
        text = shown.of("html").decode() if shown else self.pages.text("nothing.html")
        body = text.replace("<head>", '<head><base target="_top">', 1)
        return HTMLResponse(body, headers={"content-security-policy": INSIDE, "cache-control": PRIVATE})
