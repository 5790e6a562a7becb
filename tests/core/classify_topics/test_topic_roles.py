"""About or mention: every trap that real texts set, in texts of our own."""

import pytest

from alerts.classify import Classifier
from alerts.model import Content, Facet, Kind, Role


def topics(classifier: Classifier, kind: Kind, title: str, text: str = "", **more: object) -> dict[str, Role]:
    labels = classifier.classify(Content(kind=kind, title=title, text=text, **more))
    return {label.value: label.role for label in labels if label.facet is Facet.TOPIC}


ABOUT = [
    ("ms", "Handwriting speed in multiple sclerosis", ""),
    ("ms", "Ten years of walking with RRMS", ""),
    ("ms", "Um novo remédio no tratamento de esclerose múltipla", ""),
    ("ms", "Esclerosis múltiple: guía para la familia", ""),
    ("ms", "Knockout of a lipid gene worsens experimental autoimmune encephalomyelitis", ""),
    ("ms", "People living with and without multiple sclerosis answer a sleep survey", ""),
    ("ms", "MS drug taken early may slow disability", "The MS drug was given to 90 people."),
    ("ms", "Colour vision and the retina", "METHODS: We tested 41 patients with multiple sclerosis and 20 controls."),
    (
        "ms",
        "A patch for spastic hands",
        "Hands that cramp are common. Here we treated 30 adults with multiple sclerosis. Grip improved in 12 MS patients.",
    ),
    (
        "ms",
        "Choir singing and breath",
        "OBJECTIVE: To see whether singing helps people with multiple sclerosis breathe.",
    ),
    (
        "ms",
        "Teriflunomide: a second look",
        "Teriflunomide is approved for relapsing forms of multiple sclerosis. MS is treated.",
    ),
    (
        "ms",
        "Slow speech",
        "METHODS: Nine speakers with dysarthria due to multiple sclerosis read aloud. RESULTS: All slowed.",
    ),
    ("nmosd", "Eculizumab withdrawal in NMOSD", ""),
    (
        "nmosd",
        "Serum sugars in multiple sclerosis",
        "METHODS: Sera of 60 MS patients, 38 neuromyelitis optica spectrum disorder (NMOSD) patients and 20 controls.",
    ),
    ("nmosd", "Telling MOGAD from NMOSD at the bedside", ""),
    ("mogad", "Telling MOGAD from NMOSD at the bedside", ""),
    ("mogad", "Relapse after anti-MOG seroconversion", ""),
    ("pml", "Early imaging of PML-IRIS", ""),
    (
        "pml",
        "Lesions on scans of people with AIDS",
        (
            "We read 90 scans. Of these, 30 patients (33%) had progressive multifocal leukoencephalopathy (PML). "
            "The scan found most cases of PML."
        ),
    ),
    ("ham-tsp", "A tyrosine blocker for HAM/TSP", ""),
    ("ham-tsp", "Gait in HTLV-I-associated myelopathy", ""),
    ("autoimmune-encephalitis", "Memory after LGI1 encephalitis", ""),
    ("autoimmune-encephalitis", "Teratoma and anti-NMDA receptor encephalitis", ""),
    ("adem", "Acute disseminated encephalomyelitis after a tick bite", ""),
    ("optic-neuritis", "Steroids for optic neuritis, thirty years on", ""),
    ("optic-neuritis", "Early scans tell MOGAD from NMOSD optic neuritis", ""),
    ("transverse-myelitis", "Bladder outcome of transverse myelitis in children", ""),
    ("microbiome", "Gut bacteria in multiple sclerosis", ""),
    ("natalizumab", "Natalizumab every six weeks", ""),
    ("car-t", "CAR-T for myasthenia and multiple sclerosis", ""),
]


@pytest.mark.parametrize(("slug", "title", "text"), ABOUT)
def test_a_paper_is_about(shipped_classifier: Classifier, slug: str, title: str, text: str) -> None:
    assert topics(shipped_classifier, Kind.PAPER, title, text).get(slug) is Role.ABOUT


