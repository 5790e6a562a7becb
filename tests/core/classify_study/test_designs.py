"""Designs that words could hide: stories without a paper's words, notices, protocols, models of disease, plants."""

import pytest

from alerts.classify import Classifier
from alerts.model import Content, Facet, Kind

CLASSIFIER = Classifier(())


def value(content: Content, facet: Facet) -> str:
    return next((label.value for label in CLASSIFIER.classify(content) if label.facet is facet), "")


def told(text: str, title: str = "") -> str:
    return value(Content(kind=Kind.NEWS, title=title, text=text), Facet.DESIGN)


def paper(title: str, text: str = "") -> str:
    return value(Content(title=title, text=text), Facet.DESIGN)


STORIES = {
    "randomized-trial": [
        "Sixty adults were randomly placed into one of two courses. After eight weeks the first group slept better.",
        "Eighty women were chosen by lottery to get the drug now or later. Attacks were fewer in the first year.",
        "Half got the pill, the other half got vitamin C, for a year. Attacks were fewer with the pill.",
        "The drops were given to 40 children; another 38 took placebo drops. Attacks were fewer with the drug.",
    ],
    "trial": [
        "An experiment with 24 healthy volunteers found that the drink made them hungry.",
        "Doctors treated 14 patients with the new drug, and nine got better.",
        "In the six-month trial the pill worked as well as the injection, researchers have found.",
        "The drug was given to 46 volunteers with gout. Pain eased in 31 of them.",
        "Doctors implanted a device in six people. They hope for a real effect rather than a placebo effect.",
        "The researchers tested the drug in 48 patients with gout. Most walked without pain.",
    ],
    "observational": [
        "Researchers asked 300 people with asthma about sleep. They slept worse than others.",
        "Interviews with 19 women show how little advice they got.",
        "According to a new study, people who swim have fewer attacks of gout.",
        "Half of the 80 patients had no second attack within two years, a French study reports.",
        "Coffee is linked to fewer attacks of gout, the study found.",
    ],
    "systematic-review": [
        "The review of 22 studies with 4,100 patients found that the vitamin did not prevent asthma.",
        "Pooling data from 52 trials, researchers found the drugs better than placebo.",
    ],
    "case-report": [
        "A 34-year-old woman with gout recovered after the operation.",
        "Two sisters with asthma have been well since they moved to the coast.",
    ],
    "animal": ["Mice with a disease like gout walked again after a gene was switched off."],
    "lab": ["The team put the herb in alcohol and tested it on bacteria that cause acne. It killed most of them."],
    "news": [
        "A new gene test goes on sale today. Women who have the gene are at higher risk of cancer.",
        "Patients with gout are at risk of stones. The clinic now opens on Sundays.",
        "The company plans future trials of the cream.",
    ],
}


@pytest.mark.parametrize(("design", "text"), [(design, text) for design, texts in STORIES.items() for text in texts])
def test_a_story_has_the_design_of_the_study_it_tells(design: str, text: str) -> None:
    assert told(text) == design


def test_new_guidelines_in_a_title_lead_a_story() -> None:
    text = "Women in their forties need fewer scans, an expert panel says. The risk of harm is low."
    assert told(text, "New breast cancer screening guidelines at odds with law") == "guideline"


@pytest.mark.parametrize(
    "title",
    [
        "Reply: The role of neck veins in patients with migraine",
        "Retraction: Diet among patients with gout: a case-control study",
        "Correction: A randomised trial of velumab in gout",
        "Response: Velumab in a cohort of children with gout",
        "Do silent attacks of gout exist? Commentary",
        "A commentary letter on “Can a virus trigger gout? A retrospective study”",
    ],
)
def test_a_title_that_is_a_notice_or_reply_is_an_editorial(title: str) -> None:
    text = "We read the cohort study of 300 patients. Patients were followed for two years; odds ratios were given."
    assert paper(title) == "editorial"
    assert paper(title, text) == "editorial"


def test_a_commentary_on_a_cohort_is_not_the_cohort() -> None:
    text = (
        "A register of 30,000 patients with gout was linked to cancer data and compared with healthy controls. "
        "This commentary discusses the limits of these findings."
    )
    assert paper("Drugs for gout and risk of cancer: what next?", text) == "editorial"


@pytest.mark.parametrize(
    "title",
    ["Exercise and gout: the FOOT trial protocol", "Walking aids for carers\u2014intervention protocol"],
)
def test_a_protocol_in_the_title_stands_against_words_for_chance(title: str) -> None:
    text = (
        "METHODS: In this randomised, double-blind, controlled trial patients were randomly assigned to exercise or a "
        "waiting list. The primary outcome is pain after 12 weeks."
    )
    assert paper(title, text) == "protocol"


def test_a_response_to_a_drug_is_no_notice() -> None:
    text = "METHODS: We followed a cohort of 120 patients for two years. RESULTS: Most responded."
    assert paper("Response to velumab in gout: a cohort study", text) == "observational"


