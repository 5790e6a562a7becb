"""Exchanges over HTTP by libcurl: a request goes out; a status, headers and a body come back, piece by piece."""

import ssl
from collections.abc import Callable, Mapping
from enum import Enum, auto
from math import ceil
from socket import socket
from typing import Any, NamedTuple

import pycurl

from alerts.ingest import head
from alerts.ingest.address import Peer
from alerts.ingest.head import Head
from alerts.model import NOTHING

KEPT = 128  # connections that stay open for the next request


class Order(NamedTuple):
    """What one request says, and in how many seconds all must be over."""

    url: str
    headers: Mapping[str, str]
    seconds: float
    method: str = "GET"
    body: bytes | None = None
    cookies: Mapping[str, str] = NOTHING


class Trouble(Enum):
    """What kept an exchange from its end."""

    UNKNOWN_HOST = auto()
    NO_CONNECTION = auto()
    CONNECTING_TOO_LONG = auto()
    SILENT = auto()
    TOO_LONG = auto()
    CERTIFICATE = auto()
    NO_ADDRESS = auto()
    NOT_HTTP = auto()
    NO_ANSWER = auto()
    BROKEN_ANSWER = auto()
    BROKEN_CONNECTION = auto()
    OTHER = auto()


class TransferError(Exception):
    """An exchange broke off; `head` is how the answer began, if that came whole, `code` what libcurl calls it."""

    def __init__(self, trouble: Trouble, code: int, head: Head | None) -> None:
        super().__init__(f"{trouble.name} ({code})")
        self.trouble = trouble
        self.code = code
        self.head = head


class EnoughError(Exception):
    """Whoever takes the body wants no more of it: the exchange ends well."""


Take = Callable[[Head, bytes], None]  # what it raises ends the exchange
Opens = Callable[[Peer], socket]


class Transfers:
    """Carries out requests over connections that it keeps; `opens` makes their sockets or raises OSError."""

    def __init__(self, opens: Opens, agent: str, connect: float, idle: int) -> None:
        self._opens = opens
        self._options: dict[int, Any] = {
            **_OPTIONS,
            **_authorities(),
            pycurl.USERAGENT: agent,
            pycurl.CONNECTTIMEOUT_MS: round(connect * 1_000),
            pycurl.LOW_SPEED_TIME: idle,
        }
        self._multi = pycurl.AsyncCurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, KEPT)
        self._free: list[_Handle] = []

    async def carry(self, order: Order, take: Take) -> Head:
        """Give the answer's body to `take` and return how the answer began.

        Raises TransferError, what `take` raised, and what `opens` raised where nothing else was to connect to.
        """
        handle = self._free.pop() if self._free else _Handle(self._options, self._opens)
        handle.set(order, take)
        code = pycurl.E_OK
        try:
            await self._multi.add_handle(handle.curl)
        except pycurl.error as error:
            code = int(error.args[0])
        self._free.append(handle)
        return handle.ended(code, order)

    async def close(self) -> None:
        await self._multi.aclose()
        for handle in self._free:
            handle.curl.close()