MENTION = [
    ("ms", "Beyond multiple sclerosis: S1P modulators in colitis", ""),
    ("ms", "MOGAD, a mimic of multiple sclerosis", ""),
    ("ms", "A new antibody in diseases other than multiple sclerosis", ""),
    (
        "ms",
        "Sleep in students",
        "RESULTS: Poor sleep was found in 20% with asthma and 25% with illnesses such as multiple sclerosis.",
    ),
    (
        "ms",
        "A brain diet",
        "People with stroke, tumours or multiple sclerosis were excluded. Diet scores rose in 400 adults.",
    ),
    (
        "ms",
        "Bees and memory",
        (
            "Memory fails in many diseases, e.g. Alzheimer's disease, epilepsy and multiple sclerosis. "
            "Here we trained 40 bees. They learned."
        ),
    ),
    (
        "ms",
        "A cream for psoriasis",
        "Dimethyl ester is used for the treatment of multiple sclerosis. Here we treated 12 adults.",
    ),
    (
        "ms",
        "A fragile gene in mice",
        "The compound was safe in a phase 2 study in people with multiple sclerosis. Here we show that mice behave.",
    ),
    (
        "ms",
        "Relapses of NMOSD",
        "BACKGROUND: Cladribine is a standard treatment in multiple sclerosis. METHODS: Nine people with NMOSD.",
    ),
    (
        "ms",
        "Antibody tests in MOGAD",
        "RESULTS: Alternative diagnoses included multiple sclerosis (n = 11) and stroke (n = 3).",
    ),
    ("ms", "Costs of NMOSD", "METHODS: Claims for NMOSD and no subsequent claims for multiple sclerosis were taken."),
    (
        "pml",
        "Ocrelizumab in 400 people with multiple sclerosis",
        "RESULTS: There were no cases of malignancy, PML or death.",
    ),
    ("optic-neuritis", "Attacks in MOGAD", "RESULTS: Attacks were optic neuritis (39%), myelitis (11%) and both (5%)."),
    (
        "optic-neuritis",
        "Retina in NMOSD",
        "METHODS: 34 people with or without a history of optic neuritis were scanned.",
    ),
    (
        "transverse-myelitis",
        "Attacks in MOGAD",
        "RESULTS: Attacks were optic neuritis (39%) and transverse myelitis (11%).",
    ),
    ("nmosd", "Multiple sclerosis for students", "A blood test differentiates it from neuromyelitis optica."),
]


@pytest.mark.parametrize(("slug", "title", "text"), MENTION)
def test_a_paper_only_mentions(shipped_classifier: Classifier, slug: str, title: str, text: str) -> None:
    assert topics(shipped_classifier, Kind.PAPER, title, text).get(slug) is Role.MENTION


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Everolimus in tuberous sclerosis complex", "Seizures fell in 40 children with tuberous sclerosis."),
        ("Skin scores in systemic sclerosis", ""),
        ("Amyotrophic lateral sclerosis and HERV", "HTLV sequences were not found in ALS."),
        ("Proteins of yeast by mass spectrometry (MS)", "MS found 400 proteins in the brain; MS/MS confirmed them."),
        ("Diet and metabolic syndrome (MS)", "MS was found in 30% with fatigue; MS fell."),
        ("PML nuclear bodies in promyelocytic leukaemia", "PML protein binds. PML moves in the brain."),
        ("Effects of light ON sleep", "The lamp was ON."),
        ("EFFECTS OF LIGHT ON THE OPTIC NERVE", ""),
        ("A run of 25 ms", "Pulses of 3 ms reached the brain."),
        ("Alzheimer's disease in Lisbon", "Dementia is common."),
    ],
)
def test_a_namesake_is_none_of_the_conditions(shipped_classifier: Classifier, title: str, text: str) -> None:
    nine = {"ms", "nmosd", "mogad", "pml", "ham-tsp", "autoimmune-encephalitis", "adem", "optic-neuritis"}
    assert nine.isdisjoint(topics(shipped_classifier, Kind.PAPER, title, text))


