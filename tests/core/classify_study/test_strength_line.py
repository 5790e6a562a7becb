"""The strength line begins with what the thing is and never praises a treatment."""

import json
import re
from pathlib import Path

import pytest

from alerts.classify import Classifier
from alerts.classify.packs import load, shipped
from alerts.model import Content, Evidence, Facet, Kind, Label, Role
from alerts.publish.strength import headline_finding, strength

CLASSIFIER = Classifier(load(shipped("neuroimmunology"), "neuroimmunology"))


def line(content: Content, *, study_linked: bool = False) -> str:
    return strength(content, CLASSIFIER.classify(content), study_linked=study_linked)


def told(content: Content) -> str:
    return headline_finding(content, CLASSIFIER.classify(content))


STORY = Content(
    kind=Kind.NEWS,
    title="Cell therapy looks safe in a first test",
    text='The findings are based on just six patients. The study was a "phase 1" trial. The therapy appeared safe.',
)
DISH = Content(
    title="Velumab calms T cells of people with HAM/TSP",
    text="Blood cells from 16 people with HAM/TSP were cultured with velumab. Velumab lowered proliferation in vitro.",
)


def test_a_story_about_a_small_first_trial() -> None:
    assert line(STORY) == (
        "News story about a phase 1 trial in 6 people. Phase 1 tests safety, not whether a treatment works. "
        "Very small. The study itself was not found."
    )


def test_a_story_whose_study_we_hold_does_not_say_that_it_was_not_found() -> None:
    assert "not found" not in line(STORY, study_linked=True)


def test_cells_from_people_are_named_with_their_illness() -> None:
    assert line(DISH) == ("Lab study on blood cells from 16 people with HAM/TSP. No patient was treated in this study.")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            Content(kind=Kind.RECORD, title="Velumab in MS", enrollment=200),
            "Trial registered, no results yet; 200 people planned.",
        ),
        (
            Content(kind=Kind.RECORD, title="Velumab in MS", phases=("Phase 2",), status="TERMINATED"),
            (
                "Phase 2 trial registered, stopped early, no results yet; number of people not stated. "
                "Phase 2 looks for first signs of an effect and for side effects."
            ),
        ),
        (
            Content(
                title="Volume loss under velumab: post hoc analysis of two phase 3 trials",
                text="METHODS: This post hoc analysis pooled data from the phase 3 trials.",
            ),
            "Analysis of data from phase 3 trials.",
        ),
        (Content(kind=Kind.EXPLAINER, title="What is MS?", text="Trials are ongoing."), "Explainer, not a study."),
        (
            Content(kind=Kind.NEWS, text="Study finds that scans can often tell two diseases apart, h", truncated=True),
            "News teaser, cut off by its source; number of people not stated.",
        ),
        (
            Content(kind=Kind.NOTICE, title="Correction to: Velumab in MS"),
            "Correction or other notice on an earlier work.",
        ),
        (
            Content(title="Galanthone in mice with EAE", text="Mice with EAE received galanthone. Scores were lower."),
            "Study in mice. No patient was treated in this study.",
        ),
    ],
    ids=["record", "stopped", "analysis", "explainer", "teaser", "notice", "mice"],
)
def test_the_line_begins_with_what_the_thing_is(content: Content, said: str) -> None:
    assert line(content) == said


def test_a_conflict_between_registration_and_title_is_shown() -> None:
    content = Content(kind=Kind.RECORD, title="A Phase 3 Study of Velumab", phases=("Phase 2",), enrollment=30)
    assert "Its registration and its title name different phases." in line(content)


def test_the_finding_stands_in_quotation_marks_with_its_speaker() -> None:
    assert told(STORY) == "The story says: “The therapy appeared safe.”"
    paper = Content(title="A cohort", text="CONCLUSION: Scores “fell” in the cohort of patients.")
    assert told(paper) == "The authors write: “Scores ‘fell’ in the cohort of patients.”"
    assert told(DISH).startswith("In cells in the lab: the authors write: “Velumab lowered")
    assert told(Content(kind=Kind.EXPLAINER, title="What is MS?", text="Results have been promising.")) == ""


def test_a_label_that_an_operator_took_away_is_not_spoken_of() -> None:
    size = Label(facet=Facet.SIZE, value="6", role=Role.NOT, evidence=(Evidence("text", 0, 3, "six"),))
    assert "6 people" not in strength(Content(title="A", text="six"), [size], study_linked=False)


def test_no_line_praises_a_treatment_in_our_own_voice() -> None:
    rows = Path(__file__).with_name("own_texts.jsonl").read_text(encoding="utf-8").splitlines()
    for row in map(json.loads, rows):
        content = Content(kind=Kind(row["kind"]), title=row["title"], text=row["text"])
        said = line(content).replace("not whether a treatment works", "")
        assert not re.search(r"\b(?:works|safe|proven|better|effective|cures?)\b", re.sub("“[^”]*”", "", said))


def _labelled(facet: Facet, value: str) -> Label:
    return Label(facet=facet, value=value, evidence=(Evidence("title", 0, 4, "Test"),))


@pytest.mark.parametrize("title", ["Velumab in mice and in 5 patients with MS", "In vitro work on neurons, in mice and in five people with MS"])
def test_a_study_that_also_names_patients_is_not_said_to_have_treated_none(title: str) -> None:
    mixed = Content(title=title, text="Mice were given velumab. The mice walked further than untreated mice.")
    assert line(mixed).startswith("Study in ")
    assert "No patient" not in line(mixed)


def test_a_study_in_animals_alone_says_that_no_patient_was_treated() -> None:
    alone = Content(title="Velumab in mice", text="Mice were given velumab. The mice walked further than others.")
    assert "No patient was treated" in line(alone)


@pytest.mark.parametrize(("design", "said"), [("lab", "Lab study; 9 people."), ("animal", "Animal study.")])
def test_a_design_set_by_hand_claims_nothing_that_other_labels_deny(design: str, said: str) -> None:
    labels = (_labelled(Facet.DESIGN, design), _labelled(Facet.SUBJECTS, "humans"), _labelled(Facet.SIZE, "9"))
    finding = _labelled(Facet.FINDING, "finding")
    assert strength(Content(title="Test of velumab"), labels, study_linked=False) == said
    assert headline_finding(Content(title="Test of velumab"), (*labels, finding)) == "The authors write: “Test”"


def test_a_lab_study_names_cells_only_where_a_label_does() -> None:
    design = _labelled(Facet.DESIGN, "lab")
    cells = _labelled(Facet.SUBJECTS, "cells")
    assert strength(Content(title="Test"), (design,), study_linked=False).startswith("Lab study.")
    assert strength(Content(title="Test"), (design, cells), study_linked=False).startswith("Lab study on cells.")


@pytest.mark.parametrize(
    ("said", "lead"),
    [
        ("In a trial of 300 people, pain fell by half.", "News story that tells of a study of 300 people"),
        ("It is sold.", "News story, not a report on one study"),
    ],
)
def test_a_story_of_an_approval_names_the_study_it_tells_of(said: str, lead: str) -> None:
    story = Content(kind=Kind.NEWS, title="Pill wins approval", text=f"The FDA approved velumab for sciatica. {said}")
    assert line(story).startswith(lead)
