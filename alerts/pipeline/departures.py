"""Who left stays gone though an older backup comes back: departures are logged beside the database, and reapplied."""

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import structlog
from sqlalchemy import Connection, Engine, event
from sqlmodel import Session

from alerts.pipeline import membership
from alerts.store.bulk import chunks
from subscribers import store
from subscribers.people import Suppressed

LOG = "suppressed.log"  # in the data directory
BATCH = 500
STAYING = frozenset({Suppressed.BOUNCED})
LIFTED = "lifted"
log = structlog.get_logger(__name__)


class Word(NamedTuple):
    """What was last said of an address: that it must not be mailed, or (no reason) that it may be again."""

    address_hash: bytes
    reason: Suppressed | None
    at: datetime


def keep_log(engine: Engine, path: Path) -> None:
    """Append every departure to the log before the transaction that it belongs to commits."""
    event.listen(engine, "begin", _begin)
    event.listen(engine, "commit", lambda connection: _append(path, connection))


def _begin(connection: Connection) -> None:
    connection.info.pop(store.NOTED, None)


def _append(path: Path, connection: Connection) -> None:
    noted = connection.info.pop(store.NOTED, ())
    if not noted:
        return
    lines = "".join(_line(*one) for one in noted)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "w") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError as trouble:  # nobody is kept from leaving because a disk is full
        log.warning("departure.not-logged", reason=trouble.strerror)


def _line(key: bytes, reason: Suppressed | None, at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} {reason or LIFTED} {key.hex()}\n"


def logged(path: Path) -> Iterator[Word]:
    """Read the log; lines that a crash cut short are passed over."""
    if not path.exists():
        return
    for line in path.read_text(errors="replace").splitlines():
        try:
            at, reason, key = line.split()
            said = None if reason == LIFTED else Suppressed(reason)
            yield Word(bytes.fromhex(key), said, datetime.fromisoformat(at))
        except ValueError:
            continue


def stored(session: Session) -> Iterator[Word]:
    """Read what a database holds."""
    after = b""
    while part := store.all_suppressions(session, after=after, limit=BATCH):
        yield from (Word(*one) for one in part)
        after = part[-1].address_hash


def last_words(words: Iterable[Word]) -> Mapping[bytes, Word]:
    """Return the newest word on each address; of two of one second, that it must not be mailed."""
    newest: dict[bytes, Word] = {}
    for word in words:
        old = newest.get(word.address_hash)
        if old is None or (word.at, word.reason is not None) >= (old.at, old.reason is not None):
            newest[word.address_hash] = word
    return newest


def reapply(session: Session, words: Mapping[bytes, Word]) -> int:
    """Apply departures to a restored database, in its transaction; return how many people it met.

    Who left, complained or was erased is deleted; who bounced stays, suppressed; who confirmed after that is left be.
    """
    back = {key for key, at in store.confirmed(session, words) if at > words[key].at}
    barred = [word for key, word in words.items() if word.reason is not None and key not in back]
    for word in barred:
        if word.reason is not None:
            store.suppress(session, word.address_hash, word.reason, word.at)
    gone = store.ids_by_hash(session, [one.address_hash for one in barred if one.reason not in STAYING])
    bounced = store.ids_by_hash(session, [one.address_hash for one in barred if one.reason in STAYING])
    for person_id in gone:
        membership.forget(session, person_id)
    for part in chunks(bounced):
        store.bar(session, part)
    return len(gone) + len(bounced)
