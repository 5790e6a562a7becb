"""The digests a person was sent, for that person to read again."""

import email
import email.policy
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage

from markupsafe import Markup
from sqlalchemy import Engine

from alerts.errors import NotFoundError
from alerts.publish.email import Segments, recipient
from alerts.publish.inpage import in_page
from alerts.store import reading as questions
from alerts.store.engine import reading
from subscribers.people import Person
from subscribers.tokens import Keyring


@dataclass(frozen=True, slots=True)
class Past:
    """One digest that was sent."""

    ordinal: int
    subject: str
    at: datetime


def digests(engine: Engine, person: Person) -> list[Past]:
    """Return the digests a person was sent, newest first."""
    with reading(engine) as session:
        return [Past(ordinal, subject, at) for ordinal, subject, at in questions.digests_of(session, person.id)]


def digest(engine: Engine, keyring: Keyring, person: Person, ordinal: int) -> Markup:
    """Return the content of one of a person's digests, for a page; NotFoundError for another's."""
    with reading(engine) as session:
        found = questions.edition_of(session, person.id, ordinal)
    if found is None:
        raise NotFoundError(f"There is no digest number {ordinal} of yours.")
    parts, message_id, at = found
    mail = Segments.parse(parts).splice(recipient(keyring, person.public_id, person.address, message_id, at))
    body = email.message_from_bytes(mail, _class=EmailMessage, policy=email.policy.default).get_body(("html", "plain"))
    if body is None or body.get_content_subtype() == "plain":
        return Markup("<pre>{}</pre>").format(body.get_content() if body else "")
    return in_page(body.get_content())
