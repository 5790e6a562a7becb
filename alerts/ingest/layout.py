"""Whether a page's list still has the layout that its selectors were chosen for: told by what it showed last; pure.

A row is what one item of the list says: `locator`, `link`, `title`, `date`, `text` and `hash`, all strings.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from alerts.errors import ReadError
from alerts.ingest.answer import raw_hash
from alerts.model import Source

Row = dict[str, str]

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
    kept = [row for row in rows if row["locator"] in known]
    return next(_lost_by_the_known(kept, known), "") or (
        next(_lacking(rows, known), "") if len(kept) < FEWEST <= len(known) else ""
    )


def _lost_by_the_known(kept: Sequence[Row], known: Mapping[str, str]) -> Iterator[str]:
    """Yield what most of the items lost that are shown again."""
    dated = [row for row in kept if known[row["locator"]][_DATE] != _UNDATED]
    linked = [row for row in kept if _is_address(row["locator"])]
    retitled = sum(known[row["locator"]][_TITLE] != row["hash"][_TITLE] for row in kept)
    for lost, had, what in (
        (retitled, len(kept), "have another title"),
        (sum(not row["date"] for row in dated), len(dated), "have no date any more"),
        (sum(not row["link"] for row in linked), len(linked), "have no link any more"),
    ):
        if had >= FEWEST and lost * 2 > had:
            yield f"{lost} of {had} known items {what}"


def _lacking(rows: Sequence[Row], known: Mapping[str, str]) -> Iterator[str]:
    """Yield what items lack of which next to none was shown before."""
    dates = sum(bool(row["date"]) for row in rows)
    if not any(row["locator"] in known for row in rows) and dates * 2 <= len(rows):
        yield f"none of the {len(rows)} items was shown before, and most have no date"
    if not dates and sum(said[_DATE] != _UNDATED for said in known.values()) * 2 > len(known):
        yield f"none of the {len(rows)} items has a date"
    if not any(row["link"] for row in rows) and sum(map(_is_address, known)) * 2 > len(known):
        yield f"none of the {len(rows)} items has a link"


def _is_address(locator: str) -> bool:
    return "://" in locator
