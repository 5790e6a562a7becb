"""The only way out to the web: one request in, one document out, or a FetchError that says why not (law 13)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from importlib.metadata import version
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import aiohttp
from yarl import URL

from alerts.errors import FetchError, PrivateError
from alerts.ingest import botwall
from alerts.ingest.address import LinkLocalError, PrivateAddressError, guarded_socket, open_socket
from alerts.ingest.gate import Gates, Turn
from alerts.ingest.inflate import EncodingError, Inflate, TooLargeError
from alerts.model import NOTHING, Document, Request

Credentials = Mapping[str, Mapping[str, str]]

_OK = (200, 226, 304)
_PERMANENT = (301, 308)
_REDIRECTS = (301, 302, 303, 307, 308)
_KEEP_METHOD = (307, 308)
_CHUNK = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may cost: seconds, bytes after decompression, redirects; and how many hosts at once."""

    total: float = 60.0
    connect: float = 15.0
    idle: float = 20.0
    size: int = 20 * 1024 * 1024
    redirects: int = 8
    hosts: int = 50


@dataclass(frozen=True, slots=True)
class _Hop:
    """One request of a chain of redirects; `url` never holds a credential."""

    url: URL
    method: str
    body: bytes | None
    headers: Mapping[str, str]
    cookies: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    moved: bool = True
    past: frozenset[tuple[str, str, str]] = field(default_factory=frozenset)

    @property
    def host(self) -> str:
        return self.url.host or ""

    @property
    def mark(self) -> tuple[str, str, str]:
        return self.method, str(self.url), repr(self.cookies.get(self.host, {}))


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
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> Self:
        self._sessions = {False: self._session(private=False), True: self._session(private=True)}
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in self._sessions.values():
            await session.close()
        await self._gates.close()

    def _session(self, *, private: bool) -> aiohttp.ClientSession:
        """Open a session of its own for private addresses, so that no kept connection is lent to the others."""
        limits = self._limits
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=limits.hosts, socket_factory=open_socket if private else guarded_socket
            ),
            timeout=aiohttp.ClientTimeout(total=None, connect=limits.connect, sock_read=limits.idle),
            headers={"User-Agent": self._agent, "Accept-Encoding": "gzip, deflate", "Accept": "*/*"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )

    async def __call__(self, request: Request) -> Document:
        hop: _Hop | Document = _first_hop(request)
        left = self._limits.total
        while isinstance(hop, _Hop):
            if len(hop.past) > self._limits.redirects:
                raise FetchError(f"redirects more than {self._limits.redirects} times, last to {hop.host}")
            async with self._gates.pass_(hop.host):
                started = asyncio.get_running_loop().time()
                hop = await self._guarded(hop, request, left)
                left -= asyncio.get_running_loop().time() - started
        return hop

    async def _guarded(self, hop: _Hop, request: Request, seconds: float) -> "_Hop | Document":
        """Go one hop within the time left; every trouble of the network becomes a FetchError without an address."""
        try:
            async with asyncio.timeout(max(seconds, 0)):
                return await self._go(hop, request)
        except FetchError:
            raise
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise _explained(error, hop.host, self._limits) from None

    async def _go(self, hop: _Hop, request: Request) -> "_Hop | Document":
        secrets = self._secrets(hop, request)
        async with self._sessions[request.allow_private].request(
            hop.method,
            hop.url.update_query(secrets) if secrets else hop.url,
            data=hop.body,
            headers=hop.headers,
            cookies=hop.cookies.get(hop.host),
            allow_redirects=False,
        ) as reply:
            if reply.status in _REDIRECTS:
                return _next_hop(hop, reply, secrets)
            return await self._document(hop, reply)

    def _secrets(self, hop: _Hop, request: Request) -> Mapping[str, str]:
        """Return the credentials of the host, unless a redirect would have us send them in clear."""
        if hop.past and hop.url.scheme != "https" and request.url.startswith("https"):
            return NOTHING
        return self._credentials.get(hop.host, NOTHING)

    async def _document(self, hop: _Hop, reply: aiohttp.ClientResponse) -> Document:
        headers = {name.lower(): value for name, value in reply.headers.items()}
        if reply.status not in _OK:
            raise _refused(hop.host, reply.status, headers, await _beginning(reply))
        moved = str(hop.url) if hop.past and hop.moved else None
        document = Document(url=str(hop.url), status=reply.status, headers=headers, moved_to=moved)
        if reply.status == 304:
            return document
        return replace(document, body=await self._body(hop.host, reply))

    async def _body(self, host: str, reply: aiohttp.ClientResponse) -> bytes:
        if (reply.content_length or 0) > self._limits.size:
            raise _too_large(host, self._limits)
        arrived = 0
        try:
            inflate = Inflate(reply.headers.get("Content-Encoding", ""), self._limits.size)
            async for piece in reply.content.iter_chunked(_CHUNK):
                arrived += len(piece)
                if arrived > self._limits.size:
                    raise _too_large(host, self._limits)
                inflate.add(piece)
            return inflate.whole()
        except TooLargeError:
            raise _too_large(host, self._limits) from None
        except EncodingError as error:
            raise FetchError(f"what {host} sent {error}", status=reply.status) from error


