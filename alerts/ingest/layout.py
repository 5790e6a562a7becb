"""Whether a page's list still has the layout that its selectors were chosen for: told by what it showed last; pure.

A row is what one item of the list says: `locator`, `link`, `title`, `date`, `text` and `hash`, all strings.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from alerts.errors import ReadError
from alerts.ingest.answer import raw_hash
from alerts.model import Source

Row = dict[str, Any]

FEWEST = 3  # items that must agree before a change counts as one of the layout
_TITLE, _DATE, _SAME = slice(24), slice(24, 40), slice(40)


def row_hash(row: Row) -> str:
    """Return a row's hash, of which the first part is its title's and the next its date's."""
    return raw_hash(row["title"])[:24] + raw_hash(row["date"])[:16] + raw_hash(row)[:24]


_UNDATED = raw_hash("")[:16]


def changed(source: Source, said: str) -> ReadError:
    """Return the error that says what is other than it was, and what to do."""
    return ReadError(
        f"{said}: the page has another layout. Choose its selectors anew (alerts source edit {source.slug} --item ...) "
        f"or take it as it is (alerts source edit {source.slug} --afresh)"
    )


def settled(rows: Sequence[Row], known: Mapping[str, str]) -> list[Row]:
    """Return the rows, each once; where several stand at a new address with title and date as before, by old names."""
    shown = {row["locator"] for row in rows}
    gone = _single((said[_SAME], locator) for locator, said in known.items() if locator not in shown)
    fresh = _single((row["hash"][_SAME], row["locator"]) for row in rows if row["locator"] not in known)
    moved = {locator: gone[same] for same, locator in fresh.items() if same in gone}
    names = moved if len(moved) >= FEWEST else {}
    named = ({**row, "locator": names.get(row["locator"], row["locator"])} for row in rows)
    return list({row["locator"]: row for row in named}.values())


def _single(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the pairs whose first part stands in one pair only."""
    every = set(pairs)
    often = Counter(first for first, _ in every)
    return {first: second for first, second in every if often[first] == 1}


def differs(rows: Sequence[Row], known: Mapping[str, str]) -> str:
    """Say how the rows are made otherwise than those of the last poll, of which `known` maps locators to hashes."""
    return next(_differences(rows, [row for row in rows if row["locator"] in known], known), "")


def _differences(rows: Sequence[Row], kept: Sequence[Row], known: Mapping[str, str]) -> Iterator[str]:
    retitled = sum(known[row["locator"]][_TITLE] != row["hash"][_TITLE] for row in kept)
    if len(kept) >= FEWEST and retitled * 2 > len(kept):
        yield f"{retitled} of {len(kept)} items have other titles than at the last poll"
    if len(known) < FEWEST:
        return
    dates, links = sum(bool(row["date"]) for row in rows), sum(bool(row["link"]) for row in rows)
    if _lost(dates, rows, sum(said[_DATE] != _UNDATED for said in known.values()), known):
        yield f"{len(rows) - dates} of {len(rows)} items have no date, which most had at the last poll"
    if _lost(links, rows, sum("://" in locator for locator in known), known):
        yield f"{len(rows) - links} of {len(rows)} items have no link, which most had at the last poll"
    if not kept and dates * 2 <= len(rows):
        yield f"none of the {len(rows)} items was there at the last poll, and most have no date"


def _lost(now: int, rows: Sequence[Row], before: int, known: Mapping[str, str]) -> bool:
    return before * 2 > len(known) and now * 2 < len(rows)
