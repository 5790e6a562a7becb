"""The digest somebody would get, shown before they sign up: nothing is kept, nothing is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from alerts.pipeline import previews
from alerts.publish.inpage import in_page
from alerts.store import catalogue
from alerts.store.engine import reading
from alerts.web.answer import Pages
from alerts.web.forms import choices_for_forms, given, interests
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
        chosen = [str(one) for one in interests(form)]
        if len(chosen) > MOST_TOPICS:
            raise HTTPException(400, f"Choose from 1 to {MOST_TOPICS} topics.")
        with reading(self.world.engine) as session:
            topics = tree(catalogue.topics(session), {})
        return self.pages.fresh(
            "preview.html", form=form, topics=topics, chosen=chosen, **choices_for_forms(),
            asked=urlencode([("topic", slug) for slug in form.many.get("topic", ())]),
            digest=self._digest(chosen) if chosen else "",
        )

    def _digest(self, chosen: Sequence[str]) -> Markup:
        world = self.world
        shown = previews.digest(
            world.engine, world.keyring, world.settings, world.now(), interests=chosen, since=SINCE, form="html"
        )
        return in_page(shown.of("html").decode(), foot=False) if shown else Markup("")
