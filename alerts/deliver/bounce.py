"""Reads what comes back to our addresses: bounces (RFC 3464), complaints (RFC 5965), and wishes to leave."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from typing import NamedTuple

from alerts.deliver.retry import HARD, without_addresses

LARGEST = 262_144  # bytes read of a message: the report stands before what is returned
RECEIVED_AT = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc")
PASSED_ON = frozenset({"delayed", "delivered", "relayed", "expanded"})

_TAGGED = re.compile(r"([\w.-]+)\+([a-z2-7]{45})@", re.IGNORECASE)
_LINKED = re.compile(r"/(unsubscribe)/([a-z2-7]{45})\b", re.IGNORECASE)
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODE = re.compile(r"\b([45])\d\d\b")
_DAEMON = re.compile(r"mailer-daemon|postmaster|mail delivery (?:sub)?system", re.IGNORECASE)


class Token(NamedTuple):
    """A signed token and the purpose it claims to be signed for; whether it is ours, the keyring tells."""

    purpose: str
    value: str


@dataclass(frozen=True, slots=True)
class Returned:
    """A mail came back for good. `hard`: the address is dead, nothing may be sent to it again."""

    tokens: tuple[Token, ...]
    hard: bool
    status: str = ""
    said: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Complaint:
    """The reader called our mail spam."""

    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Leave:
    """The reader wants no more mail (List-Unsubscribe by mailto)."""

    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Nothing:
    """Not for us to act on, and why."""

    why: str


Meaning = Returned | Complaint | Leave | Nothing


def read(raw: bytes) -> Meaning:
    """Return what a message to our bounce address means; never raises, whatever it holds."""
    message = message_from_bytes(raw[:LARGEST])
    addressed = tuple(_tokens(message, RECEIVED_AT))
    leaving = tuple(token for token in addressed if token.purpose == "unsubscribe")
    if leaving:
        return Leave(leaving)
    if _report_type(message) == "feedback-report" or _part(message, "message/feedback-report"):
        return _complaint(message, addressed)
    if report := _part(message, "message/delivery-status"):
        return _bounce(message, report, addressed)
    if not addressed:
        return Nothing("it names no reader of ours")
    if _word(message, "Auto-Submitted").startswith("auto-replied") or not _from_daemon(message):
        return Nothing("it is an answer, not a bounce")
    return _plain_bounce(message, addressed)


def _complaint(message: Message, addressed: tuple[Token, ...]) -> Meaning:
    report = _part(message, "message/feedback-report")
    kind = _field(report, "Feedback-Type").lower() if report else ""
    tokens = tuple(dict.fromkeys((*addressed, *_everywhere(message))))
    if kind not in ("", "abuse", "fraud", "opt-out", "opt-out-list", "other"):
        return Nothing(f"feedback of type {kind}")
    return Complaint(tokens) if tokens else Nothing("it names no reader of ours")


def _bounce(message: Message, report: Message, addressed: tuple[Token, ...]) -> Meaning:
    tokens = tuple(dict.fromkeys((*addressed, *_everywhere(message))))
    if not tokens:
        return Nothing("it names no reader of ours")
    failed = [block for block in _blocks(report) if _word(block, "Action") == "failed"]
    if not failed:
        return Nothing("a delay or a success is no bounce")
    diagnosis = _text(failed[0], "Diagnostic-Code")
    status = _status(_text(failed[0], "Status"), diagnosis)
    said = without_addresses(diagnosis.partition(";")[2] or diagnosis)
    return Returned(tokens, status in HARD, status, said, _returned_id(message))


def _status(given: str, diagnosis: str) -> str:
    """Return the status; a vague one gives way to what the remote server said, an expiry keeps its 4.x."""
    stated, told = _STATUS.search(given), _STATUS.search(diagnosis)
    if stated and not (stated[1].endswith(".0.0") and told and told[1][0] == stated[1][0]):
        return stated[1]
    return told[1] if told else (stated[1] if stated else "")


def _plain_bounce(message: Message, tokens: tuple[Token, ...]) -> Meaning:
    """Read a bounce in words of its own: only a dead address's code makes it a hard one."""
    text = _body(message)
    found = _STATUS.search(text)
    code = _CODE.search(text)
    status = found[1] if found else f"{code[1]}.0.0" if code else ""
    return Returned(tokens, status in HARD, status, "", _returned_id(message))


def _report_type(message: Message) -> str:
    return str(message.get_param("report-type") or "").lower()


def _part(message: Message, content_type: str) -> Message | None:
    return next((part for part in message.walk() if part.get_content_type() == content_type), None)


def _blocks(report: Message) -> list[Message]:
    """Return the blocks of a delivery status; the first is about the message, the others about recipients."""
    payload = report.get_payload()
    if isinstance(payload, list):
        return [block for block in payload if isinstance(block, Message)]
    return [message_from_bytes(part.encode()) for part in str(payload).split("\n\n")]


def _field(report: Message, name: str) -> str:
    """Return a field of a feedback report, which Python parses as a message inside or leaves as text."""
    return next((value for block in _blocks(report) if (value := _word(block, name))), "")


def _text(message: Message, name: str) -> str:
    return " ".join(str(message.get(name, "")).split())


def _word(message: Message, name: str) -> str:
    return _text(message, name).partition(" ")[0].rstrip(";").lower()


def _from_daemon(message: Message) -> bool:
    return _text(message, "Return-Path") == "<>" or bool(_DAEMON.search(_text(message, "From")))


def _tokens(message: Message, names: tuple[str, ...]) -> Iterator[Token]:
    for name in names:
        for value in message.get_all(name, ()):
            yield from _found(_TAGGED, str(value))


def _everywhere(message: Message) -> Iterator[Token]:
    """Find our tokens in a report and in what it returns: senders redact addresses, not our own links."""
    text = _body(message)
    for pattern in (_TAGGED, _LINKED):
        yield from _found(pattern, text)


def _found(pattern: re.Pattern[str], text: str) -> Iterator[Token]:
    """Find tokens; the operator names the bounce address, but `unsubscribe` is ours."""
    for found in pattern.finditer(text):
        yield Token("unsubscribe" if found[1].lower() == "unsubscribe" else "bounce", found[2].lower())


def _body(message: Message) -> str:
    return message.as_string(unixfrom=False).replace("=\n", "").replace("\n ", "")


def _returned_id(message: Message) -> str:
    for part in message.walk():
        if part is not message and part.get("Message-ID"):
            return _text(part, "Message-ID")
        if part.get_content_type() == "text/rfc822-headers":
            return _text(message_from_bytes(str(part.get_payload()).encode()), "Message-ID")
    return ""
