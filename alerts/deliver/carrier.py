"""What those who carry mail (SMTP, a Maildir) and the one who hands it out say to each other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from alerts.deliver.retry import Reply, Stage


class Mail(NamedTuple):
    """One mail to one recipient. `message` are its bytes in CRLF, the same at every attempt, in pieces.

    Most pieces are shared with the other mails of the edition: they go out without ever being copied together.
    `wire`: they are as DATA takes them, dots doubled at line starts and the lone dot behind (RFC 5321 4.5.2).
    """

    id: int
    message_id: str
    sender: str
    recipient: str
    message: Sequence[bytes]
    wire: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """The longest waits, in seconds; what RFC 5321 4.5.3.2 asks for, but shorter for opening a connection."""

    connect: float = 60.0
    command: float = 300.0
    body: float = 600.0
    quit: float = 5.0


class Desk(Protocol):
    """Hands out mail and takes what became of it; used by any number of connections at once."""

    async def take(self) -> Mail | None:
        """Return the next mail, waiting for one to be claimed; None: there is none, or sending stops."""

    def take_now(self) -> Mail | None:
        """Return the next mail only if one lies ready."""

    def ask(self, mail: Mail, answer: Callable[[bool], None]) -> None:
        """Commit that this body leaves, and all outcomes told so far; then answer. False: it must not leave."""

    async def may_leave(self, mail: Mail) -> bool:
        """Ask, and wait for the answer."""

    def settle(self, mail: Mail, reply: Reply | None, stage: Stage, *, fresh: bool = True) -> None:
        """Tell the reply to a mail; None: the connection was lost or a deadline passed."""

    def put_back(self, mail: Mail) -> None:
        """Give back a mail for which nothing was tried."""

    def refused(self, reply: Reply, stage: Stage) -> None:
        """Tell that no connection could be opened: sending stops."""


class Carrier(Protocol):
    """Carries mail until the desk has none left. `wire`: it wants messages as DATA takes them."""

    wire: bool

    async def carry(self, desk: Desk, *, waiting: int) -> None:
        """Take mail and tell what became of it; `waiting` is about how many there are."""
