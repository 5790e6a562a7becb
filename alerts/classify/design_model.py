"""Learned weights of single words for study designs: how `tests/bench/train_design.py` made them is in docs/accuracy.md."""

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
    """The weights (in hundredths, packed) of each feature: a word (`b:mice`), a title word (`t:mice`) or a rule."""

    classes: tuple[str, ...]
    bias: tuple[float, ...]
    rows: Mapping[str, int]


def pack(weights: Iterable[int]) -> int:
    """Put the weights of one feature, in hundredths, into one integer."""
    return sum((weight + _ZERO) << (_LANE * lane) for lane, weight in enumerate(weights))


def unpack(packed: int, rows: int, classes: int) -> list[int]:
    """Return the sums of so many rows for each class."""
    mask = (1 << _LANE) - 1
    return [((packed >> (_LANE * lane)) & mask) - rows * _ZERO for lane in range(classes)]


@cache
def load() -> Model:
    """Read the weights that ship with the package, once."""
    stored = json.loads((files("alerts.classify") / "design.json").read_text(encoding="utf-8"))
    rows = {name: pack(row) for name, row in stored["weights"].items()}
    return Model(tuple(stored["classes"]), tuple(stored["bias"]), rows)


def words(content: Content) -> list[str]:
    """Return the words of title and text as features, and how often some kinds of words stand there."""
    title = set(_WORD.findall(content.title.lower()))
    body = _WORD.findall(content.text[:4000].lower())
    found = [f"b:{word}" for word in title.union(body)]
    found += [f"t:{word}" for word in title]
    for kind, count in Counter([_KINDS[word] for word in body if word in _KINDS]).items():
        found += _steps(kind, count)
    found += _steps("figures", content.text.count("%") + content.text.count("="))
    return found + _steps("length", len(body) // 40)


def _steps(kind: str, count: int) -> list[str]:
    return [f"n:{kind}:{least}" for least in (1, 2, 4, 7) if count >= least]


def scores(features: Iterable[str], model: Model | None = None) -> dict[str, float]:
    """Return the score of each class: the sum of the weights of its features, scaled by how many there are."""
    model = model or load()
    rows = [model.rows[name] for name in features if name in model.rows]
    sums = unpack(sum(rows), len(rows), len(model.classes))
    scale = 0.01 * (1 + len(rows)) ** -0.5
    return {name: bias + scale * total for name, bias, total in zip(model.classes, model.bias, sums, strict=True)}


def decisive(features: Iterable[str], classes: Iterable[str]) -> list[str]:
    """Return up to three words that spoke most for these classes."""
    model = load()
    columns = [model.classes.index(name) for name in classes]
    weighed = []
    for name in features:
        if name[:2] in {"b:", "t:"} and name in model.rows:
            row = unpack(model.rows[name], 1, len(model.classes))
            weighed.append((max(row[column] for column in columns), name[2:]))
    weighed.sort(reverse=True)
    return list(dict.fromkeys(word for weight, word in weighed if weight > 0))[:3]
