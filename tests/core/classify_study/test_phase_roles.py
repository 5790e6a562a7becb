"""Whose phase it is: the item's own, one that it analyses, or one that it only speaks of."""

import itertools

import pytest

from alerts.classify import Classifier
from alerts.classify.facts import facts
from alerts.classify.lines import output
from alerts.model import Content, Kind

CLASSIFIER = Classifier(())


def phase(content: Content) -> tuple[str, list[str]]:
    shown = output("1", CLASSIFIER.classify(content))["phase"]
    return shown["role"], shown["values"]


def story(text: str) -> tuple[str, list[str]]:
    return phase(Content(kind=Kind.NEWS, title="", text=text))


def paper(title: str, text: str = "") -> tuple[str, list[str]]:
    return phase(Content(title=title, text=text))


@pytest.mark.parametrize(("own", "earlier"), list(itertools.permutations("1234", 2)))
def test_an_earlier_phase_beside_the_own_one_does_not_take_its_role(own: str, earlier: str) -> None:
    content = Content(
        title=f"A phase {own}, randomised, placebo-controlled trial of velumab",
        text=f"BACKGROUND: Velumab slowed relapses in a previous phase {earlier} trial. "
        "METHODS: We randomly assigned 300 patients to velumab or placebo.",
    )
    labels = CLASSIFIER.classify(content)
    assert phase(content) == ("own", [f"PHASE{own}"])
    assert facts(content, labels, reason="new", parents={}).phase_role == "own"


@pytest.mark.parametrize(
    "later",
    [
        "A larger phase 3 study could start next year.",
        "A phase 3 trial with 1,000 people will begin in March.",
        "Phase 3 studies are needed before it can be sold.",
        "A phase 3 trial is warranted, the team writes.",
        "A phase 3 trial is now under way in Spain.",
        "Doctors now wait for the phase 3 results.",
        "The maker has begun a phase 3 trial in children.",
    ],
)
def test_the_next_phase_in_a_story_is_not_its_own(later: str) -> None:
    told = "In a phase 2 trial of 120 people with asthma, the pill halved attacks, researchers found."
    assert story(f"{told} {later}") == ("own", ["PHASE2"])
    assert story(f"{later} {told}") == ("own", ["PHASE2"])


def test_a_list_with_a_comma_before_its_and_keeps_its_last_member() -> None:
    text = "METHODS: Exposure was modelled using data from phase I, II, and III trials of velumab in 2,000 patients."
    assert paper("Exposure to velumab and lymphocytes", text)[1] == ["PHASE1", "PHASE2", "PHASE3"]


@pytest.mark.parametrize(
    ("title", "values"),
    [
        ("Phase III: velumab in gout", ["PHASE3"]),
        ("Phase IV, one-day, blood sampling study", ["PHASE4"]),
        ("Phase II of neoadjuvant velumab", ["PHASE2"]),
        ("Early Phase 1 study of velumab", ["EARLY_PHASE1"]),
    ],
)
def test_a_record_may_begin_with_its_phase(title: str, values: list[str]) -> None:
    assert phase(Content(kind=Kind.RECORD, title=title)) == ("own", values)


@pytest.mark.parametrize(
    "title",
    [
        "An exposure-response analysis of velumab in a randomised phase 2 study in patients with asthma",
        "Neurofilament light chain in a phase 2 trial of velumab in patients with ataxia",
        "Velumab in patients of African descent in the phase 2 ALPHA and BETA studies",
        "Predictors of relapse in a phase 2 trial of velumab",
        "Baseline characteristics of patients in a phase 2 trial of velumab",
    ],
)
def test_a_title_that_looks_at_one_thing_within_a_trial_is_an_analysis(title: str) -> None:
    text = "METHODS: Patients were randomly assigned to velumab or placebo."
    assert paper(title, text) == ("analysis", ["PHASE2"])


@pytest.mark.parametrize(
    "title",
    [
        "Results of a randomised phase 2b and extension study of velumab in asthma",
        "Velumab extended-release capsules in asthma: a randomised phase 2 trial",
        "Final analysis of the randomised phase 2 trial of velumab in asthma",
    ],
)
def test_a_title_that_reports_the_trial_itself_is_own(title: str) -> None:
    assert paper(title, "METHODS: Patients were randomly assigned to velumab or placebo.") == ("own", ["PHASE2"])


def test_people_recruited_from_a_trial_make_an_analysis() -> None:
    text = (
        "METHODS: Blood of 24 patients with arthritis recruited from the phase II trial of velumab was compared "
        "with that of 24 healthy controls. RESULTS: Expression was lower in patients."
    )
    assert paper("Gene expression under velumab in patients with arthritis", text) == ("analysis", ["PHASE2"])


def test_the_phases_of_an_experiment_are_none() -> None:
    text = "Mice got cuprizone for five weeks. During phase I all of the animals drank velumab. Phase II was shorter."
    assert paper("Velumab in cuprizone-fed mice", text) == ("none", [])


def test_an_early_trial_of_phase_1_is_a_phase_1_trial() -> None:
    assert story("In an early phase 1 study of the drug, 12 of 30 people with gout got better.") == ("own", ["PHASE1"])


def test_the_phases_of_a_campaign_are_none() -> None:
    text = "Phase 1 of the campaign ran in spring. Phase 2 of the campaign had new posters. Smokers saw them."
    assert story(text) == ("none", [])
