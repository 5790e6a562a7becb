"""One term in a pack meets every way to write it, and nothing beside it."""

import re
import unicodedata

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from alerts.classify import Classifier
from alerts.classify.spelling import acronym_pattern, fold, term_pattern
from alerts.model import Content, Facet, Topic


def meets(term: str, text: str, key: str = "terms") -> bool:
    labels = Classifier([Topic(slug="one", name="One", definition={key: [term]})]).classify(Content(title=text))
    return any(label.facet is Facet.TOPIC for label in labels)


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("multiple sclerosis", "Multiple scleroses in twins"),
        ("optic neuritis", "Two optic neuritides"),
        ("optic neuritis", "Optic-neuritis, again"),
        ("oligoclonal bands", "an oligoclonal band"),
        ("oligoclonal band", "many oligoclonal bands"),
        ("neuropathy", "sensory neuropathies"),
        ("stem cell", "stem\ncells"),
        ("anti-CD20", "anti CD20 and antiCD20"),
        ("anti-CD20", "anti\u2011CD20 treatment"),
        ("anti-CD20", "an antiCD20 drug"),
        ("HAM/TSP", "HAM\u2010TSP"),
        ("stem cell", "stem\u2009cell"),
        ("haematopoietic stem cell", "hematopoietic stem cells"),
        ("hematopoietic stem cell", "haematopoietic stem-cell"),
        ("leukoencephalopathy", "leucoencephalopathy"),
        ("paediatric cohort", "Pediatric cohorts"),
        ("macular oedema", "macular edema"),
        ("demyelination centre", "demyelination centers"),
        ("tumour", "TUMOR"),
        ("randomised diet", "randomized diets"),
        ("ischaemic lesion", "ischemic lesions"),
        ("leukemia", "leukaemias"),
        ("interferon beta", "Interferon-\u03b2"),
        ("interferon \u03b2", "interferon beta"),
        ("TNF-alpha", "TNF\u03b1 levels"),
        ("Devic's disease", "Devic\u2019s disease"),
        ("Devic's disease", "Devic disease"),
        ("Bal\u00f3 disease", "Balo disease"),
        ("Balo disease", "Balo\u0301 disease"),
        ("esclerosis m\u00faltiple", "ESCLEROSIS MULTIPLE"),
        ("IL-6R+", "IL-6R+ cells"),
        ("demyelinat*", "a demyelinating attack"),
        ("CD4+ T cell", "CD4\u207a T cells"),
    ],
)
def test_a_term_meets_its_spellings(term: str, text: str) -> None:
    assert meets(term, text)


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("multiple sclerosis", "multiple, sclerosis"),
        ("sclerosis", "atherosclerosis"),
        ("optic neuritis", "optic neuritislike"),
        ("stem cell", "system cells"),
        ("stem cell", "stem\u00e9 cell"),
        ("fumarate", "\u00e9fumarate"),
        ("IL-6R+", "IL-6R cells"),
        ("multiple sclerosis", "sclerosis, multiple"),
    ],
)
def test_a_term_leaves_other_words_alone(term: str, text: str) -> None:
    assert not meets(term, text)


@pytest.mark.parametrize("text", ["NMOSDs", "in NMOSD.", "NMOSD's", "(NMOSD)", "pwNMOSD", "NMOSD\u2013MOGAD"])
def test_an_acronym_meets_its_forms(text: str) -> None:
    assert meets("NMOSD", text, "acronyms")


@pytest.mark.parametrize("text", ["nmosd", "NMOSDX", "xNMOSD", "Nmosd", "NMOSD2"])
def test_an_acronym_is_read_with_its_case(text: str) -> None:
    assert not meets("NMOSD", text, "acronyms")


def test_a_term_never_reaches_from_the_title_into_the_text() -> None:
    classifier = Classifier([Topic(slug="one", name="One", definition={"terms": ["optic neuritis"]})])
    labels = classifier.classify(Content(title="optic", text="neuritis"))
    assert [label for label in labels if label.facet is Facet.TOPIC] == []


@given(st.text())
def test_folding_keeps_the_way_back(text: str) -> None:
    folded = fold(text)
    for at in range(len(folded.text)):
        start, end = folded.span(at, at + 1)
        assert 0 <= start < end <= len(text)
    assert len(folded.text.lower()) == len(folded.text)


@given(st.text())
def test_composed_and_decomposed_letters_fold_alike(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)).text == fold(unicodedata.normalize("NFC", text)).text or any(
        unicodedata.category(char) in {"Lo", "Mc", "Me", "So", "Sk", "Lm"}
        or len(unicodedata.normalize("NFD", char)) > 2
        for char in text
    )


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x3FF), min_size=1, max_size=30))
def test_every_pattern_compiles_in_both_engines(term: str) -> None:
    for pattern in (term_pattern(term), acronym_pattern(term)):
        assert re.compile(pattern).groups == re2.compile(pattern).groups
