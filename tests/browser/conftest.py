"""The same small installation as the web's own tests, served to a browser."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import col, select

from alerts.store.engine import reading
from alerts.store.tables import DeliveryRow

_PATH = Path(__file__).parents[1] / "edges" / "web" / "conftest.py"
_spec = importlib.util.spec_from_file_location("web_fixtures", _PATH)
_web = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_web)
settings, world, browser, release = _web.settings, _web.world, _web.browser, _web.release


@pytest.fixture
def confirm_token(world) -> Callable[[], str]:
    """Read the token out of the newest question that waits to be sent."""

    def newest() -> str:
        with reading(world.engine) as session:
            sealed = session.exec(select(DeliveryRow.private).order_by(col(DeliveryRow.id).desc())).first()
        return world.keyring.open(sealed)

    return newest
