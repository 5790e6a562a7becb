"""Writes a mail as SMTP takes it, envelope and body, and knows which addresses a server can take."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from alerts.deliver.carrier import Desk, Mail
from alerts.deliver.retry import Reply, Stage

DOT = b".\r\n"
_UNFIT = re.compile(r"[\x00-\x20\x7f<>]")


@dataclass(frozen=True, slots=True)
class Envelope:
    """How envelopes are written on one connection; `smtputf8`: the server offers RFC 6531."""

    smtputf8: bool = False

    def options(self, mail: Mail) -> tuple[str, ...]:
        """Return the options of MAIL: SMTPUTF8 (RFC 6531) only where this mail needs it."""
        return () if mail.recipient.isascii() and mail.sender.isascii() else ("SMTPUTF8", "BODY=8BITMIME")

    def fits(self, mail: Mail, desk: Desk) -> bool:
        """Tell whether the recipient can be reached over this connection; if not, it is settled as refused."""
        if _UNFIT.search(mail.recipient):
            desk.settle(mail, Reply(553, "5.1.3", "5.1.3 the address is malformed"), Stage.RCPT)
            return False
        if self.options(mail) and not self.smtputf8:
            desk.settle(mail, Reply(553, "5.6.7", "5.6.7 the server does not offer SMTPUTF8"), Stage.RCPT)
            return False
        return True

    def commands(self, mail: Mail) -> bytes:
        """Return the three commands that go out at once."""
        mail_from = " ".join((f"MAIL FROM:<{mail.sender}>", *self.options(mail)))
        return f"{mail_from}\r\nRCPT TO:<{mail.recipient}>\r\nDATA\r\n".encode()


def on_the_wire(mail: Mail) -> Sequence[bytes]:
    """Return a mail's bytes as DATA takes them: dots doubled at line starts, the lone dot behind (RFC 5321 4.5.2)."""
    if mail.wire:
        return mail.message
    message = b"".join(mail.message)
    message = (b"." if message.startswith(b".") else b"") + message.replace(b"\r\n.", b"\r\n..")
    return message, DOT if message.endswith(b"\r\n") else b"\r\n" + DOT
