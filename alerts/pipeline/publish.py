"""Alerts x filter x format -> rendered feeds, for the web and for files."""

import gzip
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from alerts.errors import AlertsError, NotFoundError, NoTopicError
from alerts.model import Alert, Topic
from alerts.pipeline import sample
from alerts.publish.channel import address, channel, daily, fitting, part, recent, week_of
from alerts.publish.feed import Entry, Format, Outline, Site, entry, opml, render
from alerts.publish.query import Query, week_days
from alerts.settings import Settings
from alerts.store import catalogue, installation, items, reading
from alerts.store import engine as database

SCANNED = 2_000


class RetiredError(NotFoundError):
    """A topic that is no longer followed; `successor` is the topic that took its place, if any."""

    def __init__(self, slug: str, successor: str | None) -> None:
        onwards = f"; it became {successor}" if successor else " and has no successor"
        super().__init__(f"The topic {slug} was retired{onwards}.")
        self.successor = successor


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A document as it is sent: identity and gzip bytes, and what proves it unchanged."""

    body: bytes
    gzip: bytes
    etag: str
    last_modified: datetime | None
    media_type: str
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The alerts that answer a query, newest first, and the archive before them."""

    alerts: tuple[Alert, ...]
    older: Query | None = None


def rendered(
    body: bytes, media_type: str, last_modified: datetime | None, links: tuple[tuple[str, str], ...] = (),
) -> Rendered:
    """Finish a document: the strong ETag is the hash of its bytes."""
    digest = hashlib.sha256(body).hexdigest()[:32]
    return Rendered(
        body=body, gzip=gzip.compress(body, 6, mtime=0), etag=f'"{digest}"', media_type=media_type, links=links,
        last_modified=last_modified.astimezone(UTC).replace(microsecond=0) if last_modified else None,
    )


def feed(
    engine: Engine, settings: Settings, query: Query | str, fmt: Format | str, now: datetime | None = None,
) -> Rendered:
    """Render a feed.

    Raises NotFoundError for an unknown topic, RetiredError for a retired one, QueryError for a bad filter.
    `now` is needed by feeds of one entry a day only.
    """
    asked = Query.parse(query) if isinstance(query, str) else query
    fmt = Format(fmt)
    with database.reading(engine) as session:
        place = site(session, settings)
        chosen = select(session, settings, asked)
        shown = items.alerted(session, [alert.number for alert in chosen.alerts])
        changed = reading.changed_at(session, [one.item.id for one in shown])
        histories = reading.histories(session, [one.item.id for one in shown])
    alerted_at = chosen.alerts[0].at if chosen.alerts else place.started_at
    entries = [entry(one, place, histories[one.item.id]) for one in shown]
    if asked.daily:
        entries = daily(entries, place, asked, (now or alerted_at).astimezone(UTC).date())

    def made(kept: Sequence[Entry]) -> bytes:
        cut = len(kept) < len(entries) and not asked.secret
        older = replace(asked.current(), week=week_of(kept[-1].at)) if cut else chosen.older
        return render(channel(place, asked, alerted_at, older), kept, place, fmt)

    body = made(entries) if asked.week else fitting(made, entries)
    last = max(alerted_at, changed or alerted_at, *(history[-1][2] for history in histories.values()))
    links = (address(place.base_url, asked, fmt), "self"), (place.hub, "hub")
    return rendered(body, fmt.media_type, last, tuple(link for link in links if link[0]))


def site(session: Session, settings: Settings) -> Site:
    """Return what entries must know of this installation."""
    started = installation.installation(session)
    if started is None:
        raise AlertsError("This installation has not been started yet; run: alerts run")
    return Site(
        authority=started.authority, started_at=started.started_at, base_url=settings.base_url, hub=settings.hub_url,
        topics={topic.slug: topic.name for topic in catalogue.topics(session)},
    )


def select(session: Session, settings: Settings, query: Query) -> Selection:
    """Choose the alerts of a query: a week's part, a window of numbers, or the newest ones."""
    topics = {topic.slug: topic for topic in catalogue.topics(session, retired=True)}
    for slug in query.topics:
        known(topics, slug)
    span = _span(session, settings, query)
    found = matching(session, query, topics, reading.alerts(session, span, SCANNED * 5 if query.week else SCANNED))
    if query.week:
        return Selection(alerts=part(found, query.part), older=_older(session, query, span))
    kept = recent(found)
    more = len(kept) < len(found) and not query.secret
    older = replace(query.current(), week=week_of(kept[-1].at)) if more else None
    return Selection(alerts=kept, older=older)


