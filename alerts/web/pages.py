"""The pages of alerts that anyone may read: home, topic, week, item."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from alerts.model import Alert
from alerts.pipeline import publish, sample
from alerts.publish.channel import address
from alerts.publish.chart import Chart, chart
from alerts.publish.choices import choices
from alerts.publish.feed import Format, Site
from alerts.publish.lines import finding_line, headline, is_sample, one_line, strength_line, work_address
from alerts.publish.page import Card, Moment, by_week, card, highlighted, label_lines, related
from alerts.publish.query import Query
from alerts.store import catalogue, items, reading
from alerts.store import engine as database
from alerts.web.answer import Pages
from alerts.web.tree import busiest, tree
from alerts.wiring import World

ON_HOME = 12
ON_LIST = 20
ON_TOPIC = 50
FEED_NAMES = {Format.RSS: "RSS", Format.ATOM: "Atom", Format.JSON: "JSON Feed"}


@dataclass(frozen=True, slots=True)
class Reading:
    """The pages of one installation; each request runs in a thread of its own, since it reads the database."""

    world: World
    pages: Pages

    async def home(self, request: Request) -> Response:
        return await run_in_threadpool(self._home, request)

    def _home(self, request: Request) -> Response:
        settings = self.world.settings
        with database.reading(self.world.engine) as session:
            site = publish.site(session, settings)
            newest: dict[int, Alert] = {}
            for alert in publish.select(session, settings, Query.parse("")).alerts:
                newest.setdefault(alert.item_id, alert)
            cards = self._cards(session, list(newest.values())[:ON_HOME], site)
            counts = reading.alert_counts(session, publish.hidden_items(session, settings))
            topics = busiest(catalogue.topics(session), counts, ON_LIST)
        return self.pages.public(
            request, "home.html", cards=cards, topics=topics, feeds=feed_links(site, Query()),
            sample=sample.shown(settings) and any(one.sample for one in cards),
        )

    async def topics(self, request: Request) -> Response:
        return await run_in_threadpool(self._topics, request)

    def _topics(self, request: Request) -> Response:
        settings = self.world.settings
        with database.reading(self.world.engine) as session:
            counts = reading.alert_counts(session, publish.hidden_items(session, settings))
            followed = tree(catalogue.topics(session), counts)
        return self.pages.public(request, "topics.html", topics=followed)

    async def topic(self, request: Request) -> Response:
        query = Query.parse(f"{request.path_params['slug']}?{request.url.query}")
        return await run_in_threadpool(self._list, request, query)

    async def week(self, request: Request) -> Response:
        slug, week = request.path_params["slug"], request.path_params["week"]
        return await run_in_threadpool(self._list, request, Query.parse(f"{slug}?week={week}&{request.url.query}"))

    def _list(self, request: Request, query: Query) -> Response:
        settings, slug = self.world.settings, query.begun(self.world.now().date()).topics[0]
        with database.reading(self.world.engine) as session:
            site = publish.site(session, settings)
            chosen = publish.select(session, settings, query)
            cards = self._cards(session, chosen.alerts if query.placed else chosen.alerts[:ON_TOPIC], site)
            topics = {topic.slug: topic for topic in catalogue.topics(session)}
            drawn = self._chart(session, slug, cards)
        return self.pages.public(
            request, "topic.html", topic=topics[slug], topics=topics, weeks=by_week(cards), query=query, chart=drawn,
            children=[one for one in topics.values() if one.parent == slug], feeds=feed_links(site, query.current()),
            choices=choices(query), more=older_page(self.pages.root, query, cards, chosen), total=len(cards),
        )

    def _chart(self, session: Session, slug: str, cards: Sequence[Card]) -> Chart | None:
        if not cards:
            return None
        newest = datetime.fromisoformat(cards[0].at.machine)
        hidden = publish.hidden_items(session, self.world.settings)
        return chart(reading.alerts_with_phases(session, slug, newest, hidden), newest)

    def _cards(self, session: Session, alerts: Sequence[Alert], site: Site) -> list[Card]:
        shown = items.alerted(session, [alert.number for alert in alerts])
        return [card(one, site.topics) for one in shown]

    async def item(self, request: Request) -> Response:
        return await run_in_threadpool(self._item, request, request.path_params["id"])

    def _item(self, request: Request, number: int) -> Response:
        with database.reading(self.world.engine) as session:
            survivor = reading.survivor(session, number)
            if survivor is None or survivor in publish.hidden_items(session, self.world.settings):
                raise HTTPException(404, f"There is no item {number} here.")
            if survivor != number:
                return RedirectResponse(f"{self.pages.root}/items/{survivor}", 301)
            site = publish.site(session, self.world.settings)
            history = items.alerted(session, reading.alert_numbers(session, number))
            if not history:
                raise HTTPException(404, f"Item {number} is not about a topic that is followed here.")
            shows = reading.sightings(session, number)
            changes = reading.changes(session, number)
        shown = history[0]
        content = shown.item.content
        return self.pages.public(
            request, "item.html", item=shown.item, content=content, title=headline(shown),
            strength=strength_line(shown), finding=finding_line(shown), work=work_address(shown.item), mark=shown.mark,
            sample=is_sample(content), venue=one_line(content.venue),
            heading=highlighted("title", content.title, shown.labels, site.topics),
            text=highlighted("text", content.text, shown.labels, site.topics),
            labels=label_lines(shown.labels, site.topics), thread=list(related(shown)), shows=shows, changes=changes,
            history=[(one.alert, card(one, site.topics)) for one in history], moment=Moment.of,
        )


def feed_links(site: Site, query: Query) -> list[tuple[str, str, str]]:
    """Name each format of a feed with its address and media type."""
    return [(FEED_NAMES[fmt], address(site.base_url, query, fmt), fmt.media_type.split(";")[0]) for fmt in Format]


def older_page(root: str, query: Query, cards: Sequence[Card], chosen: publish.Selection) -> str:
    """Return the address of the alerts before those shown, or an empty text."""
    if query.week:
        return archive_address(root, chosen.older) if chosen.older else ""
    if cards and (len(chosen.alerts) > len(cards) or chosen.older):
        return archive_address(root, replace(query.current(), week=cards[-1].week))
    return ""


def archive_address(root: str, query: Query) -> str:
    """Return the page of one topic and week."""
    asked = replace(query, week="").asked
    return f"{root}/topics/{query.topics[0]}/{query.week}" + (f"?{asked}" if asked else "")


