"""The option that asks for the long forms."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults-long", action="store_true", help="hundreds of crashes instead of a few; minutes")