def known(topics: Mapping[str, Topic], slug: str) -> Topic:
    """Return a topic that is followed today; NotFoundError or RetiredError otherwise."""
    topic = topics.get(slug)
    if topic is None:
        raise NoTopicError(slug, [other for other, one in topics.items() if not one.retired])
    if topic.retired:
        raise RetiredError(slug, topic.successor)
    return topic


def ancestors(topics: Mapping[str, Topic]) -> dict[str, frozenset[str]]:
    """Return every topic's slug with those above it."""
    return {slug: frozenset(_upwards(topics, slug)) for slug in topics}


def _upwards(topics: Mapping[str, Topic], slug: str) -> Iterator[str]:
    seen: set[str] = set()
    while slug in topics and slug not in seen:
        seen.add(slug)
        yield slug
        slug = topics[slug].parent or ""


def _span(session: Session, settings: Settings, query: Query) -> reading.Span:
    days = week_days(query.week)
    since, until = (datetime.combine(day, time(), UTC) for day in days) if days else (None, None)
    return reading.Span(
        topics=query.topics or None, after=query.after, upto=query.upto, since=since, until=until,
        without_items=hidden_items(session, settings), words=query.words,
    )


def hidden_items(session: Session, settings: Settings) -> frozenset[int]:
    """Return the sample items where they must not be shown."""
    return frozenset() if sample.shown(settings) else reading.sample_items(session)


def matching(
    session: Session, query: Query, topics: Mapping[str, Topic], found: Sequence[Alert],
) -> list[Alert]:
    """Keep the alerts whose frozen facts answer the query."""
    denied = reading.denied_topics(session, {alert.item_id for alert in found})
    above = ancestors(topics)
    return [alert for alert in found if query.wants(alert, denied.get(alert.item_id, frozenset()), above)]


def _older(session: Session, query: Query, span: reading.Span) -> Query | None:
    """Return the archive before this one: the part before it, else the last week before it that has alerts."""
    if query.part > 1:
        return replace(query, part=query.part - 1)
    before = reading.latest_before(session, replace(span, since=None, until=span.since))
    return replace(query, week=week_of(before)) if before else None




def outlines(engine: Engine, settings: Settings) -> Rendered:
    """Render OPML of every topic's feed."""
    with database.reading(engine) as session:
        place = site(session, settings)
        followed = catalogue.topics(session)
    lines = [
        Outline(
            title=f"{place.title}: {topic.name}",
            feed=f"{place.base_url}/topics/{topic.slug}.rss",
            page=f"{place.base_url}/topics/{topic.slug}",
        )
        for topic in followed
    ]
    return rendered(opml(lines, place), "text/x-opml; charset=utf-8", None)


def build(engine: Engine, settings: Settings, folder: Path, now: datetime) -> tuple[int, int]:
    """Write the public feeds and the OPML as files for any web server; returns how many were written and left alone.

    A file is replaced in one step, and one whose bytes would stay the same is not touched, so that its date and the
    validators a web server makes of it hold.
    """
    with database.reading(engine) as session:
        slugs = [topic.slug for topic in catalogue.topics(session)]
    written = 0
    documents = 0
    for path, document in _documents(engine, settings, slugs, now):
        documents += 1
        written += _replace(folder / path, document.body)
    return written, documents - written


def _documents(
    engine: Engine, settings: Settings, slugs: Sequence[str], now: datetime,
) -> Iterator[tuple[str, Rendered]]:
    yield "topics.opml", outlines(engine, settings)
    for fmt in Format:
        yield f"feed.{fmt}", feed(engine, settings, Query.parse(""), fmt, now)
        for slug in slugs:
            yield f"topics/{slug}.{fmt}", feed(engine, settings, Query.parse(slug), fmt, now)


def _replace(path: Path, body: bytes) -> bool:
    if path.is_file() and path.read_bytes() == body:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).chmod(0o644)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    return True
