"""The pages of one person, by signed link: unsubscribing, preferences, own data, erasing (laws 8 and 10)."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from alerts.errors import UsageError
from alerts.pipeline import people, personal
from alerts.publish.email import PREVIEW
from alerts.publish.page import Moment
from alerts.store import catalogue
from alerts.store.engine import reading
from alerts.web.answer import PRIVATE, Pages
from alerts.web.forms import EMPTY, Filled, choices_for_forms, filled, interest_words, wishes
from alerts.web.tree import tree
from alerts.wiring import World
from subscribers.address import mask_address
from subscribers.people import Person, Status

PAUSE = timedelta(days=92)
PREFERENCES = "preferences"


@dataclass(frozen=True, slots=True)
class People:
    """GET shows, POST acts; no cookie, no session: the token in the address proves itself."""

    world: World
    pages: Pages

    async def unsubscribe(self, request: Request) -> Response:
        """`/unsubscribe/<token>`: RFC 8058 one-click posts multipart or urlencoded, without a cookie."""
        token = request.path_params["token"]
        if token == PREVIEW:
            return self.pages.private("previewed.html")
        if request.method != "POST":
            return await run_in_threadpool(self._ask, token)
        form = await filled(request)
        return await run_in_threadpool(self._leave, token, form)

    def _ask(self, token: str, told: str = "") -> Response:
        person = people.person(self.world.engine, self.world.keyring, token)
        names = self._names()
        interests = [(str(one), interest_words(str(one), names)) for one in person.wishes.interests] if person else []
        return self.pages.private(
            "unsubscribe.html", person=person, masked=mask_address(person.address) if person else "", token=token,
            interests=interests, told=told, monthly=bool(person and person.wishes.cadence.rhythm == "monthly"),
        )

    def _leave(self, token: str, form: Filled) -> Response:
        engine, keyring, now = self.world.engine, self.world.keyring, self.world.now()
        instead, drop = form.one.get("instead", ""), form.one.get("drop", "")
        if not instead and not drop:
            people.unsubscribe(engine, keyring, token, now)
            return self.pages.private("unsubscribed.html")
        person = people.person(engine, keyring, token)
        if person is None:
            return self._ask(token)
        return self._ask(token, self._instead(person, instead, drop, now))

    def _instead(self, person: Person, instead: str, drop: str, now: datetime) -> str:
        engine, keyring, held = self.world.engine, self.world.keyring, person.wishes
        if instead == "pause":
            people.pause(engine, keyring, person.address, now, until=now + PAUSE)
            return f"Paused: no mail until {Moment.of(now + PAUSE).day}."
        if instead == "monthly":
            monthly = replace(held, cadence=replace(held.cadence, rhythm="monthly"))
            people.edit(engine, keyring, person.id, monthly, now)
            return "From now on you get one mail a month."
        left = tuple(one for one in held.interests if str(one) != drop)
        if not left or len(left) == len(held.interests):
            raise UsageError("That topic was not followed, or it is the only one left.")
        people.edit(engine, keyring, person.id, replace(held, interests=left), now)
        return "That topic is dropped; the others go on."

    async def preferences(self, request: Request) -> Response:
        token = request.path_params["token"]
        if token == PREVIEW:
            return self.pages.private("previewed.html")
        if request.method != "POST":
            return await run_in_threadpool(self._show, token, request.query_params.get("done", ""))
        form = await filled(request)
        return await run_in_threadpool(self._act, token, form)

    def _show(self, token: str, done: str = "", wrong: str = "", secret: str = "") -> Response:
        engine = self.world.engine
        person = people.person(engine, self.world.keyring, token, purpose=PREFERENCES)
        if person is None:
            return self.pages.private("unsubscribed.html")
        names = self._names()
        with reading(engine) as session:
            topics = tree(catalogue.topics(session), {})
        return self.pages.private(
            "preferences.html", 400 if wrong else 200, person=person, masked=mask_address(person.address), token=token,
            interests=[(str(one), interest_words(str(one), names)) for one in person.wishes.interests], topics=topics,
            told=TOLD.get(done, ""), wrong=wrong, secret=secret, paused=_paused(person, self.world.now()),
            feed=personal.has_feed(engine, person), moment=Moment.of, within=Moment.within, none_chosen=EMPTY,
            editions=self.world.keyring.sign("edition", person.public_id), **choices_for_forms(),
        )

    def _act(self, token: str, form: Filled) -> Response:
        person = people.person(self.world.engine, self.world.keyring, token, purpose=PREFERENCES)
        if person is None:
            return self.pages.private("unsubscribed.html")
        act = form.one.get("act", "save")
        try:
            if act == "feed":
                secret = personal.new_feed(self.world.engine, person, self.world.now())
                return self._show(token, secret=f"{self.world.settings.base_url}/my/{secret}")
            if act == "erase":
                return self._erase(token, form)
            self._change(person, act, form)
        except UsageError as wrong:
            return self._show(token, wrong=str(wrong))
        return RedirectResponse(f"{self.pages.root}/preferences/{token}?done={act}", 303)

    def _change(self, person: Person, act: str, form: Filled) -> None:
        engine, keyring, now = self.world.engine, self.world.keyring, self.world.now()
        if act == "save":
            people.edit(engine, keyring, person.id, replace(wishes(form), language=person.wishes.language), now)
        elif act == "pause":
            people.pause(engine, keyring, person.address, now, until=_until(form.one.get("until", ""), now))
        elif act == "resume":
            people.allow(engine, keyring, person.address, now)
        elif act == "end-feed":
            personal.end_feed(engine, person)
        else:
            raise UsageError("This form is not one of ours.")

    def _erase(self, token: str, form: Filled) -> Response:
        if form.one.get("sure") != "yes":
            raise UsageError("Please tick that you are sure; it cannot be undone.")
        people.erase_own(self.world.engine, self.world.keyring, token, self.world.now())
        return self.pages.private("unsubscribed.html")

    async def data(self, request: Request) -> Response:
        return await run_in_threadpool(self._data, request.path_params["token"])

    def _data(self, token: str) -> Response:
        person = people.person(self.world.engine, self.world.keyring, token, purpose=PREFERENCES)
        if person is None:
            return self.pages.private("unsubscribed.html")
        held = personal.data(self.world.engine, person)
        headers = {"cache-control": PRIVATE, "content-disposition": 'attachment; filename="my-data.json"'}
        return JSONResponse(held, headers=headers)

    def _names(self) -> dict[str, str]:
        with reading(self.world.engine) as session:
            return {topic.slug: topic.name for topic in catalogue.topics(session, retired=True)}


TOLD = {
    "save": "Saved.",
    "pause": "Paused.",
    "resume": "Mail goes on.",
    "end-feed": "The personal feed has ended; its address answers no more.",
}


def _paused(person: Person, now: datetime) -> bool:
    """Tell whether a pause still lasts; one that is over ends with the next composing."""
    return person.status is Status.PAUSED and (person.paused_until is None or person.paused_until > now)


def _until(said: str, now: datetime) -> datetime:
    """Read the day mail goes on; UsageError unless it is in the next two years."""
    try:
        until = datetime.combine(datetime.fromisoformat(said).date(), time(), UTC)
    except ValueError as wrong:
        raise UsageError("Please give the day on which mail shall go on, such as 2027-01-31.") from wrong
    if not now < until < now + timedelta(days=731):
        raise UsageError("The day on which mail shall go on must lie within the next two years.")
    return until
