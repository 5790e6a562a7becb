"""Cautions that words could raise falsely: denied cures, quoted ones, "uncontrolled" illness, human cells."""

import pytest

from alerts.classify import Classifier
from alerts.model import Content, Facet, Kind

CLASSIFIER = Classifier(())


def cautions(text: str, title: str = "", kind: Kind = Kind.NEWS) -> set[str]:
    labels = CLASSIFIER.classify(Content(kind=kind, title=title, text=text))
    return {label.value for label in labels if label.facet is Facet.CAUTION}


@pytest.mark.parametrize(
    "text",
    [
        "The drug won't cure the condition, a trial of 90 people found.",
        "It doesn’t cure asthma, researchers say.",
        "The illness cannot be cured, but attacks were fewer in a trial of 90 people.",
        "Such infections are hard to cure. A trial tested a new drug.",
        "The cure rate was 93 percent in the trial.",
        "In the trial, 93 percent of the infections were cured.",
        "The drug holds a breakthrough therapy designation.",
        "Breakthrough infections were rare in the study.",
        "The institute is dedicated to finding cures for rare diseases. Its study was small.",
        'The leader of the study said: "It was a long way. But this is a breakthrough for patients."',
    ],
)
def test_a_cure_denied_counted_hoped_for_or_quoted_is_no_claim(text: str) -> None:
    assert "overclaim" not in cautions(text)


@pytest.mark.parametrize(
    "text",
    [
        "This miracle pill ends asthma, a study shows.",
        "A breakthrough blood test spots asthma years before it starts, a study shows.",
        "The drug cured asthma in mice, researchers said.",
        'She said: "We are glad." The breakthrough drug ends asthma, a study shows.',
    ],
)
def test_a_claim_in_our_sources_own_voice_is_one(text: str) -> None:
    assert "overclaim" in cautions(text)


def test_human_cells_in_a_title_are_not_patients() -> None:
    text = "METHODS: Cultured fibroblasts were exposed to velumab in vitro. RESULTS: Expression fell."
    assert cautions(text, "Velumab in human lung fibroblasts", Kind.PAPER) == {"in-vitro"}
    assert "overclaim" in cautions(text, "Velumab helps patients with asthma breathe", Kind.PAPER)


@pytest.mark.parametrize("illness", ["hypertension", "seizures", "blood sugar", "eye movements", "bleeding"])
def test_an_uncontrolled_illness_is_not_an_uncontrolled_study(illness: str) -> None:
    assert "no-control" not in cautions(
        f"METHODS: We followed 60 patients with uncontrolled {illness}.", "", Kind.PAPER
    )


@pytest.mark.parametrize(
    "words",
    [
        "This was an uncontrolled, open-label trial.",
        "The study didn't include a comparison group.",
        "The study did not have a group that got no treatment.",
        "There was no control group.",
    ],
)
def test_a_study_without_controls_is_named(words: str) -> None:
    assert "no-control" in cautions(f"The drug helped 40 people with asthma. {words}")


def test_a_randomised_trial_has_controls_whatever_came_later() -> None:
    text = (
        "METHODS: Patients were randomly assigned to velumab or placebo. There was no untreated control group after "
        "year five."
    )
    assert "no-control" not in cautions(text, "A randomised trial of velumab", Kind.PAPER)
