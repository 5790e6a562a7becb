"""Opens connections to the mail server and keeps them at work (RFC 5321, 3207, 4954, 2920, 6531)."""

import asyncio
import os
import re
import ssl
from dataclasses import dataclass, field
from typing import cast

import aiosmtplib
from aiosmtplib.protocol import SMTPProtocol

from alerts.deliver.carrier import Deadlines, Desk, Mail
from alerts.deliver.envelope import Envelope, on_the_wire
from alerts.deliver.pipelined import PipelinedSession
from alerts.deliver.retry import Reply, Stage
from alerts.errors import AlertsError
from alerts.settings import SmtpServer

PIPELINE_FROM = 200  # fewer waiting mails go one command at a time
MAILS_A_CONNECTION = 500
MAILS_FOR_ONE_MORE = 10  # as many waiting mails are worth one more connection
_SYSTEM_ERROR = re.compile(r"\[Errno (\d+)\]")
MOST_FRUITLESS = 3  # connections in a row that ended before they carried anything


class ConnectError(AlertsError):
    """No connection could be opened; `reply` is what the server said, or code 0 and what went wrong."""

    def __init__(self, reply: Reply, stage: Stage) -> None:
        super().__init__(f"{stage}: {reply}")
        self.reply = reply
        self.stage = stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long to wait, how many mails a connection carries, and from how many waiting mails on to pipeline."""

    deadlines: Deadlines = field(default_factory=Deadlines)
    cap: int = MAILS_A_CONNECTION
    pipeline_from: int = PIPELINE_FROM


class SmtpCarrier:
    """Carries mail over up to `server.connections` connections.

    TLS is required and verified unless the server's URL says otherwise (`starttls=auto` takes it where offered and
    does not verify it, `never` goes without).
    """

    wire = True

    def __init__(
        self,
        server: SmtpServer,
        *,
        hello: str,
        limits: Limits | None = None,
        trusted: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._hello = hello
        self._limits = limits or Limits()
        self._deadlines = self._limits.deadlines
        self._trusted = trusted
        self._fruitless = 0

    async def carry(self, desk: Desk, *, waiting: int) -> None:
        """Send until the desk is empty. The first connection must open; where a further one is refused, fewer work."""
        try:
            first = await self.open()
        except ConnectError as refused:
            desk.refused(refused.reply, refused.stage)
            return
        pipelined = waiting > self._limits.pipeline_from
        more = min(self._server.connections, -(-waiting // MAILS_FOR_ONE_MORE)) - 1
        async with asyncio.TaskGroup() as group:
            group.create_task(self._work(desk, first, pipelined=pipelined))
            for _ in range(more):
                group.create_task(self._join(desk, pipelined=pipelined))

    async def _join(self, desk: Desk, *, pipelined: bool) -> None:
        try:
            client = await self.open()
        except ConnectError:
            return
        await self._work(desk, client, pipelined=pipelined)

    async def _work(self, desk: Desk, client: aiosmtplib.SMTP, *, pipelined: bool) -> None:
        while await self._session(desk, client, pipelined=pipelined):
            if self._fruitless >= MOST_FRUITLESS:
                desk.refused(Reply(0, text="the server ends every connection before it takes a mail"), Stage.MAIL)
                return
            try:
                client = await self.open()
            except ConnectError as refused:
                desk.refused(refused.reply, refused.stage)
                return

    async def _session(self, desk: Desk, client: aiosmtplib.SMTP, *, pipelined: bool) -> bool:
        """Use up one connection; true if there may be more to send."""
        envelope = Envelope(smtputf8=client.supports_extension("smtputf8"))
        session: PipelinedSession | PlainSession
        if pipelined and self._server.pipelining == "auto" and client.supports_extension("pipelining"):
            session = PipelinedSession(cast("asyncio.Transport", client.transport), desk, envelope, self._deadlines)
        else:
            session = PlainSession(client, desk, envelope, self._deadlines)
        more = await session.run(self._limits.cap)
        self._fruitless = 0 if session.carried else self._fruitless + 1
        return more

    async def open(self) -> aiosmtplib.SMTP:
        """Connect, greet, start TLS and log in as the settings say; ConnectError tells at which step it failed."""
        steps = _Opening(self._server, self._hello, self._deadlines, self._trusted)
        try:
            async with asyncio.timeout(self._deadlines.connect):
                return await steps.run()
        except aiosmtplib.SMTPResponseException as refused:
            raise ConnectError(Reply.of(refused.code, refused.message), steps.stage) from refused
        except (aiosmtplib.SMTPException, OSError, ValueError) as trouble:
            if steps.stage is Stage.BANNER and (why := _unreachable(trouble)):
                where = f"{self._server.host}:{self._server.port}"
                raise ConnectError(Reply(0, text=f"{where} cannot be reached ({why})"), Stage.CONNECT) from trouble
            said = str(trouble) or "it did not answer in time"
            raise ConnectError(Reply(0, text=said), steps.stage) from trouble
        finally:
            if not steps.done:
                steps.client.close()


def _unreachable(trouble: Exception) -> str:
    """Return why no server was there, empty where one was: it ended the connection or failed the TLS handshake."""
    if isinstance(trouble, TimeoutError):
        return "it did not answer in time"
    cause = trouble.__cause__
    if not isinstance(cause, OSError) or isinstance(cause, ssl.SSLError | aiosmtplib.SMTPException):
        return ""
    if found := _SYSTEM_ERROR.search(str(cause)):
        return os.strerror(int(found[1])).lower()
    return (cause.strerror or str(cause)).lower()


class _Opening:
    """The steps from a name to a connection that takes mail; `stage` is the one it is at."""

    def __init__(self, server: SmtpServer, hello: str, deadlines: Deadlines, trusted: ssl.SSLContext | None) -> None:
        self._server = server
        self.stage = Stage.BANNER
        self.done = False
        self.client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname=hello,
            timeout=deadlines.connect,
            use_tls=server.tls,
            start_tls=False,
            tls_context=trusted,
            validate_certs=server.starttls != "auto" if trusted is None else True,
        )

    async def run(self) -> aiosmtplib.SMTP:
        await self.client.connect()
        self.stage = Stage.HELLO
        await self._greet()
        if not self._server.tls and self._wants_tls():
            self.stage = Stage.STARTTLS
            await self.client.starttls()
            await self._greet()
        if self._server.user:
            self.stage = Stage.AUTH
            await self._log_in()
        self.done = True
        return self.client

    async def _log_in(self) -> None:
        """Log in by the first method that both know; a wrong password is not tried again by the others."""
        methods = {
            "plain": self.client.auth_plain,
            "login": self.client.auth_login,
            "cram-md5": self.client.auth_crammd5,
        }
        offered = [methods[name] for name in methods if name in self.client.supported_auth_methods]
        if not offered:
            raise aiosmtplib.SMTPException("the server offers no login that we know")
        await offered[0](self._server.user, self._server.password)

    def _wants_tls(self) -> bool:
        if self._server.starttls == "auto":
            return self.client.supports_extension("starttls")
        return self._server.starttls == "require"

    async def _greet(self) -> None:
        try:
            await self.client.ehlo()
        except aiosmtplib.SMTPHeloError:
            if not self.client.is_connected:
                raise
            await self.client.helo()


class PlainSession:
    """Sends mail one command at a time over an aiosmtplib client."""

    def __init__(self, client: aiosmtplib.SMTP, desk: Desk, envelope: Envelope, deadlines: Deadlines) -> None:
        self._client = client
        self._desk = desk
        self._envelope = envelope
        self._deadlines = deadlines
        self._stage = Stage.MAIL
        self.carried = 0

    async def run(self, cap: int) -> bool:
        """Send until the desk is empty (false), or the connection ended or carried `cap` mails (true)."""
        try:
            while self.carried < cap:
                mail = await self._desk.take()
                if mail is None:
                    return False
                if not self._client.is_connected:
                    self._desk.put_back(mail)
                    return True
                if self._envelope.fits(mail, self._desk):
                    await self._send(mail)
            return True
        finally:
            await self._quit()

    async def _send(self, mail: Mail) -> None:
        self._stage = Stage.MAIL
        try:
            reply = await self._exchange(mail)
        except aiosmtplib.SMTPResponseException as refused:
            await self._refused(mail, refused)
        except (aiosmtplib.SMTPException, OSError):
            self._settle(mail, None)
            self._client.close()
        else:
            if reply is not None:
                self._settle(mail, reply)

    async def _exchange(self, mail: Mail) -> Reply | None:
        """Return the reply to the body; None if the desk held it back."""
        options = self._envelope.options(mail)
        encoding = "utf-8" if options else "ascii"
        patience = self._deadlines.command
        await self._client.mail(mail.sender, options=options, encoding=encoding, timeout=patience)
        self._stage = Stage.RCPT
        await self._client.rcpt(mail.recipient, encoding=encoding, timeout=patience)
        if not await self._desk.may_leave(mail):
            await self._client.rset(timeout=patience)
            return None
        self._stage = Stage.DATA
        said = await self._client.execute_command(b"DATA", timeout=patience)
        if said.code != 354:
            raise aiosmtplib.SMTPDataError(said.code, said.message)
        self._stage = Stage.BODY
        return await self._body(mail)

    async def _body(self, mail: Mail) -> Reply:
        """Send the body and wait for its reply; not by `client.data`, which does not tell DATA from the dot."""
        protocol = cast("SMTPProtocol", self._client.protocol)
        protocol.write(b"".join(on_the_wire(mail)))
        said = await protocol.read_response(timeout=self._deadlines.body)
        return Reply.of(said.code, said.message, address=mail.recipient)

    async def _refused(self, mail: Mail, refused: aiosmtplib.SMTPResponseException) -> None:
        if refused.code < 200:  # not SMTP: aiosmtplib's word for a reply that cannot be read
            self._settle(mail, None)
            self._client.close()
            return
        self._settle(mail, Reply.of(refused.code, refused.message, address=mail.recipient))
        if refused.code != 421 and self._client.is_connected and self._stage is not Stage.BODY:
            await self._reset()

    async def _reset(self) -> None:
        try:
            await self._client.rset(timeout=self._deadlines.command)
        except (aiosmtplib.SMTPException, OSError):
            self._client.close()

    def _settle(self, mail: Mail, reply: Reply | None) -> None:
        self._desk.settle(mail, reply, self._stage, fresh=self.carried == 0)
        self.carried += reply is not None and self._stage is Stage.BODY
        if reply is not None and reply.code == 421:
            self._client.close()

    async def _quit(self) -> None:
        if not self._client.is_connected:
            return
        try:
            await self._client.quit(timeout=self._deadlines.quit)
        except (aiosmtplib.SMTPException, OSError):
            self._client.close()
