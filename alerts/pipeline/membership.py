"""The steps that adding, signing up and importing share, inside somebody's open transaction."""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlmodel import Session

from alerts.errors import NotFoundError, NoTopicError, UsageError
from alerts.model import Topic
from alerts.store import catalogue, editions, windows
from subscribers import store
from subscribers.cadence import Cadence
from subscribers.errors import PeopleError
from subscribers.interest import Interest
from subscribers.people import Person, Status, Suppressed, Wishes
from subscribers.tokens import Keyring

ID_BYTES = 16
KNOWN = "This address is subscribed already; change it with: alerts subscriber edit EMAIL"
LIFTING = {
    Suppressed.UNSUBSCRIBED: "this person left; only they can come back, by signing up at /signup and confirming",
    Suppressed.ERASED: "this person was erased; only they can come back, by signing up at /signup and confirming",
    Suppressed.BOUNCED: "mail to this address bounced; if it works again: alerts subscriber allow EMAIL",
    Suppressed.COMPLAINED: "this person reported our mail as spam; if they want it after all: "
    "alerts subscriber allow EMAIL",
}


@contextmanager
def as_usage() -> Iterator[None]:
    """Turn what is wrong with a person's data into a UsageError."""
    try:
        yield
    except PeopleError as wrong:
        said = str(wrong)
        raise UsageError(said[:1].upper() + said[1:]) from wrong


def check_topics(session: Session, interests: Iterable[Interest]) -> None:
    """Raise UsageError for a topic that nobody can follow."""
    check_among({topic.slug: topic for topic in catalogue.topics(session, retired=True)}, interests)


def check_among(known: Mapping[str, Topic], interests: Iterable[Interest]) -> None:
    """Raise UsageError for a topic that is not among these, or retired."""
    for interest in interests:
        topic = known.get(interest.topic)
        if topic is None:
            raise NoTopicError(interest.topic, [slug for slug, one in known.items() if not one.retired])
        if topic.retired:
            onwards = f"; it became {topic.successor}" if topic.successor else ""
            raise UsageError(f"The topic {interest.topic!r} was retired{onwards}")


def refuse_known(session: Session, keyring: Keyring, address: str) -> None:
    """Raise UsageError for an address that is subscribed already or must not be mailed."""
    hashed = keyring.address_hash(address)
    if reason := store.suppressions(session, [hashed]).get(hashed):
        raise UsageError(f"This address is suppressed: {LIFTING[reason]}")
    if store.person_by_address(session, keyring, address):
        raise UsageError(KNOWN)


def new_row(keyring: Keyring, address: str, wishes: Wishes, set_id: int, now: datetime) -> dict[str, Any]:
    """Return the columns of somebody who was not asked yet."""
    return {
        **store.address_values(keyring, address),
        **store.wishes_values(wishes, set_id),
        "public_id": secrets.token_bytes(ID_BYTES),
        "status": Status.PENDING.value,
        "seen": 0,
        "digest_no": 0,
        "consent": "",
        "asked_at": now,
        "created_at": now,
    }


def insert(session: Session, keyring: Keyring, address: str, wishes: Wishes, now: datetime) -> int:
    """Add one person as pending; return the id."""
    set_id = store.interest_sets(session, [wishes.set_text])[wishes.set_text]
    found = store.insert_people(session, [new_row(keyring, address, wishes, set_id, now)])
    if not found:
        raise UsageError(KNOWN)
    return found[0]


def activation(session: Session, cadence: Cadence, now: datetime) -> dict[str, Any]:
    """Return the columns of somebody who begins now: the first digest is due at once and looks one period back."""
    return {
        "status": Status.ACTIVE.value,
        "confirmed_at": now,
        "seen": windows.number_before(session, now - cadence.first_window),
        "next_digest_at": now,
        "paused_until": None,
    }


def write(session: Session, person: Person, wishes: Wishes) -> None:
    """Store what a person asks for now."""
    ids = store.interest_sets(session, {wishes.set_text, person.wishes.set_text})
    store.change(session, person.id, **store.wishes_values(wishes, ids[wishes.set_text]))
    if wishes.set_text != person.wishes.set_text:
        store.forget_set(session, ids[person.wishes.set_text])


def held(session: Session, keyring: Keyring, person_id: int) -> Person:
    """Return a person who must be there; NotFoundError otherwise."""
    person = store.person_by_id(session, keyring, person_id)
    if person is None:
        raise NotFoundError("This subscription is gone")
    return person


def forget(session: Session, person_id: int) -> None:
    """Delete a person with tokens and deliveries; what remains are counts per edition."""
    editions.forget_deliveries(session, person_id)
    store.remove(session, person_id)
