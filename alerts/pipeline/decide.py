"""What a new sighting makes of an item, as values: old and new content and links in, the news out."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from alerts.ingest.completion import services
from alerts.model import Content, Intent, Key, Kind, Link, PartialDate, Reason

TEASER_WAIT = timedelta(hours=24)
AHEAD = timedelta(days=366)  # how far a date may lie ahead: covers of journals are dated months after they appear
UNDATED = 20  # items without a date of their own that the first poll of a source alerts

MOST_QUOTED = 1000  # characters of a notice that are kept with its alert
MARKS = ("", "corrected", "concern", "retracted")  # the worse the later
MARKED_BY = {  # what a link of a work says of the work itself
    "corrected-by": "corrected",
    "concern-by": "concern",
    "retracted-by": "retracted",
}
MARKS_OTHER = {"corrects": "corrected", "concerns": "concern", "retracts": "retracted"}  # what a notice does
PUBLISHES = frozenset({"version-of", "preprint-of"})  # how a paper names its preprint

_RETRACTED_TITLE = re.compile(r"^\W*(?:retracted|withdrawn|retracted article)\W*[:.\])-]\s*\S", re.IGNORECASE)
_RETRACTED_TYPES = frozenset({"Retracted Publication"})
_NOTICE_TYPES = frozenset({"Retraction of Publication", "Retraction Notice"})
_LOUD_STATUS = re.compile(r"recruiting|suspended|terminated|withdrawn", re.IGNORECASE)
_NOT_YET = re.compile(r"not[ _]*(?:yet[ _]*)?recruiting", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One reason why an item is news, before its number is known."""

    reason: Reason
    detail: dict[str, Any] = field(default_factory=dict)
    quiet: bool = False

    def intent(self, item_id: int) -> Intent:
        return Intent(item_id=item_id, reason=self.reason, detail=self.detail, quiet=self.quiet)


def mark(content: Content, links: Collection[Link]) -> str:
    """Return the worst mark that a work bears by its own title, publication types or links; a notice bears none."""
    relations = {link.relation for link in links}
    if content.kind is Kind.NOTICE or "retracts" in relations:
        return ""
    found = [MARKED_BY[relation] for relation in MARKED_BY if relation in relations]
    if _RETRACTED_TYPES.intersection(content.publication_types) or _retracted_title(content):
        found.append("retracted")
    return worst(found)


def _retracted_title(content: Content) -> bool:
    return bool(_RETRACTED_TITLE.match(content.title))


def recognised(content: Content, links: Collection[Link]) -> Content:
    """Return a work as the notice it is, where its publication type says so and it retracts another by a link."""
    if content.kind is Kind.PAPER and _NOTICE_TYPES.intersection(content.publication_types) and any(
        link.relation == "retracts" for link in links
    ):
        return replace(content, kind=Kind.NOTICE)
    return content


def worst(marks: Collection[str]) -> str:
    return max(marks, key=MARKS.index, default="")


def marking(old: str, new: str, notice: str = "") -> Iterator[News]:
    """Yield the news that a work is corrected, doubted or retracted, with its notice's words: once, and never back."""
    if MARKS.index(new) > MARKS.index(old):
        yield News(reason=Reason(new), detail={"notice": notice[:MOST_QUOTED]} if notice else {})


def changes(old: Content, new: Content) -> Iterator[News]:
    """Yield what is news between two states of one item: status, phase and results of a registry record."""
    if new.kind is not Kind.RECORD:
        return
    if new.has_results and not old.has_results:
        yield News(reason=Reason.RESULTS)
    if old.status and new.status and _plain(old.status) != _plain(new.status):
        detail = {"from": old.status, "to": new.status} | ({"why": new.why_stopped} if new.why_stopped else {})
        yield News(reason=Reason.STATUS, detail=detail, quiet=not loud_status(new.status))
    if old.phases and new.phases and set(old.phases) != set(new.phases):
        yield News(reason=Reason.PHASE, detail={"from": list(old.phases), "to": list(new.phases)})


def _plain(status: str) -> str:
    return " ".join(status.replace("_", " ").split()).casefold()


def loud_status(status: str) -> bool:
    """Tell whether readers are mailed about a trial's new status: recruiting, suspended, terminated or withdrawn."""
    return bool(_LOUD_STATUS.search(status)) and not _NOT_YET.search(status)


def publishing(content: Content, old: Collection[Link], new: Collection[Link]) -> Iterator[News]:
    """Yield the news that a preprint now names its paper."""
    if content.kind is Kind.PREPRINT and not any(link.relation == "published-as" for link in old):
        for link in sorted(new):
            if link.relation == "published-as":
                yield News(reason=Reason.PUBLISHED, detail={link.scheme: link.value})
                return


_STATES = ("status", "phases", "enrollment", "has_results", "why_stopped")
_WORDS = ("title", "text")


def history(old: Content, new: Content, *, again: bool) -> Iterator[tuple[str, str, str]]:
    """Yield field, old and new words of what changed and was not empty before.

    A better title or abstract from another source is no change; from the same one (`again`) it is.
    """
    for name in (*_STATES, *(_WORDS if again else ())):
        before, after = getattr(old, name), getattr(new, name)
        if before != after and before not in ("", (), None):
            yield name, _words(before), _words(after)


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value or "")


def last_day(when: PartialDate) -> date:
    """Return the last day that a partial date can mean."""
    if when.day:
        return when.earliest()
    if when.month:
        return date(when.year + when.month // 12, when.month % 12 + 1, 1) - timedelta(days=1)
    return date(when.year, 12, 31)


def dated(content: Content, now: datetime) -> bool:
    """Tell whether an item has a date that can be trusted: one that is not in the future (a day of grace for zones)."""
    return content.published is not None and content.published.earliest() <= now.date() + timedelta(days=1)


def believed(content: Content, now: datetime) -> Content:
    """Return a content without a date that lies years ahead: a work counts as of the day on which it was first seen."""
    ahead = content.published is not None and content.published.earliest() > (now + AHEAD).date()
    return replace(content, published=None) if ahead else content


def too_old(content: Content, now: datetime, max_age: timedelta | None) -> bool:
    """Tell whether an item is older, by its own date, than its source's `--max-age` (none or zero: no limit)."""
    if not max_age or content.published is None or not dated(content, now):
        return False
    return last_day(content.published) < (now - max_age).date()


def not_before(content: Content, keys: Collection[Key], now: datetime) -> datetime | None:
    """Return how long the first alert of a teaser waits for its completion; None where nobody can complete it."""
    return now + TEASER_WAIT if content.truncated and services(keys) else None
