"""Sends mail over an open SMTP connection with pipelining: one round trip a mail (RFC 2920)."""

import asyncio
from typing import cast

from alerts.deliver.carrier import Deadlines, Desk, Mail
from alerts.deliver.envelope import DOT, Envelope, on_the_wire
from alerts.deliver.pipe import OPENED, Pipe
from alerts.deliver.retry import Reply, Stage

TAKEN = 250
EXPECTED = ((Stage.MAIL, (250,)), (Stage.RCPT, (250, 251)), (Stage.DATA, (354,)))


class PipelinedSession:
    """Writes a body, its dot and the next MAIL, RCPT, DATA at once, and checks every reply."""

    def __init__(self, transport: asyncio.BaseTransport, desk: Desk, envelope: Envelope, deadlines: Deadlines) -> None:
        self._pipe = Pipe(cast("asyncio.Transport", transport))
        self._desk = desk
        self._envelope = envelope
        self._deadlines = deadlines
        self._flying: Mail | None = None  # its dot is written, its reply not read
        self._ahead: Mail | None = None  # its MAIL, RCPT and DATA are written
        self._asking = False  # whether its body may leave
        self._halted: asyncio.Future[None] | None = None
        self._cap = 0
        self.carried = 0

    async def run(self, cap: int) -> bool:
        """Send until the desk is empty (false), or the connection ended or carried `cap` mails (true)."""
        self._cap = cap
        try:
            while True:
                if self._ahead:
                    await self._glide()
                if self._flying and not await self._land():
                    return True
                if self._ahead is None and not await self._start():
                    return self.carried >= cap or self._pipe.lost()
                if await self._opened() and not await self._let_go():
                    return True
        finally:
            await self._end()

    # by callbacks, while all replies are as a rule

    async def _glide(self) -> None:
        """Send mail after mail without waking this task, until anything is not as a rule or no mail is ready."""
        self._halted = asyncio.get_running_loop().create_future()
        self._pipe.listen(self._hear)
        self._pipe.expect(self._deadlines.body if self._flying else self._deadlines.command)
        self._hear()
        try:
            await self._halted
        finally:
            self._pipe.listen(None)
            self._pipe.expect(None)

    def _hear(self) -> None:
        if self._asking or self._halted is None or self._halted.done():
            return
        try:
            self._go_on()
        except Exception as error:  # noqa: BLE001  raised where the session is awaited
            self._halted.set_exception(error)

    def _go_on(self) -> None:
        replies, mail = self._pipe.replies, self._flying
        if mail and replies and replies[0][0] == TAKEN:
            self._settle(mail, _read(replies.popleft(), mail))
            mail = None
        if mail is None and self._ahead and self._pipe.opened():
            self._asking = True
            self._pipe.expect(None)
            self._desk.ask(self._ahead, self._answered)
        elif self._pipe.lost() or len(replies) >= len(OPENED) or any(said[0] >= 400 for said in replies):
            self._halt()

    def _answered(self, leaves: bool) -> None:
        self._asking = False
        if self._halted is None or self._halted.done():
            return
        try:
            if not self._leave(leaves=leaves) or self._ahead is None:
                self._halt()
            else:
                self._pipe.expect(self._deadlines.body)
        except Exception as error:  # noqa: BLE001  raised where the session is awaited
            self._halted.set_exception(error)

    def _halt(self) -> None:
        if self._halted and not self._halted.done():
            self._halted.set_result(None)

    # one step at a time

    async def _start(self) -> bool:
        """Take a mail and write its envelope; false if there is none or the connection is done."""
        if self._pipe.lost() or self.carried >= self._cap:
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
        self._settle(mail, reply)
        if reply is not None and reply.code != 421:
            return True
        self._drop_ahead(tried=reply is None)
        return False

    def _settle(self, mail: Mail, reply: Reply | None) -> None:
        self._flying = None
        self._desk.settle(mail, reply, Stage.BODY)
        self.carried += reply is not None

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
        if self._pipe.opened():
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

    async def _let_go(self) -> bool:
        """Send the body once it may leave; false if it must not and the connection ends."""
        mail = self._ahead
        assert mail is not None  # noqa: S101
        return self._leave(leaves=await self._desk.may_leave(mail))

    def _leave(self, *, leaves: bool) -> bool:
        """Send the body with the next envelope behind it; false if it must not leave and the connection ends."""
        mail, self._ahead = self._ahead, None
        assert mail is not None  # noqa: S101
        if not leaves:
            self._pipe.abort()
            return False
        if self._pipe.lost():  # it counts as a try: a mail that ends every connection must not be the next one again
            said = self._pipe.replies.popleft() if self._pipe.replies else None
            self._desk.settle(mail, _read(said, mail), Stage.DATA, fresh=self.carried == 0)
            return False
        self._flying = mail
        self._ahead = self._ready() if self.carried + 1 < self._cap else None
        if self._ahead:
            self._pipe.write(*on_the_wire(mail), self._envelope.commands(self._ahead))
        else:
            self._pipe.write(*on_the_wire(mail))
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
