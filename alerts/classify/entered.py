"""Those who entered a study, where a sentence first counts all who were screened for it."""

# ruff: noqa: E501 - a pattern that is broken over many lines is harder to read than a long one

import re
from collections.abc import Sequence
from typing import NamedTuple

from alerts.classify.cues import PEOPLE
from alerts.classify.numbers import Number

_SCREENED = re.compile(r"\b(?:screened|assessed for eligibility|approached|invited|contacted)\b", re.IGNORECASE)
_ENTERED = re.compile(
    rf"(?:\s\([^()]*\))?\s(?:(?:eligible|of|these|them|whom|{PEOPLE}) ){{0,3}}(?:(?:were|was|then|finally|subsequently|eventually|ultimately|underwent) ){{0,3}}"
    r"(?P<how>randomi[sz](?:ed|ation)|randomly (?:assigned|allocated)|enrol?led|included|recruited|participated|took part)\b(?! (?:in(?:to)?|to) (?:the|each|both|either) (?:[\w-]+ ){1,3}(?:group|arm))",
    re.IGNORECASE,
)
"""After the number of those who entered a study out of all who were screened for it."""


class Entered(NamedTuple):
    """How many entered, and where the sentence says so."""

    number: int
    start: int
    end: int


def entered(text: str, found: Sequence[Number]) -> Entered | None:
    """Return those who entered: the randomised if they are counted, else the first who were included."""
    screened = _SCREENED.search(text)
    if not screened or len(found) < 2:
        return None
    entries = [
        (number, match)
        for number in found[1:]
        if number.start > screened.start()
        and 1 < number.value < found[0].value
        and (match := _ENTERED.match(text, number.end))
    ]
    if not entries:
        return None
    number, match = next((one for one in entries if one[1]["how"].lower().startswith("random")), entries[0])
    return Entered(number.value, number.start, match.end())
