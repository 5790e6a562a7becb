"""Whole numbers as texts write them: digits with any kind of thousands mark, and number words."""

import re
from typing import NamedTuple

import re2

_TO_TEN = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_TEENS = ["eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_UNITS = {word: number for number, word in enumerate([*_TO_TEN, *_TEENS])}
_TENS = {
    word: 10 * value
    for value, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_SMALL = "|".join(sorted([*_UNITS, *_TENS], key=len, reverse=True))
_MARKS = ",'\u2019 \u00a0\u2007\u2008\u2009\u202f"
_WORDS = rf"\b(?:(?:{_SMALL}|a)[\s-]hundred|(?:{_SMALL}))(?:(?:\s+(?:and\s+)?|-)(?:{_SMALL}|hundred|thousand)\b)*\b"
_DIGITS = re.compile(rf"\d(?:\d{{0,2}}(?:[{_MARKS}]\d{{3}})+(?!\d)|\d*)")
_SPELT = re2.compile(f"(?i){_WORDS}")
SPELT = rf"\b(?:{_SMALL}|hundred)\b"
"""What a text holds that has numbers in words."""
_DATED = re.compile(
    r"(?:in|since|from|until|during|to|and|of|by|january|february|march|april|may|june|july|august|september|october"
    r"|november|december|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec),?\s\Z",
    re.IGNORECASE,
)
_LEFT = frozenset("0123456789.,·/=–-\u2212<>≤≥±$€£#+")


class Number(NamedTuple):
    """A whole number at its place."""

    start: int
    end: int
    value: int


def value(text: str) -> int:
    """Return the number that these digits or words mean ("13 388", "Three hundred and sixteen")."""
    if text.isdecimal():
        return int(text[:15])
    if any(sign.isdigit() for sign in text):
        return int("".join(sign for sign in text if sign.isdecimal())[:15] or 0)
    total = part = 0
    for word in re.split(r"[\s-]+", text.lower()):
        if word == "hundred":
            part = (part or 1) * 100
        elif word == "thousand":
            total, part = total + (part or 1) * 1000, 0
        else:
            part += _UNITS.get(word, 0) or _TENS.get(word, 0) or int(word == "a")
    return total + part


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Say whether the digits are a number of their own, not part of a decimal, a range, a share or a name."""
    left, right = text[start - 1 : start], text[end : end + 2]
    if left and (left in _LEFT or left.isalpha()) and not (left == "=" or text[start - 2 : start] == "= "):
        return False
    if right[:1] == "%" or right[:1].isalpha() or right[:1] in {"/", "-", "–", "\u2212"}:
        return False
    return not (right[:1] in {".", ",", "·", ":"} and right[1:].isdigit())


def numbers(text: str, *, spelt: bool = True) -> list[Number]:
    """Return the whole numbers of a text in order; `spelt` says whether it may hold any in words."""
    found = [
        Number(match.start(), match.end(), value(match[0]))
        for match in _DIGITS.finditer(text)
        if _stands_alone(text, *match.span())
    ]
    if spelt:
        found += [Number(match.start(), match.end(), value(match[0])) for match in _SPELT.finditer(text)]
        found.sort()
    return found


def is_year(number: Number, before: str) -> bool:
    """Say whether a number is a year, by the words before it."""
    return 1900 <= number.value <= 2099 and _DATED.search(before) is not None
