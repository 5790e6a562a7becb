"""The digest that somebody would get now, shown and not sent; nothing is written, and its own links say so."""

import email
import email.policy
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage

from sqlalchemy import Engine

from alerts.errors import UsageError
from alerts.pipeline import membership, people
from alerts.pipeline.contents import Contents, Group, sender
from alerts.publish.email import PREVIEW, Recipient, Segments
from alerts.settings import Settings
from alerts.store import numberline, windows
from alerts.store.engine import reading
from subscribers.interest import format_set, parse_set
from subscribers.tokens import Keyring

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A whole mail as it would leave, addressed to nobody."""

    message: bytes

    @property
    def subject(self) -> str:
        return str(self._parsed["Subject"])

    def of(self, form: str) -> bytes:
        """Return the mail (`eml`), or only its HTML or its text."""
        if form == "eml":
            return self.message
        part = self._parsed.get_body(("html", "plain") if form == "html" else ("plain",))
        return str(part.get_content() if part else "").replace("\r\n", "\n").encode()

    @property
    def _parsed(self) -> EmailMessage:
        return email.message_from_bytes(self.message, policy=email.policy.default)


def digest(  # noqa: PLR0913  what may be asked for
    engine: Engine,
    keyring: Keyring,
    settings: Settings,
    now: datetime,
    *,
    address: str | None = None,
    interests: Sequence[str] = (),
    since: timedelta | None = None,
    form: str = "html",
) -> Preview | None:
    """Return what a person (`address`) or anybody with these interests would be told; None if nothing.

    `since` is how far to look back; without it: what the person's next digest holds, or a week.
    """
    group = _of_person(engine, keyring, address) if address else _of_interests(engine, interests)
    with reading(engine) as session:
        upto = numberline.last(session)
        if since is not None or not address:
            seen = windows.number_before(session, now - (since or WEEK))
            group = group._replace(seen=seen, first=False, earlier=False)
    asked = group._replace(format="html" if form == "html" else group.format)
    edition = Contents(engine, settings, now, upto).of(asked)
    if edition is None:
        return None
    message_id = keyring.message_id("preview", "test", 0, sender(settings).domain)
    to = Recipient(address or sender(settings).address, message_id, now, PREVIEW, "", PREVIEW)
    return Preview(message=Segments.parse(edition.parts).splice(to))


def _of_person(engine: Engine, keyring: Keyring, address: str) -> Group:
    person = people.find(engine, keyring, address)
    return Group(
        interests=person.wishes.set_text,
        seen=person.seen,
        format=person.wishes.format,
        language=person.wishes.language,
        rhythm=person.wishes.cadence.rhythm,
        weekday=person.wishes.cadence.weekday,
        first=person.digest_no == 0,
    )


def _of_interests(engine: Engine, interests: Sequence[str]) -> Group:
    if not interests:
        raise UsageError("Name a subscriber's address, or interests")
    with membership.as_usage():
        wanted = parse_set(" ".join(interests))
    with reading(engine) as session:
        membership.check_topics(session, wanted)
    return Group(interests=format_set(wanted), seen=0)
