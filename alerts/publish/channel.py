"""What a feed says of itself, and which of the alerts found it holds: pure, by RFC 5005 where it names archives."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import groupby
from urllib.parse import urlencode

from alerts.model import Alert
from alerts.publish.feed import Channel, Entry, Format, Site, joined
from alerts.publish.query import Query

NEWEST = 50
MOST = 200
MOST_BYTES = 1_000_000
WINDOW = timedelta(days=30)


def recent(found: Sequence[Alert], newest: int = NEWEST) -> tuple[Alert, ...]:
    """Keep the newest; beyond them those of the 30 days before the newest, at most 200."""
    if not found:
        return ()
    oldest = found[0].at - WINDOW
    return tuple(alert for place, alert in enumerate(found[:MOST]) if place < newest or alert.at >= oldest)


def part(found: Sequence[Alert], number: int) -> tuple[Alert, ...]:
    """Cut a week into parts of 200, counted from its first alert so that a full part never changes."""
    ordered = sorted(found, key=lambda alert: alert.number)
    return tuple(reversed(ordered[(number - 1) * MOST : number * MOST]))


def week_of(at: datetime) -> str:
    """Return the ISO week of a time, in UTC: `2026-W18`."""
    year, week, _ = at.astimezone(UTC).isocalendar()
    return f"{year}-W{week:02}"


def address(base_url: str, query: Query, fmt: Format) -> str:
    """Return the public address of a feed."""
    if query.secret:
        return f"{base_url}/my/{query.secret}.{fmt}"
    path = f"/topics/{query.topics[0]}.{fmt}" if len(query.topics) == 1 else f"/feed.{fmt}"
    return f"{base_url}{path}" + (f"?{query.asked}" if query.asked else "")


def page_address(base_url: str, query: Query) -> str:
    """Return the page that shows the same as a feed."""
    if query.words and len(query.topics) < 2:
        asked = "&".join(part for part in (query.filters, urlencode({"q": query.words})) if part)
        return f"{base_url}/search?" + (f"topic={query.topics[0]}&{asked}" if query.topics else asked)
    if len(query.topics) != 1:
        return f"{base_url}/"
    return f"{base_url}/topics/{query.topics[0]}" + (f"?{query.filters}" if query.filters else "")


def about(query: Query, names: Mapping[str, str]) -> str:
    """Name what a query is about: `NMOSD, MOGAD and PML`, `every topic`."""
    listed = [names.get(slug, slug) for slug in query.topics]
    if not listed:
        return "every topic"
    return " and ".join([", ".join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)


def channel(site: Site, query: Query, updated: datetime, older: Query | None) -> Channel:
    """Say what a feed is; `older` is the archive before it."""
    subject = about(query, site.topics)
    limits = [part for part in (query.filters.replace("&", ", "), f"“{query.words}”" if query.words else "") if part]
    only = f" ({', '.join(limits)})" if limits else ""
    archive = f", {query.week}" if query.week else ""
    current = query.current()
    return Channel(
        name=f"my/{sha256(query.secret.encode()).hexdigest()[:16]}" if query.secret else str(query) or "everything",
        title=f"{site.title}: my topics" if query.secret else f"{site.title}: {subject}{only}{archive}",
        description=f"What is new in research on {subject}, with the words that prove each label. "
        "Information about research, not medical advice.",
        page=page_address(site.base_url, query),
        addresses={fmt: address(site.base_url, query, fmt) for fmt in Format},
        updated=updated,
        older={fmt: address(site.base_url, older, fmt) for fmt in Format} if older else {},
        current={fmt: address(site.base_url, current, fmt) for fmt in Format} if archive else {},
    )


def daily(entries: Sequence[Entry], site: Site, query: Query, today: date) -> list[Entry]:
    """Join the entries of each day into one; today's waits until the day is over, since readers keep it as it was."""
    days = groupby(entries, key=lambda one: one.at.date())
    return [joined(list(group), day, site, str(query.current())) for day, group in days if day < today]


def fitting(render: Callable[[Sequence[Entry]], bytes], entries: Sequence[Entry]) -> bytes:
    """Render what fits: beyond the newest 50, not more than 1 MB."""
    body = render(entries)
    while len(body) > MOST_BYTES and len(entries) > NEWEST:
        fewer = max(NEWEST, int(len(entries) * MOST_BYTES / len(body) * 0.95))
        entries = entries[: min(fewer, len(entries) - 1)]
        body = render(entries)
    return body