@pytest.mark.parametrize(
    "title",
    [
        "Soy diet eases experimental autoimmune encephalomyelitis through bacteria that patients with sclerosis lack",
        "Velumab controls autoimmune encephalomyelitis by regulatory T cells",
    ],
)
def test_a_model_of_disease_in_the_title_is_animal_work(title: str) -> None:
    text = "Patients lack some bacteria. EAE was induced and the diet given. Scores were lower and T cells fewer."
    content = Content(title=title, text=text + " C57BL/6 mice were used.")
    assert value(content, Facet.DESIGN) == "animal"
    assert value(content, Facet.SUBJECTS) == "animals"


@pytest.mark.parametrize(
    "text",
    [
        "Arabidopsis seedlings were grown in the dark. We identified 60 genes that were associated with growth.",
        "Photosynthesis in transgenic plants was measured. Leaves of 30 cultivars were compared.",
    ],
)
def test_work_on_plants_has_no_people_and_no_animals(text: str) -> None:
    content = Content(kind=Kind.PREPRINT, title="A factor of growth and its role under stress", text=text)
    assert value(content, Facet.DESIGN) == "lab"
    assert value(content, Facet.SUBJECTS) not in {"humans", "animals"}


@pytest.mark.parametrize("manner", ["non-randomised", "nonrandomized"])
def test_a_trial_without_chance_is_not_a_randomised_one(manner: str) -> None:
    text = f"METHODS: In this open-label, {manner}, single-arm trial 30 patients got velumab. Pain eased."
    assert paper("Velumab in gout: an open-label trial", text) == "trial"


def test_training_with_two_groups_is_a_trial() -> None:
    text = (
        "Forty patients with gout trained for 12 weeks. The training group had eight weeks of training, the control "
        "group none. Walking speed was measured before and after training and improved."
    )
    assert paper("Effects of balance training on walking in patients with gout", text) in {"trial", "randomized-trial"}


def test_people_whose_scans_an_algorithm_reads_are_its_subjects() -> None:
    text = "We propose a deep learning method. It was tested on scans of 91 patients with gout. It was right in 85%."
    content = Content(title="Deep learning segmentation of joints", text=text)
    assert value(content, Facet.DESIGN) == "computational"
    assert value(content, Facet.SUBJECTS) == "humans"


@pytest.mark.parametrize(
    "said",
    [
        "We reviewed the records of 14 patients with sciatica who were given velumab.",
        "The medical charts of 60 adults with sciatica were reviewed.",
        "We reviewed the charts of all adults with sciatica.",
    ],
)
def test_a_review_of_patients_records_is_observational(said: str) -> None:
    labels = Classifier(()).classify(Content(title="Velumab in sciatica", text=f"{said} Most of the adults had less pain."))
    assert [label.value for label in labels if label.facet is Facet.DESIGN] == ["observational"]


def test_a_review_of_published_records_stays_a_review() -> None:
    text = "In this narrative review we reviewed the records of 14 published trials from the literature. We discuss what is known."
    labels = Classifier(()).classify(Content(title="Sciatica: a narrative review", text=text))
    assert [label.value for label in labels if label.facet is Facet.DESIGN] == ["review"]


def test_a_retracted_trial_stays_a_trial() -> None:
    labels = Classifier(()).classify(
        Content(
            title="RETRACTED: Stairs or rest in sciatica: a randomised phase 2 trial",
            text="We randomly assigned 84 adults with sciatica to stairs or rest.",
        )
    )
    assert {(label.facet, label.value) for label in labels} >= {
        (Facet.DESIGN, "randomized-trial"), (Facet.SIZE, "84"), (Facet.PHASE, "PHASE2"), (Facet.CAUTION, "retracted"),
    }


CHROMATOGRAPHY = "A chromatography method was developed. The limit of detection was 2 ng. Recovery was high across matrices."


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Determination of drug residues by gas chromatography", CHROMATOGRAPHY),
        ("Chromatography of essential oils", "Essential oils were separated by chromatography."),
    ],
)
def test_learned_words_that_show_no_design_make_no_label(title: str, text: str) -> None:
    assert paper(title, text) == ""


@pytest.mark.parametrize(
    ("design", "title", "text", "shown"),
    [
        ("observational", "Bone density and sleep of patients", "", ["patients"]),
        ("case-report", "Sciatica in pregnancy", "After delivery the woman was admitted with weakness.", ["woman", "admitted"]),
    ],
)
def test_learned_evidence_is_of_words_that_show_the_design(design: str, title: str, text: str, shown: list[str]) -> None:
    labels = CLASSIFIER.classify(Content(title=title, text=text))
    found = [(label.value, [one.words for one in label.evidence]) for label in labels if label.facet is Facet.DESIGN]
    assert found == [(design, shown)]
