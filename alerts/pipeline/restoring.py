"""Restoring a backup in place of what is there: who left since stays gone, and mail is on hold."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session

from alerts.errors import UsageError
from alerts.pipeline import departures, index, moving
from alerts.store import installation, presence, repeats, schema
from alerts.store.copying import Progress, copy, silent
from alerts.store.engine import connect, reading
from alerts.store.installation import set_hold
from alerts.store.repeats import Repeats

HELD = "restored from a backup: see what would go out (alerts digest send --dry-run), then: alerts hold off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came back, how many people stayed gone, what would go out or repeat, and where the replaced one is kept."""

    rows: Mapping[str, int]
    stayed_gone: int
    repeats: Repeats
    replaced: Path | None


def restore(  # noqa: PLR0913  what restoring must know
    path: Path,
    engine: Engine,
    *,
    data_dir: Path,
    fingerprint: str,
    now: datetime,
    replace: bool = False,
    progress: Progress = silent,
) -> Restored:
    """Put a backup in the place of this database, in one transaction.

    Refused (UsageError): while processes run, with another key, and over an installation unless `replace` is said;
    that one is backed up first. Departures that it and `suppressed.log` know of are applied. Mail is on hold after.
    """
    with _opened(path, data_dir) as source:
        _check_key(source, fingerprint)
        replaced = _saved(engine, data_dir / moving.FOLDER, now, replace=replace)
        change = _Replacing(data_dir / departures.LOG, now)
        rows = copy(source, engine, progress, change=change)
    index.index(engine)
    return Restored(rows=rows, stayed_gone=change.stayed_gone, repeats=change.repeats, replaced=replaced)


@contextmanager
def _opened(path: Path, data_dir: Path) -> Iterator[Engine]:
    """Open a copy of the backup, brought to this program's schema; the backup itself is not touched."""
    if not path.is_file():
        raise UsageError(f"There is no backup {path}")
    with TemporaryDirectory(prefix="restore-", dir=data_dir) as folder:
        source = connect(f"sqlite:///{shutil.copy(path, folder)}")
        try:
            _bring_up(source, path)
            yield source
        finally:
            source.dispose()


def _bring_up(source: Engine, path: Path) -> None:
    try:
        if not schema.has_tables(source):
            raise UsageError(f"{path} holds no installation")
        schema.upgrade(source)
    except DatabaseError as trouble:
        raise UsageError(f"{path} is no backup of this program, or it is damaged: {trouble.orig}") from trouble


def _check_key(source: Engine, fingerprint: str) -> None:
    with reading(source) as session:
        needed = installation.fingerprint(session)
    if needed not in ("", fingerprint):
        raise UsageError(
            f"This backup needs the key {needed}; the one here is {fingerprint}. "
            "Set ALERTS_SECRET_KEY (or put secret.key into the data directory) as they were, then restore."
        )


def _saved(engine: Engine, folder: Path, now: datetime, *, replace: bool) -> Path | None:
    """Back up what is about to be replaced; nothing where there is no installation yet."""
    with reading(engine) as session:
        moving.refuse_running(session)
        if installation.installation(session) is None:
            return None
    if not replace:
        raise UsageError("There is an installation in this database already; to replace it, add --replace")
    return moving.backup(engine, folder, now, name=moving.REPLACED).path


class _Replacing:
    """What a restore remembers of the database that it replaces, and does to the one that comes."""

    def __init__(self, log: Path, now: datetime) -> None:
        self._log = log
        self._now = now
        self._words: Mapping[bytes, departures.Word] = {}
        self._done = repeats.Done()
        self.stayed_gone = 0
        self.repeats = Repeats()

    def before(self, session: Session) -> None:
        presence.let_nobody_in(session)
        moving.refuse_running(session)
        self._words = departures.last_words(chain(departures.logged(self._log), departures.stored(session)))
        self._done = repeats.done(session)

    def after(self, session: Session) -> None:
        presence.forget_all(session)
        set_hold(session, on=True, reason=HELD)
        self.stayed_gone = departures.reapply(session, self._words)
        self.repeats = repeats.compare(session, self._done, self._now)
