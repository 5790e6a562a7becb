"""Lint finds what an operator cannot see by reading."""

import pytest

from alerts.classify.lint import lint
from alerts.model import Topic


def findings(**definition: object) -> list[str]:
    return list(lint([Topic(slug="one", name="One", definition=definition)]))


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        ({}, "one: nothing to match"),
        (
            {"terms": ["mass spectrometry"], "exclude": ["spectrometry"]},
            "'mass spectrometry' can never match: `exclude`",
        ),
        ({"terms": ["sclerosis", "multiple sclerosis"]}, "'multiple sclerosis' is shadowed by 'sclerosis'"),
        ({"terms": ["stem cell", "stem cells"]}, "'stem cells' is shadowed by 'stem cell'"),
        ({"terms": ["tumour", "tumor"]}, "'tumor' is shadowed by 'tumour'"),
        ({"terms": ["leuko*", "leukocyte"]}, "'leukocyte' is shadowed by 'leuko*'"),
        ({"terms": ["x ray"], "acronyms": ["MS"]}, "'MS' has no company"),
        ({"ambiguous": ["MS"]}, "there is neither `company` nor `terms`"),
        ({"terms": ["gout"], "illness": ["GT"]}, "illness: 'GT' is not under `ambiguous`"),
    ],
)
def test_a_fault_is_found(definition: dict[str, object], says: str) -> None:
    assert any(says in line for line in findings(**definition))


@pytest.mark.parametrize(
    "definition",
    [
        {"terms": ["multiple sclerosis"], "ambiguous": ["MS", "ON", "HAM"], "company": ["demyelination"]},
        {"terms": ["IL-6R+", "HLA-DRB1*15"], "acronyms": ["NMOSD"]},
        {"mesh": ["Multiple Sclerosis"]},
        {"terms": ["gouty arthritis"], "ambiguous": ["GT"], "illness": ["GT"]},
        {"terms": ["pregnancy"], "acronyms": ["IVF"], "within": "condition"},
    ],
)
def test_a_sound_topic_passes(definition: dict[str, object]) -> None:
    assert findings(**definition) == []


def test_of_two_terms_that_match_each_other_one_is_named() -> None:
    assert len(findings(terms=["tumour", "tumor"])) == 1


def test_a_parent_that_is_not_there_is_named() -> None:
    topic = Topic(slug="one", name="One", parent="two", definition={"terms": ["first"]})
    assert list(lint([topic])) == ["one: parent: there is no topic 'two'"]


def test_a_retired_topic_is_left_in_peace() -> None:
    assert list(lint([Topic(slug="one", name="One", retired=True)])) == []
