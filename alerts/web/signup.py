"""Signing up and confirming: the same answer for every address (law 10)."""

import re
from asyncio import get_running_loop, sleep
from dataclasses import dataclass
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from alerts.errors import UsageError
from alerts.pipeline.signup import SignUps
from alerts.store import catalogue
from alerts.store.engine import reading
from alerts.web.answer import Pages
from alerts.web.forms import EMPTY, TRAP, Filled, choices_for_forms, filled, network, wishes
from alerts.web.tree import tree
from alerts.wiring import World

TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{32}")
BEAT: Final = 0.25  # seconds; answers come on the beat, so that their time tells nothing of the address either


@dataclass(frozen=True, slots=True)
class SigningUp:
    """GET shows, POST acts (law 8)."""

    world: World
    pages: Pages

    @property
    def _signups(self) -> SignUps:
        return SignUps(self.world.engine, self.world.keyring, self.world.settings)

    async def sign_up(self, request: Request) -> Response:
        if request.method != "POST":
            chosen = Filled({}, {"topic": tuple(request.query_params.getlist("topic"))})
            return await run_in_threadpool(self._form, chosen)
        form = await filled(request)
        begun = get_running_loop().time()
        answer = await run_in_threadpool(self._take, form, network(request))
        await sleep((begun - get_running_loop().time()) % BEAT)
        return answer

    def _form(self, form: Filled = EMPTY, wrong: str = "") -> Response:
        with reading(self.world.engine) as session:
            topics = tree(catalogue.topics(session), {})
        return self.pages.fresh(
            "signup.html", 400 if wrong else 200, form=form, wrong=wrong, topics=topics, **choices_for_forms(),
        )

    def _take(self, form: Filled, place: str) -> Response:
        try:
            _agreed(form)
            if TRAP not in form.one:
                self._signups.take(form.one.get("address", ""), wishes(form), self.world.now(), network=place)
        except UsageError as wrong:
            return self._form(form, str(wrong))
        return RedirectResponse(f"{self.pages.root}/signup/sent", 303)

    async def sent(self, _request: Request) -> Response:
        return self.pages.fresh("signup_sent.html")

    async def confirm(self, request: Request) -> Response:
        token = request.path_params["token"]
        return await run_in_threadpool(self._confirm if request.method == "POST" else self._ask, token)

    def _ask(self, token: str) -> Response:
        person = self._signups.asked(token, self.world.now())
        state = "ask" if person else _ended(token)
        return self.pages.private("confirm.html", 200 if person else 404, state=state, token=token)

    def _confirm(self, token: str) -> Response:
        person = self._signups.confirm(token, self.world.now())
        if person is None:
            return self.pages.private("confirm.html", 404, state=_ended(token), token="")
        preferences = self.world.keyring.sign("preferences", person.public_id)
        return self.pages.private("confirm.html", state="done", token=preferences)


def _ended(token: str) -> str:
    """Tell a link that cannot be whole, by its form alone, from one that may have been used."""
    return "gone" if TOKEN.fullmatch(token) else "damaged"


def _agreed(form: Filled) -> None:
    if form.one.get("agreed") != "yes":
        raise UsageError("Please tick that you agree; without it we may not keep your address.")
