"""The record of each composing: how many there were, and why some got nothing."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, update
from sqlmodel import Session, col

from alerts.store.tables import RunRow


def keep(session: Session, run_id: int | None, values: Mapping[str, Any]) -> int:
    """Write a run as it stands now; `run_id` None makes a new one."""
    if run_id is None:
        made: int = session.execute(insert(RunRow).values(**values).returning(col(RunRow.id))).scalar_one()
        return made
    session.execute(update(RunRow).where(col(RunRow.id) == run_id).values(**values))
    return run_id
