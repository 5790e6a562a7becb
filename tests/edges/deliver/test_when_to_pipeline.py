"""More than 200 waiting mails go pipelined where the server offers it, fewer or unwished ones one command at a time."""

import asyncio

import pytest

from alerts.deliver.smtp import PIPELINE_FROM
from alerts.pipeline.deliver import deliver_due


class Listener:
    """Takes mail, and notes whether an envelope ever came together with a body."""

    def __init__(self, extensions):
        self.extensions = extensions
        self.together = False
        self.taken = 0

    async def talk(self, reader, writer):
        writer.write(b"220 ready\r\n")
        held = b""
        while data := await reader.read(2**20):
            held += data
            while held:
                rest = await self._one(held, reader, writer)
                self.together |= rest.startswith(b"MAIL") and not held.startswith(b"EHLO")
                held = rest
        writer.close()

    async def _one(self, held, reader, writer):
        line, _, rest = held.partition(b"\r\n")
        verb = line[:4].upper()
        answer = {b"EHLO": b"250-x\r\n" + self.extensions + b"250 HELP\r\n", b"DATA": b"354 go on\r\n"}
        writer.write(answer.get(verb, b"250 2.0.0 ok\r\n"))
        if verb == b"DATA":
            while b"\r\n.\r\n" not in rest:
                rest += await reader.read(2**20)
            rest = rest.partition(b"\r\n.\r\n")[2]
            self.taken += 1
            writer.write(b"250 2.0.0 taken\r\n")
        return rest


@pytest.mark.parametrize(
    ("mails", "options", "extensions", "pipelined"),
    [
        (PIPELINE_FROM + 1, "", b"250-PIPELINING\r\n", True),
        (PIPELINE_FROM, "", b"250-PIPELINING\r\n", False),
        (PIPELINE_FROM + 1, "&pipelining=never", b"250-PIPELINING\r\n", False),
        (PIPELINE_FROM + 1, "", b"", False),
    ],
    ids=["many", "few", "unwished", "not offered"],
)
async def test_mail_is_pipelined_only_where_that_is_asked_for_and_offered(
    sqlite_outbox, mails, options, extensions, pipelined
):
    server = Listener(extensions)
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    outbox = sqlite_outbox.at_smtp(server, f"starttls=never&connections=2{options}")
    outbox.fill(*(f"reader{number}@inbox.example.net" for number in range(mails)))
    report = await deliver_due(outbox.engine, outbox.keyring, outbox.settings, outbox.now)
    listening.close()
    assert report.sent == server.taken == mails
    assert server.together is pipelined
