"""The page on sources tells the truth."""

import re
from pathlib import Path

import pytest

from alerts.ingest import KINDS, SPACING, file, packs

PAGE = Path(__file__).parents[3] / "docs" / "sources.md"


@pytest.fixture(scope="module")
def page() -> str:
    if not PAGE.exists():
        pytest.skip("the documents are not beside the tests")
    return PAGE.read_text(encoding="utf-8")


def test_it_names_every_kind(page: str) -> None:
    named = set(re.findall(r"`(\w+)`", page.split("## Kinds")[1].split("###", maxsplit=1)[0]))
    assert set(KINDS) <= named


def test_it_counts_the_pack(page: str) -> None:
    assert f"({len(packs.load(packs.shipped('neuroimmunology'), 'n'))} sources" in page


def test_it_names_every_field_of_a_line(page: str) -> None:
    named = set(re.findall(r"`(\w+)`", page.split("### file")[1]))
    assert named >= file._OWN


def test_it_tells_the_pace(page: str) -> None:
    assert "3 requests a second, 9 with" in page
    assert 1 / SPACING["eutils.ncbi.nlm.nih.gov"].seconds < 3
    assert 9 <= 1 / SPACING["eutils.ncbi.nlm.nih.gov"].of(with_key=True) < 10
