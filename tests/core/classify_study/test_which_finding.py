"""Which sentence is quoted as the finding: a result, never a plan, a method, a hope or somebody else's result."""

import pytest

from alerts.classify import Classifier
from alerts.model import Content, Facet, Kind

CLASSIFIER = Classifier(())
RESULT = "Walking speed was higher after training than after rest."


def finding(text: str, kind: Kind = Kind.PAPER) -> str:
    labels = CLASSIFIER.classify(Content(kind=kind, title="Stair training in adults with sciatica", text=text))
    return next((label.evidence[0].words for label in labels if label.facet is Facet.FINDING), "")


@pytest.mark.parametrize(
    "plan",
    [
        "We highlight the muscles that deserve attention.",
        "Lastly, we provide recommendations for therapists.",
        "Implications for daily practice are discussed.",
        "The exercises are described in detail.",
        "In the current paper, we are summarising what stairs do to backs.",
        "This commentary considers the limits of such programmes.",
        "Longer programmes should be explored in well-run trials.",
        "We surveyed 40 adults twice.",
        "The adults were stratified by age.",
    ],
)
def test_a_plan_or_a_method_loses_to_a_result_wherever_it_stands(plan: str) -> None:
    start = "Sciatica is a pain in the leg. Forty adults climbed stairs for six weeks."
    assert finding(f"{start} {RESULT} {plan}") == RESULT
    assert finding(f"{start} {plan} {RESULT}") == RESULT


def test_an_abstract_that_lost_its_end_has_no_finding_rather_than_a_method() -> None:
    cut = "Sciatica is a pain in the leg. Forty adults climbed stairs. The groups were split by age. Speed rose (p "
    assert not finding(f"{cut}PMID:1 | DOI:10.1000/stairs")
    assert not finding(cut)


@pytest.mark.parametrize(
    "method",
    [
        "Researchers asked 300 people with sciatica about stairs.",
        "The study included 300 people with sciatica.",
        "The team from Leaford University tested two kinds of stairs.",
        "The study didn't include a control group.",
    ],
)
def test_a_story_is_told_by_its_result_not_by_what_was_done(method: str) -> None:
    assert finding(f"{method} They walked faster than others.", Kind.NEWS) == "They walked faster than others."
    assert not finding(method, Kind.NEWS)


@pytest.mark.parametrize(
    "other",
    [
        "Previously, the same group showed that swimming lowered pain by 12 percent.",
        "A 2009 meta-analysis found that swimming lowered pain by 12 percent.",
        "Earlier research has shown that swimming lowered pain by 12 percent.",
    ],
)
def test_a_story_is_not_told_by_an_earlier_study(other: str) -> None:
    assert finding(f"{other} In the new trial pain fell by half in those who climbed stairs.", Kind.NEWS).startswith("In the new")


def test_a_step_towards_approval_is_no_result() -> None:
    assert not finding("Stairlift Ltd expects its chair to be approved as an effective treatment in spring.", Kind.NEWS)


@pytest.mark.parametrize(
    "other",
    [
        "In a previous phase 3 trial of 900 adults, swimming reduced pain by 12 percent.",
        "An earlier study found that swimming significantly reduced pain by 12 percent.",
        "Swimming significantly reduced pain by 12 percent in a prior trial.",
    ],
)
def test_a_paper_is_not_told_by_an_earlier_study(other: str) -> None:
    start = "Sciatica is a pain in the leg. Forty adults climbed stairs for six weeks."
    assert finding(f"{start} {RESULT} {other}") == RESULT
    assert finding(f"{start} CONCLUSIONS: {RESULT} {other}") == RESULT


def test_a_result_that_is_only_compared_with_earlier_studies_is_quoted() -> None:
    said = "Stair training significantly reduced pain, as in earlier studies of swimming."
    assert finding(f"Sciatica is a pain in the leg. {said}") == said


@pytest.mark.parametrize(
    "name",
    [
        "Randomised phase 3 trial of 400 people with sciatica.",
        "A placebo-controlled, double-blinded trial in 60 treated adults with less pain.",
        "Retrospective analysis of 80 adults with reduced risk of falls.",
    ],
)
def test_a_sentence_without_a_verb_that_names_a_design_is_no_finding(name: str) -> None:
    assert not finding(name)
    assert finding(f"{name} {RESULT}") == RESULT


@pytest.mark.parametrize(
    "graded",
    [
        "The certainty of the evidence was rated low.",
        "Overall, the quality of evidence was very low.",
        "Certainty of evidence ranged from very low to moderate.",
        "Risk of bias was high in most studies.",
        "The included trials were of low quality.",
        "The evidence was graded as very low, owing to risk of bias and imprecision.",
    ],
)
def test_how_good_the_evidence_is_is_no_finding(graded: str) -> None:
    assert finding(f"We searched MEDLINE for trials. CONCLUSIONS: {graded} {RESULT}") == RESULT
    assert not finding(f"We searched MEDLINE for trials. {graded}")
    assert not finding(f"We searched MEDLINE for trials. CONCLUSIONS: {graded}")


@pytest.mark.parametrize(
    "said",
    [
        "The quality of the evidence was low, but stair training did not reduce pain.",
        "Low-certainty evidence suggests that stair training reduces pain.",
        "There was moderate-certainty evidence that stair training reduces pain.",
    ],
)
def test_a_result_with_its_certainty_is_quoted(said: str) -> None:
    assert finding(f"We searched MEDLINE for trials. CONCLUSIONS: {said}") == said
