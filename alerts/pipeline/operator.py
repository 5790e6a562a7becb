"""Mail to the operator: that something needs a person, or that mail arrives at all."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from alerts.pipeline.contents import mailing, sender, short_edition
from alerts.publish import notes
from alerts.settings import Settings
from alerts.store import editions
from alerts.store.editions import URGENT
from subscribers.tokens import Keyring

OPERATOR = "operator"


def tell(  # noqa: PLR0913  what a mail needs
    session: Session, keyring: Keyring, settings: Settings, now: datetime, *, subject: str, paragraphs: Sequence[str]
) -> None:
    """Enqueue a mail to the operator, in the caller's transaction: what is told and what it is about stand together."""
    _enqueue(session, keyring, settings, notes.operator(subject, paragraphs), now)


def test(session: Session, keyring: Keyring, settings: Settings, now: datetime) -> None:
    """Enqueue a test mail to the operator."""
    _enqueue(session, keyring, settings, notes.test(), now)


def _enqueue(session: Session, keyring: Keyring, settings: Settings, note: notes.Note, now: datetime) -> None:
    edition = short_edition(notes.letter(note, sender(settings)), settings)
    ordinal = editions.last_ordinal(session, OPERATOR, note.kind) + 1
    kept = editions.keep(session, [edition], now)[edition.hash]
    mail = mailing(keyring, sender(settings).domain, OPERATOR, note.kind, ordinal, kept, priority=URGENT)
    editions.enqueue(session, [mail], now)
