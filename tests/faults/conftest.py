"""Trials: how many, by which dice, and the one table of what was lost and what came twice."""

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import ledger
import pytest
import valley
from sink import Sink
from sqlalchemy import Engine

HERE = Path(__file__).parent
SEED = os.environ.get("ALERTS_TEST_SEED", "11")
REPORT = HERE.parents[1] / "docs" / "faults.md"
Many = Callable[[int, int], int]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults-long", action="store_true", help="hundreds of crashes instead of a few; minutes")


@pytest.fixture
def many(request: pytest.FixtureRequest) -> Many:
    """`many(4, 20)`: so many trials in the short form, so many in the long one."""
    return lambda few, full: full if request.config.getoption("--faults-long", default=False) else few


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """Random, and the same for the same ALERTS_TEST_SEED."""
    return random.Random(f"{SEED} {request.node.name}")


@pytest.fixture
def told(request: pytest.FixtureRequest) -> Callable[..., ledger.Line]:
    """Put a line into the table."""

    def tell(what: str, *, on: Engine | str, trials: int, lost: int, twice: int = 0, allowed: int = 0) -> ledger.Line:
        line = ledger.Line(what, on if isinstance(on, str) else on.dialect.name, trials, lost, twice, allowed)
        request.node.user_properties.append((ledger.MARK, line._asdict()))
        return line

    return tell


@pytest.fixture
def sources(many: Many) -> Iterator[valley.Sources]:
    with valley.Sources(pages=many(4, 20)) as found:
        yield found


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as found:
        yield found


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    reports = [one for some in terminalreporter.stats.values() for one in some if isinstance(one, pytest.TestReport)]
    found = [ledger.Line(**told) for one in reports if one.when == "call"
             for mark, told in one.user_properties if mark == ledger.MARK]
    if not found:
        return
    terminalreporter.section("what was broken on purpose")
    for row in ledger.table(found):
        terminalreporter.write_line(row)
    whole = [Path(arg).resolve() for arg in config.args] == [HERE]
    if whole and config.getoption("--faults-long", default=False) and exitstatus == 0:
        REPORT.write_text(ledger.page(found, SEED), encoding="utf-8")
