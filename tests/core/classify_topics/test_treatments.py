"""Which treatments an item studies."""

import pytest

from alerts.classify import Classifier
from alerts.model import Content, Facet, Kind, Role


@pytest.mark.parametrize(
    ("title", "text", "slugs"),
    [
        ("Tysabri every six weeks", "", ["natalizumab"]),
        ("Ocrevus or Kesimpta for multiple sclerosis", "", ["ocrelizumab", "ofatumumab"]),
        ("Dimethyl fumarate in HAM/TSP cells", "", ["dimethyl-fumarate"]),
        ("S1P modulators in multiple sclerosis", "", ["s1p-modulators"]),
        ("IFN-\u03b2 and siponimod in SPMS", "", ["interferon-beta", "siponimod"]),
        ("A choir for multiple sclerosis", "BACKGROUND: Natalizumab is used in MS. METHODS: Nine people sang.", []),
        ("Tocilizumab in Castleman disease", "", ["il-6"]),
        ("Mechanisms of remyelination in multiple sclerosis", "We discuss how remyelination works.", []),
        ("Clemastine for remyelination in multiple sclerosis", "", ["remyelinating-drugs"]),
    ],
)
def test_treatments_are_those_the_item_is_about_and_no_wider_class(
    shipped_classifier: Classifier, title: str, text: str, slugs: list[str]
) -> None:
    labels = shipped_classifier.classify(Content(kind=Kind.PAPER, title=title, text=text))
    assert [label.value for label in labels if label.facet is Facet.TREATMENT] == slugs


def test_repair_of_myelin_is_a_subject_of_its_field_though_no_treatment(shipped_classifier: Classifier) -> None:
    text = "Spontaneous remyelination may occur in multiple sclerosis. It varies between patients with multiple sclerosis."
    labels = shipped_classifier.classify(Content(kind=Kind.PAPER, title="Myelin repair: from mice to humans", text=text))
    about = {label.value for label in labels if label.facet is Facet.TOPIC and label.role is Role.ABOUT}
    assert about == {"ms", "remyelination"}


@pytest.mark.parametrize(
    ("said", "slugs"),
    [
        ("INTERVENTIONS: drug: Ocrelizumab; drug: Placebo\nDESIGN: interventional", ["ocrelizumab"]),
        ("Interventions\n:    Drug: Vitamin X 1000 mg;   Drug: Interferon beta-1a\n\nSponsor\n:    A clinic", ["interferon-beta"]),
        ("Intervention/treatment: Natalizumab 300 mg i.v., placebo. Outcome: relapses.", ["natalizumab"]),
        ("Interventions: exercise. Nobody who had natalizumab before can take part.", []),
        ("Interventions: exercise\nExclusion: natalizumab within a year", []),
    ],
)
def test_a_record_s_field_of_interventions_names_its_treatments(
    shipped_classifier: Classifier, said: str, slugs: list[str]
) -> None:
    record = Content(kind=Kind.RECORD, title="A trial in multiple sclerosis", text=f"Conditions: Multiple Sclerosis\n{said}")
    labels = shipped_classifier.classify(record)
    assert [label.value for label in labels if label.facet is Facet.TREATMENT] == slugs
