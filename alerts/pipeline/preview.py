"""What a source would bring, before it is saved: read once as a poll reads it, nothing stored."""

from dataclasses import dataclass, replace
from datetime import datetime

from alerts.errors import FetchError, ReadError, UsageError, WebPageError
from alerts.ingest import KINDS, recover
from alerts.ingest.discover import Found, feeds
from alerts.ingest.local import obtain
from alerts.model import Document, Entry, Page, PollState, Request, Source
from alerts.pipeline.run import FetchOne

MOST_PAGES = 4  # a search, its slices, a batch of records
SHOWN = 5  # items shown of a source; of a page that follows so many are read on their own pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The source as it would be saved (its feed found, its title known), what it shows, and a page's other feeds."""

    source: Source
    page: Page
    others: tuple[Found, ...] = ()


async def preview(source: Source, fetch: FetchOne, now: datetime) -> Preview:
    """Fetch and read a source once. Where a feed's address is a web page, its first feed that can be read is taken.

    Raises SourceError where it cannot be read, UsageError where the page offers no feed.
    """
    plan = KINDS[source.kind].plan(source, PollState(), now)
    if plan is None:
        return Preview(source=source, page=Page())
    document = await obtain(source, plan.request, fetch)
    try:
        page = await look(fetch, source, PollState(resume=plan.state), document)
    except ReadError as error:
        offered = feeds(document) if source.kind == "feed" else ()
        if offered:
            return await _offered(fetch, source, document, offered)
        if isinstance(error, WebPageError):
            raise UsageError(_no_feed(source)) from error
        raise
    return Preview(source=replace(source, title=source.title or page.title), page=page)


def _no_feed(source: Source) -> str:
    return (
        f"{source.url} is a web page that names no feed. Give the address of its feed if you know one, "
        "or have the page itself read by a CSS selector that matches each of its items, such as: "
        f'alerts source add {source.url} --kind page --item "article"'
    )


async def look(fetch: FetchOne, source: Source, state: PollState, document: Document) -> Page:
    """Read a document as a poll would, as far as the first entries; of a page that follows, the first ones whole."""
    page = KINDS[source.kind].read(_alone(source), state, document)
    for _ in range(MOST_PAGES):
        if page.entries or page.next is None:
            break
        page = await _onward(fetch, source, page.next, page)
    return await _followed(fetch, source, state, document, page) if source.options.get("follow") else page


def _alone(source: Source) -> Source:
    """Return a page source that follows nothing: its list alone is shown."""
    return replace(source, options={name: value for name, value in source.options.items() if name != "follow"})


async def _followed(fetch: FetchOne, source: Source, state: PollState, document: Document, listed: Page) -> Page:
    """Return the list with its first items as their own pages tell them."""
    page = KINDS[source.kind].read(source, state, document)
    whole: dict[str, Entry] = {}
    notes = listed.notes
    while page.next is not None and len(whole) < SHOWN:
        page = await _onward(fetch, source, page.next, page)
        whole |= {entry.locator: entry for entry in page.entries}
        notes = (*notes, *page.notes)
    return replace(listed, entries=tuple(whole.get(one.locator, one) for one in listed.entries), notes=notes)


async def _onward(fetch: FetchOne, source: Source, request: Request, page: Page) -> Page:
    """Go on to the next page, as a run does."""
    state = PollState(resume=page.state)
    try:
        return KINDS[source.kind].read(source, state, await obtain(source, request, fetch))
    except FetchError as error:
        found = recover(source, state, request, error)
        if found is None:
            raise
        return found


async def _offered(fetch: FetchOne, source: Source, page: Document, offered: tuple[Found, ...]) -> Preview:
    """Take the first feed of a web page that can be read."""
    troubles: dict[str, str] = {}
    for one in offered[:SHOWN]:
        found = replace(source, url=one.url)
        try:
            document = await fetch(Request(url=one.url, allow_private=source.allow_private))
            read = KINDS[source.kind].read(found, PollState(), document)
        except (FetchError, ReadError) as error:
            troubles[one.url] = f"{one.url} ({error})"
            continue
        others = tuple(other for other in offered if other.declared and other.url not in {one.url, *troubles})
        return Preview(source=replace(found, title=source.title or read.title), page=read, others=others)
    raise UsageError(f"{page.url} is a web page, and no feed that it names can be read: {'; '.join(troubles.values())}")