def _first_hop(request: Request) -> _Hop:
    return _Hop(_web_address(request.url), request.method, request.body, request.headers)


@lru_cache(maxsize=4_096)
def _web_address(address: str) -> URL:
    try:
        url = URL(address)
        port = url.port
    except (ValueError, UnicodeError):
        raise FetchError("is not a web address") from None
    if url.scheme not in ("http", "https") or not url.host or not port:
        raise FetchError(f"is not an http or https address ({url.scheme or 'no scheme'})")
    return url


def _next_hop(hop: _Hop, reply: aiohttp.ClientResponse, secrets: Mapping[str, str]) -> _Hop:
    """Return where a redirect leads (RFC 9110, section 15.4), without the credentials the server may repeat."""
    location = reply.headers.get("Location", "")
    if not location:
        raise FetchError(f"{hop.host} redirects to nowhere", status=reply.status)
    try:
        url = _web_address(urljoin(str(hop.url), location))
    except (FetchError, ValueError):
        raise FetchError(f"{hop.host} redirects to what is no web address", status=reply.status) from None
    repeated = [name for name, value in url.query.items() if secrets.get(name) == value]
    cookies = {**hop.cookies, hop.host: {**hop.cookies.get(hop.host, {}), **_set_cookies(reply)}}
    keep = reply.status in _KEEP_METHOD or hop.method in ("GET", "HEAD")
    following = _Hop(
        url.without_query_params(*repeated).with_fragment(None),
        hop.method if keep else "GET",
        hop.body if keep else None,
        hop.headers,
        cookies,
        hop.moved and reply.status in _PERMANENT,
        hop.past | {hop.mark},
    )
    if following.mark in following.past:
        raise FetchError(f"{hop.host} redirects in a circle", status=reply.status)
    return following


def _set_cookies(reply: aiohttp.ClientResponse) -> dict[str, str]:
    return {name: morsel.value for name, morsel in reply.cookies.items()}


async def _beginning(reply: aiohttp.ClientResponse) -> bytes:
    """Return the first bytes of an error's page, as far as they can be read; only to tell who refused."""
    try:
        inflate = Inflate(reply.headers.get("Content-Encoding", ""), _CHUNK)
        inflate.add(await reply.content.read(_CHUNK))
        return inflate.so_far()
    except (aiohttp.ClientError, ValueError, TimeoutError):
        return b""


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


def _too_large(host: str, limits: Limits) -> FetchError:
    return FetchError(f"{host} sends more than {limits.size // (1024 * 1024)} MB", status=200)


def _explained(error: Exception, host: str, limits: Limits) -> FetchError:
    """Say in one line what went wrong on the network; no address, no query, no credential."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, PrivateAddressError):
        return PrivateError(f"{host} leads to a private address")
    for kinds, text, network in (
        (LinkLocalError, f"{host} leads to an address of the link itself, which is never read", False),
        (aiohttp.ClientConnectorDNSError, f"{host} is not known to the name servers", True),
        (aiohttp.ConnectionTimeoutError, f"{host} took no connection within {limits.connect:g} s", True),
        (aiohttp.SocketTimeoutError, f"{host} fell silent for {limits.idle:g} s", True),
        (TimeoutError, f"{host} was not done within {limits.total:g} s", True),
        (aiohttp.ClientSSLError, f"{host} has no valid certificate", False),
        (aiohttp.ClientConnectorError, f"{host} takes no connection", True),
        (aiohttp.InvalidURL, f"{host} is not a web address", False),
        (aiohttp.ClientResponseError, f"{host} answers what is not HTTP", False),
        (aiohttp.ClientPayloadError, f"{host} broke off in the middle of its answer", False),
        (aiohttp.ServerDisconnectedError, f"{host} hung up without an answer", True),
        (OSError, f"{host} broke off the connection", True),
    ):
        if isinstance(cause, kinds) or isinstance(error, kinds):
            return FetchError(text, network=network)
    return FetchError(f"{host} could not be read ({type(error).__name__})")
