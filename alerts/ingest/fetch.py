"""The only way out to the web: one request in, one document out, or a FetchError that says why not (law 13)."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from importlib.metadata import version
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urljoin

from yarl import URL

from alerts.errors import FetchError, PrivateError
from alerts.ingest import botwall
from alerts.ingest.address import LinkLocalError, PrivateAddressError, guarded_socket, open_socket
from alerts.ingest.gate import Gates, Turn, clock
from alerts.ingest.head import Head
from alerts.ingest.inflate import EncodingError, Inflate, TooLargeError
from alerts.ingest.transfer import EnoughError, Order, TransferError, Transfers, Trouble
from alerts.model import NOTHING, Document, Request

Credentials = Mapping[str, Mapping[str, str]]

_OK = (200, 226, 304)
_PERMANENT = (301, 308)
_REDIRECTS = (301, 302, 303, 307, 308)
_KEEP_METHOD = (307, 308)
_BEGINNING = 65_536  # bytes of a refusal that are read, only to tell who refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may cost: seconds, bytes after decompression, redirects; and how many hosts at once.

    `idle` counts whole seconds without even a byte in each.
    """

    total: float = 60.0
    connect: float = 15.0
    idle: int = 20
    size: int = 20 * 1024 * 1024
    redirects: int = 8
    hosts: int = 50


class _Place(NamedTuple):
    """A web address, taken apart; it never holds a credential of ours."""

    url: URL
    text: str
    host: str


class _Hop(NamedTuple):
    """One request of a chain of redirects."""

    place: _Place
    method: str
    body: bytes | None
    headers: Mapping[str, str]
    cookies: Mapping[str, Mapping[str, str]] = NOTHING
    moved: bool = True
    past: frozenset[tuple[str, str, str]] = frozenset()

    @property
    def mark(self) -> tuple[str, str, str]:
        return self.method, self.place.text, repr(self.cookies.get(self.place.host, {}))


class Fetch:
    """Carry out requests: `await fetch(request)` returns a Document (200, 226, 304) or raises FetchError.

    `credentials` maps a host to query parameters that only it is given (an API key); they are in no error,
    Document or log line. `spacing` maps a host to the least number of seconds between two requests to it;
    `turn` shares these out among several processes.
    """

    def __init__(
        self,
        contact: str = "",
        credentials: Credentials = NOTHING,
        *,
        spacing: Mapping[str, float] = NOTHING,
        turn: Turn | None = None,
        limits: Limits = Limits(),
    ) -> None:
        self._agent = f"research-alerts/{version('research-alerts')}" + (f" (+{contact})" if contact else "")
        self._credentials = credentials
        self._limits = limits
        self._gates = Gates(limits.hosts, spacing, turn)
        self._transfers: dict[bool, Transfers] = {}

    async def __aenter__(self) -> Self:
        """Open connections of our own for private addresses, so that no kept one is lent to the others."""
        limits = self._limits
        for private, opens in ((False, guarded_socket), (True, open_socket)):
            self._transfers[private] = Transfers(opens, self._agent, limits.connect, limits.idle)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for transfers in self._transfers.values():
            await transfers.close()
        await self._gates.close()

    async def __call__(self, request: Request) -> Document:
        hop: _Hop | Document = _first_hop(request)
        left = self._limits.total
        while isinstance(hop, _Hop):
            if len(hop.past) > self._limits.redirects:
                raise FetchError(f"redirects more than {self._limits.redirects} times, last to {hop.place.host}")
            async with self._gates.pass_(hop.place.host):
                started = clock()
                hop = await self._go(hop, request, left)
                left -= clock() - started
        return hop

    async def _go(self, hop: _Hop, request: Request, seconds: float) -> "_Hop | Document":
        """Go one hop within the time left; every trouble of the network becomes a FetchError without an address."""
        place = hop.place
        secrets = self._secrets(hop, request)
        url = str(place.url.update_query(secrets)) if secrets else place.text
        order = Order(url, hop.headers, seconds, hop.method, hop.body, hop.cookies.get(place.host, NOTHING))
        arriving = _Arriving(place.host, self._limits)
        try:
            head = await self._transfers[request.allow_private].carry(order, arriving)
        except (TransferError, OSError, ValueError) as error:
            begun = _begun(error)
            if begun is None:
                raise _explained(error, place.host, self._limits) from None
            head = begun
        if head.status in _REDIRECTS:
            return _next_hop(hop, head, secrets)
        if head.status not in _OK:
            raise _refused(place.host, head.status, head.headers, arriving.so_far())
        moved = place.text if hop.past and hop.moved else None
        return Document(
            url=place.text, status=head.status, headers=head.headers, body=arriving.whole(), moved_to=moved
        )

    def _secrets(self, hop: _Hop, request: Request) -> Mapping[str, str]:
        """Return the credentials of the host, unless a redirect would have us send them in clear."""
        if hop.past and hop.place.url.scheme != "https" and request.url.startswith("https"):
            return NOTHING
        return self._credentials.get(hop.place.host, NOTHING)


