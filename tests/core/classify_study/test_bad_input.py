"""Whatever comes in, a label or an abstention comes out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.classify import Classifier
from alerts.model import Content, Facet, Kind, Label
from alerts.publish.strength import headline_finding, strength

CLASSIFIER = Classifier(())
SNIPPETS = st.sampled_from(
    [
        "phase 2/",
        "n = ",
        "12 patients",
        "(",
        "\u0000",
        "<p>",
        "\u202e",
        "Results:",
        "randomly",
        "mice",
        "of",
        "1,5",
        "۱۲",
        "e\u0301",
    ]
)
TEXTS = st.text(max_size=120) | st.lists(SNIPPETS, max_size=30).map(" ".join)


def exact(content: Content, labels: tuple[Label, ...]) -> bool:
    return all(
        getattr(content, e.field)[e.start : e.end] == e.words
        for label in labels
        for e in label.evidence
        if e.field in {"title", "text"}
    )


@settings(max_examples=150, deadline=None)
@given(TEXTS, TEXTS, st.sampled_from(list(Kind)), st.lists(st.text(max_size=20), max_size=2))
def test_any_text_is_labelled_or_left_alone(title: str, text: str, kind: Kind, phases: list[str]) -> None:
    content = Content(kind=kind, title=title, text=text, phases=tuple(phases), publication_types=tuple(phases))
    labels = CLASSIFIER.classify(content)
    assert exact(content, labels)
    assert strength(content, labels, study_linked=False)
    headline_finding(content, labels)


@pytest.mark.parametrize(
    "text",
    [
        "word " * 200_000,
        "12 patients (n = 12), " * 45_000,
        "phase 2 " * 125_000,
        "a" * 1_000_000,
        "9" * 1_000_000,
        "((((" * 250_000,
        "A.B" * 330_000,
        ": : : " * 160_000,
    ],
    ids=["words", "counts", "phases", "letters", "digits", "brackets", "dots", "colons"],
)
def test_a_megabyte_of_text_is_read_in_reasonable_time(text: str) -> None:
    content = Content(title="A cohort study of 12 patients", text=text)
    assert exact(content, CLASSIFIER.classify(content))


def test_another_language_is_left_alone_but_its_registry_fields_are_read() -> None:
    content = Content(
        kind=Kind.RECORD,
        title="Étude de phase 3 sur la sclérose en plaques chez les patients traités par le vélumab",
        phases=("Phase 2",),
        enrollment=80,
    )
    labels = {(label.facet, label.value) for label in CLASSIFIER.classify(content)}
    assert (Facet.PHASE, "PHASE2") in labels
    assert (Facet.SIZE, "80") in labels
    assert (Facet.PHASE, "PHASE3") not in labels
