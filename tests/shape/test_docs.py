"""What the documents say is what the program does."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from alerts.cli import COMMANDS, alerts
from alerts.settings import Settings

ROOT = Path(__file__).parents[2]
DOCS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
CALL = re.compile(r"^(?:    |\| *`)?(?:\$ )?\s*alerts ([a-z]+(?: [a-z]+)?[^`\n]*)", re.MULTILINE)
RUNNABLE = re.compile(r"^<!-- run -->\n\n((?:    .+\n)+)", re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*)")


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    said = set(re.findall(r"^\| `(ALERTS_[A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE))
    there = {f"ALERTS_{name.rstrip('_').upper()}" for name in Settings.model_fields}
    assert said == there


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text())
    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_command_in_a_document_exists_with_its_options(path: Path) -> None:
    for line in CALL.findall(path.read_text()):
        words = line.split()
        if words[0] not in COMMANDS:
            continue
        command = alerts.get_command(click.Context(alerts), words[0])
        assert command is not None
        if isinstance(command, click.Group):
            verb = words[1] if len(words) > 1 else ""
            inner = command.get_command(click.Context(command), verb)
            assert inner is not None, line
            command = inner
        known = {opt for parameter in command.params for opt in (*parameter.opts, *parameter.secondary_opts)} | {
            "--help"
        }
        assert set(OPTION.findall(line)) <= known, line

RUN_ALL = """
import shlex, sys
from pathlib import Path
from click.testing import CliRunner
from alerts.cli import alerts
for line in sys.argv[1:]:
    command, _, output = line.partition(" > ")
    name, *words = shlex.split(command)
    done = CliRunner().invoke(alerts, words)
    if name != "alerts" or done.exit_code:
        sys.exit(f"{line}\\n{done.output}\\n{done.exception}")
    if output:
        Path(output).write_text(done.stdout)
"""


def runnable(path: Path) -> list[str]:
    return [line.strip() for block in RUNNABLE.findall(path.read_text()) for line in block.splitlines()]


def test_what_is_marked_as_runnable_is_found() -> None:
    marks = sum(path.read_text().count("<!-- run -->") for path in DOCS)
    assert marks == sum(len(RUNNABLE.findall(path.read_text())) for path in DOCS) > 5


@pytest.mark.parametrize("path", [path for path in DOCS if runnable(path)], ids=lambda path: path.name)
def test_examples_marked_as_runnable_run_in_their_order(path: Path, tmp_path: Path) -> None:
    away = {name: value for name, value in os.environ.items() if not name.startswith("ALERTS_")}
    run = [sys.executable, "-c", RUN_ALL, *runnable(path)]
    done = subprocess.run(run, cwd=tmp_path, env=away, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_tests_that_the_page_on_security_names_exist() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "security.md").read_text()))
    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)\(", path.read_text(), re.MULTILINE)
    }
    assert named - there == set()
    assert len(named) > 40
