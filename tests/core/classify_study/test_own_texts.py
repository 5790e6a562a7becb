"""Texts of our own for every trap: what each field should say, and figures that must not fall."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alerts.classify import Classifier
from alerts.model import Content, Facet, Kind, Label, Role

ROWS = [
    json.loads(line) for line in Path(__file__).with_name("own_texts.jsonl").read_text(encoding="utf-8").splitlines()
]
FLOORS = {
    "design": 0.97,
    "phases": 0.98,
    "role": 0.98,
    "size": 0.96,
    "subjects": 1.0,
    "finding": 0.94,
    "cautions": 0.95,
}
CLASSIFIER = Classifier(())


def content(row: dict[str, Any]) -> Content:
    return Content(
        kind=Kind(row["kind"]),
        title=row["title"],
        text=row["text"],
        publication_types=tuple(row.get("publication_types", ())),
        phases=tuple(row.get("phases_given", ())),
        enrollment=row.get("enrollment"),
        truncated=row.get("truncated", False),
    )


def values(labels: tuple[Label, ...], facet: Facet) -> list[str]:
    return [label.value for label in labels if label.facet is facet]


def role(labels: tuple[Label, ...]) -> str:
    held = {label.role for label in labels if label.facet is Facet.PHASE}
    return next((role.value for role in (Role.OWN, Role.ANALYSIS, Role.MENTION) if role in held), "none")


def phases(labels: tuple[Label, ...]) -> list[str]:
    stands = role(labels)
    if stands == "mention":
        return []
    return sorted(label.value for label in labels if label.facet is Facet.PHASE and label.role.value == stands)


def finding(labels: tuple[Label, ...]) -> str:
    return next((label.evidence[0].words for label in labels if label.facet is Facet.FINDING), "")


READ: dict[str, Callable[[tuple[Label, ...], Any], bool]] = {
    "design": lambda labels, want: (values(labels, Facet.DESIGN) or ["unclear"])[0] == want,
    "phases": lambda labels, want: phases(labels) == want,
    "role": lambda labels, want: role(labels) == want,
    "size": lambda labels, want: values(labels, Facet.SIZE) == ([] if want is None else [str(want)]),
    "subjects": lambda labels, want: values(labels, Facet.SUBJECTS) == [want],
    "cautions": lambda labels, want: set(want) <= set(values(labels, Facet.CAUTION)),
    "finding": lambda labels, want: finding(labels).startswith(want) and bool(finding(labels)) == bool(want),
}


@pytest.mark.parametrize("field", sorted(FLOORS))
def test_no_field_falls_below_its_figure(field: str) -> None:
    asked = [row for row in ROWS if field in row["want"]]
    wrong = [
        f"{row['id']} wants {row['want'][field]!r}"
        for row in asked
        if not READ[field](CLASSIFIER.classify(content(row)), row["want"][field])
    ]
    assert len(wrong) <= (1 - FLOORS[field]) * len(asked), wrong


def test_there_are_enough_texts_for_the_figures_to_mean_something() -> None:
    assert len(ROWS) >= 150
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    assert sum("design" in row["want"] for row in ROWS) > 100
    assert sum("size" in row["want"] for row in ROWS) > 100


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_every_label_shows_its_words_at_their_place(row: dict[str, Any]) -> None:
    held = content(row)
    for label in CLASSIFIER.classify(held):
        assert label.evidence
        for field, start, end, words in label.evidence:
            if field in {"title", "text"}:
                assert getattr(held, field)[start:end] == words
                assert words
