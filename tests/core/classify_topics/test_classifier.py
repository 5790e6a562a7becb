"""What the classifier promises of every item: words for each label, a stable order, a version that follows rules."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.classify import Classifier, Hints
from alerts.model import Content, Facet, Kind, Label, Role, Topic

LUPUS = Topic(slug="lupus", name="Lupus", definition={"terms": ["systemic lupus"], "acronyms": ["SLE"]})
WORDS = st.sampled_from(
    [
        "multiple sclerosis",
        "Multiple Sclérose".replace("Scle", "Scle\u0301"),
        "neuromyelitis\u00a0optica",
        "MS",
        "NMOSD",
        "interferon-\u03b2",
        "patients with",
        "phase 2",
        "EAE in mice",
        "\u0645\u0631\u0636\u0649 MS",
        "\u202eMOGAD\u202c",
        "\U0001f9e0",
        "\x00",
        "n = 24",
        ". ",
        "\n",
        "(",
        ")",
        "RESULTS: ",
        "such as",
        "\u0130stanbul",
    ]
)
TEXTS = st.one_of(st.text(max_size=300), st.lists(st.one_of(WORDS, st.text(max_size=8)), max_size=40).map(" ".join))


def field_of(content: Content, name: str) -> str:
    if name == "enrollment":
        return str(content.enrollment)
    if "[" in name:
        key, _, index = name.rstrip("]").partition("[")
        return str(getattr(content, key)[int(index)])
    return str(getattr(content, name))


def assert_exact(content: Content, labels: tuple[Label, ...]) -> None:
    for label in labels:
        assert label.evidence, label
        for name, start, end, words in label.evidence:
            assert start < end
            assert field_of(content, name)[start:end] == words


@settings(max_examples=150, deadline=None)
@given(TEXTS, TEXTS, st.sampled_from(list(Kind)))
def test_evidence_stands_exactly_where_it_says_in_any_text(
    shipped_classifier: Classifier, title: str, text: str, kind: Kind
) -> None:
    content = Content(kind=kind, title=title, text=text, mesh=("Multiple Sclerosis/genetics",))
    assert_exact(content, shipped_classifier.classify(content))


@given(st.lists(WORDS, max_size=12).map(" ".join))
def test_the_same_item_gets_the_same_labels_in_the_same_order(shipped_classifier: Classifier, text: str) -> None:
    content = Content(title=text, text=text)
    assert shipped_classifier.classify(content) == shipped_classifier.classify(content)


@pytest.mark.parametrize(
    "text",
    [
        "MS patients with multiple sclerosis. " * 30_000,
        "e\u0301" * 500_000,
        "(MS) " * 200_000,
        "\u591a\u767a" * 500_000,
    ],
    ids=["prose", "loose accents", "brackets", "no spaces"],
)
def test_a_text_of_a_million_characters_is_labelled_without_choking(shipped_classifier: Classifier, text: str) -> None:
    content = Content(title="Walking with multiple sclerosis", text=text)
    labels = shipped_classifier.classify(content)
    assert_exact(content, labels)
    assert len([label for label in labels if label.facet is Facet.TOPIC]) < 20


def test_an_empty_item_gets_no_topic(shipped_classifier: Classifier) -> None:
    assert [label for label in shipped_classifier.classify(Content()) if label.facet is Facet.TOPIC] == []


def test_what_an_operator_states_of_a_source_is_what_its_items_are_about() -> None:
    hints = Hints(about=(("lupus", "Lupus Weekly"), ("unknown", "Elsewhere")))
    (label,) = (one for one in Classifier([LUPUS]).classify(Content(title="A walk"), hints) if one.facet is Facet.TOPIC)
    assert (label.value, label.role) == ("lupus", Role.ABOUT)
    assert label.evidence[0] == ("source", 0, len("Lupus Weekly"), "Lupus Weekly")


def test_a_classifier_without_topics_still_reads() -> None:
    assert not [one for one in Classifier([]).classify(Content(title="Multiple sclerosis")) if one.facet is Facet.TOPIC]


def test_the_version_follows_definitions_and_not_names() -> None:
    version = Classifier([LUPUS]).version
    assert Classifier([replace(LUPUS, name="SLE")]).version == version
    assert Classifier([replace(LUPUS, definition={"terms": ["lupus"]})]).version != version
    assert Classifier([replace(LUPUS, parent="rheuma")]).version != version
    assert Classifier([]).version != version


def test_a_retired_topic_labels_nothing() -> None:
    labels = Classifier([replace(LUPUS, retired=True)]).classify(Content(title="Systemic lupus"))
    assert not [label for label in labels if label.facet is Facet.TOPIC]
