"""Score our designs against a corpus of study types, by the table in docs/accuracy.md.

    python tests/bench/score_studytype.py STUDYTYPE.jsonl [--split val]

The corpus has 14 classes; ours are joined with what was studied and whether a drug, something else or nothing was
given, which the learned words say.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

from alerts.classify import Classifier, design, design_model
from alerts.model import Content, Facet

GIVEN = 0.5
"""Chosen by cross-validation on the training part: interventions outside trials are under-called without it."""

TABLE = {
    "systematic-review": ("Human-systematic-review",),
    "review": ("Non-systematic-review",),
    "protocol": ("Clinical-study-protocol",),
    "case-report": ("Human-case-report",),
    "randomized-trial": (
        "Human-RCT-drug-intervention",
        "Human-RCT-non-drug-intervention",
        "Human-RCT-non-intervention",
    ),
    "trial": ("Human-non-RCT-drug-intervention", "Human-non-RCT-non-drug-intervention"),
    "observational": (
        "Remaining",
        "Human-non-RCT-drug-intervention",
        "Human-non-RCT-non-drug-intervention",
    ),
    "animal": ("Animal-drug-intervention", "Animal-non-drug-intervention", "Animal-other"),
    "lab": ("In-vitro-study",),
}


def study_type(classifier: Classifier, content: Content) -> str:
    """Return the corpus class that our labels mean; where several can be meant, what was given decides."""
    labels = classifier.classify(content)
    found = next((label.value for label in labels if label.facet is Facet.DESIGN), "unclear")
    classes = TABLE.get(found, ("Remaining",))
    scores = design_model.scores(design.features(content))
    return max(classes, key=lambda name: scores[name] + (GIVEN if "non-RCT" in name else 0.0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", default="val")
    arguments = parser.parse_args()
    rows = [json.loads(line) for line in arguments.data.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["labels"]["split"] == arguments.split]
    classifier = Classifier(())
    pairs = Counter(
        (
            row["labels"]["study_type"],
            study_type(classifier, Content(title=row["title"] or "", text=row["text"] or "")),
        )
        for row in rows
    )
    right = sum(count for (want, got), count in pairs.items() if want == got)
    print(f"{arguments.split}: {len(rows)} items, accuracy {right / len(rows):.3f}")
    for (want, got), count in pairs.most_common():
        if want != got:
            print(f"  {count:4d}  {want} taken for {got}")


if __name__ == "__main__":
    main()
