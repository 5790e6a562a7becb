"""Tells the operator, by mail, what went wrong with sending and needs a person."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine

from alerts.pipeline import operator
from alerts.settings import Settings
from alerts.store import outbox
from alerts.store.engine import reading, writing
from subscribers.tokens import Keyring

NAMED = 20  # mails that are named one by one


def tell_of_policy(engine: Engine, keyring: Keyring, settings: Settings, now: datetime) -> None:
    """Tell that sending stopped by itself; this mail goes although all other is on hold."""
    with writing(engine) as session:
        operator.tell(
            session,
            keyring,
            settings,
            now,
            subject="Sending has stopped",
            paragraphs=[
                "Mail servers of three domains refused our mail by policy (5.7.x): that is about us, not the readers.",
                "Check SPF, DKIM and DMARC of the sending domain and the reputation of the mail server's address.",
                "Nothing is lost: all mail waits. To go on: alerts hold off",
            ],
        )


def tell_of_doubts(engine: Engine, keyring: Keyring, settings: Settings, now: datetime) -> None:
    """Tell, once for each, of mails that were given up as uncertain; nothing without an operator."""
    with reading(engine) as session:
        if not settings.operator or not outbox.given_up(session):
            return
    with writing(engine, exclusive=True) as session:
        names = outbox.given_up(session)  # perhaps another process has told it in between
        if names:
            count = "1 mail" if len(names) == 1 else f"{len(names)} mails"
            subject, said = f"{count} may not have arrived", _doubts(count, names)
            operator.tell(session, keyring, settings, now, subject=subject, paragraphs=said)
            outbox.told_of(session, names)


def _doubts(count: str, names: Sequence[str]) -> list[str]:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return [
        f"{count} left {outbox.MOST_DOUBTS} times, and each time the mail server's answer never came.",
        "They may have arrived once, several times or not at all; they are not sent again.",
        f"The mail server's log knows them by their Message-ID: {', '.join(names[:NAMED])}{more}",
    ]
