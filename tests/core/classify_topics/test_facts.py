"""The facts frozen with an alert."""

import pytest

from alerts.classify.facts import facts, under
from alerts.model import Content, Evidence, Facet, Kind, Label, Role

HERE = (Evidence("title", 0, 1, "x"),)
PARENTS = {"rrms": "ms", "ms": None, "a": "b", "b": "a"}


def label(facet: Facet, value: str, role: Role = Role.IS, by: str = "rule") -> Label:
    return Label(facet=facet, value=value, role=role, evidence=HERE, by=by)


ALL = (
    label(Facet.TOPIC, "rrms", Role.ABOUT),
    label(Facet.TOPIC, "pml", Role.MENTION),
    label(Facet.DESIGN, "trial"),
    label(Facet.PHASE, "PHASE1", Role.OWN),
    label(Facet.SIZE, "6"),
    label(Facet.SUBJECTS, "humans"),
    label(Facet.TREATMENT, "natalizumab"),
    label(Facet.CAUTION, "small-sample"),
)


def test_facts_are_plain_and_know_ancestors() -> None:
    found = facts(Content(), ALL, reason="new", parents=PARENTS)
    assert (found.kind, found.reason, found.topics, found.under) == ("paper", "new", ("rrms",), ("rrms", "ms"))
    assert (found.phases, found.phase_role, found.design, found.size) == (("PHASE1",), "own", "trial", 6)
    assert (found.subjects, found.treatments, found.cautions) == ("humans", ("natalizumab",), ("small-sample",))
    assert found.results


def test_an_item_without_labels_has_facts_that_say_so() -> None:
    found = facts(Content(kind=Kind.NEWS), (), reason="new", parents={})
    assert (found.topics, found.phases, found.phase_role, found.design) == ((), (), "none", "unclear")
    assert (found.size, found.subjects, found.results) == (None, "none", False)


@pytest.mark.parametrize(
    ("content", "labels", "results"),
    [
        (Content(kind=Kind.NEWS), ALL, False),
        (Content(kind=Kind.RECORD), ALL, False),
        (Content(kind=Kind.RECORD, has_results=True), ALL, True),
        (Content(kind=Kind.PREPRINT), [label(Facet.DESIGN, "randomized-trial")], True),
        (Content(), [label(Facet.DESIGN, "protocol"), label(Facet.PHASE, "PHASE2", Role.OWN)], False),
        (Content(), [label(Facet.DESIGN, "observational")], False),
        (Content(), [label(Facet.DESIGN, "observational"), label(Facet.PHASE, "PHASE3", Role.ANALYSIS)], True),
        (Content(), [label(Facet.DESIGN, "review"), label(Facet.PHASE, "PHASE3", Role.MENTION)], False),
    ],
)
def test_results_are_trial_results_in_a_paper_or_posted_ones(
    content: Content, labels: list[Label], *, results: bool
) -> None:
    assert facts(content, labels, reason="new", parents={}).results is results


def test_a_phase_that_is_only_mentioned_is_no_phase_of_the_item() -> None:
    found = facts(Content(), [label(Facet.PHASE, "PHASE2", Role.MENTION)], reason="new", parents={})
    assert (found.phases, found.phase_role) == ((), "mention")


def test_an_operators_word_wins() -> None:
    labels = [
        *ALL,
        label(Facet.DESIGN, "lab", by="operator"),
        label(Facet.TOPIC, "rrms", Role.NOT, by="operator"),
        label(Facet.TOPIC, "nmosd", Role.ABOUT, by="operator"),
    ]
    found = facts(Content(), labels, reason="new", parents=PARENTS)
    assert (found.design, found.topics) == ("lab", ("nmosd",))


def test_a_circle_of_parents_ends() -> None:
    assert under(("a",), PARENTS) == ("a", "b")
