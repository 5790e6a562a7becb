"""Tells the operator of sources that stay broken, in one mail for all of them, and once more on recovery."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Engine

from alerts.model import SourceState
from alerts.pipeline import operator
from alerts.settings import Settings
from alerts.store import trouble
from alerts.store.catalogue import SourceHealth
from alerts.store.engine import reading, writing
from alerts.store.trouble import Trouble
from subscribers.tokens import Keyring


def tell_due(engine: Engine, keyring: Keyring, settings: Settings, now: datetime) -> Trouble:
    """Leave a mail to the operator if there is something to tell; return what is told (nothing without an operator)."""
    with reading(engine) as session:
        if not settings.operator or not trouble.trouble(session, now):
            return Trouble()
    with writing(engine, exclusive=True) as session:
        found = trouble.trouble(session, now)  # perhaps another process has told it in between
        if found:
            operator.tell(session, keyring, settings, now, subject=_subject(found), paragraphs=list(_paragraphs(found)))
            trouble.told(session, found, now)
        return found


def _subject(found: Trouble) -> str:
    parts = [(found.broken, "cannot be read"), (found.recovered, "read again")]
    return ", ".join(
        f"{len(those)} {'source' if len(those) == 1 else 'sources'} {what}" for those, what in parts if those
    )


def _paragraphs(found: Trouble) -> Iterator[str]:
    for one in found.broken:
        yield f"{_name(one)}: {one.last_error or 'no reason is known'}. {_missed(one)} {_to_do(one)}"
    for one in found.recovered:
        yield f"{_name(one)} is read again; nothing needs to be done."


def _name(one: SourceHealth) -> str:
    return f"{one.source.title} ({one.source.slug})" if one.source.title else one.source.slug


def _missed(one: SourceHealth) -> str:
    """Say what readers miss, and since when."""
    since = one.last_ok_at or one.failing_since
    when = f"since {since.day} {since:%B %Y}" if since else "for now"
    about = f" about {one.source.about}" if one.source.about else ""
    return f"Readers miss what it shows{about} {when}; it has brought {one.items} items so far."


def _to_do(one: SourceHealth) -> str:
    if one.state is SourceState.GONE:
        return f"It was withdrawn and is asked no more. To let go of it: alerts source remove {one.source.slug}"
    return f"It is asked again by itself. To see why, step by step: alerts source check {one.source.slug}"
