"""One rendered document, ready to be sent: 200, 304 and HEAD, identity and gzip, to ASGI or straight to a transport."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus

from starlette.types import Receive, Scope, Send

from alerts.pipeline.publish import Rendered
from alerts.web.guard import SECURITY

MAX_AGE_SECONDS = 300
Headers = list[tuple[bytes, bytes]]
UNLISTED = (b"x-robots-tag", b"noindex, nofollow")
GUARDED = [(name.encode(), value.encode()) for name, value in SECURITY.items()]


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


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers and a body; `head` holds the headers as they go over the wire."""

    status: int
    headers: Headers
    body: bytes
    head: bytes

    @classmethod
    def of(cls, status: int, headers: Headers, body: bytes = b"") -> "Answer":
        return cls(status, headers, body, b"".join(map(_line, headers)) + b"\r\n")

    async def send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})

    def wire(self, first: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
        """Return head and body as they go over the wire, the head with the server's own headers first."""
        return b"".join((STATUS_LINES[self.status], *map(_line, first), self.head)), self.body


STATUS_LINES: dict[int, bytes] = {one: f"HTTP/1.1 {one.value} {one.phrase}\r\n".encode() for one in HTTPStatus}


def _line(header: tuple[bytes, bytes]) -> bytes:
    return b"%b: %b\r\n" % header


class Prepared:
    """One document as an ASGI application, and as the answers that it chooses from."""

    __slots__ = ("_etags", "_heads", "_modified", "_unchanged", "_whole", "revision", "seen", "size", "topics")

    def __init__(
        self, document: Rendered, topics: tuple[str, ...], cache_control: str, *, listed: bool = True,
    ) -> None:
        plain, packed = document.etag, f'{document.etag[:-1]}-gzip"'
        identity = _headers(document, plain, cache_control, len(document.body))
        gzip = [*_headers(document, packed, cache_control, len(document.gzip)), (b"content-encoding", b"gzip")]
        if not listed:
            identity, gzip = [*identity, UNLISTED], [*gzip, UNLISTED]
        self._whole = Answer.of(200, identity, document.body), Answer.of(200, gzip, document.gzip)
        self._heads = Answer.of(200, identity), Answer.of(200, gzip)
        shared = [_shared(document, etag, cache_control) for etag in (plain, packed)]
        self._unchanged = Answer.of(304, shared[0]), Answer.of(304, shared[1])
        self._etags = frozenset((plain.encode(), packed.encode()))
        self._modified = document.last_modified
        self.size = len(document.body) + len(document.gzip)
        self.topics = topics
        self.revision: object = None
        self.seen: object = None

    def answer(self, method: str, headers: Mapping[bytes, bytes]) -> Answer:
        """Choose the answer to a GET or HEAD with these headers, their names in lower case."""
        packed = takes_gzip(headers.get(b"accept-encoding", b""))
        if self._known(headers.get(b"if-none-match", b""), headers.get(b"if-modified-since", b"")):
            return self._unchanged[packed]
        return (self._heads if method == "HEAD" else self._whole)[packed]

    def _known(self, none_match: bytes, modified_since: bytes) -> bool:
        """Tell whether the client has this already; If-None-Match wins (RFC 9110, section 13.2.2)."""
        if none_match:
            tags = {tag.strip().removeprefix(b"W/") for tag in none_match.split(b",")}
            return b"*" in tags or not self._etags.isdisjoint(tags)
        if not modified_since or self._modified is None:
            return False
        try:
            return self._modified <= parsedate_to_datetime(modified_since.decode("latin-1"))
        except (ValueError, TypeError):
            return False

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        await self.answer(scope["method"], dict(scope["headers"])).send(send)


def _shared(document: Rendered, etag: str, cache_control: str) -> Headers:
    headers = {"etag": etag, "cache-control": cache_control, "vary": "Accept-Encoding"}
    if document.last_modified:
        headers["last-modified"] = format_datetime(document.last_modified, usegmt=True)
    if document.links:
        headers["link"] = ", ".join(f'<{address}>; rel="{rel}"' for address, rel in document.links)
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]


def _headers(document: Rendered, etag: str, cache_control: str, length: int) -> Headers:
    return [
        *_shared(document, etag, cache_control),
        (b"content-type", document.media_type.encode()),
        (b"content-length", str(length).encode()),
        *GUARDED,
    ]
