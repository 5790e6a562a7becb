"""An interest is written one way, lets through what it names, and says what is valid when it is wrong."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.errors import InterestError
from subscribers.interest import CHOICES, FILTERS, Facts, build, format_set, parse, parse_set

TRIAL = Facts(
    kind="paper", topics=("nmosd",), under=("nmosd", "demyelination"), phases=("PHASE2", "PHASE3"), phase_role="own",
    design="randomized-trial", size=120, subjects="humans", results=True,
)  # fmt: skip
UNKNOWN = Facts(kind="paper", topics=("nmosd",), under=("nmosd", "demyelination"))

slugs = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,5})?", fullmatch=True)
pairs = st.one_of(
    [st.tuples(st.just(name), st.sampled_from(values)) for name, values in CHOICES.items()]
    + [st.tuples(st.just("size"), st.integers(1, 9999).map(str))]
)


@given(slugs, st.lists(pairs, max_size=8, unique_by=lambda pair: pair if pair[0] != "size" else "size"))
def test_the_canonical_form_reads_back_as_the_same_interest(slug: str, given_filters: list) -> None:
    interest = build(slug, given_filters)
    assert parse(str(interest)) == interest
    assert str(parse(str(interest))) == str(interest)
    assert build(slug, reversed(given_filters)) == interest


@pytest.mark.parametrize(("text", "canonical"), [
    ("NMOSD", "nmosd"),
    ("nmosd?results=only&phase=3", "nmosd?phase=3&results=only"),
    ("nmosd?phase=3&phase=2", "nmosd?phase=2,3"),
    ("nmosd?phase=3,2,3", "nmosd?phase=2,3"),
    ("ms?without=news,animal&size=50", "ms?size=50&without=animal,news"),
    ("ms?phase=early1,unstated", "ms?phase=early1,unstated"),
    ("ms?", "ms"),
])  # fmt: skip
def test_an_interest_has_one_canonical_form(text: str, canonical: str) -> None:
    assert str(parse(text)) == canonical


@pytest.mark.parametrize(("text", "says"), [
    ("", "not a topic"), ("?phase=3", "not a topic"), ("n mosd", "not a topic"), ("nmosd?phase=5", "early1, 1, 2, 3, 4"),
    ("nmosd?fase=3", "valid are phase, design, kind"), ("nmosd?size=many", "one number"), ("nmosd?size=1&size=2", "one number"),
    ("nmosd?size=0", "one number"), ("nmosd?size=٣", "one number"), ("nmosd?results=yes", "valid are only"),
    ("nmosd?without=mice", "animal, in-vitro, preprint, news"), ("nmosd?kind=book", "paper, preprint"),
])  # fmt: skip
def test_a_wrong_interest_says_what_is_valid(text: str, says: str) -> None:
    with pytest.raises(InterestError, match=says):
        parse(text)


def test_a_set_is_sorted_and_holds_each_interest_once() -> None:
    assert format_set(parse_set("ms  nmosd?phase=3 MS nmosd?phase=3")) == "ms nmosd?phase=3"
    with pytest.raises(InterestError, match="at least one"):
        parse_set("  ")


def test_a_topic_includes_its_children_and_nothing_beside_them() -> None:
    assert parse("nmosd").matches(TRIAL)
    assert parse("demyelination").matches(TRIAL)
    assert not parse("ms").matches(TRIAL)


@pytest.mark.parametrize(("text", "wanted"), [
    ("nmosd?phase=3", True), ("nmosd?phase=2", True), ("nmosd?phase=1", False), ("nmosd?phase=1,3", True),
    ("nmosd?design=randomized-trial", True), ("nmosd?design=observational", False), ("nmosd?kind=paper,record", True),
    ("nmosd?kind=news", False), ("nmosd?reason=new", True), ("nmosd?reason=results", False), ("nmosd?size=120", True),
    ("nmosd?size=121", False), ("nmosd?results=only", True), ("nmosd?without=animal,in-vitro,preprint,news", True),
    ("nmosd?phase=unstated", False),
])  # fmt: skip
def test_each_filter_lets_through_what_it_names(text: str, wanted: bool) -> None:
    assert parse(text).matches(TRIAL) is wanted


def test_a_phase_that_is_only_mentioned_is_not_the_works_own() -> None:
    assert not parse("nmosd?phase=3").matches(replace(TRIAL, phase_role="mention"))
    assert parse("nmosd?phase=3").matches(replace(TRIAL, phase_role="analysis"))


@pytest.mark.parametrize("name", [name for name in FILTERS if name in ("phase", "size", "design")])
def test_what_is_not_stated_fails_an_only_filter_and_is_named(name: str) -> None:
    value = {"phase": "3", "size": "10", "design": "randomized-trial"}[name]
    interest = parse(f"nmosd?{name}={value}")
    assert not interest.matches(UNKNOWN)
    assert interest.unstated(UNKNOWN) == name


def test_what_states_something_else_is_not_counted_as_unstated() -> None:
    assert parse("nmosd?phase=1").unstated(TRIAL) is None
    assert parse("nmosd?phase=3").unstated(TRIAL) is None
    assert parse("ms?phase=3").unstated(UNKNOWN) is None
    assert parse("nmosd?phase=3&kind=news").unstated(UNKNOWN) is None


def test_the_unstated_can_be_asked_for() -> None:
    assert parse("nmosd?phase=unstated").matches(UNKNOWN)


def test_what_is_not_stated_passes_a_leave_out_filter() -> None:
    assert parse("nmosd?without=animal,in-vitro").matches(UNKNOWN)


@pytest.mark.parametrize(("left_out", "facts"), [
    ("animal", replace(TRIAL, subjects="animals")), ("animal", replace(TRIAL, design="animal")),
    ("animal", replace(TRIAL, cautions=("animal",))), ("in-vitro", replace(TRIAL, subjects="cells")),
    ("in-vitro", replace(TRIAL, cautions=("in-vitro",))), ("preprint", replace(TRIAL, kind="preprint")),
    ("news", replace(TRIAL, kind="news")),
])  # fmt: skip
def test_what_is_left_out_does_not_come(left_out: str, facts: Facts) -> None:
    assert not parse(f"nmosd?without={left_out}").matches(facts)
    assert parse("nmosd").matches(facts)


@pytest.mark.parametrize(("facts", "wanted"), [
    (replace(TRIAL, kind="preprint"), True), (replace(TRIAL, kind="abstract"), True), (replace(TRIAL, kind="news"), False),
    (replace(TRIAL, design="protocol"), False), (replace(TRIAL, results=False), False),
    (replace(TRIAL, kind="record", reason="results", design="protocol"), True), (replace(TRIAL, kind="record"), False),
])  # fmt: skip
def test_results_only_means_results_of_trials_and_no_protocols_or_news(facts: Facts, wanted: bool) -> None:
    assert parse("nmosd?results=only").matches(facts) is wanted
