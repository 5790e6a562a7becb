"""Acts on what comes back: bounces end an address, complaints and wishes to leave end the subscription."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session

from alerts.deliver.bounce import Complaint, Leave, Nothing, Returned, Token, read
from alerts.deliver.inbox import read_inbox
from alerts.pipeline import people
from alerts.settings import Settings
from alerts.store import editions, outbox
from alerts.store.engine import writing
from subscribers import store
from subscribers.errors import TokenError
from subscribers.people import Suppressed
from subscribers.tokens import Keyring

OFTEN = 3  # mails in a row that came back ...
FOR_LONG = timedelta(days=7)  # ... over at least so long: the address is given up


async def read_bounces(engine: Engine, keyring: Keyring, settings: Settings, now: datetime) -> Mapping[str, int]:
    """Handle every new message of the bounce inbox; return how many meant what. InboxError if it cannot be read."""
    counts: Counter[str] = Counter()
    url = settings.bounce_inbox.get_secret_value()
    if url:
        await asyncio.to_thread(read_inbox, url, lambda raw: counts.update([take(engine, keyring, raw, now)]))
    return counts


def take(engine: Engine, keyring: Keyring, raw: bytes, now: datetime) -> str:
    """Act on one message that came to a bounce address; return in one line what was done."""
    meaning = read(raw)
    if isinstance(meaning, Nothing):
        return f"nothing: {meaning.why}"
    reader = _reader(keyring, meaning.tokens)
    if reader is None:
        return "nothing: no token in it is ours"
    token, public_id = reader
    match meaning:
        case Leave():
            done = people.unsubscribe(engine, keyring, token.value, now)
            return "unsubscribed" if done else "nothing: already gone"
        case Complaint():
            done = people.complained(engine, keyring, public_id, now)
            return "complaint: unsubscribed" if done else "nothing: already gone"
        case Returned():
            return _returned(engine, keyring, public_id, meaning, now)


def _reader(keyring: Keyring, tokens: tuple[Token, ...]) -> tuple[Token, bytes] | None:
    for token in tokens:
        try:
            return token, keyring.verify(token.purpose, token.value)
        except TokenError:
            continue
    return None


def _returned(engine: Engine, keyring: Keyring, public_id: bytes, bounce: Returned, now: datetime) -> str:
    with writing(engine, durable=True) as session:
        person = store.person_by_public_id(session, keyring, public_id)
        if person is None:
            return "nothing: already gone"
        said = f"{bounce.status} {bounce.said}".strip() or "came back"
        outbox.came_back(session, person.id, bounce.message_id, said)
        if bounce.hard:
            give_up(session, person.id, keyring.address_hash(person.address), now)
            return f"bounced: {bounce.status}, suppressed"
        if give_up_if_often(session, person.id, keyring.address_hash(person.address), now):
            return f"bounced: {bounce.status}, suppressed: {OFTEN} in a row over {FOR_LONG.days} days"
        return f"bounced: {bounce.status}".rstrip(": ")


def give_up(session: Session, person_id: int, address_hash: bytes, now: datetime) -> None:
    """Send no more to an address; the subscription stays, for `subscriber allow`."""
    store.suppress(session, address_hash, Suppressed.BOUNCED, now)
    editions.cancel_queued(session, person_id)
    store.bar(session, [person_id])


def give_up_if_often(session: Session, person_id: int, address_hash: bytes, now: datetime) -> bool:
    """Give up an address of which the last mails all came back for long; a mail that arrives begins the count anew."""
    returned = outbox.returned_in_a_row(session, person_id)
    if len(returned) < OFTEN or min(returned) > now - FOR_LONG:
        return False
    give_up(session, person_id, address_hash, now)
    return True
