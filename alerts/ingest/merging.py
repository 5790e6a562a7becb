"""One content out of two of the same work: fields are filled, never blanked (law 3); pure."""

import re
from collections.abc import Iterable
from dataclasses import replace

from alerts.model import Content, Kind, PartialDate

_MORE_TELLING = tuple(reversed((
    Kind.NOTICE, Kind.RECORD, Kind.PREPRINT, Kind.ABSTRACT, Kind.PAPER, Kind.EXPLAINER, Kind.NEWS,
)))  # fmt: skip
_TAKEN_BACK = re.compile(r"\W*(?:retracted|withdrawn|removed)\b", re.IGNORECASE)
_SECTION = re.compile(r"^[A-Z][A-Z &/,'-]{2,60}: ", re.MULTILINE)


def merge_content(old: Content, new: Content, *, corrects: bool = False) -> Content:
    """Return what is known of a work when `new` is added to `old`.

    By default the better title and text win, whichever came first, so that the order in which sources arrive does
    not matter. `corrects`: `new` is what the very source of `old` says now, so its own words replace the earlier
    ones, unless they are a mere teaser of them. What a registry says of the state of a trial is always the newest.
    """
    told = new if corrects and not _is_teaser_of(new, old) else max(old, new, key=_worth_of_text)
    return replace(
        old,
        kind=max(old.kind, new.kind, key=_MORE_TELLING.index),
        title=(new.title if corrects and new.title else max(old.title, new.title, key=_worth_of_title)),
        text=told.text or old.text or new.text,
        truncated=told.truncated if told.text else (old.truncated or new.truncated),
        url=_better_url(old.url, new.url),
        authors=max(old.authors, new.authors, key=_worth_of_authors),
        venue=max(old.venue, new.venue, key=_length_first),
        published=_better_date(old.published, new.published),
        language=old.language or new.language,
        publication_types=_union(old.publication_types, new.publication_types),
        mesh=_union(old.mesh, new.mesh),
        phases=new.phases or old.phases,
        enrollment=old.enrollment if new.enrollment is None else new.enrollment,
        status=new.status or old.status,
        why_stopped=new.why_stopped or old.why_stopped,
        has_results=old.has_results or new.has_results,
    )


def _is_teaser_of(new: Content, old: Content) -> bool:
    return not new.text or (new.truncated and not old.truncated and bool(old.text))


def _worth_of_text(content: Content) -> tuple[bool, bool, int, int, str]:
    """Rank: some text, whole, with labelled sections, longer."""
    sections = len(_SECTION.findall(content.text))
    return bool(content.text), not content.truncated, sections, len(content.text), content.text


def _worth_of_title(title: str) -> tuple[bool, bool, bool, int, str]:
    """Rank: some title, saying that the work was taken back, whole, longer."""
    whole = not title.endswith(("...", "\u2026"))
    return bool(title), bool(_TAKEN_BACK.match(title)), whole, len(title), title


def _worth_of_authors(authors: tuple[str, ...]) -> tuple[int, int, tuple[str, ...]]:
    return len(authors), sum(map(len, authors)), authors


def _length_first(text: str) -> tuple[int, str]:
    return len(text), text


def _better_url(one: str, other: str) -> str:
    """Return the address that is given, secure and short, in this order."""
    return min((url for url in (one, other) if url), key=_cost_of_url, default="")


def _cost_of_url(url: str) -> tuple[bool, int, str]:
    return not url.startswith("https:"), len(url), url


def _better_date(one: PartialDate | None, other: PartialDate | None) -> PartialDate | None:
    """Return the earliest of the most precise dates."""
    given = [found for found in (one, other) if found]
    return min(given, key=lambda found: (-len(str(found)), str(found)), default=None)


def _union(old: Iterable[str], new: Iterable[str]) -> tuple[str, ...]:
    """Return both lists without repeats, sorted: the order of arrival does not show."""
    return tuple(sorted({*old, *new}))
