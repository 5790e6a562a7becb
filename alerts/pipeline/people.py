"""What people ask for and what becomes of them: added, changed, paused, gone, forgotten; errors as UsageError."""

from datetime import datetime

from sqlalchemy import Engine

from alerts.errors import NotFoundError, UsageError
from alerts.pipeline import membership
from alerts.pipeline.membership import as_usage, check_topics, held
from alerts.pipeline.roster import Imported, csv_row, read_csv
from alerts.pipeline.signup import SignUps
from alerts.settings import Settings
from alerts.store import editions
from alerts.store.engine import reading, writing
from subscribers import store
from subscribers.address import parse_address
from subscribers.cadence import next_due
from subscribers.errors import TokenError
from subscribers.people import Person, Status, Suppressed, Wishes
from subscribers.tokens import Keyring

__all__ = ["Imported", "csv_row", "read_csv"]

WORD_OF_OPERATOR = "added by the operator of this machine"


def add(  # noqa: PLR0913, PLR0917  what adding must know
    engine: Engine,
    keyring: Keyring,
    settings: Settings,
    address: str,
    wishes: Wishes,
    now: datetime,
    *,
    consent: str = "",
    invite: bool = False,
) -> Person:
    """Add a person by the operator's hand: with the words of their consent, or with a question sent (`invite`).

    Raises UsageError for a known or suppressed address, an unknown topic, or where the installation is public and
    there are neither words of consent nor an invitation.
    """
    if settings.public and not consent and not invite:
        raise UsageError("Say how this person agreed (--consent TEXT), or ask them by mail (--invite)")
    with as_usage():
        address = parse_address(address)
    with writing(engine, durable=True) as session:
        check_topics(session, wishes.interests)
        membership.refuse_known(session, keyring, address)
        person_id = membership.insert(session, keyring, address, wishes, now)
        if invite:
            SignUps(engine, keyring, settings).ask(session, person_id, now)
        else:
            begun = membership.activation(session, wishes.cadence, now)
            store.change(session, person_id, **begun, consent=consent or WORD_OF_OPERATOR)
        return held(session, keyring, person_id)


def person(engine: Engine, keyring: Keyring, token: str, *, purpose: str = "unsubscribe") -> Person | None:
    """Return the person a signed token names; None if there is none any more. UsageError for a bad signature."""
    public_id = _verified(keyring, purpose, token)
    with reading(engine) as session:
        return store.person_by_public_id(session, keyring, public_id)


def _verified(keyring: Keyring, purpose: str, token: str) -> bytes:
    try:
        return keyring.verify(purpose, token)
    except TokenError as wrong:
        raise UsageError("This link is damaged, or it was not made by this installation.") from wrong


def find(engine: Engine, keyring: Keyring, address: str) -> Person:
    """Return the person behind an address; raises NotFoundError."""
    with as_usage():
        parse_address(address)
    with reading(engine) as session:
        found = store.person_by_address(session, keyring, address)
    if found is None:
        raise NotFoundError("Nobody is subscribed with this address; see: alerts subscriber list --reveal")
    return found


def listed(engine: Engine, keyring: Keyring, *, after: int = 0, limit: int = 500) -> list[Person]:
    """Return people in the order they came, in slices that begin after an id."""
    with reading(engine) as session:
        return store.people(session, keyring, after=after, limit=limit)


def edit(engine: Engine, keyring: Keyring, person_id: int, wishes: Wishes, now: datetime) -> Person:
    """Change what a person asks for; from then on digests follow the new cadence."""
    with writing(engine, durable=True) as session:
        check_topics(session, wishes.interests)
        old = held(session, keyring, person_id)
        membership.write(session, old, wishes)
        if old.digest_no and old.wishes.cadence != wishes.cadence:
            store.change(session, person_id, next_digest_at=next_due(wishes.cadence, now))
        return held(session, keyring, person_id)


