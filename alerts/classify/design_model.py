"""Learned weights of single words for study designs (made by `tests/bench/train_design.py`, see docs/accuracy.md)."""

import heapq
import json
import re
import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from importlib.resources import files
from itertools import chain, repeat
from string import ascii_lowercase
from typing import NamedTuple

from alerts.model import Content

_SMALL = ascii_lowercase.encode()
_LETTERS = bytes(
    one if one in _SMALL + b"-" else one + 32 if 64 < one < 91 else 32 for one in range(256)
)
"""Small letters and hyphens stay, capitals become small, everything else separates words."""
_SINGLE = frozenset(bytes([one]) for one in _SMALL)
_MEMBERS = {
    "animal": "mice mouse rats rat animals animal murine eae monkeys pigs dogs rabbits",
    "people": "patients participants subjects women children men individuals adults controls",
    "cell": "cells cell protein expression vitro mrna receptor signaling",
    "past": "was were had did",
    "present": "is are has have may can should",
    "coming": "will",
    "single": " ".join(ascii_lowercase),
}
_KINDS = {word.encode(): kind for kind, members in _MEMBERS.items() for word in members.split()}
_STEPS = (1, 2, 4, 7)
_LANE = 32
_ZERO = 1 << 15
"""A row of weights is one integer of 32-bit lanes, each raised by this, and a last lane that counts rows: adding rows
adds all classes at once."""


class Model(NamedTuple):
    """The weights (in hundredths, packed) of words in the body, of words in the title, and of other features."""

    classes: tuple[str, ...]
    bias: tuple[float, ...]
    body: Mapping[bytes, int]
    title: Mapping[bytes, int]
    other: Mapping[str, int]


class Words(NamedTuple):
    """What the model sees of an item's words: those of title and body, those of the title, and counts of kinds."""

    body: AbstractSet[bytes]
    title: AbstractSet[bytes]
    other: AbstractSet[str]

    def names(self) -> set[str]:
        """Return the features by the names under which they are learned."""
        body, title = (f"b:{word.decode()}" for word in self.body), (f"t:{word.decode()}" for word in self.title)
        return {*body, *title, *self.other}


def pack(weights: Sequence[int]) -> int:
    """Put the weights of one feature, in hundredths, into one integer."""
    row = sum((weight + _ZERO) << (_LANE * lane) for lane, weight in enumerate(weights))
    return row + (1 << (_LANE * len(weights)))


def unpack(packed: int, classes: int) -> tuple[list[int], int]:
    """Return the sums of each class, and of how many rows."""
    *lanes, rows = struct.unpack(f"<{classes + 1}I", packed.to_bytes(4 * (classes + 1), "little"))
    return [lane - rows * _ZERO for lane in lanes], rows


def model(classes: Iterable[str], bias: Iterable[float], weights: Mapping[str, Sequence[int]]) -> Model:
    """Make a model of weights by feature name (`b:` body, `t:` title, anything else)."""
    body: dict[bytes, int] = {}
    title: dict[bytes, int] = {}
    other: dict[str, int] = {}
    for name, row in weights.items():
        match name[:2]:
            case "b:":
                body[name[2:].encode()] = pack(row)
            case "t:":
                title[name[2:].encode()] = pack(row)
            case _:
                other[name] = pack(row)
    return Model(tuple(classes), tuple(bias), body, title, other)


@cache
def load() -> Model:
    """Read the weights that ship with the package, once."""
    stored = json.loads((files("alerts.classify") / "design.json").read_text(encoding="utf-8"))
    return model(stored["classes"], stored["bias"], stored["weights"])


def words(content: Content, others: Iterable[str] = ()) -> Words:
    """Return the words of title and text, and how often some kinds of words stand there."""
    title, body = set(_split(content.title)), _split(content.text[:4000])
    counts: dict[str, int] = Counter(filter(None, map(_KINDS.get, body)))
    length = len(body) - counts.pop("single", 0)
    counts["figures"] = content.text.count("%") + content.text.count("=")
    counts["length"] = length // 40
    other = {*others, *chain.from_iterable(map(_steps, counts, counts.values()))}
    both = title.union(body)
    both -= _SINGLE
    return Words(both, title - _SINGLE, other)


def _split(text: str) -> list[bytes]:
    """Return runs of letters; hyphens hold them together where two letters or another hyphen stand before."""
    first, *rest = text.encode("ascii", "replace").translate(_LETTERS).split(b"-")
    parts, chained = [first], False
    for part in rest:
        last = parts[-1]
        held = chained if len(last) == 1 else len(last) > 1 and last[-2:].isalpha()
        chained = held and last[-1:].isalpha() and part[:1].isalpha()
        parts += (b"-" if chained else b" ", part)
    return b"".join(parts).split()


def _steps(kind: str, count: int) -> Sequence[str]:
    return _reached(kind)[min(count, _STEPS[-1])]


@cache
def _reached(kind: str) -> Sequence[Sequence[str]]:
    """Return the names of the steps that each count up to the last step reaches."""
    return [[f"n:{kind}:{least}" for least in _STEPS if least <= count] for count in range(_STEPS[-1] + 1)]


def scores(found: Words, using: Model | None = None) -> dict[str, float]:
    """Return the score of each class: the sum of the weights of its features, scaled by how many there are."""
    using = using or load()
    total = sum(map(using.body.get, found.body, _NONE))
    total += sum(map(using.title.get, found.title, _NONE)) + sum(map(using.other.get, found.other, _NONE))
    sums, rows = unpack(total, len(using.classes))
    scale = 0.01 * (1 + rows) ** -0.5
    return {name: bias + scale * total for name, bias, total in zip(using.classes, using.bias, sums, strict=True)}


_NONE = repeat(0)


def decisive(found: Words, classes: Sequence[str], telling: str) -> list[str]:
    """Return up to three words that spoke most for these classes, of those that match the pattern."""
    title, body = _speaking(tuple(classes), telling)
    weighed = [(title[word], word) for word in title.keys() & found.title]
    weighed += [(body[word], word) for word in body.keys() & found.body]
    return list(dict.fromkeys(word.decode() for _, word in heapq.nlargest(6, weighed)))[:3]


@cache
def _speaking(classes: tuple[str, ...], telling: str) -> tuple[Mapping[bytes, int], Mapping[bytes, int]]:
    """Return the matching words of title and body that speak for one of these classes, with what they weigh."""
    using, told = load(), re.compile(telling)
    places = [using.classes.index(name) for name in classes]

    def best(row: int) -> int:
        weights, _ = unpack(row, len(using.classes))
        return max(weights[place] for place in places)

    title, body = (
        {word: best(row) for word, row in rows.items() if told.fullmatch(word.decode()) and best(row) > 0}
        for rows in (using.title, using.body)
    )
    return title, body
