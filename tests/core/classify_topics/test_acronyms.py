"""An acronym means what its item says it means."""

import pytest

from alerts.classify import Classifier
from alerts.model import Content, Facet, Topic

HEART = Topic(
    slug="stenosis",
    name="Mitral stenosis",
    definition={
        "terms": ["mitral stenosis"],
        "ambiguous": ["MS", "ON"],
        "company": ["heart", "valve"],
        "exclude": ["mass spectrometry", "LC-MS"],
    },
)


def words(title: str, text: str = "") -> list[str]:
    labels = Classifier([HEART]).classify(Content(title=title, text=text))
    return [one.words for label in labels if label.facet is Facet.TOPIC for one in label.evidence]


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("MS in adults", "The heart was seen."),
        ("MS in adults", "In mitral stenosis (MS) the valve is stiff."),
        ("Mitral stenosis: MS revisited", ""),
        ("A valve and MS (mitral stenosis)", ""),
        ("LC-MS of the heart", "Mitral stenosis was seen. MS is common."),
    ],
)
def test_an_ambiguous_acronym_counts_in_company(title: str, text: str) -> None:
    assert "MS" in words(title, text)


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("MS in adults", "They walked."),
        ("MS of the heart", "Mass spectrometry (MS) was used."),
        ("MS of the heart", "Multiple sclerosis (MS) was known."),
        ("MS of the heart", "We studied metabolic syndrome (MS)."),
        ("MS (multiple sclerosis) and the heart", ""),
        ("LC-MS of the heart", ""),
        ("ms of the heart", ""),
        ("EFFECT OF LIGHT ON THE HEART", ""),
    ],
)
def test_an_acronym_that_means_something_else_does_not_count(title: str, text: str) -> None:
    assert "MS" not in words(title, text)
    assert "ON" not in words(title, text)


def test_the_long_form_still_counts_where_the_acronym_means_something_else() -> None:
    assert words("Mitral stenosis by mass spectrometry (MS)", "MS found it.") == ["Mitral stenosis"]


@pytest.mark.parametrize(
    "text",
    [
        "Relapsing MS (RMS) was studied in the brain.",
        "NMO spectrum disorder (NMOSD) in adults.",
        "myelin oligodendrocyte glycoprotein antibody disease (MOGAD)",
        "people with progressive MS (PMS)",
    ],
)
def test_an_acronym_built_on_the_topics_own_words_is_its_own(shipped_classifier: Classifier, text: str) -> None:
    acronym = text.partition("(")[2].partition(")")[0]
    found = [
        one.words
        for label in shipped_classifier.classify(Content(title=text))
        if label.facet is Facet.TOPIC
        for one in label.evidence
    ]
    assert acronym in found