def pause(
    engine: Engine, keyring: Keyring, address: str, now: datetime, *, until: datetime | None = None
) -> Person:
    """Prepare nothing until a moment, or until allowed again; what comes meanwhile is in the first digest after."""
    if until is not None and until <= now:
        raise UsageError("The end of a pause must lie ahead")
    paused = find(engine, keyring, address)
    if not paused.status.gets_mail:
        raise UsageError(f"Only who gets digests can pause; this subscription is {paused.status}")
    with writing(engine, durable=True) as session:
        store.change(session, paused.id, status=Status.PAUSED.value, paused_until=until)
        return held(session, keyring, paused.id)


def allow(engine: Engine, keyring: Keyring, address: str, now: datetime) -> Person | None:
    """End a pause, or a suppression that the operator may lift; returns who gets mail again, None if unknown.

    A pause ends with the next composing, which first tells what was retracted meanwhile.
    Raises UsageError for who left by an own word, and NotFoundError where nothing stands in the way of mail.
    """
    with as_usage():
        hashed = keyring.address_hash(address)
    with writing(engine, durable=True) as session:
        reason = store.suppressions(session, [hashed]).get(hashed)
        found = store.person_by_address(session, keyring, address)
        if reason is None and (found is None or found.status not in (Status.PAUSED, Status.SUPPRESSED)):
            raise NotFoundError("This address is neither paused nor suppressed")
        if reason is not None and not reason.lifted_by_operator:
            raise UsageError(f"This address stays suppressed: {membership.LIFTING[reason]}")
        if reason is not None:
            store.lift(session, hashed, now)
        if found is None or found.confirmed_at is None:
            return None
        due = found.next_digest_at or next_due(found.wishes.cadence, now)
        store.change(session, found.id, status=Status.PAUSED.value, paused_until=now, next_digest_at=due)
        return held(session, keyring, found.id)


def unsubscribe(engine: Engine, keyring: Keyring, token: str, now: datetime) -> bool:
    """Let a person go at once: queued mail, interests and address are deleted (law 10).

    True if there was somebody to let go; a second time False, which is no error. UsageError for a bad signature.
    """
    return _leave(engine, keyring, _verified(keyring, "unsubscribe", token), Suppressed.UNSUBSCRIBED, now)


def complained(engine: Engine, keyring: Keyring, public_id: bytes, now: datetime) -> bool:
    """Let a person go who reported our mail as spam."""
    return _leave(engine, keyring, public_id, Suppressed.COMPLAINED, now)


def bounced(engine: Engine, keyring: Keyring, public_id: bytes, now: datetime) -> bool:
    """Send no more to an address that mail came back from; the subscription stays, for `subscriber allow`."""
    with writing(engine, durable=True) as session:
        found = store.person_by_public_id(session, keyring, public_id)
        if found is None:
            return False
        store.suppress(session, keyring.address_hash(found.address), Suppressed.BOUNCED, now)
        editions.cancel_queued(session, found.id)
        store.change(session, found.id, status=Status.SUPPRESSED.value, next_digest_at=None)
        return True


def erase_address(engine: Engine, keyring: Keyring, address: str, now: datetime) -> None:
    """Delete everything about a person; the keyed hash stays, so that no import brings them back."""
    gone = find(engine, keyring, address)
    _leave(engine, keyring, gone.public_id, Suppressed.ERASED, now)


def erase_own(engine: Engine, keyring: Keyring, token: str, now: datetime) -> bool:
    """Delete everything about the person a preferences token names."""
    return _leave(engine, keyring, _verified(keyring, "preferences", token), Suppressed.ERASED, now)


def _leave(engine: Engine, keyring: Keyring, public_id: bytes, reason: Suppressed, now: datetime) -> bool:
    with writing(engine, durable=True) as session:
        found = store.person_by_public_id(session, keyring, public_id)
        if found is None:
            return False
        store.suppress(session, keyring.address_hash(found.address), reason, now)
        membership.forget(session, found.id)
        return True