class _Arriving:
    """Collects what follows the head of an answer: all of a document, of any other answer a beginning."""

    __slots__ = ("_arrived", "_host", "_inflate", "_limits")

    def __init__(self, host: str, limits: Limits) -> None:
        self._host = host
        self._limits = limits
        self._arrived = 0
        self._inflate: Inflate | None = None

    def __call__(self, head: Head, piece: bytes) -> None:
        self._arrived += len(piece)
        try:
            self._take(head, piece, self._limits.size if head.status in _OK else _BEGINNING)
        except (TooLargeError, EncodingError) as error:
            if head.status not in _OK:
                raise EnoughError from None
            raise self._explained(error) from error

    def _take(self, head: Head, piece: bytes, cap: int) -> None:
        if self._inflate is None:
            self._inflate = Inflate(head.headers.get("content-encoding", ""), cap)
            if _length(head) > cap:
                raise TooLargeError
        if self._arrived > cap:
            raise TooLargeError
        self._inflate.add(piece)

    def whole(self) -> bytes:
        """Return the document's body; FetchError if it was cut off."""
        try:
            return self._inflate.whole() if self._inflate else b""
        except EncodingError as error:
            raise self._explained(error) from error

    def so_far(self) -> bytes:
        return self._inflate.so_far() if self._inflate else b""

    def _explained(self, error: TooLargeError | EncodingError) -> FetchError:
        if isinstance(error, TooLargeError):
            return FetchError(f"{self._host} sends more than {self._limits.size // (1024 * 1024)} MB", status=200)
        return FetchError(f"what {self._host} sent {error}", status=200)


def _begun(error: Exception) -> Head | None:
    """Return the head of an answer that broke off, if the rest would only have told more of why it brings nothing."""
    head = error.head if isinstance(error, TransferError) else None
    return None if head is None or head.status in _OK else head


def _length(head: Head) -> int:
    said = head.headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdigit() else 0


def _first_hop(request: Request) -> _Hop:
    return _Hop(_place(request.url), request.method, request.body, request.headers)


@lru_cache(maxsize=4_096)
def _place(address: str) -> _Place:
    try:
        url = URL(address)
        port = url.port
    except (ValueError, UnicodeError):
        raise FetchError("is not a web address") from None
    if url.scheme not in ("http", "https") or not url.host or not port:
        raise FetchError(f"is not an http or https address ({url.scheme or 'no scheme'})")
    return _Place(url, str(url), url.host)


def _next_hop(hop: _Hop, head: Head, secrets: Mapping[str, str]) -> _Hop:
    """Return where a redirect leads (RFC 9110, section 15.4), without the credentials the server may repeat."""
    host = hop.place.host
    location = head.headers.get("location", "")
    if not location:
        raise FetchError(f"{host} redirects to nowhere", status=head.status)
    try:
        url = _place(urljoin(hop.place.text, location)).url
    except (FetchError, ValueError):
        raise FetchError(f"{host} redirects to what is no web address", status=head.status) from None
    repeated = [name for name, value in url.query.items() if secrets.get(name) == value]
    keep = head.status in _KEEP_METHOD or hop.method in ("GET", "HEAD")
    following = _Hop(
        _place(str(url.without_query_params(*repeated).with_fragment(None))),
        hop.method if keep else "GET",
        hop.body if keep else None,
        hop.headers,
        {**hop.cookies, host: {**hop.cookies.get(host, {}), **_set_cookies(head)}},
        hop.moved and head.status in _PERMANENT,
        hop.past | {hop.mark},
    )
    if following.mark in following.past:
        raise FetchError(f"{host} redirects in a circle", status=head.status)
    return following


