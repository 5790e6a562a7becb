"""Learned weights of single words for study designs: how `tests/bench/train_design.py` made them is in docs/accuracy.md."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from alerts.model import Content

_WORD = re.compile(r"[a-z]{2,}(?:-[a-z]+)*")

_KINDS = {
    "animal": frozenset(
        {"mice", "mouse", "rats", "rat", "animals", "animal", "murine", "eae", "monkeys", "pigs", "dogs", "rabbits"}
    ),
    "people": frozenset(
        {"patients", "participants", "subjects", "women", "children", "men", "individuals", "adults", "controls"}
    ),
    "cell": frozenset({"cells", "cell", "protein", "expression", "vitro", "mrna", "receptor", "signaling"}),
    "past": frozenset({"was", "were", "had", "did"}),
    "present": frozenset({"is", "are", "has", "have", "may", "can", "should"}),
    "coming": frozenset({"will"}),
}


class Model(NamedTuple):
    """One weight per class for each feature; a feature is a word (`b:mice`), a title word (`t:mice`) or a rule."""

    classes: tuple[str, ...]
    bias: tuple[float, ...]
    weights: Mapping[str, tuple[float, ...]]


@cache
def load() -> Model:
    """Read the weights that ship with the package, once."""
    stored = json.loads((files("alerts.classify") / "design.json").read_text(encoding="utf-8"))
    weights = {name: tuple(value / 100 for value in row) for name, row in stored["weights"].items()}
    return Model(tuple(stored["classes"]), tuple(stored["bias"]), weights)


def words(content: Content) -> set[str]:
    """Return the words of title and text as features, and how often some kinds of words stand there."""
    title = _WORD.findall(content.title.lower())
    body = _WORD.findall(content.text[:4000].lower())
    found = {f"b:{word}" for word in body}
    found.update(f"b:{word}" for word in title)
    found.update(f"t:{word}" for word in title)
    for kind, members in _KINDS.items():
        found.update(_steps(kind, sum(map(members.__contains__, body))))
    found.update(_steps("figures", content.text.count("%") + content.text.count("=")))
    found.update(_steps("length", len(body) // 40))
    return found


def _steps(kind: str, count: int) -> list[str]:
    return [f"n:{kind}:{least}" for least in (1, 2, 4, 7) if count >= least]


def scores(features: Iterable[str], model: Model | None = None) -> dict[str, float]:
    """Return the score of each class: the sum of the weights of its features, scaled by how many there are."""
    model = model or load()
    rows = [row for name in features if (row := model.weights.get(name))]
    scale = (1 + len(rows)) ** -0.5
    sums = map(sum, zip(*rows, strict=True)) if rows else [0.0] * len(model.classes)
    return {name: bias + scale * total for name, bias, total in zip(model.classes, model.bias, sums, strict=True)}


def decisive(features: Iterable[str], classes: Iterable[str]) -> list[str]:
    """Return up to three words that spoke most for these classes."""
    model = load()
    columns = [model.classes.index(name) for name in classes]
    weighed = sorted(
        (
            (max(model.weights[name][k] for k in columns), name[2:])
            for name in features
            if name in model.weights and name[1] == ":" and name[0] in "tb"
        ),
        reverse=True,
    )
    return list(dict.fromkeys(word for weight, word in weighed if weight > 0))[:3]
