"""Rendered feeds kept as ready ASGI messages, bounded in bytes, fresh as long as their revision stands (law 15)."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache

from starlette.types import Message, Receive, Scope, Send

from alerts.pipeline.publish import Rendered

MAX_BYTES = 64_000_000
MAX_KEPT = 4_096
MAX_AGE_SECONDS = 300
Headers = list[tuple[bytes, bytes]]
Revisions = tuple[int, Mapping[str, int]]


@lru_cache(maxsize=256)
def takes_gzip(accepted: bytes) -> bool:
    """Tell whether an Accept-Encoding allows gzip (RFC 9110, section 12.5.3)."""
    weights = dict(_coding(part) for part in accepted.decode("latin-1").lower().split(","))
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _coding(part: str) -> tuple[str, float]:
    name, _, weight = part.partition(";")
    try:
        return name.strip(), float(weight.strip().removeprefix("q=") or 1)
    except ValueError:
        return name.strip(), 0.0


class Prepared:
    """One rendered document as an ASGI application: 200, 304 and HEAD, identity and gzip."""

    __slots__ = (
        "_etags", "_gzip", "_identity", "_modified", "_raw_etags", "_unchanged", "revision", "seen", "size", "topics",
    )

    def __init__(self, document: Rendered, topics: tuple[str, ...], cache_control: str) -> None:
        plain, packed = document.etag, f'{document.etag[:-1]}-gzip"'
        self._identity = _messages(document, document.body, plain, cache_control)
        self._gzip = _messages(document, document.gzip, packed, cache_control, packed=True)
        self._etags = (plain, packed)
        self._raw_etags = frozenset((plain.encode(), packed.encode()))
        self._unchanged = tuple(
            {"type": "http.response.start", "status": 304, "headers": _shared(document, etag, cache_control)}
            for etag in (plain, packed)
        )
        self._modified = document.last_modified
        self.size = len(document.body) + len(document.gzip)
        self.topics = topics
        self.revision: object = None
        self.seen: Revisions | None = None

    def unchanged(self, none_match: bytes, modified_since: bytes) -> bool:
        """Tell whether the client has this already; If-None-Match wins (RFC 9110, section 13.2.2)."""
        if none_match:
            if none_match in self._raw_etags:
                return True
            known = [tag.strip().removeprefix("W/") for tag in none_match.decode("latin-1").split(",")]
            return "*" in known or any(tag in known for tag in self._etags)
        if not modified_since or self._modified is None:
            return False
        try:
            return self._modified <= parsedate_to_datetime(modified_since.decode("latin-1"))
        except (ValueError, TypeError):
            return False

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        none_match = modified_since = accepted = b""
        for name, value in scope["headers"]:
            if name == b"accept-encoding":
                accepted = value
            elif name == b"if-none-match":
                none_match = value
            elif name == b"if-modified-since":
                modified_since = value
        packed = takes_gzip(accepted)
        if (none_match or modified_since) and self.unchanged(none_match, modified_since):
            await send(self._unchanged[packed])
            await send(EMPTY)
            return
        start, body = self._gzip if packed else self._identity
        await send(start)
        await send(EMPTY if scope["method"] == "HEAD" else body)


EMPTY: Message = {"type": "http.response.body", "body": b""}


def _shared(document: Rendered, etag: str, cache_control: str) -> Headers:
    headers = {
        "etag": etag,
        "cache-control": cache_control,
        "vary": "Accept-Encoding",
    }
    if document.last_modified:
        headers["last-modified"] = format_datetime(document.last_modified, usegmt=True)
    if document.links:
        headers["link"] = ", ".join(f'<{address}>; rel="{rel}"' for address, rel in document.links)
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]


def _messages(
    document: Rendered, body: bytes, etag: str, cache_control: str, *, packed: bool = False,
) -> tuple[Message, Message]:
    headers = [
        *_shared(document, etag, cache_control),
        (b"content-type", document.media_type.encode()),
        (b"content-length", str(len(body)).encode()),
        *([(b"content-encoding", b"gzip")] if packed else []),
        (b"x-content-type-options", b"nosniff"),
    ]
    return (
        {"type": "http.response.start", "status": 200, "headers": headers},
        {"type": "http.response.body", "body": body},
    )


class Shelf:
    """Keeps documents by raw address, the least used dropped; asks for revisions at most every `patience` seconds."""

    def __init__(self, ask: Callable[[], Revisions], patience: float = 0.25, max_bytes: int = MAX_BYTES) -> None:
        self._ask = ask
        self._patience = patience
        self._max_bytes = max_bytes
        self._kept: OrderedDict[bytes, Prepared] = OrderedDict()
        self._bytes = 0
        self._revisions: Revisions = (-1, {})
        self._next_ask = float("-inf")
        self._asking = asyncio.Lock()
        self.rendering = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """Return the bytes kept."""
        return self._bytes

    async def get(self, address: bytes) -> Prepared | None:
        """Return the document kept under an address, if nothing it shows has changed since."""
        kept = self._kept.get(address)
        if kept is None:
            return None
        if asyncio.get_running_loop().time() >= self._next_ask:
            await self.refresh()
        if kept.seen is not self._revisions:
            if kept.revision != self.stamp(kept.topics):
                self.drop(address)
                return None
            kept.seen = self._revisions
        self._kept.move_to_end(address)
        return kept

    async def refresh(self) -> None:
        """Ask for the revisions anew, once for all who wait."""
        async with self._asking:
            now = asyncio.get_running_loop().time()
            if now >= self._next_ask:
                found = await asyncio.to_thread(self._ask)
                if found != self._revisions:
                    self._revisions = found
                self._next_ask = now + self._patience

    def stamp(self, topics: tuple[str, ...]) -> object:
        """Return what a document of these topics hangs on."""
        public, by_topic = self._revisions
        return tuple(by_topic.get(slug, -1) for slug in topics) if topics else public

    def put(self, address: bytes, document: Prepared, revision: object) -> None:
        """Keep a document that was rendered while `revision` stood."""
        self.drop(address)
        document.revision = revision
        self._kept[address] = document
        self._bytes += document.size
        while len(self._kept) > MAX_KEPT or self._bytes > self._max_bytes:
            self.drop(next(iter(self._kept)))

    def drop(self, address: bytes) -> None:
        """Forget a document."""
        gone = self._kept.pop(address, None)
        if gone is not None:
            self._bytes -= gone.size
