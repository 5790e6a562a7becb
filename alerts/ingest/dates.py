"""Dates as web pages write them, found in running text."""

import re
from collections.abc import Iterable, Iterator

from alerts.model import PartialDate

MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_MONTH = r"(?P<month>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)\.?"
_YEAR = r"(?P<year>(?:19|20)\d\d)(?!\d)"
_DAY = r"(?P<day>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?<!\d){_YEAR}[-/.](?P<month>\d\d?)[-/.](?P<day>\d\d?)(?!\d)",
        rf"(?<![a-z]){_MONTH}\s+{_DAY},?\s+{_YEAR}",
        rf"(?<!\d){_DAY}\.?(?:\s+of)?[\s-]+{_MONTH},?[\s-]+{_YEAR}",
        rf"(?<!\d)(?P<first>\d\d?)(?P<mark>[/.-])(?P<second>\d\d?)(?P=mark){_YEAR}",
        rf"(?<![a-z]){_MONTH},?\s+{_YEAR}",
        rf"(?<!\d){_YEAR}-(?P<month>0[1-9]|1[0-2])(?!\d)",
    )
)


def first_of(dates: Iterable[PartialDate]) -> PartialDate | None:
    """Return the date that is over first: a day in May goes before its bare year, and before a cover date to come."""
    return min(dates, key=_end, default=None)


def _end(date: PartialDate) -> tuple[int, int, int]:
    return date.year, date.month or 12, date.day or 31


def find_date(text: str, *, day_first: bool = False) -> PartialDate | None:
    """Return the first date in the text, or None.

    Known are 2026-05-01 (and with slashes or dots), May 1, 2026; 1 May 2026; 1.5.2026 (day first), 5/1/2026 (month
    first unless `day_first`, or unless it can only be read the other way), May 2026 and 2026-05.
    """
    found = min(_dates(text, day_first=day_first), key=lambda pair: pair[0], default=None)
    return found[1] if found else None


def _dates(text: str, *, day_first: bool) -> Iterator[tuple[tuple[int, int], PartialDate]]:
    """Yield each form's first date with its place; the forms stand from the most to the least exact."""
    for rank, form in enumerate(_FORMS):
        for match in form.finditer(text):
            if date := _date(match.groupdict(), day_first=day_first):
                yield (match.start() if date.day else len(text) + match.start(), rank), date
                break


def _date(parts: dict[str, str | None], *, day_first: bool) -> PartialDate | None:
    first, second = parts.get("first"), parts.get("second")
    if first and second:
        swapped = day_first or parts["mark"] == "." or int(first) > 12
        month, day = (second, first) if swapped and int(second) <= 12 else (first, second)
    else:
        month, day = parts.get("month") or "", parts.get("day") or ""
    number = MONTHS.get(month[:3].lower()) or (int(month) if month.isdigit() else 0)
    digits = f"-{int(day):02}" if day else ""
    return PartialDate.parse(f"{parts['year']}-{number:02}{digits}")
