"""Reads the replies of an SMTP server in order, from a transport that is open already."""

import asyncio
from collections import deque
from collections.abc import Callable

MOST_BYTES = 65_536  # of unread replies
OPENED = (250, 250, 354)  # what MAIL, RCPT and DATA are answered as a rule


class Pipe(asyncio.Protocol):
    """Reads replies in order from a transport whose greeting, TLS and login are over."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._unread = b""
        self._lines: list[bytes] = []
        self._hear: Callable[[], None] | None = None
        self._loop = asyncio.get_running_loop()
        self._deadline: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._lost = transport.is_closing()
        self.replies: deque[tuple[int, bytes]] = deque()
        transport.set_protocol(self)

    def lost(self) -> bool:
        """Tell whether nothing can be sent any more; replies that came before may still be read."""
        return self._lost

    def write(self, *data: bytes) -> None:
        if not self._lost:
            self._transport.writelines(data)

    def listen(self, hear: Callable[[], None] | None) -> None:
        """Call `hear` whenever replies have come, and when the connection is lost."""
        self._hear = hear

    def expect(self, seconds: float | None) -> None:
        """Lose the connection unless something is heard within so many seconds; None: nothing need come."""
        self._deadline = None if seconds is None else self._loop.time() + seconds
        if self._deadline is not None and (self._timer is None or self._timer.when() > self._deadline):
            self._set_timer(self._deadline)

    async def reply(self, seconds: float) -> tuple[int, bytes] | None:
        """Return the next reply; None once the connection is lost or the deadline passed (which ends it)."""
        if not self.replies and not self._lost:
            heard = self._loop.create_future()
            self.listen(lambda: None if heard.done() else heard.set_result(None))
            self.expect(seconds)
            try:
                await heard
            finally:
                self.listen(None)
                self.expect(None)
        return self.replies.popleft() if self.replies else None

    def opened(self) -> bool:
        """Take the replies to MAIL, RCPT and DATA if all are here and as a rule; else take none."""
        replies = self.replies
        if len(replies) < len(OPENED) or (replies[0][0], replies[1][0], replies[2][0]) != OPENED:
            return False
        for _ in OPENED:
            replies.popleft()
        return True

    def _set_timer(self, at: float) -> None:
        """Set the one timer of this connection; deadlines that are kept leave it as it is, which is cheaper."""
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._deadline is None:
            return
        if self._loop.time() >= self._deadline:
            self.abort()
        else:
            self._set_timer(self._deadline)

    def abort(self) -> None:
        """End the connection at once; whoever waits for a reply gets None."""
        self._transport.abort()
        self._end()

    def _end(self) -> None:
        self._lost = True
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._tell()

    async def quit(self, seconds: float) -> None:
        self.write(b"QUIT\r\n")
        await self.reply(seconds)
        self._end()
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            if line[3:4] == b" " and not self._lines and line[:3].isdigit():
                self.replies.append((int(line[:3]), line[4:]))
            else:
                self._line(line)
        if len(self._unread) > MOST_BYTES or len(self.replies) + len(self._lines) > MOST_BYTES // 64:
            self.abort()
        elif self.replies:
            self._tell()

    def _line(self, line: bytes) -> None:
        code = line[:3]
        if not code.isdigit():
            self.abort()
        elif line[3:4] == b"-":
            self._lines.append(line[4:])
        elif self._lines:
            self.replies.append((int(code), b"\n".join((*self._lines, line[4:]))))
            self._lines.clear()
        else:
            self.replies.append((int(code), line[4:]))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        self._end()

    def _tell(self) -> None:
        if self._hear:
            self._hear()
