"""How many people a study counts where its groups are split, joined, or set against the world."""

import pytest

from alerts.classify import Classifier
from alerts.model import Content, Facet

MANY = "12 patients and 13 controls and " * 4_000


def _size(text: str) -> str | None:
    labels = Classifier(()).classify(Content(title="A cohort study of gait in adults", text=text))
    return next((label.value for label in labels if label.facet is Facet.SIZE), None)


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("We studied 24 patients (14 on tablets, 10 without) and 16 healthy controls at our clinic.", "40"),
        ("Sixty-one patients (28 had fallen lately) and 39 controls were included in this study.", "100"),
        ("Adults (N = 120) were randomly assigned to boxing (n = 58) or to a waiting list (n = 62).", "120"),
    ],
)
def test_shares_in_brackets_are_not_added_to_the_groups(text: str, people: str) -> None:
    assert _size(text) == people


def test_the_people_in_a_database_are_not_those_of_the_study() -> None:
    assert _size("A claims database of > 31,000,000 patients was used. We included 412 patients with gout.") == "412"


def test_a_sentence_without_end_is_read_in_bounded_time_and_still_answers() -> None:
    assert _size(MANY) is not None
