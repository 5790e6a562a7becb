"""Short items and titles: an illness by its letters, words that deny too much, drugs known for another illness."""

import pytest

from alerts.classify import Classifier
from alerts.classify.packs import load, shipped
from alerts.model import Content, Facet, Kind, Role

CLASSIFIER = Classifier(load(shipped("neuroimmunology"), "neuroimmunology"))
CONDITIONS = {"ms", "nmosd", "mogad", "pml", "adem", "optic-neuritis", "ham-tsp"}


def about(title: str = "", text: str = "", kind: Kind = Kind.NEWS) -> set[str]:
    labels = CLASSIFIER.classify(Content(kind=kind, title=title, text=text))
    topics = {label.value for label in labels if label.facet is Facet.TOPIC and label.role is Role.ABOUT}
    return topics & CONDITIONS


@pytest.mark.parametrize(
    "line",
    [
        "Smoking worsens MS, a register shows",
        "A new pill for MS is safe",
        "Finns with MS sleep badly",
        "MS therapies: time to think again",
        "Vitamin D did not prevent MS",
        "Half of all MS cases begin before thirty",
        "Mice with an MS-like disease could walk again",
        "No cure for MS yet, but a blood test spots it early",
    ],
)
def test_letters_that_somebody_has_or_treats_are_an_illness(line: str) -> None:
    assert about(title=line) == {"ms"}
    assert about(text=line) == {"ms"}


@pytest.mark.parametrize(
    "line",
    [
        "Detection of peptides by LC-MS/MS in plasma",
        "An MS method for steroids in urine by gas chromatography",
        "Ms Smith leads the institute",
        "Tandem mass spectrometry: MS for beginners",
    ],
)
def test_letters_that_mean_another_thing_are_none(line: str) -> None:
    assert about(title=line) == set()
    assert about(text=line) == set()


def test_another_illness_goes_by_its_letters_too() -> None:
    assert about(text="The drug was tested in 48 patients with PML.") == {"pml"}
    assert about(text="PML is fused to RARA in acute promyelocytic leukaemia patients.") == set()


@pytest.mark.parametrize(
    ("title", "topics"),
    [
        ("Multiple sclerosis is not associated with severe influenza", {"ms"}),
        ("Multiple sclerosis was not diagnosed in any of these families", set()),
        ("Editorial: inside-out versus outside-in paradigms in multiple sclerosis", {"ms"}),
        ("Beyond relapses: what drives disability in multiple sclerosis", {"ms"}),
        ("Rehabilitation outside the hospital for people with multiple sclerosis", {"ms"}),
        ("Molecular mimicry between two proteins in multiple sclerosis", {"ms"}),
        ("Neuromyelitis optica mimicking multiple sclerosis: two cases", {"nmosd"}),
        ("Unlike multiple sclerosis, NMOSD rarely becomes progressive", {"nmosd"}),
        ("Myelitis other than multiple sclerosis", set()),
        ("Herpesviruses in disseminated encephalomyelitis", {"adem"}),
    ],
)
def test_words_of_denial_reach_what_they_deny(title: str, topics: set[str]) -> None:
    assert about(title=title, kind=Kind.PAPER) == topics


@pytest.mark.parametrize(
    ("line", "topics"),
    [
        ("Multiple sclerosis drug tested in lupus", set()),
        ("An MS drug may help people with long COVID", set()),
        ("Lupus drug tested in multiple sclerosis", {"ms"}),
        ("Multiple sclerosis drug approved in Europe", {"ms"}),
    ],
)
def test_a_drug_named_by_its_usual_illness_says_nothing_of_the_new_one(line: str, topics: set[str]) -> None:
    assert about(title=line) == topics


def test_what_a_site_says_to_its_readers_makes_no_subject() -> None:
    story = (
        "A multiple sclerosis drug called fumarine calmed blood cells in the lab. The cells came from 12 people with "
        "HAM/TSP. Growth of cells from people with HAM/TSP fell by a third.\n"
        "Learn how gut bacteria can worsen MS symptoms.\n"
        "Whether you've just been diagnosed with multiple sclerosis or have had it for years, we aim to help.\n"
    )
    assert about(text=story) == {"ham-tsp"}
