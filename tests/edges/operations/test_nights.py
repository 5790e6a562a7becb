"""The backup of each night: once, by one process; kept for a week; told to the operator where it fails."""

import os
import shutil
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from alerts.pipeline import moving
from alerts.pipeline.nightly import BackupError
from alerts.store.engine import reading
from alerts.store.tables import DeliveryRow


def test_the_nightly_backup_is_made_once_and_seven_are_kept(house) -> None:
    folder = house.data / moving.FOLDER
    assert house.night() is None
    for _ in range(9):
        house.later(days=1)
        assert house.night() is not None
        assert house.night() is None
    assert len(list(folder.glob("alerts-*.db"))) == 7
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())


def test_what_was_replaced_is_forgotten_after_thirty_days(house) -> None:
    folder = house.data / moving.FOLDER
    house.night()
    for name, days in (("old", 31), ("young", 29)):
        path = folder / f"replaced-{name}.db"
        path.parent.mkdir(exist_ok=True)
        path.touch()
        at = (house.now + timedelta(days=1 - days)).timestamp()
        os.utime(path, (at, at))
    house.later(days=1)
    house.night()
    assert [path.name for path in folder.glob("replaced-*")] == ["replaced-young.db"]


def told(house) -> int:
    with reading(house.engine) as session:
        return session.execute(select(func.count()).select_from(DeliveryRow).where(DeliveryRow.kind == "operator")).scalar_one()


def test_a_nightly_backup_that_failed_is_tried_again_and_the_operator_told_once(house) -> None:
    folder = house.data / moving.FOLDER
    house.settings = house.settings.model_copy(update={"operator": "op@example.org"})
    for nights in (1, 2):
        house.later(days=1)
        house.night()
        house.later(days=1)
        shutil.rmtree(folder, ignore_errors=True)
        folder.write_text("in the way")
        for _ in range(2):
            with pytest.raises(BackupError, match="No backup could be written"):
                house.night()
        assert told(house) == nights
        folder.unlink()
        assert house.night() is not None
