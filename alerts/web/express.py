"""The express way in: kept feeds are answered by the HTTP protocol itself, all else takes uvicorn's usual way."""

from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from alerts.errors import UsageError
from alerts.web.front import Front

BODY = frozenset((b"content-length", b"transfer-encoding", b"expect", b"upgrade"))
METHODS = {b"GET": "GET", b"HEAD": "HEAD"}
MOST = 64_000
LINGER = 2.0  # seconds; closing before all was read would take the answer away from who still sends
TOO_LONG = (
    "That is too long to be read: an address may have {most:,} bytes, and so may what a program sends along with it.\n"
    "Follow fewer topics at once, or start again from the first page: /\n"
)
UNREADABLE = "That could not be read as HTTP. If a program sent it, its address should begin with http:// or https://\n"


class TooLongError(UsageError):
    """An address that is longer than anything here."""


class Express(HttpToolsProtocol):
    """Answers GET and HEAD of kept feeds in one write, without a task.

    Only where nothing is before it on its connection: an answer in the making, requests that wait behind it, or what a
    slow reader has not taken yet. Those, requests with a body, and the last one of a connection take the usual way.
    """

    def __init__(self, config: Config, *args: Any, **named: Any) -> None:  # noqa: ANN401  uvicorn's own
        super().__init__(config, *args, **named)
        self._shelf = config.app.shelf if isinstance(config.app, Front) else None
        self._answered = self._in_head = self._begun = self._refused = False
        self._head = 0
        self.access_log = config.access_log  # uvicorn asks its logger for handlers instead; addresses may hold tokens

    def data_received(self, data: bytes) -> None:
        """Take what came; a head that never ends must not grow for ever."""
        if self._refused:
            return
        self._begun = False
        super().data_received(data)
        if self._in_head and not self._begun and not self._refused:
            self._head += len(data)
            if self._head > MOST:
                self.send_400_response("")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = self._begun = True
        self._head = 0

    def on_headers_complete(self) -> None:
        if len(self.url) > MOST:
            raise TooLongError
        self._in_head = False
        self._answered = self._free() and self._answer()
        if not self._answered:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        if not self._answered:
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's words
        """Say in plain words why this is the end of the connection."""
        long = self._in_head and len(self.url) > MOST
        status = "414 URI Too Long" if long else "431 Request Header Fields Too Large" if self._head > MOST else ""
        said = (TOO_LONG.format(most=MOST) if status else UNREADABLE).encode()
        head = (
            f"HTTP/1.1 {status or '400 Bad Request'}\r\ncontent-type: text/plain; charset=utf-8\r\n"
            f"content-length: {len(said)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
        )
        self.transport.writelines((head.encode(), said))
        self.transport.write_eof()
        self._refused = True
        self.loop.call_later(LINGER, self.transport.close)

    def _free(self) -> bool:
        return (self.cycle is None or self.cycle.response_complete) and not self.flow.write_paused

    def _answer(self) -> bool:
        """Write the answer, if it is one that is kept."""
        method = METHODS.get(self.parser.get_method())
        headers = dict(self.headers)
        if self._shelf is None or method is None or not BODY.isdisjoint(headers) or not self._lasts():
            return False
        address = self.url if b"?" in self.url else self.url + b"?"
        kept = self._shelf.at_once(address, self.loop.time())
        if kept is None:
            return False
        self.transport.writelines(kept.answer(method, headers).wire(self.server_state.default_headers))
        self.on_response_complete()
        return True

    def _lasts(self) -> bool:
        return self.parser.get_http_version() == "1.1" and self.parser.should_keep_alive()
