"""What a source would bring, before it is saved: one fetch and one reading, nothing stored."""

from dataclasses import dataclass, replace
from datetime import datetime

from alerts.errors import ReadError, UsageError
from alerts.ingest import KINDS
from alerts.ingest.discover import feeds
from alerts.ingest.local import obtain
from alerts.model import Document, Page, PollState, Request, Source
from alerts.pipeline.run import FetchOne

MOST_PAGES = 4  # a search, its slices, a batch of records


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The source as it would be saved (its feed found, its title known) and its first page."""

    source: Source
    page: Page


async def preview(source: Source, fetch: FetchOne, now: datetime) -> Preview:
    """Fetch and read a source once. Where a feed's address is a web page, its first feed is taken instead.

    Raises SourceError where it cannot be read, UsageError where the page offers no feed.
    """
    plan = KINDS[source.kind].plan(source, PollState(), now)
    if plan is None:
        return Preview(source=source, page=Page())
    document = await obtain(source, plan.request, fetch)
    state = PollState(resume=plan.state)
    try:
        page = await onward(fetch, source, KINDS[source.kind].read(alone(source), state, document))
    except ReadError:
        found = feeds(document) if source.kind == "feed" else ()
        if not found:
            raise
        return await _first_feed(fetch, source, document, found[0].url)
    return Preview(source=replace(source, title=source.title or page.title), page=page)


def alone(source: Source) -> Source:
    """Return a page source that follows nothing: its list alone is shown."""
    return replace(source, options={name: value for name, value in source.options.items() if name != "follow"})


async def onward(fetch: FetchOne, source: Source, page: Page) -> Page:
    """Go on to the first page with entries: the first answer to a query may be numbers only."""
    for _ in range(MOST_PAGES):
        if page.entries or page.next is None:
            break
        document = await obtain(source, page.next, fetch)
        page = KINDS[source.kind].read(source, PollState(resume=page.state), document)
    return page


async def _first_feed(fetch: FetchOne, source: Source, page: Document, url: str) -> Preview:
    document = await fetch(Request(url=url, allow_private=source.allow_private))
    found = replace(source, url=url)
    try:
        read = KINDS[source.kind].read(found, PollState(), document)
    except ReadError as error:
        raise UsageError(f"{page.url} is a web page, and the feed it names ({url}) cannot be read: {error}") from error
    return Preview(source=replace(found, title=source.title or read.title), page=read)
