"""The size of a study is that of the whole: never a part, the controls alone, the world, or something that is no person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.classify import Classifier
from alerts.model import Content, Facet, Kind

CLASSIFIER = Classifier(())


def size(text: str, kind: Kind = Kind.PAPER) -> str | None:
    labels = CLASSIFIER.classify(Content(kind=kind, title="Stair training and pain", text=text))
    return next((label.value for label in labels if label.facet is Facet.SIZE), None)


@pytest.mark.parametrize(
    ("said", "whole"),
    [
        ("The study included 12 men and 14 women.", "26"),
        ("We compared 77 female and 23 male patients in a retrospective cohort.", "100"),
        ("In this study 13 early and 23 late patients were enrolled.", "36"),
        ("In total, 72 residents and 65 neurologists answered the questionnaire.", "137"),
        ("59 professionals (41 neurologists, 15 nurses, 3 other) took part in our survey of doctors, a cross-sectional study of pain in patients.", "59"),
        ("Patients (n = 25, aged 40) and controls (n = 29) completed the tests in this study.", "54"),
        ("We examined the blood of 43 patients with early (E) pain compared to 27 healthy controls.", "70"),
        ("Participants (n = 24; 14 males) climbed stairs in the laboratory.", "24"),
        ("Sixty-five RR (33AA, 32 CA) participants were recruited.", "65"),
    ],
)
def test_groups_add_up_and_breakdowns_do_not(said: str, whole: str) -> None:
    assert size(said) == whole


@pytest.mark.parametrize(
    ("said", "whole"),
    [
        ("We studied 156 adults with pain. A subgroup (n = 38) was followed for two years.", "156"),
        ("We studied 204 adults. Blood was taken in a subset of 104 adults who were examined twice.", "204"),
        ("In a prospective study including 271 persons, results were compared with 24 matched controls.", "271"),
        ("We followed 21 patients. Six patients (6/21, 29%) were treated with rest.", "21"),
        ("Data were collected at time 1 (n = 331) and time 2 (n = 266).", "331"),
        ("We included 204 patients without other conditions affecting the back.", "204"),
        ("From 1 March to 25 January 2021, 555 patients were treated in this cohort.", "555"),
    ],
)
def test_a_part_is_not_taken_for_the_whole(said: str, whole: str) -> None:
    assert size(said) == whole


@pytest.mark.parametrize(
    "said",
    [
        "A total of 260 genotype associations were tested in patients with pain.",
        "We used the modified Four Square Step Test in adolescents.",
        "Back pain affects 2.8 million people. In the US, it affects 900,000 people.",
        "Nearly 1 in 5 patients with pain will fall.",
    ],
)
def test_what_is_no_group_of_people_is_no_size(said: str) -> None:
    assert size(said) is None


def test_the_only_count_of_a_story_is_its_size() -> None:
    assert size("A survey of 300 people with back pain looked at stairs.", Kind.NEWS) == "300"


@given(st.integers(11, 900), st.integers(11, 900))
def test_two_groups_that_share_a_noun_add_up(first: int, second: int) -> None:
    assert size(f"In this trial {first} early and {second} late patients were enrolled.") == str(first + second)


@pytest.mark.parametrize(
    "said",
    [
        "1,310 adults were screened and 640 randomised 2:1.",
        "Of 1,310 patients assessed for eligibility, 640 (49%) were enrolled.",
        "We invited 1,310 people with pain; 640 were randomly assigned.",
        "1,310 adults were approached, 700 were enrolled and 640 underwent randomisation.",
    ],
)
def test_those_who_entered_count_and_not_those_who_were_screened(said: str) -> None:
    assert size(f"{said} Pain fell by half in this randomised trial.") == "640"


def test_a_number_of_an_earlier_trial_is_not_this_study_s() -> None:
    assert size("We reviewed the records of 14 adults with pain. In a previous trial of 1200 adults, stairs helped.") == "14"


APPROVED = "The FDA approved velumab for sciatica."


@pytest.mark.parametrize(
    ("said", "whole"),
    [
        ("In a trial of 300 people with sciatica, pain fell by half.", "300"),
        ("Approval rests on a study of 213 patients, of whom 143 had pain.", "213"),
        ("The maker employs 300 people.", None),
        ("It may soon be given to 300 patients a year.", None),
    ],
)
def test_a_story_that_reports_no_one_study_counts_the_people_of_the_study_it_speaks_of(said: str, whole: str | None) -> None:
    assert size(f"{APPROVED} {said}", Kind.NEWS) == whole


@pytest.mark.parametrize(
    "said",
    [
        "1,310 adults were screened. 640 were randomised 2:1.",
        "A total of 1,310 patients were screened for eligibility. Of these, 640 patients were randomly assigned to velumab or placebo.",
        "We screened 1,310 patients. In all, 640 underwent randomisation.",
        "RESULTS: From May 2010 on, 1,310 patients were assessed for eligibility. 640 were randomised (320 to velumab, 320 to placebo).",
        "We invited 1,310 people by letter. Six hundred and forty took part.",
        "Of 1,310 patients screened, 330 were randomly assigned to velumab and 310 to placebo.",
    ],
)
def test_those_who_entered_count_though_another_sentence_says_who_was_screened(said: str) -> None:
    assert size(f"{said} Pain fell by half in this randomised trial.") == "640"


def test_people_screened_for_an_illness_are_those_of_the_study() -> None:
    assert size("1,310 patients were screened for pain in this cross-sectional study. 640 were included in the register.") == "1310"


@given(st.integers(11, 900), st.integers(11, 900))
def test_arms_to_which_people_were_assigned_add_up(first: int, second: int) -> None:
    said = f"In this trial {first} adults were randomised to velumab and {second} to placebo."
    assert size(said) == str(first + second)


def test_all_who_were_recruited_count_beside_those_assigned() -> None:
    assert size("A total of 145 adults were recruited; 65 were randomised to velumab and 64 to placebo.") == "145"
