"""Decides what a server's reply, or its silence, means for one delivery (law 7)."""

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Self

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=4)
REFUSED_WAIT = timedelta(minutes=15)
MOST_DOUBTS = 5
POLICY_TRIES, POLICY_DOMAINS = 50, 3
REPLY_LENGTH = 200
HARD = frozenset({"5.1.1", "5.1.2", "5.1.10", "5.2.1"})

_ADDRESS = re.compile(r"<?[^\s<>,;:()\"]+@[^\s<>,;:()\"]+>?")
_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")


class Stage(StrEnum):
    """What the server was answering: the verbs of RFC 5321.

    `connect`: no server was there; `body` is everything after the final dot.
    """

    CONNECT = "connect"
    BANNER = "banner"
    HELLO = "hello"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"


OURS = frozenset({Stage.CONNECT, Stage.BANNER, Stage.HELLO, Stage.STARTTLS, Stage.AUTH, Stage.MAIL})


@dataclass(frozen=True, slots=True)
class Reply:
    """One SMTP reply; `text` holds no address. `enhanced` (RFC 3463) is empty where the server gave none.

    Code 0 is no reply at all: `text` says why the connection could not be opened.
    """

    code: int
    enhanced: str = ""
    text: str = ""

    @classmethod
    def of(cls, code: int, text: str, *, address: str = "") -> Self:
        """Read a reply's text; the enhanced code counts only where its class agrees with the code's."""
        found = _ENHANCED.match(text)
        enhanced = found[1] if found and found[1][0] == str(code)[0] else ""
        return cls(code, enhanced, without_addresses(text, address))

    @property
    def key(self) -> str:
        """Return the codes alone, as reports count them."""
        return f"{self.code} {self.enhanced}".strip()

    def __str__(self) -> str:
        return f"{self.code or ''} {self.text}".strip()


def without_addresses(text: str, address: str = "") -> str:
    """Return a reply's text on one line, short, and without any address (law 10)."""
    text = " ".join(text.split())
    if "@" not in text:
        return text[:REPLY_LENGTH]
    if address:
        text = text.replace(f"<{address}>", address).replace(address, "<address>")
    return _ADDRESS.sub("<address>", text)[:REPLY_LENGTH]


@dataclass(frozen=True, slots=True)
class Sent:
    """The server said 250 after the final dot."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Bounced:
    """Refused for good. `suppress`: the address itself is dead, nothing may be sent to it again."""

    reply: Reply
    suppress: bool


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Refused for now. `slow`: its domain asks for a slower pace; `policy`: it refuses us, not the reader (5.7.x)."""

    at: datetime
    reply: Reply | None
    slow: bool = False
    policy: bool = False


@dataclass(frozen=True, slots=True)
class Expired:
    """Refused for now until the deadline came."""

    reply: Reply | None


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The body left and no reply came. `again`: it is sent once more, at the end of the queue and not before `at`."""

    at: datetime
    again: bool


@dataclass(frozen=True, slots=True)
class GoBack:
    """Nothing was tried: the delivery goes back as it was."""


@dataclass(frozen=True, slots=True)
class StopSending:
    """The server refuses us before it knows the recipient: the rows stay queued, the run ends."""

    why: str
    until: datetime


Decision = Sent | Bounced | TryAgain | Expired | Uncertain | GoBack | StopSending


class Try(NamedTuple):
    """One try of a delivery: how many came before, how many of these left a doubt, its deadline, and this moment.

    `jitter` is in [0, 1). `fresh` is false once the connection has carried a mail: a 421 then ends the connection,
    not the run.
    """

    attempts: int
    doubts: int
    deadline: datetime
    now: datetime
    jitter: float
    fresh: bool = True


def decide(reply: Reply | None, stage: Stage, this: Try) -> Decision:
    """Return what becomes of a delivery; `reply` is None where the connection was lost or a deadline passed."""
    if stage in OURS:
        return _ours(reply, stage, this)
    if reply is None:
        return _doubtful(this) if stage is Stage.BODY else _later(None, this)
    if taken(reply, stage):
        return Sent(reply)
    if 500 <= reply.code < 600:
        return _refused(reply, stage, this)
    return _later(reply, this, slow=_asks_for_patience(reply))


def taken(reply: Reply, stage: Stage) -> bool:
    """Tell whether the server has taken a mail: it answered 2xx after the final dot."""
    return stage is Stage.BODY and 200 <= reply.code < 300


def _doubtful(this: Try) -> Uncertain:
    return Uncertain(this.now + wait(this.doubts, this.jitter), again=this.doubts + 1 < MOST_DOUBTS)


def _refused(reply: Reply, stage: Stage, this: Try) -> Decision:
    if reply.enhanced.startswith("5.7."):
        return _later(reply, this, slow=True, policy=True)
    return Bounced(reply, suppress=stage is Stage.RCPT and reply.enhanced in HARD)


def _ours(reply: Reply | None, stage: Stage, this: Try) -> Decision:
    if reply is None and stage is Stage.MAIL:
        return _later(None, this)
    if reply is not None and reply.code == 421 and stage is Stage.MAIL and not this.fresh:
        return GoBack()
    permanent = reply is not None and reply.code >= 500
    said = (
        f"the mail server {reply or 'cannot be reached'}"
        if stage is Stage.CONNECT
        else f"the mail server refused us at {stage}: {reply or 'no answer'}"
    )
    return StopSending(said, this.now + (REFUSED_WAIT if permanent else FIRST_WAIT))


def _later(reply: Reply | None, this: Try, *, slow: bool = False, policy: bool = False) -> TryAgain | Expired:
    if this.now >= this.deadline:
        return Expired(reply)
    at = min(this.now + wait(this.attempts, this.jitter), this.deadline)
    return TryAgain(at, reply, slow=slow, policy=policy)


def wait(attempts: int, jitter: float) -> timedelta:
    """Return the time until the next try after `attempts` earlier ones: doubled each time, give or take a quarter."""
    doubled: int = 2 ** min(attempts, 16)
    return min(FIRST_WAIT * doubled, LONGEST_WAIT) * (0.75 + jitter / 2)


def _asks_for_patience(reply: Reply) -> bool:
    """Tell whether a refusal is about our pace: 421, a bare 450, or any 4.7.x."""
    return reply.code == 421 or reply.enhanced.startswith("4.7.") or (reply.code == 450 and not reply.enhanced)


class PolicyWatch:
    """Remembers the last fifty tries: refusals for policy from three domains among them stop the sending."""

    def __init__(self, tries: Iterable[bytes | None] = ()) -> None:
        self._tries = deque(tries, maxlen=POLICY_TRIES)

    def note(self, refused_by: bytes | None) -> bool:
        """Remember one more try, with the domain that refused us or None; true where sending must stop."""
        self._tries.append(refused_by)
        return refused_by is not None and len({one for one in self._tries if one}) >= POLICY_DOMAINS
