"""A mail as bytes with holes: headers, text and HTML are made once, each recipient is spliced in (RFC 5322)."""

import binascii
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from subscribers.tokens import Keyring

FRAMES: Final = 256  # frames and heads kept at once
LIMIT: Final = 90_000  # bytes; Gmail cuts at about 102 KB, and with it the foot of the mail
HOLES: Final = {
    "address": "\ue0a0",
    "message_id": "\ue0a1",
    "date": "\ue0a2",
    "token": "\ue0a3",
    "preferences": "\ue0a4",
    "private": "\ue0a5",
    "blocks": "\ue0af",
}
_HOLE: Final = {sign: name for name, sign in HOLES.items()}
_SIGNS: Final = re.compile(f"([{''.join(HOLES.values())}])")
_MARKS: Final = re.compile(rb"\x00([a-z_]+)\x00")
_BOUNDARY: Final = "=_alternative"  # quoted-printable text never holds "=_"
PREVIEW: Final = "preview"
"""What stands for a person's signed tokens in a mail that is only looked at: its links lead to a page that says so."""
_TOKEN: Final = re.compile(r"(?!\.)[!-~]{1,200}")  # nothing that fills a hole begins with a dot
_ADDRESS: Final = re.compile(r"(?!\.)[^\x00-\x20\x7f<>]{3,254}")
_PRELUDE: Final = "This is a message in two forms, plain text and HTML."


class Recipient(NamedTuple):
    """What one mail holds that the others of its edition do not.

    `token` is signed for unsubscribing, `preferences` for the preferences page; `private` is a confirm token.
    """

    address: str
    message_id: str
    date: datetime
    token: str = ""
    private: str = ""
    preferences: str = ""


def recipient(keyring: Keyring, public_id: bytes, address: str, message_id: str, date: datetime) -> Recipient:
    """Return a recipient with the tokens signed; give `private` by `_replace` where there is one."""
    unsubscribe, preferences = keyring.sign("unsubscribe", public_id), keyring.sign("preferences", public_id)
    return Recipient(address, message_id, date, unsubscribe, "", preferences)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What every mail of this installation says of where it comes from."""

    base_url: str
    from_: str
    bounce_address: str = ""
    imprint: str = ""

    @property
    def address(self) -> str:
        return parseaddr(self.from_)[1]

    @property
    def domain(self) -> str:
        """The domain of From: Message-ID, List-Id and envelope stand under it."""
        return self.address.rpartition("@")[2].lower()

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    def verp(self, token: str) -> str:
        """Return the envelope sender that names the recipient to us alone; without a bounce address plain From."""
        if not self.bounce_address:
            return self.address
        local, _, domain = self.bounce_address.rpartition("@")
        return f"{local}+{token}@{domain}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """One form of a mail: a frame with a hole for the blocks, and the blocks, each quoted-printable already."""

    frame: str
    blocks: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail before it is bytes. `listed`: to a subscriber, with the headers of list mail (RFC 2369, RFC 8058)."""

    subject: str
    text: Body
    html: Body | None = None
    kind: str = "digest"
    language: str = "en"
    listed: bool = True


def render(letter: Letter, sender: Sender) -> bytes:
    """Return the parts of an edition: a whole message in CRLF with marks for the holes, compressed."""
    return pack(message(letter, sender))


def pack(made: bytes) -> bytes:
    """Return a message with marks as it is stored."""
    return zlib.compress(made, 3)


def message(letter: Letter, sender: Sender) -> bytes:
    """Return a whole message in CRLF with marks for the holes."""
    head = _head(letter.subject, letter.kind, letter.language, sender, listed=letter.listed)
    if letter.html is None:
        return head + _part("plain", letter.text)
    multipart = _lines([f'Content-Type: multipart/alternative; boundary="{_BOUNDARY}"', "", _PRELUDE])
    edge = _lines([f"--{_BOUNDARY}"])
    parts = [edge, _part("plain", letter.text), edge, _part("html", letter.html), _lines([f"--{_BOUNDARY}--"])]
    return b"".join([head, multipart, *parts])


def quoted(text: str) -> bytes:
    """Encode text (lines ended by LF) as quoted-printable in CRLF; ends with a line end.

    Holes become marks on lines of their own (between soft line ends), so that no filling makes a line too long.
    """
    done = bytearray()
    for piece in _SIGNS.split(text if text.endswith("\n") else f"{text}\n"):
        if piece in _HOLE:
            done += b"" if done.endswith(b"\n") or not done else b"=\n"
            done += _mark(piece) + b"=\n"
        else:
            done += binascii.b2a_qp(piece.encode(), istext=True)
    return bytes(done).replace(b"\n", b"\r\n")


