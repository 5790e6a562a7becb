"""What the code imports is declared, and what is declared is locked with hashes and without addresses."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = {"alerts", "subscribers"}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(file: str) -> set[str]:
    return {plain(found) for found in re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / file).read_text(), re.MULTILINE)}


def imported() -> set[str]:
    found = set()
    for package in OURS:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module.split(".")[0])
    return found - OURS - set(sys.stdlib_module_names)


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {plain(re.split(r"[\[<>=;~! ]", one, maxsplit=1)[0]) for one in project["dependencies"]}


def test_every_library_that_is_imported_is_locked() -> None:
    homes = packages_distributions()
    needed = {plain(homes[name][0]) for name in imported()}
    assert needed - locked("requirements.lock") == set()


def test_every_library_that_is_declared_is_locked() -> None:
    assert declared() - locked("requirements.lock") == set()
    assert locked("requirements.lock") <= locked("requirements-dev.lock")


def test_the_locks_hold_hashes_and_no_address() -> None:
    for file in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / file).read_text()
        assert "://" not in text
        assert text.count("--hash=sha256:") >= len(locked(file))
