"""Which treatments an item studies."""

import pytest

from alerts.classify import Classifier
from alerts.model import Content, Facet, Kind


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
    ],
)
def test_treatments_are_those_the_item_is_about_and_no_wider_class(
    shipped_classifier: Classifier, title: str, text: str, slugs: list[str]
) -> None:
    labels = shipped_classifier.classify(Content(kind=Kind.PAPER, title=title, text=text))
    assert [label.value for label in labels if label.facet is Facet.TREATMENT] == slugs
