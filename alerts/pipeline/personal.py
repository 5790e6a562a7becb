"""What belongs to one person: their data as they may take it along, and their personal feed."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine

from alerts.errors import NotFoundError
from alerts.pipeline import publish
from alerts.publish.feed import Format
from alerts.publish.query import Query
from alerts.settings import Settings
from alerts.store import reading as questions
from alerts.store.engine import reading, writing
from subscribers import feeds, store
from subscribers.feeds import FEED
from subscribers.people import Person
from subscribers.tokens import Keyring

TOKEN_BYTES: Final = 24


def new_feed(engine: Engine, person: Person, now: datetime) -> str:
    """Make the secret of a personal feed; only its hash is kept, and an older one ends."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with writing(engine, durable=True) as session:
        store.keep_token(session, token, FEED, person.id, now)
    return token


def end_feed(engine: Engine, person: Person) -> None:
    """End the personal feed."""
    with writing(engine, durable=True) as session:
        feeds.end_feed(session, person.id)


def has_feed(engine: Engine, person: Person) -> bool:
    """Tell whether a personal feed is open."""
    with reading(engine) as session:
        return feeds.has_feed(session, person.id)


@dataclass(frozen=True, slots=True)
class Secret:
    """The secret of a personal feed, and when it is shown."""

    token: str
    at: datetime


def feed(engine: Engine, keyring: Keyring, settings: Settings, secret: Secret, fmt: Format) -> publish.Rendered:
    """Render a personal feed; NotFoundError for a secret that was never given or has ended."""
    with reading(engine) as session:
        owner = store.token_owner(session, secret.token, FEED, secret.at)
        person = store.person_by_id(session, keyring, owner) if owner else None
    if person is None:
        raise NotFoundError("This personal feed has ended. Its owner can make a new one on the preferences page.")
    query = Query.of(person.wishes.interests, secret=secret.token)
    return publish.feed(engine, settings, query, fmt, secret.at)


def data(engine: Engine, person: Person) -> dict[str, Any]:
    """Return all that is held about a person, as JSON values (GDPR, articles 15 and 20)."""
    cadence = person.wishes.cadence
    with reading(engine) as session:
        sent = questions.deliveries(session, person.id)
    return {
        "address": person.address,
        "status": person.status.value,
        "interests": [str(one) for one in person.wishes.interests],
        "cadence": cadence.rhythm,
        "hour": cadence.hour,
        "weekday": cadence.weekday,
        "zone": cadence.zone,
        "quiet_hours": list(cadence.quiet) if cadence.quiet else None,
        "format": person.wishes.format,
        "language": person.wishes.language,
        "no_notices": sorted(person.wishes.no_notices),
        "paused_until": _said(person.paused_until),
        "consent": person.consent,
        "asked_at": _said(person.asked_at),
        "confirmed_at": _said(person.confirmed_at),
        "created_at": _said(person.created_at),
        "next_digest_at": _said(person.next_digest_at),
        "last_digest_at": _said(person.last_digest_at),
        "deliveries": sent,
    }


def _said(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
