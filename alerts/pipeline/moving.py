"""Backing up and moving a whole installation; the copy is counted and compared."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from alerts.errors import UsageError
from alerts.store import presence, schema
from alerts.store.copying import Progress, copy, silent
from alerts.store.engine import connect, reading

KEPT = 7
FOLDER = "backups"  # in the data directory
REPLACED = "replaced"  # how the backup of what a restore replaced is named


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup file: an SQLite database, whatever the installation runs on."""

    path: Path
    rows: Mapping[str, int]


def backup(
    engine: Engine, folder: Path, now: datetime, progress: Progress = silent, *, name: str = "alerts"
) -> Backup:
    """Write a backup that is consistent while everything runs; the newest seven of the name in the folder are kept."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name}-{now:%Y%m%dT%H%M%SZ}.db"
    if path.exists():
        raise UsageError(f"There is a backup {path} already.")
    part = path.with_suffix(".part")
    os.close(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
    try:
        rows = _into(engine, part, progress)
        part.rename(path)
    finally:
        for left in folder.glob(f"{part.name}*"):
            left.unlink()
    for old in sorted(folder.glob(f"{name}-*.db"))[:-KEPT]:
        old.unlink()
    return Backup(path=path, rows=rows)


def _into(engine: Engine, path: Path, progress: Progress) -> Mapping[str, int]:
    target = connect(f"sqlite:///{path}")
    try:
        schema.upgrade(target)
        rows = copy(engine, target, progress)
        with target.connect() as connection:
            connection.rollback()
            driver = connection.connection.driver_connection
            driver.execute("PRAGMA journal_mode=DELETE")  # type: ignore[union-attr]
    finally:
        target.dispose()
    return rows


def move(source: Engine, target: Engine, progress: Progress = silent) -> Mapping[str, int]:
    """Copy a stopped installation to an empty database of either kind, and bring its schema there first."""
    schema.check(source)
    with reading(source) as session:
        refuse_running(session)
    schema.upgrade(target)
    return copy(source, target, progress)


def refuse_running(session: Session) -> None:
    """Raise UsageError where processes work with this database."""
    found = presence.running(session)
    if found:
        raise UsageError(
            f"Stop first what runs with this database: {'; '.join(map(str, found))}. "
            f"(A process that was killed is forgotten after {presence.LEASE.total_seconds():.0f} seconds.)"
        )
