"""Links in mail lead to where the service of this machine listens, also when another command made the mail."""

from pathlib import Path

import pytest

from alerts.cli.service import _at_home
from alerts.settings import DEFAULT_BASE_URL, Settings
from alerts.wiring import ADDRESS, World, open_world


def world(folder: Path, **said: str) -> World:
    return open_world(Settings(_env_file=None, data_dir=folder, **said))


def test_a_command_beside_the_service_links_to_its_port(tmp_path: Path) -> None:
    assert world(tmp_path).settings.base_url == DEFAULT_BASE_URL
    assert _at_home(world(tmp_path), "127.0.0.1", 8123).settings.base_url == "http://127.0.0.1:8123"
    assert world(tmp_path).settings.base_url == "http://127.0.0.1:8123"


def test_a_service_that_moves_takes_the_links_with_it(tmp_path: Path) -> None:
    _at_home(world(tmp_path), "127.0.0.1", 8123)
    assert _at_home(world(tmp_path), "::1", 8200).settings.base_url == "http://[::1]:8200"
    assert world(tmp_path).settings.base_url == "http://[::1]:8200"


def test_what_the_operator_said_goes_before(tmp_path: Path) -> None:
    said = "http://localhost:9000/alerts"
    assert _at_home(world(tmp_path, base_url=said), "127.0.0.1", 8123).settings.base_url == said
    _at_home(world(tmp_path), "127.0.0.1", 8123)
    assert world(tmp_path, base_url=said).settings.base_url == said


@pytest.mark.parametrize("told", ["", "https://elsewhere.example.org", "http://[", "\x00"])
def test_a_damaged_note_leads_nobody_away(tmp_path: Path, told: str) -> None:
    (tmp_path / ADDRESS).write_text(told)
    assert world(tmp_path).settings.base_url == DEFAULT_BASE_URL
