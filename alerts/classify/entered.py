"""Those who entered a study: of all who were screened for it, and over the arms to which they were assigned."""

# ruff: noqa: E501 - a pattern that is broken over many lines is harder to read than a long one

import re
from collections.abc import Sequence
from typing import NamedTuple

from alerts.classify.cues import PEOPLE
from alerts.classify.numbers import Number

_SCREENED = re.compile(
    r"\b(?:screened(?! for (?!eligib|inclusion|enrol|particip|the (?:study|trial)))|assessed for eligibility|approached|invited|contacted)\b",
    re.IGNORECASE,
)
_ENTERED = re.compile(
    rf"(?:\s\([^()]*\))?\s(?:(?:eligible|of|these|them|whom|{PEOPLE}) ){{0,3}}(?:(?:were|was|then|finally|subsequently|eventually|ultimately|underwent) ){{0,3}}"
    r"(?P<how>randomi[sz](?:ed|ation)|randomly (?:assigned|allocated)|assigned|allocated|enrol?led|included|recruited|participated|took part)\b(?! (?:in(?:to)?|to) (?:the|each|both|either) (?:[\w-]+ ){1,3}(?:group|arm))",
    re.IGNORECASE,
)
"""After the number of those who entered a study out of all who were screened for it."""
_AN_ARM = re.compile(r"\s(?:to|into) (?:[\w-]+ ){0,6}?[\w-]+(?: \([^()]*\))?(?:,|,? and)\s(?:the other )?", re.IGNORECASE)
_THE_NEXT = re.compile(rf"(?: {PEOPLE})?(?: \([^()]*\))?(?: were)?(?: randomi[sz]ed| assigned| allocated)?(?= (?:to|into)\b)", re.IGNORECASE)
_BY_CHANCE = ("random", "assigned", "allocated")


class Entered(NamedTuple):
    """How many entered, and where the text says so."""

    number: int
    start: int
    end: int


def entered(text: str, found: Sequence[Number]) -> Entered | None:
    """Return those who entered out of those screened: the randomised if they are counted, else the first included."""
    screened = _SCREENED.search(text)
    if not screened or len(found) < 2:
        return None
    most = max(number.value for number in found)
    entries = [
        (at, match)
        for at, number in enumerate(found)
        if number.start > screened.start() and 1 < number.value < most and (match := _ENTERED.match(text, number.end))
    ]
    if not entries:
        return None
    at, match = next((one for one in entries if one[1]["how"].lower().startswith(_BY_CHANCE)), entries[0])
    return _arms(text, found[at:], match)


def assigned(text: str, found: Sequence[Number]) -> Entered | None:
    """Return those assigned to all arms ("320 were assigned to velumab and 310 to placebo"); None for a single number."""
    for at, number in enumerate(found[:-1]):
        match = _ENTERED.match(text, number.end)
        if match and match["how"].lower().startswith(_BY_CHANCE):
            whole = _arms(text, found[at:], match)
            return whole if whole.number > number.value else None
    return None


def _arms(text: str, found: Sequence[Number], match: re.Match[str]) -> Entered:
    """Add up the arms that follow a number and its verb."""
    first, end, number = found[0], match.end(), found[0].value
    for arm in found[1:]:
        if arm.start < end:
            continue
        following = _THE_NEXT.match(text, arm.end)
        if not following or not _AN_ARM.fullmatch(text, end, arm.start):
            break
        number, end = number + arm.value, following.end()
    return Entered(number, first.start, end)
