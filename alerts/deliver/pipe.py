"""Sends mail over an open SMTP connection with pipelining: one round trip a mail (RFC 2920)."""

import asyncio
from collections import deque
from typing import cast

from alerts.deliver.carrier import Deadlines, Desk, Mail
from alerts.deliver.envelope import Envelope
from alerts.deliver.retry import Reply, Stage

MOST_BYTES = 65_536  # of unread replies
DOT = b".\r\n"
AS_A_RULE = (250, 250, 354)
EXPECTED = ((Stage.MAIL, (250,)), (Stage.RCPT, (250, 251)), (Stage.DATA, (354,)))


class Pipe(asyncio.Protocol):
    """Reads replies in order from a transport whose greeting, TLS and login are over."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._unread = bytearray()
        self._lines: list[bytes] = []
        self._replies: deque[tuple[int, bytes]] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0
        self._lost = transport.is_closing()
        transport.set_protocol(self)

    def lost(self) -> bool:
        """Tell whether nothing can be sent any more; replies that came before may still be read."""
        return self._lost

    def write(self, data: bytes) -> None:
        if not self._lost:
            self._transport.write(data)

    async def reply(self, seconds: float) -> tuple[int, bytes] | None:
        """Return the next reply; None once the connection is lost or the deadline passed (which ends it)."""
        if not self._replies and not self._lost:
            await self._wait(seconds)
        return self._replies.popleft() if self._replies else None

    def all_good(self, codes: tuple[int, ...]) -> bool:
        """Take as many replies as there are codes if all are here and just these; else take none."""
        if len(self._replies) < len(codes) or any(said[0] != code for said, code in zip(self._replies, codes)):  # noqa: B905  more may have come
            return False
        for _ in codes:
            self._replies.popleft()
        return True

    async def _wait(self, seconds: float) -> None:
        self._deadline = self._loop.time() + seconds
        if self._timer is None or self._rings_at > self._deadline:
            self._set_timer()
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _set_timer(self) -> None:
        """Set the one timer of this connection; waits that end in time leave it as it is, which is cheaper."""
        if self._timer:
            self._timer.cancel()
        self._rings_at = self._deadline
        self._timer = self._loop.call_at(self._rings_at, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        if self._loop.time() >= self._deadline:
            self.abort()
        else:
            self._set_timer()

    def abort(self) -> None:
        """End the connection at once; whoever waits for a reply gets None."""
        self._end()
        self._transport.abort()

    def _end(self) -> None:
        self._lost = True
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._wake()

    async def quit(self, seconds: float) -> None:
        self.write(b"QUIT\r\n")
        await self.reply(seconds)
        self._end()
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        if self._unread:
            data = bytes(self._unread) + data
        *lines, rest = data.split(b"\n")
        self._unread[:] = rest
        for line in lines:
            self._line(line)
        if len(self._unread) > MOST_BYTES or len(self._replies) + len(self._lines) > MOST_BYTES // 64:
            self.abort()
        elif self._replies:
            self._wake()

    def _line(self, line: bytes) -> None:
        code = line[:3]
        if not code.isdigit():
            self.abort()
        elif line[3:4] == b"-":
            self._lines.append(line[4:])
        elif self._lines:
            self._replies.append((int(code), b"\n".join((*self._lines, line[4:]))))
            self._lines.clear()
        else:
            self._replies.append((int(code), line[4:]))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        self._end()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class PipelinedSession:
    """Writes a body, its dot and the next MAIL, RCPT, DATA at once, and checks every reply."""

    def __init__(self, transport: asyncio.BaseTransport, desk: Desk, envelope: Envelope, deadlines: Deadlines) -> None:
        self._pipe = Pipe(cast("asyncio.Transport", transport))
        self._desk = desk
        self._envelope = envelope
        self._deadlines = deadlines
        self._flying: Mail | None = None  # its dot is written, its reply not read
        self._ahead: Mail | None = None  # its MAIL, RCPT and DATA are written
        self.carried = 0

    async def run(self, cap: int) -> bool:
        """Send until the desk is empty (false), or the connection ended or carried `cap` mails (true)."""
        try:
            while True:
                if self._flying and not await self._land():
                    return True
                if self._ahead is None and not await self._start(cap):
                    return self.carried >= cap or self._pipe.lost()
                if await self._opened() and not await self._let_go(cap):
                    return True
        finally:
            await self._end()

    async def _start(self, cap: int) -> bool:
        """Take a mail and write its envelope; false if there is none or the connection is done."""
        if self._pipe.lost() or self.carried >= cap:
            return False
        mail = await self._desk.take()
        while mail and not self._envelope.fits(mail, self._desk):
            mail = await self._desk.take()
        if mail and self._pipe.lost():
            self._desk.put_back(mail)
            return False
        self._ahead = mail
        if mail:
            self._pipe.write(self._envelope.commands(mail))
        return mail is not None

    async def _land(self) -> bool:
        """Read the reply to the body in flight; false if it ends the connection."""
        mail = self._flying
        assert mail is not None  # noqa: S101  the caller looked
        reply = _read(await self._pipe.reply(self._deadlines.body), mail)
        self._flying = None
        self._desk.settle(mail, reply, Stage.BODY)
        self.carried += reply is not None
        if reply is not None and reply.code != 421:
            return True
        self._drop_ahead(tried=reply is None)
        return False

    def _drop_ahead(self, *, tried: bool) -> None:
        if self._ahead is None:
            return
        if tried:
            self._desk.settle(self._ahead, None, Stage.RCPT)
        else:
            self._desk.put_back(self._ahead)
        self._ahead = None

    async def _opened(self) -> bool:
        """Read the replies to MAIL, RCPT and DATA; true if the body may follow. A refusal is told and cleared away."""
        mail = self._ahead
        assert mail is not None  # noqa: S101
        if self._pipe.all_good(AS_A_RULE):
            return True
        for missing, (stage, good) in zip((2, 1, 0), EXPECTED, strict=True):
            said = await self._pipe.reply(self._deadlines.command)
            if said is None or said[0] not in good:
                self._ahead = None
                self._desk.settle(mail, _read(said, mail), stage, fresh=self.carried == 0)
                await self._clear(said[0] if said else None, missing)
                return False
        return True

    async def _clear(self, code: int | None, missing: int) -> None:
        """Read what is still to come for a refused envelope; a 354 is answered by a lone dot (RFC 2920 3.1)."""
        for _ in range(missing if code != 421 else 0):
            said = await self._pipe.reply(self._deadlines.command)
            code = said[0] if said else None
        if code is None or code == 421:
            self._pipe.abort()
            return
        self._pipe.write(DOT if code == 354 else b"RSET\r\n")
        if await self._pipe.reply(self._deadlines.command) is None:
            self._pipe.abort()

    async def _let_go(self, cap: int) -> bool:
        """Send the body, with the next envelope behind it; false if it must not leave and the connection ends."""
        mail = self._ahead
        assert mail is not None  # noqa: S101
        self._ahead = None
        if not await self._desk.may_leave(mail):
            self._pipe.abort()
            return False
        self._flying = mail
        self._ahead = self._ready() if self.carried + 1 < cap else None
        following = self._envelope.commands(self._ahead) if self._ahead else b""
        self._pipe.write(on_the_wire(mail) + following)
        return True

    def _ready(self) -> Mail | None:
        mail = self._desk.take_now()
        return mail if mail and self._envelope.fits(mail, self._desk) else None

    async def _end(self) -> None:
        """Tell what is still open when the connection ends, whatever ended it."""
        if self._flying:
            self._desk.settle(self._flying, None, Stage.BODY)
            self._drop_ahead(tried=True)
        if self._ahead:
            self._desk.put_back(self._ahead)
        if not self._pipe.lost():
            await self._pipe.quit(self._deadlines.quit)


def _read(said: tuple[int, bytes] | None, mail: Mail) -> Reply | None:
    return Reply.of(said[0], said[1].decode("utf-8", "replace"), address=mail.recipient) if said else None


def on_the_wire(mail: Mail) -> bytes:
    """Return a mail's bytes as DATA takes them: dots doubled at line starts, the lone dot behind (RFC 5321 4.5.2)."""
    message = mail.message
    if mail.wire:
        return message
    message = (b"." if message.startswith(b".") else b"") + message.replace(b"\r\n.", b"\r\n..")
    return message + (DOT if message.endswith(b"\r\n") else b"\r\n" + DOT)
