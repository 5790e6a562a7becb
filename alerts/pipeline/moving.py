"""Backing up, restoring and moving a whole installation; the copy is counted and compared."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from alerts.errors import UsageError
from alerts.store import schema
from alerts.store.copying import Progress, copy
from alerts.store.engine import connect, writing
from alerts.store.installation import set_hold

KEPT = 7
HELD = "restored from a backup: see what would go out (alerts digest send --dry-run), then: alerts hold off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup file: an SQLite database, whatever the installation runs on."""

    path: Path
    rows: Mapping[str, int]


def backup(engine: Engine, folder: Path, now: datetime, progress: Progress) -> Backup:
    """Write a backup that is consistent while everything runs; the newest seven in the folder are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"alerts-{now:%Y%m%dT%H%M%SZ}.db"
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
    for old in sorted(folder.glob("alerts-*.db"))[:-KEPT]:
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


def restore(path: Path, engine: Engine, progress: Progress) -> Mapping[str, int]:
    """Fill an empty database from a backup. Mail is on hold afterwards, until the operator lets it go."""
    if not path.is_file():
        raise UsageError(f"There is no backup {path}")
    source = connect(f"sqlite:///{path}")
    try:
        schema.check(source)
        rows = copy(source, engine, progress)
    finally:
        source.dispose()
    with writing(engine, durable=True) as session:
        set_hold(session, on=True, reason=HELD)
    return rows


def move(source: Engine, target: Engine, progress: Progress) -> Mapping[str, int]:
    """Copy an installation to an empty database of either kind, and bring its schema there first."""
    schema.check(source)
    schema.upgrade(target)
    return copy(source, target, progress)
