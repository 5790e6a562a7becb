"""Dates as web pages write them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.ingest.dates import find_date
from alerts.model import PartialDate

MAY_FIRST = PartialDate(2026, 5, 1)


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-01", "2026/05/01", "2026.05.01", "2026-05-01T09:30:00+02:00", "May 1, 2026", "May 1st, 2026", "Posted on MAY 01 2026", "1 May 2026", "1st of May, 2026",
        "01-May-2026", "Friday, May. 1, 2026", "1.5.2026", "01.05.2026", "5/1/2026", "05/01/2026", "Read More5/1/2026", "Read more\nMay 1, 2026 at 9 am", "May 2025 was mild; on 5/1/2026 it rained",
    ],
)  # fmt: skip
def test_common_forms(text: str) -> None:
    assert find_date(text) == MAY_FIRST


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("13/5/2026", PartialDate(2026, 5, 13)), ("5/13/2026", PartialDate(2026, 5, 13)), ("May 2026", PartialDate(2026, 5)), ("2026-05", PartialDate(2026, 5)),
        ("Sept 9, 2025", PartialDate(2025, 9, 9)), ("first 3/2/2026 and then 4/2/2026", PartialDate(2026, 3, 2)),
    ],
)  # fmt: skip
def test_other_forms(text: str, found: PartialDate) -> None:
    assert find_date(text) == found


def test_the_operator_may_say_that_the_day_comes_first() -> None:
    assert find_date("1/5/2026", day_first=True) == MAY_FIRST
    assert find_date("5/1/2026", day_first=True) == PartialDate(2026, 1, 5)
    assert find_date("5/13/2026", day_first=True) == PartialDate(2026, 5, 13)


@pytest.mark.parametrize("text", ["", "no date", "2026", "13/13/2026", "12345-05-01", "page 1.5.20261", "may be 12, 2026 people"])
def test_what_is_no_date(text: str) -> None:
    assert find_date(text) is None


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.sampled_from(["%Y-%m-%d", "%B %d, %Y", "%d %b %Y", "%d.%m.%Y", "%m/%d/%Y"]))
def test_every_day_is_read_in_every_form(day: date, form: str) -> None:
    assert find_date(f"Read more {day.strftime(form)} | News") == PartialDate.of(day)
