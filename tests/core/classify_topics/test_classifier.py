"""What the classifier says of an item's topics, and that it shows its words."""

import pytest

from alerts.classify import Classifier, Hints
from alerts.classify.packs import load, shipped
from alerts.model import Content, Facet, Kind, Role


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(load(shipped("neuroimmunology"), "neuroimmunology.toml"))


def roles(classifier: Classifier, **content: object) -> dict[str, str]:
    labels = classifier.classify(Content(**content))
    return {label.value: label.role.value for label in labels if label.facet is Facet.TOPIC}


def test_a_title_says_what_the_item_is_about(classifier: Classifier) -> None:
    assert roles(classifier, title="Walking speed in NMOSD over ten years")["nmosd"] == Role.ABOUT


def test_every_label_shows_words_that_stand_in_the_item(classifier: Classifier) -> None:
    content = Content(title="Sleep in multiple scleroses", text="We asked 40 people with MS. Some had NMOSD.")
    for label in classifier.classify(content, Hints()):
        assert label.evidence
        for field, start, end, words in label.evidence:
            assert getattr(content, field)[start:end] == words


def test_an_empty_item_gets_no_topic(classifier: Classifier) -> None:
    assert roles(classifier, kind=Kind.NEWS) == {}
