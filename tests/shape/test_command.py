"""The command as a user types it: help, exit codes, no traceback, nothing heavy for help."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("sqlmodel", "sqlalchemy", "starlette", "pycurl", "lxml", "pydantic", "feedparser", "re2")


def alerts(*args: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alerts", *args],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_names_every_command_and_teaches_by_example(tmp_path: Path) -> None:
    shown = alerts("--help", cwd=tmp_path)
    assert shown.returncode == 0
    for name in (
        "run",
        "poll",
        "topic",
        "source",
        "item",
        "subscriber",
        "digest",
        "deliver",
        "hold",
        "bounce",
        "feed",
        "classify",
        "db",
        "status",
        "doctor",
    ):
        assert f"\n  {name} " in shown.stdout
    assert "alerts source add https://" in shown.stdout


def test_help_and_completion_load_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys, json\n"
        "from click.testing import CliRunner\n"
        "from alerts.cli import alerts\n"
        "CliRunner().invoke(alerts, ['--help'])\n"
        "print(json.dumps([name for name in sys.modules]))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert set(json.loads(out.stdout)).isdisjoint(HEAVY)


@pytest.mark.parametrize("typed", ["alerts ", "alerts topic ", "alerts digest send --"])
def test_completion_answers_and_loads_nothing_heavy(tmp_path: Path, typed: str) -> None:
    code = (
        "import sys, os, json, atexit\n"
        "atexit.register(lambda: print(json.dumps([name for name in sys.modules])))\n"
        "from alerts.cli import alerts\n"
        "alerts(prog_name='alerts')"
    )
    asked = {"_ALERTS_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path, env={**os.environ, **asked}
    )
    *offered, modules = out.stdout.splitlines()
    assert offered
    assert set(json.loads(modules)).isdisjoint(HEAVY)


@pytest.mark.parametrize("wrong", [["no-such-command"], ["topic", "no-such-verb"], ["poll", "--at", "yesterday"]])
def test_a_wrong_call_exits_2_with_one_plain_line(wrong: list[str], tmp_path: Path) -> None:
    done = alerts(*wrong, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_all_wrong_settings_are_named_at_once(tmp_path: Path) -> None:
    done = alerts("status", cwd=tmp_path, ALERTS_SMTP_URL="http://mail", ALERTS_BASE_URL="nonsense")
    assert done.returncode == 2
    assert "ALERTS_SMTP_URL" in done.stderr
    assert "ALERTS_BASE_URL" in done.stderr
    assert not (tmp_path / "var").exists()
