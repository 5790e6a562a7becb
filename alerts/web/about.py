"""The pages about this installation: search, feeds to choose, sources, glossary, about, privacy."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from alerts.model import SourceState
from alerts.pipeline import publish, report, sample
from alerts.publish.channel import address
from alerts.publish.choices import FILTERS, NAMES
from alerts.publish.feed import Format
from alerts.publish.page import Moment, card
from alerts.publish.query import Query, QueryError, pairs
from alerts.store import catalogue, items, reading
from alerts.store import engine as database
from alerts.web.answer import Pages
from alerts.web.pages import feed_links
from alerts.web.tree import tree
from alerts.wiring import World

PER_PAGE = 20
FOUND = 500
STATES = {
    SourceState.NEW: "not polled yet",
    SourceState.OK: "working",
    SourceState.FAILING: "failing",
    SourceState.PAUSED: "paused",
    SourceState.GONE: "gone",
}


@dataclass(frozen=True, slots=True)
class About:
    """Pages that change seldom, and the search."""

    world: World
    pages: Pages

    async def search(self, request: Request) -> Response:
        return await run_in_threadpool(self._search, request)

    def _search(self, request: Request) -> Response:
        asked = dict(_pairs(request))
        topic = asked.pop("topic", "")
        before = asked.pop("before", "")
        if before and not (before.isascii() and before.isdigit() and len(before) < 10):
            raise QueryError("Follow the links to older results; this is none of them.")
        query = Query.parse(f"{topic}?{urlencode(asked)}")
        said = query.words
        with database.reading(self.world.engine) as session:
            site = publish.site(session, self.world.settings)
            topics = catalogue.topics(session)
            known = {one.slug: one for one in topics}
            for slug in query.topics:
                publish.known(known, slug)
            hidden = publish.hidden_items(session, self.world.settings)
            span = reading.Span(topics=query.topics or None, without_items=hidden, words=said)
            alerts = reading.found(session, span, FOUND, int(before) if before else None) if said else []
            kept = publish.matching(session, query, known, alerts)
            shown = items.alerted(session, [alert.number for alert in kept[:PER_PAGE]])
        older = ""
        if len(kept) > PER_PAGE:
            older = urlencode({"topic": topic, **asked, "before": kept[PER_PAGE - 1].number})
        return self.pages.public(
            request, "search.html", said=said, topic=topic, topics=topics, total=len(kept), most=FOUND, older=older,
            cards=[card(one, site.topics) for one in shown], feeds=feed_links(site, query), filters=FILTERS,
            names=NAMES, chosen=asked,
        )

    async def feeds(self, request: Request) -> Response:
        return await run_in_threadpool(self._feeds, request)

    def _feeds(self, request: Request) -> Response:
        said = [(name, value) for name, value in pairs(request.url.query) if value]
        chosen = [value for name, value in said if name == "topic"]
        others = [(name, value) for name, value in said if name != "topic"]
        made: list[tuple[str, str, str]] = []
        with database.reading(self.world.engine) as session:
            site = publish.site(session, self.world.settings)
            topics = catalogue.topics(session)
            counts = reading.alert_counts(session, publish.hidden_items(session, self.world.settings))
            if said:
                query = Query.parse(f"?{urlencode([('topics', ','.join(chosen)), *others])}")
                publish.select(session, self.world.settings, replace(query, upto=0))
                made = feed_links(site, query)
        return self.pages.public(
            request, "feeds.html", topics=tree(topics, counts), made=made, chosen=chosen, filters=FILTERS, names=NAMES,
            on={(name, value) for name, value in others}, all_feeds=feed_links(site, Query()),
            example=[address(site.base_url, Query.parse(topics[0].slug), fmt) for fmt in Format] if topics else [],
        )

    async def sources(self, request: Request) -> Response:
        return await run_in_threadpool(self._sources, request)

    def _sources(self, request: Request) -> Response:
        with database.reading(self.world.engine) as session:
            health = catalogue.health(session)
        shown = [one for one in health if sample.shown(self.world.settings) or not one.source.sample]
        return self.pages.public(request, "sources.html", sources=shown, states=STATES, moment=Moment.of)

    async def glossary(self, request: Request) -> Response:
        return await run_in_threadpool(self.pages.public, request, "glossary.html")

    async def about(self, request: Request) -> Response:
        return await run_in_threadpool(self.pages.public, request, "about.html")

    async def privacy(self, request: Request) -> Response:
        return await run_in_threadpool(self.pages.public, request, "privacy.html")

    async def robots(self, _request: Request) -> Response:
        """Close nothing: what must not be listed says so itself, which only those who may fetch it can read."""
        return PlainTextResponse("User-agent: *\nDisallow:\n", headers={"cache-control": "public, max-age=86400"})

    async def report(self, request: Request) -> Response:
        """Take a reader's word that a label is wrong; the trap field is for programs that fill in everything."""
        number = request.path_params["id"]
        async with request.form(max_files=0, max_fields=5) as form:
            words, trap = str(form.get("words", "")), str(form.get("website", ""))
        if not trap:
            await run_in_threadpool(report.report, self.world.engine, number, words, self.world.now())
        return RedirectResponse(f"{self.pages.root}/thanks", 303)

    async def thanks(self, request: Request) -> Response:
        return await run_in_threadpool(self.pages.public, request, "thanks.html")


def _pairs(request: Request) -> list[tuple[str, str]]:
    joined: dict[str, list[str]] = {}
    for name, value in pairs(request.url.query):
        if value:
            joined.setdefault(name, []).append(value)
    single = ("q", "topic", "before")
    return [(name, values[0] if name in single else ",".join(values)) for name, values in joined.items()]
