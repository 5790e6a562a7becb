"""Score sample sizes against abstracts whose one total is known.

python tests/bench/score_sizes.py SAMPLESIZE.jsonl [--misses]
"""

import argparse
import json
from pathlib import Path

from alerts.classify import Classifier
from alerts.model import Content, Facet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--misses", action="store_true")
    arguments = parser.parse_args()
    classifier = Classifier(())
    asked = answered = right = 0
    for line in arguments.data.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        wanted = row["labels"].get("total_participants_value")
        if wanted is None:
            continue
        labels = classifier.classify(Content(title=row["title"] or "", text=row["text"] or ""))
        found = next((int(label.value) for label in labels if label.facet is Facet.SIZE), None)
        asked, answered, right = asked + 1, answered + (found is not None), right + (found == wanted)
        if arguments.misses and found != wanted:
            print(f"{row['id']}: {wanted} wanted, {found} found")
    print(f"{asked} abstracts, exact {right / asked:.3f}, answered {answered / asked:.3f}")


if __name__ == "__main__":
    main()
