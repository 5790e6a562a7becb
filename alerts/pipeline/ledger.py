"""What did this person get, who got this item, and once more the same: questions of operators (law 10 masks)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine
from sqlmodel import Session

from alerts.errors import NotFoundError, UsageError
from alerts.pipeline import people
from alerts.store import items, told
from alerts.store.editions import DEADLINE
from alerts.store.engine import reading, writing
from subscribers import store
from subscribers.address import mask_address
from subscribers.tokens import Keyring

COLUMNS: Final = (
    "subscriber", "kind", "ordinal", "edition", "state", "attempts", "reply", "message_id", "at",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One delivery as an operator sees it; `subscriber` is a masked address, or a number."""

    subscriber: str
    kind: str
    ordinal: int
    edition: int
    state: str
    attempts: int
    reply: str
    message_id: str
    at: datetime


def as_dict(line: Line) -> dict[str, Any]:
    """Return a line as `--json` shows it."""
    return {name: getattr(line, name) for name in COLUMNS}


def of_person(engine: Engine, person_id: int) -> list[Line]:
    """Return what a person was sent, newest first, with the server's reply."""
    with reading(engine) as session:
        return [_line(sent, {}) for sent in told.of_person(session, person_id)]


def who(engine: Engine, keyring: Keyring, what: str, *, reveal: bool = False) -> list[Line]:
    """Return who was sent an item (in full, as a line, or counted), or an edition (`e:12`).

    Raises NotFoundError for what names nothing we hold.
    """
    with reading(engine) as session:
        sent = list(told.of_editions(session, _editions(session, what)))
        names = _names(session, keyring, {one.subscriber_id for one in sent if one.subscriber_id}, reveal=reveal)
        return [_line(one, names) for one in sent]


def _editions(session: Session, what: str) -> list[int]:
    if what.startswith("e:"):
        number = what.removeprefix("e:")
        if not (number.isascii() and number.isdigit() and told.edition(session, int(number))):
            raise NotFoundError(f"There is no edition {number!r}; the column edition of subscriber show names them")
        return [int(number)]
    item = items.find(session, what)
    if item is None:
        raise NotFoundError(f"No item is known as {what!r}; see: alerts item list")
    return list(told.editions_with(session, told.alerts_of(session, [item])))


def _names(session: Session, keyring: Keyring, ids: Iterable[int], *, reveal: bool) -> dict[int, str]:
    found = (store.person_by_id(session, keyring, one) for one in ids)
    return {one.id: one.address if reveal else mask_address(one.address) for one in found if one}


def _line(sent: told.Sent, names: Mapping[int, str]) -> Line:
    return Line(
        subscriber=names.get(sent.subscriber_id or 0, sent.recipient),
        kind=sent.kind,
        ordinal=sent.ordinal,
        edition=sent.edition,
        state=sent.state,
        attempts=sent.attempts,
        reply=sent.reply,
        message_id=sent.message_id,
        at=sent.sent_at or sent.created_at,
    )


def resend(engine: Engine, keyring: Keyring, address: str, number: int | None, now: datetime) -> int:
    """Put a digest (the last, or that number) back into the outbox with its old Message-ID; returns its number."""
    person = people.find(engine, keyring, address)
    with writing(engine) as session:
        ordinal = told.resend(session, person.id, number, now, now + DEADLINE)
    if ordinal is None:
        raise UsageError("This person was sent no such digest, or it is being sent right now")
    return ordinal
