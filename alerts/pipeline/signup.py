"""Double opt-in: the question, its one answer, and nothing that tells whether an address is known (law 10)."""

import secrets
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session

from alerts.pipeline import membership
from alerts.pipeline.contents import mailing, sender, short_edition
from alerts.publish import notes
from alerts.settings import Settings
from alerts.store import editions
from alerts.store.editions import URGENT
from alerts.store.engine import reading, writing
from subscribers import store
from subscribers.address import parse_address
from subscribers.people import CONFIRM, Person, Status, Suppressed, Wishes
from subscribers.tokens import Keyring

FOR_ONE_ADDRESS: Final = (3, timedelta(days=1))
FROM_ONE_NETWORK: Final = (20, timedelta(hours=1))
TOKEN_BYTES: Final = 24
DOUBLE_OPT_IN: Final = "confirmed by a link sent to the address"


class SignUps:
    """Takes sign-ups and their confirmations."""

    def __init__(self, engine: Engine, keyring: Keyring, settings: Settings) -> None:
        self._engine = engine
        self._keyring = keyring
        self._settings = settings

    def take(self, address: str, wishes: Wishes, now: datetime, *, network: str = "") -> None:
        """Take a sign-up from the form. What came of it is told by mail only.

        Raises UsageError for what is no address or no topic; nothing else shows.
        """
        with membership.as_usage():
            address = parse_address(address)
        with writing(self._engine, durable=True) as session:
            membership.check_topics(session, wishes.interests)
            if self._may_ask(session, address, network, now):
                self._answer(session, address, wishes, now)

    def _may_ask(self, session: Session, address: str, network: str, now: datetime) -> bool:
        hashed = self._keyring.address_hash(address)
        reason = store.suppressions(session, [hashed]).get(hashed)
        tries = [(self._keyring.bucket_hash("sign-up address", hashed.hex()), FOR_ONE_ADDRESS)]
        if network:
            tries.append((self._keyring.bucket_hash("sign-up network", network), FROM_ONE_NETWORK))
        counted = [store.count_attempt(session, bucket, within=rule[1], now=now) <= rule[0] for bucket, rule in tries]
        return all(counted) and reason is not Suppressed.COMPLAINED

    def _answer(self, session: Session, address: str, wishes: Wishes, now: datetime) -> None:
        person = store.person_by_address(session, self._keyring, address)
        if person is None:
            self.ask(session, membership.insert(session, self._keyring, address, wishes, now), now)
        elif person.status in (Status.PENDING, Status.SUPPRESSED):
            membership.write(session, person, wishes)
            self.ask(session, person.id, now)
        else:
            self._enqueue(session, person, notes.known(sender(self._settings)), now)

    def ask(self, session: Session, person_id: int, now: datetime) -> None:
        """Send the question; an older question's link ends."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        store.keep_token(session, token, CONFIRM, person_id, now)
        store.change(session, person_id, asked_at=now)
        person = membership.held(session, self._keyring, person_id)
        self._enqueue(session, person, notes.confirm(sender(self._settings)), now, token)

    def _enqueue(self, session: Session, person: Person, note: notes.Note, now: datetime, token: str = "") -> None:
        edition = short_edition(notes.letter(note, sender(self._settings)), self._settings)
        mail = mailing(
            self._keyring,
            sender(self._settings).domain,
            person.id,
            CONFIRM,
            editions.last_ordinal(session, str(person.id), CONFIRM) + 1,
            editions.keep(session, [edition], now)[edition.hash],
            subscriber_id=person.id,
            domain_hash=self._keyring.domain_hash(person.address),
            private=self._keyring.seal(token) if token else None,
            priority=URGENT,
        )
        editions.enqueue(session, [mail], now)

    def asked(self, token: str, now: datetime) -> Person | None:
        """Return whom a confirm token asks, without using it up; None if it is unknown, used or too old."""
        with reading(self._engine) as session:
            owner = store.token_owner(session, token, CONFIRM, now)
            return store.person_by_id(session, self._keyring, owner) if owner else None

    def confirm(self, token: str, now: datetime) -> Person | None:
        """Carry out the double opt-in; None if the token is unknown, used or older than 48 hours."""
        with writing(self._engine, durable=True) as session:
            owner = store.token_owner(session, token, CONFIRM, now)
            person = store.person_by_id(session, self._keyring, owner) if owner else None
            if person is None or not store.end_token(session, token) or not self._lift(session, person, now):
                return None
            begun = membership.activation(session, person.wishes.cadence, now)
            store.change(session, person.id, **begun, consent=person.consent or DOUBLE_OPT_IN)
            return membership.held(session, self._keyring, person.id)

    def _lift(self, session: Session, person: Person, now: datetime) -> bool:
        hashed = self._keyring.address_hash(person.address)
        reason = store.suppressions(session, [hashed]).get(hashed)
        if reason is None:
            return True
        if reason.lifted_by_confirming:
            store.lift(session, hashed, now)
        return reason.lifted_by_confirming
