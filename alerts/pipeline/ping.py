"""Tells a WebSub hub which feeds changed (W3C Recommendation of 23 January 2018, section 7)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import urlencode

from sqlalchemy import Engine

from alerts.errors import FetchError
from alerts.model import Document, Request
from alerts.publish.channel import address
from alerts.publish.feed import Format
from alerts.publish.query import Query
from alerts.settings import Settings
from alerts.store import numberline
from alerts.store.engine import reading

Ask = Callable[[Request], Awaitable[Document]]
AT_ONCE = 50
ACCEPTED = range(200, 300)  # a hub says 202 or 204, which is no document to read
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Herald:
    """Remembers the last alert that the hub was told of; what came before this process, the hub's readers poll for."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._told: int | None = None

    async def tell(self, fetch: Ask) -> tuple[str, ...]:
        """Tell the hub of what was released since the last time; returns what failed, in words."""
        if not self._settings.hub_url:
            return ()
        return await ping(fetch, self._settings, await asyncio.to_thread(self._news))

    def _news(self) -> list[str]:
        with reading(self._engine) as session:
            last = numberline.last(session)
            touched = [] if self._told is None else numberline.slugs(session, self._told, last)
        self._told = last
        return touched


async def ping(fetch: Ask, settings: Settings, slugs: Iterable[str]) -> tuple[str, ...]:
    """Tell the hub that the feeds of these topics, and that of everything, changed; returns what failed, in words.

    Nothing is told where no hub is set. A failure is no reason to stop: subscribers of the hub still poll.
    """
    if not settings.hub_url or not (touched := sorted(set(slugs))):
        return ()
    changed = [address(settings.base_url, Query.parse(slug), fmt) for slug in ("", *touched) for fmt in Format]
    failed = []
    for start in range(0, len(changed), AT_ONCE):
        body = urlencode([("hub.mode", "publish"), *(("hub.url", one) for one in changed[start : start + AT_ONCE])])
        request = Request(url=settings.hub_url, method="POST", headers=FORM, body=body.encode())
        try:
            await fetch(request)
        except FetchError as wrong:
            if wrong.status not in ACCEPTED:
                failed.append(str(wrong))
    return tuple(failed)
