"""A server that ends the connection when it has asked for the body: that mail is judged, the others are sent."""

import asyncio

import pytest

from alerts.deliver.smtp import Limits, SmtpCarrier
from alerts.pipeline.deliver import deliver_due

POISON = "poison@inbox.example.net"


class Aborting:
    """Takes all mail but one; for that it asks for the body, says `last`, and hangs up without reading."""

    def __init__(self, last):
        self.last = last
        self.taken = []

    async def talk(self, reader, writer):
        recipient = ""
        writer.write(b"220 ready\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            recipient = line.decode()[9:].split(">")[0] if verb == b"RCPT" else recipient
            if verb == b"DATA" and recipient == POISON:
                writer.write(b"354 go on\r\n" + self.last)
                break
            writer.write(
                {b"EHLO": b"250-x\r\n250 PIPELINING\r\n", b"DATA": b"354 go on\r\n"}.get(verb, b"250 2.0.0 ok\r\n")
            )
            if verb == b"DATA":
                await reader.readuntil(b"\r\n.\r\n")
                self.taken.append(recipient)
                writer.write(b"250 2.0.0 taken\r\n")
            if verb == b"QUIT":
                break
        writer.close()


@pytest.mark.parametrize(
    ("last", "states"), [(b"550 5.6.0 no\r\n", {"bounced"}), (b"", {"deferred", "uncertain"})], ids=["550", "nothing"]
)
@pytest.mark.parametrize("slow", [False, True], ids=["quick commit", "slow commit"])
async def test_a_mail_that_ends_its_connection_does_not_stop_the_others(sqlite_outbox, last, states, slow, monkeypatch):
    if slow:  # the connection is gone before the permission comes
        loop = asyncio.get_running_loop()
        soon = loop.call_soon
        monkeypatch.setattr(loop, "call_soon", lambda work, *rest, **more: _later(loop, soon, work, rest, more))
    server = Aborting(last)
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0, limit=2**20)
    server.port = listening.sockets[0].getsockname()[1]
    outbox = sqlite_outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.fill(POISON, *(f"reader{number}@inbox.example.net" for number in range(10)))
    carrier = SmtpCarrier(outbox.settings.smtp, hello="alerts.example.org", limits=Limits(pipeline_from=0))
    report = await deliver_due(outbox.engine, outbox.keyring, outbox.settings, outbox.now, carrier=carrier)
    listening.close()
    assert report.sent == len(set(server.taken)) == 10
    (state, attempts) = outbox.rows("state, attempts")[0]
    assert state in states
    assert attempts == 1


def _later(loop, soon, work, rest, more):
    if getattr(work, "__name__", "") == "_write_soon":
        return loop.call_later(0.1, work, *rest)
    return soon(work, *rest, **more)