def _set_cookies(head: Head) -> dict[str, str]:
    found = SimpleCookie()
    for said in head.cookies:
        with suppress(CookieError):
            found.load(said)
    return {name: morsel.value for name, morsel in found.items()}


def _refused(host: str, status: int, headers: Mapping[str, str], body: bytes) -> FetchError:
    wait = retry_after(headers)
    wall = botwall.name(headers, body) if status in (401, 403, 405, 429, 503) else ""
    if wall:
        text = f"{host} answered {status}: a bot wall ({wall}) stands before it"
    elif status == 410:
        text = f"{host} answered 410: it is gone for good"
    elif status in (429, 503) and wait is not None:
        seconds = int(wait.total_seconds())
        text = f"{host} answered {status}" + (f" and asks to wait {seconds} s" if seconds > 0 else ": too much at once")
    else:
        text = f"{host} answered {status} {_MEANING.get(status, '')}".rstrip()
    return FetchError(text, status=status, retry_after=wait)


_MEANING = {
    204: "(nothing to read)",
    400: "(it does not understand the request)",
    401: "(it asks for a password)",
    403: "(forbidden)",
    404: "(no such page)",
    429: "(too many requests)",
    500: "(its own error)",
    502: "(its own error)",
    503: "(out of service)",
    504: "(its own error)",
}


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Return how long a server asks to wait, from seconds or a date (RFC 9110, section 10.2.3).

    A date is measured against the server's own Date, so that neither clock has to be right.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value[:10]), 10**9))
    until = _http_date(value)
    if until is None:
        return None
    since = _http_date(headers.get("date", "")) or datetime.now(UTC)  # noqa: TID251  no Date sent: our own clock
    return max(until - since, timedelta(0))


def _http_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, IndexError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _explained(error: Exception, host: str, limits: Limits) -> FetchError:
    """Say in one line what went wrong on the network; no address, no query, no credential."""
    if isinstance(error, PrivateAddressError):
        return PrivateError(f"{host} leads to a private address")
    if isinstance(error, LinkLocalError):
        return FetchError(f"{host} leads to an address of the link itself, which is never read")
    if not isinstance(error, TransferError):
        return FetchError(f"{host} could not be read ({type(error).__name__})")
    text = {
        Trouble.UNKNOWN_HOST: "is not known to the name servers",
        Trouble.NO_CONNECTION: "takes no connection",
        Trouble.CONNECTING_TOO_LONG: f"took no connection within {limits.connect:g} s",
        Trouble.SILENT: f"fell silent for {limits.idle} s",
        Trouble.TOO_LONG: f"was not done within {limits.total:g} s",
        Trouble.CERTIFICATE: "has no valid certificate",
        Trouble.NO_ADDRESS: "is not a web address",
        Trouble.NOT_HTTP: "answers what is not HTTP",
        Trouble.NO_ANSWER: "hung up without an answer",
        Trouble.BROKEN_ANSWER: "broke off in the middle of its answer",
        Trouble.BROKEN_CONNECTION: "broke off the connection",
    }.get(error.trouble, f"could not be read (libcurl's error {error.code})")
    return FetchError(f"{host} {text}", network=error.trouble in _NETWORK)


_NETWORK = frozenset({
    Trouble.UNKNOWN_HOST, Trouble.NO_CONNECTION, Trouble.CONNECTING_TOO_LONG, Trouble.SILENT, Trouble.TOO_LONG,
    Trouble.NO_ANSWER, Trouble.BROKEN_CONNECTION,
})  # fmt: skip  no server was reached, or it did not answer
