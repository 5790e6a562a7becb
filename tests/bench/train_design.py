"""Learn `alerts/classify/design.json` from labelled abstracts.

    python tests/bench/train_design.py STUDYTYPE.jsonl [--folds 5]

Each line holds `title`, `text` and `labels` with `study_type` and `split`; only `split == "train"` is read. The
weights are those of single words and of our own rules: nothing else of a text is kept. With `--folds` nothing is
written and the accuracy by cross-validation is printed.
"""

import argparse
import json
import math
import random
from collections import Counter
from pathlib import Path

from alerts.classify import design, design_model
from alerts.model import Content

EPOCHS, RATE, DECAY, LEAST = 12, 0.5, 2e-5, 3

Rows = list[tuple[list[str], int]]
Labelled = list[tuple[design_model.Words, str]]


def read(path: Path, split: str = "train") -> Labelled:
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    chosen = (row for row in rows if row["labels"]["split"] == split)
    return [
        (
            design.features(Content(title=row["title"] or "", text=row["text"] or "")),
            row["labels"]["study_type"],
        )
        for row in chosen
    ]


def learn(rows: Rows, size: int) -> tuple[list[float], dict[str, list[float]]]:
    """Fit a softmax by AdaGrad; a text's features are scaled to unit length."""
    weights: dict[str, list[float]] = {}
    squares: dict[str, list[float]] = {}
    bias = [0.0] * size
    order = list(range(len(rows)))
    shuffle = random.Random(7)
    for _ in range(EPOCHS):
        shuffle.shuffle(order)
        for index in order:
            names, wanted = rows[index]
            scale = (1 + len(names)) ** -0.5
            vectors = [weights.setdefault(name, [0.0] * size) for name in names]
            totals = [b + scale * sum(column) for b, column in zip(bias, zip(*vectors, strict=True), strict=True)]
            top = max(totals)
            raised = [math.exp(total - top) for total in totals]
            whole = sum(raised)
            slopes = [value / whole - (k == wanted) for k, value in enumerate(raised)]
            active = [(k, slope) for k, slope in enumerate(slopes) if abs(slope) > 0.01]
            for k, slope in active:
                bias[k] -= 0.01 * slope
            for name, vector in zip(names, vectors, strict=True):
                square = squares.setdefault(name, [1e-3] * size)
                for k, slope in active:
                    step = slope * scale + DECAY * vector[k]
                    square[k] += step * step
                    vector[k] -= RATE * step / math.sqrt(square[k])
    return bias, weights


def prepared(rows: Labelled, classes: list[str]) -> Rows:
    seen = Counter(name for words, _ in rows for name in words.names())
    return [
        (sorted(name for name in words.names() if seen[name] >= LEAST), classes.index(label)) for words, label in rows
    ]


def accuracy(model: design_model.Model, rows: Labelled) -> float:
    right = 0
    for words, label in rows:
        found = design_model.scores(words, model)
        right += max(found, key=lambda name: found[name]) == label
    return right / len(rows)


def fit(rows: Labelled) -> tuple[design_model.Model, dict[str, list[int]]]:
    classes = sorted({label for _, label in rows})
    bias, weights = learn(prepared(rows, classes), len(classes))
    kept = {name: [round(w * 100) for w in row] for name, row in sorted(weights.items()) if max(map(abs, row)) >= 0.1}
    return design_model.model(classes, [round(b, 3) for b in bias], kept), kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--folds", type=int, default=0)
    arguments = parser.parse_args()
    rows = read(arguments.data)
    if arguments.folds:
        parts = [rows[k :: arguments.folds] for k in range(arguments.folds)]
        for k, held in enumerate(parts):
            rest = [row for other, part in enumerate(parts) if other != k for row in part]
            print(f"fold {k}: {accuracy(fit(rest)[0], held):.3f}", flush=True)
        return
    model, kept = fit(rows)
    stored = {"classes": model.classes, "bias": model.bias, "weights": kept}
    target = Path(design_model.__file__).with_name("design.json")
    target.write_text(json.dumps(stored, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{target.name}: {len(kept)} features, {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
