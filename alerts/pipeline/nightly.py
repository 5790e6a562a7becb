"""The backup of each night: made once, by whichever process comes first; the operator is told where it cannot be."""

from datetime import datetime, time, timedelta
from pathlib import Path

from sqlalchemy import Engine

from alerts.errors import AlertsError
from alerts.pipeline import operator
from alerts.pipeline.moving import FOLDER, REPLACED, Backup, backup
from alerts.settings import Settings
from alerts.store import nightly
from alerts.store.engine import writing
from subscribers.tokens import Keyring

NIGHT = time(3)  # UTC
FORGET_REPLACED = timedelta(days=30)


class BackupError(AlertsError):
    """The nightly backup could not be written; it is tried again until it can."""


def back_up(engine: Engine, keyring: Keyring, settings: Settings, now: datetime) -> Backup | None:
    """Write the backup of the night (3 o'clock UTC) unless there is one; raises BackupError."""
    night, folder = last_night(now), settings.data_dir / FOLDER
    with writing(engine, exclusive=True) as session:
        token = nightly.take(session, "backup", night, now)
    if not token:
        return None
    try:
        made = backup(engine, folder, now)
    except (AlertsError, OSError) as trouble:
        _failed(engine, keyring, settings, now, token, str(trouble))
        raise BackupError(f"No backup could be written: {trouble}") from trouble
    with writing(engine) as session:
        nightly.done(session, token, now)
    _forget_replaced(folder, now)
    return made


def last_night(now: datetime) -> datetime:
    """Return the last moment at which a nightly backup was due."""
    today = datetime.combine(now.date(), NIGHT, now.tzinfo)
    return today if today <= now else today - timedelta(days=1)


def _failed(  # noqa: PLR0913, PLR0917  what a mail needs
    engine: Engine, keyring: Keyring, settings: Settings, now: datetime, token: str, why: str
) -> None:
    with writing(engine) as session:
        first = nightly.failed(session, token)
        if first and settings.operator:
            operator.tell(
                session,
                keyring,
                settings,
                now,
                subject="No backup tonight",
                paragraphs=[
                    f"The nightly backup could not be written: {why}",
                    "It is tried again every ten minutes. You are told once, until one is written again.",
                    "To look: alerts doctor. To try it by hand: alerts db backup",
                ],
            )


def _forget_replaced(folder: Path, now: datetime) -> None:
    """Delete what restores replaced long ago: nobody's data outlives its erasure for ever."""
    for path in folder.glob(f"{REPLACED}-*.db"):
        if path.stat().st_mtime < (now - FORGET_REPLACED).timestamp():
            path.unlink()
