"""Renders alerts as RSS 2.0, Atom 1.0 and JSON Feed 1.1: the same entries, ids and bytes at every run."""

import enum
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import format_datetime
from html import escape
from typing import Any

from alerts.model import AlertedItem, Facet, Kind, Reason, Role
from alerts.publish import words
from alerts.publish.grounds import grounds
from alerts.publish.lines import finding_line, headline, one_line, strength_line, work_address, xml_legal
from alerts.publish.templating import environment

TTL_MINUTES = 60
Told = tuple[int, Reason, datetime]
TELLING = frozenset(Reason) - {Reason.NEW, Reason.MATCHED}


class Format(enum.StrEnum):
    """The formats of a feed, named as their addresses end."""

    RSS = "rss"
    ATOM = "atom"
    JSON = "json"

    @property
    def media_type(self) -> str:
        types = {"rss": "application/rss+xml; charset=utf-8", "atom": "application/atom+xml; charset=utf-8"}
        return types.get(self.value, "application/feed+json; charset=utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What entries must know of this installation; `authority` and `started_at` never change."""

    authority: str
    started_at: datetime
    base_url: str
    title: str = "Research alerts"
    hub: str = ""
    topics: Mapping[str, str] = field(default_factory=dict)

    def tag(self, specific: str) -> str:
        """Return a tag URI (RFC 4151), which outlives addresses and keys."""
        return f"tag:{self.authority},{self.started_at:%Y-%m-%d}:{specific}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What a feed says of itself; `older` is its RFC 5005 archive before this, `current` set on archives only."""

    name: str
    title: str
    description: str
    page: str
    addresses: Mapping[Format, str]
    updated: datetime
    older: Mapping[Format, str] = field(default_factory=dict)
    current: Mapping[Format, str] = field(default_factory=dict)


class Category(enum.StrEnum):
    """The schemes of categories, as their addresses end."""

    TOPIC = "topics"
    KIND = "glossary#kinds"
    PHASE = "glossary#phases"
    DESIGN = "glossary#designs"
    CAUTION = "glossary#cautions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One alert as a feed tells it, in every format the same."""

    id: str
    title: str
    address: str
    work: str
    at: datetime
    html: str
    summary: str
    authors: tuple[str, ...]
    categories: tuple[tuple[Category, str, str], ...]
    identifiers: tuple[str, ...]
    doi: str
    venue: str
    dated: str
    language: str


def entry(shown: AlertedItem, site: Site, history: Sequence[Told] = ()) -> Entry:
    """Turn an alert into an entry; its id depends on nothing but installation and alert number.

    `history` are all alerts of the work, oldest first: a later one links the first, and the earlier ones say what came.
    """
    item = shown.item
    dois = [key.value for key in item.keys if key.scheme == "doi"]
    said = [strength_line(shown), finding_line(shown)]
    return Entry(
        id=site.tag(f"alert/{shown.alert.number}"),
        title=headline(shown),
        address=f"{site.base_url}/items/{item.id}#alert-{shown.alert.number}",
        work=work_address(item),
        at=shown.alert.at.astimezone(UTC),
        html=entry_html(shown, site, history),
        summary=one_line(" ".join(line for line in said if line)),
        authors=tuple(filter(None, map(one_line, item.content.authors))),
        categories=tuple(_categories(shown, site)),
        identifiers=tuple(f"{key.scheme}:{one_line(key.value)}" for key in item.keys if key.scheme in words.SCHEMES),
        doi=one_line(dois[0]) if dois else "",
        venue=one_line(item.content.venue),
        dated=str(item.content.published or ""),
        language=one_line(item.content.language),
    )


def _categories(shown: AlertedItem, site: Site) -> Iterable[tuple[Category, str, str]]:
    facts = shown.alert.facts
    denied = {label.value for label in shown.labels if label.role is Role.NOT}
    for slug in facts.topics:
        if slug not in denied:
            yield Category.TOPIC, slug, site.topics.get(slug, slug)
    yield Category.KIND, facts.kind, words.KINDS.get(Kind(facts.kind), facts.kind)
    for phase in facts.phases:
        yield Category.PHASE, phase.lower(), words.PHASES.get(phase, phase)
    if facts.design != "unclear":
        yield Category.DESIGN, facts.design, words.DESIGNS.get(facts.design, facts.design)
    for caution in facts.cautions:
        yield Category.CAUTION, caution, words.CAUTIONS.get(caution, caution)


def entry_html(shown: AlertedItem, site: Site, history: Sequence[Told] = ()) -> str:
    """Return the entry's content: strength, finding, evidence words, links, thread, the standing notice."""
    about = [label for label in shown.labels if label.facet is Facet.TOPIC and label.role is Role.ABOUT]
    text = environment("feed").get_template("entry.html").render(
        shown=shown, site=site, words=words, proved=grounds(about, site.topics),
        strength=strength_line(shown), finding=finding_line(shown),
        work=work_address(shown.item), work_address=work_address, one_line=one_line,
        first=next((one for one in history if one[0] < shown.alert.number), None),
        later=[one for one in history if one[0] > shown.alert.number and one[1] in TELLING],
    )
    return xml_legal(text).strip()


def joined(entries: Sequence[Entry], day: date, site: Site, query: str) -> Entry:
    """Join one day's entries into one entry; its id depends on the day and the query."""
    count = f"{len(entries)} alert" + ("s" if len(entries) > 1 else "")
    return Entry(
        id=site.tag(f"day/{day}/{query or 'everything'}"),
        title=f"{day}: {count}",
        address=f"{site.base_url}/?day={day}",
        work="",
        at=max(one.at for one in entries),
        html="\n".join(map(_within_day, entries)),
        summary="; ".join(one.title for one in entries[:5]),
        authors=(),
        categories=tuple(dict.fromkeys(category for one in entries for category in one.categories)),
        identifiers=(), doi="", venue="", dated=str(day), language="",
    )


def _within_day(one: Entry) -> str:
    return f'<h2><a href="{escape(one.address)}">{escape(one.title)}</a></h2>\n{one.html}'


def render(channel: Channel, entries: Sequence[Entry], site: Site, fmt: Format) -> bytes:
    """Render a feed; the same values give the same bytes."""
    if fmt is Format.JSON:
        return _json_feed(channel, entries, site)
    text = environment("feed").get_template(f"{fmt}.xml").render(
        channel=channel, entries=entries, site=site, fmt=fmt, Format=Format, ttl=TTL_MINUTES,
        rfc822=format_datetime, rfc3339=rfc3339,
    )
    return xml_legal(text).encode()


def rfc3339(at: datetime) -> str:
    """Write a time as Atom and JSON Feed want it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _json_feed(channel: Channel, entries: Sequence[Entry], site: Site) -> bytes:
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": channel.title,
        "home_page_url": channel.page,
        "feed_url": channel.addresses[Format.JSON],
        "description": channel.description,
        "language": "en",
        "authors": [{"name": site.title, "url": f"{site.base_url}/"}],
    }
    if Format.JSON in channel.older:
        feed["next_url"] = channel.older[Format.JSON]
    if site.hub:
        feed["hubs"] = [{"type": "WebSub", "url": site.hub}]
    feed["items"] = [_json_item(one) for one in entries]
    return (xml_legal(json.dumps(feed, ensure_ascii=False, indent=1)) + "\n").encode()


def _json_item(one: Entry) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": one.id,
        "url": one.address,
        "external_url": one.work,
        "title": one.title,
        "summary": one.summary,
        "content_html": one.html,
        "date_published": rfc3339(one.at),
        "authors": [{"name": name} for name in one.authors],
        "tags": [name for _, _, name in one.categories],
        "language": one.language,
    }
    return {name: value for name, value in item.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One feed of an OPML list."""

    title: str
    feed: str
    page: str


def opml(outlines: Sequence[Outline], site: Site) -> bytes:
    """Render OPML 2.0: every topic's feed, for any reader."""
    text = environment("feed").get_template("opml.xml").render(outlines=outlines, site=site, rfc822=format_datetime)
    return xml_legal(text).encode()

