"""Whole numbers as texts write them: digits with any kind of thousands mark, and number words."""

import re

_UNITS = {
    word: value
    for value, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
        + ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_SMALL = "|".join(sorted([*_UNITS, *_TENS], key=len, reverse=True))
_SPACES = "    "  # noqa: RUF001 - plain, no-break, thin and narrow no-break spaces

WORDS = rf"(?:(?:{_SMALL}|a)[\s-]hundred|(?:{_SMALL}))(?:(?:\s(?:and\s)?|-)(?:{_SMALL}|hundred|thousand)\b)*"
DIGITS = rf"(?<![\d.,·/=–-])\d{{1,3}}(?:[,{_SPACES}’']\d{{3}})+(?![\d])|(?<![\d.,·/–])\d+(?![\d%]|[.,·]\d)"  # noqa: RUF001
NUMBER = rf"(?:{DIGITS}|\b{WORDS}\b)"


def value(text: str) -> int:
    """Return the number that these digits or words mean ("13 388", "Three hundred and sixteen")."""
    if any(sign.isdigit() for sign in text):
        return int("".join(sign for sign in text if sign.isdecimal()) or 0)
    total = part = 0
    for word in re.split(r"[\s-]+", text.lower()):
        if word == "hundred":
            part = (part or 1) * 100
        elif word == "thousand":
            total, part = total + (part or 1) * 1000, 0
        else:
            part += _UNITS.get(word, 0) or _TENS.get(word, 0) or (word == "a")
    return total + part
