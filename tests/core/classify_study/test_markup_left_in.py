"""Tags and entities that a source left in: read as if they were not there, with offsets into the text as given."""

import html
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.classify import Classifier
from alerts.classify.packs import load, shipped
from alerts.model import Content, Facet, Kind, Label

CLASSIFIER = Classifier(load(shipped("neuroimmunology"), "neuroimmunology"))
WORDS = [
    "In",
    "this",
    "phase",
    "2",
    "trial",
    "40",
    "patients",
    "with",
    "multiple",
    "sclerosis",
    "were",
    "randomly",
    "assigned",
    "to",
    "velumab",
    "or",
    "placebo",
    ".",
    "Relapses",
    "were",
    "fewer",
    "with",
    "velumab",
    "than",
    "with",
    "placebo",
    ".",
]
TAGS = ["<b>", "</b>", "<em>", '<a href="https://example.org/x">', "</a>", "<strong>", '<span class="n">', "</span>"]


def said(labels: tuple[Label, ...]) -> list[tuple[Facet, str, str | None]]:
    return [
        (label.facet, label.value, label.role.value if label.role else None)
        for label in labels
        if label.facet is not Facet.FINDING
    ]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(["", *TAGS]), min_size=len(WORDS), max_size=len(WORDS)))
def test_inline_tags_change_no_label_and_no_offset(tags: list[str]) -> None:
    bare = Content(title="Velumab in multiple sclerosis", text=" ".join(WORDS))
    text = " ".join(f"{tag}{word}" for tag, word in zip(tags, WORDS, strict=True))
    labels = CLASSIFIER.classify(Content(title=bare.title, text=text))
    assert said(labels) == said(CLASSIFIER.classify(bare))
    for evidence in (one for label in labels for one in label.evidence if one.field == "text"):
        assert text[evidence.start : evidence.end] == evidence.words


def test_an_entity_stands_for_its_sign() -> None:
    labels = CLASSIFIER.classify(Content(title="Velumab&nbsp;in asthma: a phase&nbsp;2 trial", text=""))
    (phase,) = (label for label in labels if label.facet is Facet.PHASE)
    assert phase.value == "PHASE2"
    assert html.unescape(phase.evidence[0].words) == "phase\xa02"


def test_a_paragraph_ends_a_sentence() -> None:
    text = "<p>In a trial 40 people with asthma took velumab</p><p>Attacks were fewer with velumab than before.</p>"
    labels = CLASSIFIER.classify(Content(kind=Kind.NEWS, title="", text=text))
    (finding,) = (label.evidence[0].words for label in labels if label.facet is Facet.FINDING)
    assert finding.startswith("Attacks were fewer")


def test_signs_of_comparison_are_no_tags() -> None:
    text = "We enrolled 40 patients with asthma. Values were p<b and c>d in them; p <0.05 & r> 0.3."
    labels = CLASSIFIER.classify(Content(title="Values in asthma", text=text))
    assert [label.value for label in labels if label.facet is Facet.SIZE] == ["40"]


def test_a_field_of_markup_alone_is_empty() -> None:
    labels = CLASSIFIER.classify(Content(title="<p></p>", text="<br/>&nbsp;<p>"))
    assert not [label for label in labels if label.facet is not Facet.DESIGN]
    assert not any(re.search(r"[<&]", one.words) for label in labels for one in label.evidence)