class _Handle:
    """One exchange at a time, with what came of it; nothing that is called back may raise."""

    __slots__ = ("_fault", "_head", "_lines", "_opens", "_options", "_plain", "_refusal", "_take", "curl")

    def __init__(self, options: Mapping[int, Any], opens: Opens) -> None:
        self.curl = pycurl.Curl()
        self._options = options
        self._opens = opens
        self._lines: list[bytes] = []
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.curl.reset()
        for option, value in self._options.items():
            self.curl.setopt(option, value)
        self.curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open)
        self.curl.setopt(pycurl.HEADERFUNCTION, self._lines.append)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._write)
        self._plain = True

    def set(self, order: Order, take: Take) -> None:
        """Prepare for a request; what only some requests have is undone before the next."""
        if not self._plain:
            self._begin_anew()
        self._lines.clear()
        self._take = take
        self._head: Head | None = None
        self._fault: Exception | None = None
        self._refusal: OSError | None = None
        self.curl.setopt(pycurl.URL, order.url)
        self.curl.setopt(pycurl.HTTPHEADER, [_line(*header) for header in order.headers.items()])
        self.curl.setopt(pycurl.TIMEOUT_MS, max(ceil(order.seconds * 1_000), 1))
        if order.method != "GET" or order.cookies:
            self._set_more(order)

    def _set_more(self, order: Order) -> None:
        self._plain = False
        if order.cookies:
            self.curl.setopt(pycurl.COOKIE, "; ".join(f"{name}={value}" for name, value in order.cookies.items()))
        if order.body is not None:
            self.curl.setopt(pycurl.POSTFIELDS, order.body)
        if order.method != "GET":
            self.curl.setopt(pycurl.CUSTOMREQUEST, order.method)

    def _open(self, _: int, peer: Peer) -> int:
        try:
            return self._opens(peer).detach()
        except OSError as refusal:
            self._refusal = refusal
            return pycurl.SOCKET_BAD

    def _write(self, piece: bytes) -> int:
        try:
            self._head = self._head or head.read(self._lines)
            if self._head:
                self._take(self._head, piece)
        except Exception as fault:  # noqa: BLE001  whoever waits for the exchange raises it
            self._fault = fault
            return 0
        return len(piece)

    def ended(self, code: int, order: Order) -> Head:
        """Return how the answer began, or raise what kept the exchange from its end."""
        if code == pycurl.E_COULDNT_CONNECT and self._refusal:
            raise self._refusal
        if code == pycurl.E_WRITE_ERROR and self._fault and not isinstance(self._fault, EnoughError):
            raise self._fault
        began = self._head or head.read(self._lines)
        if began is None or code not in (pycurl.E_OK, pycurl.E_WRITE_ERROR):
            raise TransferError(self._trouble(code, order), code, began)
        return began

    def _trouble(self, code: int, order: Order) -> Trouble:
        if code == pycurl.E_OPERATION_TIMEDOUT:
            if self.curl.getinfo(pycurl.TOTAL_TIME) >= order.seconds:
                return Trouble.TOO_LONG
            return Trouble.SILENT if self.curl.getinfo(pycurl.REQUEST_SIZE) else Trouble.CONNECTING_TOO_LONG
        if code in (pycurl.E_OK, pycurl.E_RECV_ERROR) and self._lines:
            return Trouble.BROKEN_ANSWER
        return _TROUBLES.get(code, Trouble.OTHER)


def _line(name: str, value: str) -> bytes:
    if "\n" in value or "\r" in value:
        raise ValueError(f"the header {name} is of several lines")
    return f"{name}: {value}".encode()


def _authorities() -> dict[int, Any]:
    """Return whom this machine trusts (or SSL_CERT_FILE, SSL_CERT_DIR), whatever the makers of libcurl built in.

    A folder beside the usual file is asked for only where it is unusual itself: libcurl keeps no store of both.
    """
    found = ssl.get_default_verify_paths()
    if not found.cafile and not found.capath:
        return {}
    unusual = not found.cafile or found.capath != found.openssl_capath
    return {pycurl.CAINFO: found.cafile, pycurl.CAPATH: found.capath if unusual else None}


_OPTIONS: dict[int, Any] = {
    pycurl.NOSIGNAL: 1,
    pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_1_1,  # one request at a time goes to a host: 2 would gain nothing
    pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
    pycurl.PROXY: "",  # nor one of the environment
    pycurl.PATH_AS_IS: 1,
    pycurl.ACCEPT_ENCODING: "gzip, deflate",
    pycurl.HTTP_CONTENT_DECODING: 0,  # asked for, yet unpacked by us, up to a cap
    pycurl.LOW_SPEED_LIMIT: 1,
}
_TROUBLES = {
    pycurl.E_COULDNT_RESOLVE_HOST: Trouble.UNKNOWN_HOST,
    pycurl.E_COULDNT_CONNECT: Trouble.NO_CONNECTION,
    pycurl.E_PEER_FAILED_VERIFICATION: Trouble.CERTIFICATE,
    pycurl.E_SSL_CONNECT_ERROR: Trouble.CERTIFICATE,
    pycurl.E_SSL_CACERT_BADFILE: Trouble.CERTIFICATE,
    pycurl.E_URL_MALFORMAT: Trouble.NO_ADDRESS,
    pycurl.E_UNSUPPORTED_PROTOCOL: Trouble.NOT_HTTP,
    pycurl.E_FTP_WEIRD_SERVER_REPLY: Trouble.NOT_HTTP,
    pycurl.E_BAD_CONTENT_ENCODING: Trouble.NOT_HTTP,
    100: Trouble.NOT_HTTP,  # CURLE_TOO_LARGE: headers without end
    pycurl.E_GOT_NOTHING: Trouble.NO_ANSWER,
    pycurl.E_PARTIAL_FILE: Trouble.BROKEN_ANSWER,
    pycurl.E_RECV_ERROR: Trouble.BROKEN_CONNECTION,
    pycurl.E_SEND_ERROR: Trouble.BROKEN_CONNECTION,
}
