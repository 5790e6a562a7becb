"""The web face as an ASGI application: routes, errors, and the bare way in ahead of them."""

from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus

import structlog
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.convertors import IntegerConvertor, StringConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from alerts.errors import NotFoundError, UsageError
from alerts.pipeline.publish import RetiredError
from alerts.resources import resource_folder
from alerts.store import reading
from alerts.store.engine import reading as open_reading
from alerts.web.about import About
from alerts.web.answer import Pages
from alerts.web.examples import Examples
from alerts.web.feeds import Feeds, moved
from alerts.web.front import Front
from alerts.web.guard import SecurityHeaders
from alerts.web.health import Ready, healthz
from alerts.web.mailbox import Mailbox
from alerts.web.metrics import Metrics
from alerts.web.pages import Reading
from alerts.web.past import PastDigests
from alerts.web.people import People
from alerts.web.personal import Personal
from alerts.web.preview import Previewing
from alerts.web.shelf import Revisions, Shelf
from alerts.web.signup import SigningUp
from alerts.wiring import World
from subscribers.errors import TokenError


class FeedFormat(StringConvertor):
    """The ending of a feed's address."""

    regex = "rss|atom|json"


class Number(IntegerConvertor):
    """One of our own numbers, as databases hold them."""

    regex = "[1-9][0-9]{0,8}"


register_url_convertor("feed", FeedFormat())
register_url_convertor("number", Number())
log = structlog.get_logger(__name__)
MAX_BODY = 64_000
BAD_LINK = "This link is damaged, was used already, or is too old. Take it from the newest mail."
PLAIN = {404: "This page does not exist.", 405: "This address takes no such request.", 413: "That was too long."}
Handler = Callable[[Request, Exception], Awaitable[Response]]


def create_app(world: World, *, local: bool = True, patience: float = 0.25) -> Front:
    """Build the web face of one installation.

    `local` says that it listens on a loopback address only; kept feeds may be `patience` seconds behind the database.
    """
    shelf = Shelf(partial(_revisions, world.engine), patience)
    pages = Pages(world, local)
    app = Starlette(
        routes=routes(world, pages, Feeds(world, shelf)),
        exception_handlers=problems(world, pages),
        max_body_size=MAX_BODY,
    )
    return Front(SecurityHeaders(app), shelf)


def _revisions(engine: Engine) -> Revisions:
    with open_reading(engine) as session:
        return reading.revisions(session)


def routes(world: World, pages: Pages, feeds: Feeds) -> list[Route | Mount]:
    """List every address there is."""
    read, about = Reading(world, pages), About(world, pages)
    previewing, past = Previewing(world, pages), PastDigests(world, pages)
    signing_up, mailbox = SigningUp(world, pages), Mailbox(world, pages)
    people, examples = People(world, pages), Examples(world, pages)
    return [
        Route("/", read.home),
        Route("/topics", read.topics),
        Route("/topics.opml", feeds.outlines),
        Route("/topics/{slug:str}.{format:feed}", feeds.topic),
        Route("/feed.{format:feed}", feeds.several),
        Route("/topics/{slug:str}", read.topic),
        Route("/topics/{slug:str}/{week:str}", read.week),
        Route("/items/{id:number}", read.item),
        Route("/items/{id:number}/report", about.report, methods=["POST"]),
        Route("/thanks", about.thanks),
        Route("/search", about.search),
        Route("/feeds", about.feeds),
        Route("/sources", about.sources),
        Route("/glossary", about.glossary),
        Route("/about", about.about),
        Route("/privacy", about.privacy),
        Route("/robots.txt", about.robots),
        Route("/preview", previewing.page),
        Route("/signup", signing_up.sign_up, methods=["GET", "HEAD", "POST"]),
        Route("/signup/sent", signing_up.sent),
        Route("/confirm/{token:str}", signing_up.confirm, methods=["GET", "HEAD", "POST"]),
        Route("/preferences/{token:str}", people.preferences, methods=["GET", "HEAD", "POST"]),
        Route("/preferences/{token:str}/data", people.data),
        Route("/my/{token:str}.{format:feed}", Personal(world).feed),
        Route("/editions/{token:str}", past.index),
        Route("/editions/{token:str}/{ordinal:number}", past.show),
        Route("/unsubscribe/{token:str}", people.unsubscribe, methods=["GET", "HEAD", "POST"]),
        Route("/sample/feed.rss", examples.feed),
        Route("/sample/{name:str}", examples.page),
        Route("/mail", mailbox.index),
        Route("/mail/{name:str}", mailbox.show),
        Route("/mail/{name:str}/html", mailbox.html),
        Route("/healthz", healthz),
        Route("/readyz", Ready(world).readyz),
        Route("/metrics", Metrics(world).metrics),
        Mount("/static", StaticFiles(directory=resource_folder("templates") / "web" / "static"), name="static"),
    ]


def said_of(wrong: HTTPException) -> str:
    """Say what is wrong in our words where the framework has only the name of the status."""
    named = wrong.detail == HTTPStatus(wrong.status_code).phrase
    return PLAIN.get(wrong.status_code, wrong.detail) if named else wrong.detail


def problems(world: World, pages: Pages) -> dict[type[Exception] | int, Handler]:
    """Say for every kind of trouble what the reader is told."""

    async def of_http(_request: Request, wrong: Exception) -> Response:
        if not isinstance(wrong, HTTPException):
            raise wrong
        return pages.problem(wrong.status_code, said_of(wrong), dict(wrong.headers or {}))

    async def retired(request: Request, wrong: Exception) -> Response:
        if not isinstance(wrong, RetiredError):
            raise wrong
        return moved(world, request, wrong) or pages.problem(410, str(wrong))

    async def crashed(_request: Request, _wrong: Exception) -> Response:
        return pages.problem(500, "The trouble is in our log. Please try again later.")

    async def missing(_request: Request, wrong: Exception) -> Response:
        return pages.problem(404, str(wrong))

    async def unreadable(_request: Request, wrong: Exception) -> Response:
        return pages.problem(400, str(wrong))

    async def bad_token(_request: Request, _wrong: Exception) -> Response:
        log.warning("web.bad-token")
        return pages.problem(400, BAD_LINK)

    return {
        HTTPException: of_http, RetiredError: retired, NotFoundError: missing, UsageError: unreadable,
        TokenError: bad_token, Exception: crashed,
    }