def _lines(lines: Iterable[str]) -> bytes:
    text = "".join(f"{line}\n" for line in lines).replace("\n", "\r\n")
    return b"".join(_mark(piece) if piece in _HOLE else piece.encode() for piece in _SIGNS.split(text))


def _mark(sign: str) -> bytes:
    return b"\x00" + _HOLE[sign].encode() + b"\x00"


def plain_of(text: str) -> str:
    """Return foreign text without the signs that stand for holes."""
    return _SIGNS.sub("", text)


def _part(subtype: str, body: Body) -> bytes:
    before, after = _framed(subtype, body.frame)
    return b"".join([before, *body.blocks, after])


@lru_cache(maxsize=FRAMES)
def _framed(subtype: str, frame: str) -> tuple[bytes, bytes]:
    """Return what stands before the blocks of a part, its headers with it, and what stands behind them."""
    before, _, after = frame.partition(HOLES["blocks"])
    head = [f"Content-Type: text/{subtype}; charset=utf-8", "Content-Transfer-Encoding: quoted-printable", ""]
    done = [quoted(piece) if piece else b"" for piece in (before, after.removeprefix("\n"))]
    return _lines(head) + done[0], done[1]


@lru_cache(maxsize=FRAMES)
def _head(subject: str, kind: str, language: str, sender: Sender, *, listed: bool) -> bytes:
    return _lines(_headers(subject, kind, language, sender, listed=listed))


def _headers(subject: str, kind: str, language: str, sender: Sender, *, listed: bool) -> Iterator[str]:
    name, address = parseaddr(sender.from_)
    yield f"From: {formataddr((Header(name, 'utf-8').encode(), address)) if not name.isascii() else sender.from_}"
    yield f"Reply-To: {address}"
    yield f"To: {HOLES['address']}"
    yield f"Subject: {subject}"
    yield f"Date: {HOLES['date']}"
    yield f"Message-ID: {HOLES['message_id']}"
    yield "Auto-Submitted: auto-generated"
    yield "X-Auto-Response-Suppress: OOF, AutoReply"
    if listed:
        yield from _list_headers(kind, sender)
    yield f"Content-Language: {language}"
    yield "MIME-Version: 1.0"


def _list_headers(kind: str, sender: Sender) -> Iterator[str]:
    unsubscribe = f"<{sender.base_url}/unsubscribe/{HOLES['token']}>"
    if sender.bounce_address:
        domain = sender.bounce_address.rpartition("@")[2]
        unsubscribe += f",\n <mailto:unsubscribe+{HOLES['token']}@{domain}>"
    yield "Precedence: bulk"
    yield f"List-Id: Research digest <digest.{sender.domain}>"
    yield f"List-Unsubscribe: {unsubscribe}"
    yield "List-Unsubscribe-Post: List-Unsubscribe=One-Click"
    yield f"List-Help: <{sender.base_url}/about>"
    yield f"Feedback-ID: {kind}:mail:research:alerts"


class Segments:
    """The parts of an edition, ready to be spliced for any number of recipients."""

    __slots__ = ("_holes", "_names", "_pieces")

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = list(pieces)
        self._holes = [(place, pieces[place].decode()) for place in range(1, len(pieces), 2)]
        self._names = {name for _, name in self._holes}

    @classmethod
    def parse(cls, parts: bytes, *, wire: bool = False) -> "Segments":
        """Read the parts of an edition; `wire`: messages come as DATA takes them (RFC 5321 4.5.2)."""
        made = zlib.decompress(parts)
        if wire:
            made = made.replace(b"\r\n.", b"\r\n..") + (b".\r\n" if made.endswith(b"\r\n") else b"\r\n.\r\n")
        return cls(_MARKS.split(made))

    def splice(self, to: Recipient) -> bytes:
        """Return the message for one recipient; ValueError where a value is missing or could break a line."""
        return b"".join(self.pieces(to))

    def pieces(self, to: Recipient) -> list[bytes]:
        """Return what `splice` does, not yet put together."""
        pieces = self._pieces.copy()
        filled = {name: _filling(to, name) for name in self._names}
        for place, name in self._holes:
            pieces[place] = filled[name]
        return pieces


def _filling(to: Recipient, name: str) -> bytes:
    if name == "date":
        return _rfc_date(to.date.replace(microsecond=0))
    value: str = getattr(to, name)
    if not (_ADDRESS if name == "address" else _TOKEN).fullmatch(value):
        raise ValueError(f"the {name} of a recipient is missing or cannot stand in a mail")
    return value.encode()


@lru_cache(maxsize=64)
def _rfc_date(moment: datetime) -> bytes:
    return format_datetime(moment.astimezone(UTC)).encode()
