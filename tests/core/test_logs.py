"""Logs: one event a line in both forms, a crash never spreads over several."""

import contextlib
import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from alerts import logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    handlers = logging.getLogger().handlers
    yield
    logging.getLogger().handlers = handlers
    structlog.reset_defaults()


def crash() -> None:
    try:
        int("by nothing")
    except ValueError:
        structlog.get_logger().exception("sum.failed", part=1)
        logging.getLogger("library").exception("library failed")


def test_a_crash_is_one_line_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("console")
    crash()
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 2
    assert all("ValueError: invalid literal" in line for line in lines)


def test_a_crash_is_one_json_object_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    crash()
    events = [json.loads(line) for line in capsys.readouterr().err.strip().splitlines()]
    assert [event["event"] for event in events] == ["sum.failed", "library failed"]
    assert all("Traceback" in event["exception"] for event in events)


def test_what_is_below_the_level_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", level=logging.WARNING)
    structlog.get_logger().info("small.talk")
    assert capsys.readouterr().err == ""


def test_what_standard_error_is_by_then_gets_the_words(capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.redirect_stderr(io.StringIO()) as earlier:
        logs.configure("console")
    structlog.get_logger().warning("late.word")
    assert not earlier.getvalue()
    assert "late.word" in capsys.readouterr().err
