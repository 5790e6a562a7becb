"""Why an item is listed under a topic: words of its own, or an operator or a source that said so."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from alerts.model import Label
from alerts.publish.lines import one_line


class Ground(NamedTuple):
    """A topic's name and what stands for it: words of the item's `own`, or who said so."""

    topic: str
    said: str
    own: bool


def stated(label: Label, name: str) -> str:
    """Say who stated a label that is not proved by the item's own words; empty for one that is."""
    words = one_line(label.evidence[0].words) if label.evidence else ""
    if label.by == "operator":
        return f"by the operator: {words}" if words else "by the operator"
    return f"from a source about {name}" if label.evidence and label.evidence[0].field == "source" else ""


def grounds(labels: Iterable[Label], names: Mapping[str, str]) -> list[Ground]:
    """Give the ground of each topic label, those that are the item's own words first."""
    found = []
    for label in labels:
        name = names.get(label.value, label.value)
        if said := stated(label, name):
            found.append(Ground(name, said, own=False))
        elif label.evidence:
            found.append(Ground(name, one_line(label.evidence[0].words), own=True))
    return sorted(found, key=lambda ground: not ground.own)
