"""Learned weights of single words for study designs (made by `tests/bench/train_design.py`, see docs/accuracy.md)."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from alerts.model import Content

_WORD = re.compile(r"[a-z]{2,}(?:-[a-z]+)*")

_KINDS = {
    word: kind
    for kind, members in {
        "animal": "mice mouse rats rat animals animal murine eae monkeys pigs dogs rabbits",
        "people": "patients participants subjects women children men individuals adults controls",
        "cell": "cells cell protein expression vitro mrna receptor signaling",
        "past": "was were had did",
        "present": "is are has have may can should",
        "coming": "will",
    }.items()
    for word in members.split()
}
_LANE = 24
_ZERO = 1 << 15
"""A row of weights is one integer of 24-bit lanes, each raised by this: adding rows adds all classes at once."""


class Model(NamedTuple):
    """The weights (in hundredths, packed) of words in the body, of words in the title, and of other features."""

    classes: tuple[str, ...]
    bias: tuple[float, ...]
    body: Mapping[str, int]
    title: Mapping[str, int]
    other: Mapping[str, int]


class Words(NamedTuple):
    """What the model sees of an item's words: those of title and body, those of the title, and counts of kinds."""

    body: frozenset[str]
    title: frozenset[str]
    other: frozenset[str]

    def names(self) -> set[str]:
        """Return the features by the names under which they are learned."""
        return {f"b:{word}" for word in self.body} | {f"t:{word}" for word in self.title} | self.other


def pack(weights: Iterable[int]) -> int:
    """Put the weights of one feature, in hundredths, into one integer."""
    return sum((weight + _ZERO) << (_LANE * lane) for lane, weight in enumerate(weights))


def unpack(packed: int, rows: int, classes: int) -> list[int]:
    """Return the sums of so many rows for each class."""
    mask = (1 << _LANE) - 1
    return [((packed >> (_LANE * lane)) & mask) - rows * _ZERO for lane in range(classes)]


def model(classes: Iterable[str], bias: Iterable[float], weights: Mapping[str, Iterable[int]]) -> Model:
    """Make a model of weights by feature name (`b:` body, `t:` title, anything else)."""
    parts: dict[str, dict[str, int]] = {"b:": {}, "t:": {}, "": {}}
    for name, row in weights.items():
        prefix = name[:2] if name[:2] in parts else ""
        parts[prefix][name.removeprefix(prefix)] = pack(row)
    return Model(tuple(classes), tuple(bias), parts["b:"], parts["t:"], parts[""])


@cache
def load() -> Model:
    """Read the weights that ship with the package, once."""
    stored = json.loads((files("alerts.classify") / "design.json").read_text(encoding="utf-8"))
    return model(stored["classes"], stored["bias"], stored["weights"])


def words(content: Content, others: Iterable[str] = ()) -> Words:
    """Return the words of title and text, and how often some kinds of words stand there."""
    title = frozenset(_WORD.findall(content.title.lower()))
    body = _WORD.findall(content.text[:4000].lower())
    other = list(others)
    for kind, count in Counter([_KINDS[word] for word in body if word in _KINDS]).items():
        other += _steps(kind, count)
    other += _steps("figures", content.text.count("%") + content.text.count("="))
    other += _steps("length", len(body) // 40)
    return Words(title.union(body), title, frozenset(other))


def _steps(kind: str, count: int) -> list[str]:
    return [f"n:{kind}:{least}" for least in (1, 2, 4, 7) if count >= least]


def scores(found: Words, using: Model | None = None) -> dict[str, float]:
    """Return the score of each class: the sum of the weights of its features, scaled by how many there are."""
    using = using or load()
    rows = [using.body[word] for word in found.body if word in using.body]
    rows += [using.title[word] for word in found.title if word in using.title]
    rows += [using.other[name] for name in found.other if name in using.other]
    sums = unpack(sum(rows), len(rows), len(using.classes))
    scale = 0.01 * (1 + len(rows)) ** -0.5
    return {name: bias + scale * total for name, bias, total in zip(using.classes, using.bias, sums, strict=True)}


def decisive(found: Words, classes: Iterable[str]) -> list[str]:
    """Return up to three words that spoke most for these classes."""
    using = load()
    shifts = [_LANE * using.classes.index(name) for name in classes]
    mask = (1 << _LANE) - 1
    weighed = [
        (max((rows[word] >> shift) & mask for shift in shifts), word)
        for part, rows in ((found.title, using.title), (found.body, using.body))
        for word in part
        if len(word) > 4 and word in rows
    ]
    weighed.sort(reverse=True)
    return list(dict.fromkeys(word for weight, word in weighed[:8] if weight > _ZERO))[:3]