def test_a_disease_is_only_mentioned_where_its_drug_is_tried_in_another(shipped_classifier: Classifier) -> None:
    found = topics(
        shipped_classifier,
        Kind.NEWS,
        "A multiple sclerosis drug calms cells in a related cord disease",
        "The drug was put on blood cells from 16 people with HAM/TSP. In HAM/TSP the cord is inflamed. "
        "People with HAM/TSP walk badly. Patients with MS already take it.",
    )
    assert found["ham-tsp"] is Role.ABOUT
    assert found["ms"] is Role.MENTION


def test_a_registry_names_its_conditions_in_a_field(shipped_classifier: Classifier) -> None:
    found = topics(
        shipped_classifier,
        Kind.RECORD,
        "A toxin for stiff arms",
        "Conditions: Spasticity; Stroke; Multiple Sclerosis; Cerebral Palsy",
    )
    assert found["ms"] is Role.ABOUT


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Condition: Multiple SclerosisIntervention: Device: AppSponsor: Nobody", "Multiple Sclerosis"),
        ("Conditions: Stroke; Neuromyelitis OpticaSponsors : A; B", "Neuromyelitis Optica"),
    ],
)
def test_words_that_a_registry_ran_together_are_set_apart(
    shipped_classifier: Classifier, text: str, words: str
) -> None:
    labels = shipped_classifier.classify(Content(kind=Kind.RECORD, title="A first trial", text=text))
    found = {one.words for label in labels if label.role is Role.ABOUT for one in label.evidence}
    assert words in found


def test_a_heading_glued_to_a_sentence_hides_nothing(shipped_classifier: Classifier) -> None:
    found = topics(shipped_classifier, Kind.PAPER, "Hands", "MethodsMultiple sclerosis patients (n = 20) were seen.")
    assert found["ms"] is Role.ABOUT


def test_a_subject_heading_says_what_a_title_does_not(shipped_classifier: Classifier) -> None:
    found = topics(shipped_classifier, Kind.PAPER, "Thirty years on", mesh=("Humans", "Multiple Sclerosis/therapy"))
    assert found["ms"] is Role.ABOUT


def test_a_theme_counts_only_in_items_of_the_field(shipped_classifier: Classifier) -> None:
    assert topics(shipped_classifier, Kind.PAPER, "Pregnancy and kidney stones")["pregnancy"] is Role.MENTION
    assert topics(shipped_classifier, Kind.PAPER, "Pregnancy and NMOSD")["pregnancy"] is Role.ABOUT


@pytest.mark.parametrize(
    ("line", "slugs"),
    [
        ("Learn how some gut microbes may worsen MS symptoms and what it means for da", {"ms", "microbiome"}),
        ("Study links early detection and PML\u2011IRIS to better outcomes after one ye", {"pml", "pml-iris"}),
        ("Study found fewer diagnoses of autoimmune encephalitis during the pandemic, b", {"autoimmune-encephalitis"}),
        ("C5 inhibitors given during NMOSD attacks helped most patients to stabil", {"nmosd", "c5-inhibitors"}),
        ("Early OCT scans can often tell MOGAD from NMOSD, helping to guide fas", {"mogad", "nmosd", "oct"}),
    ],
)
@pytest.mark.parametrize("place", ["title", "text"])
def test_a_teaser_of_one_line_has_its_topics(
    shipped_classifier: Classifier, place: str, line: str, slugs: set[str]
) -> None:
    content = Content(kind=Kind.NEWS, truncated=True, **{place: line})
    labels = shipped_classifier.classify(content)
    about = {label.value for label in labels if label.facet is Facet.TOPIC and label.role is Role.ABOUT}
    assert slugs <= about
