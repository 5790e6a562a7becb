"""Sentences and sections lie exactly where the text has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.classify.numbers import numbers
from alerts.classify.reading import is_english, sentences


def told(text: str) -> list[tuple[str, str]]:
    return [(sentence.section, sentence.text) for sentence in sentences("text", text)]


@given(st.text(alphabet=st.sampled_from("Ab .\n<p>é:1(,)\u0000…“”"), max_size=200) | st.text(max_size=200))
def test_every_sentence_is_a_slice_and_they_never_overlap(text: str) -> None:
    at = 0
    for sentence in sentences("text", text):
        assert text[sentence.start : sentence.end] == sentence.text
        assert sentence.start >= at
        assert sentence.text.strip() == sentence.text
        at = sentence.end


def test_a_structured_abstract_gives_sections() -> None:
    assert told("METHODS: We did it. RESULTS: It fell.\nCONCLUSION: It fell a lot.") == [
        ("methods", "We did it."),
        ("results", "It fell."),
        ("conclusion", "It fell a lot."),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "ResultsScores fell.ConclusionsThey fell a lot.",
        "Results:Scores fell (p = 0.04).Conclusion:They fell a lot.",
        "Results\nScores fell.\nConclusions\nThey fell a lot.",
        "RESULTS: Scores fell (pCONCLUSION: They fell a lot.",
        "<h4>Results</h4> Results: Scores fell.<h4>x</h4>Conclusions: They fell a lot.",
    ],
)
def test_headings_count_however_a_feed_wrote_them(text: str) -> None:
    assert told(text)[-1] == ("conclusion", "They fell a lot.")


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Smith et al. saw a change vs. placebo (p = 0.05).",
        "It rose by 2.5 mg/kg i.v. in the U.S. group.",
        "This was seen e.g. in E. coli and J. Doe agreed.",
    ],
)
def test_short_forms_end_no_sentence(text: str) -> None:
    assert told(text) == [("", text)]


def test_a_reference_number_after_a_full_stop_ends_a_sentence() -> None:
    assert [words for _, words in told("It was seen before.4 Now it is gone.")] == [
        "It was seen before.4",
        "Now it is gone.",
    ]


def test_a_long_text_is_read_in_part_and_without_trouble() -> None:
    assert list(sentences("text", "word " * 250_000))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("13 388 people", 13388),
        ("502\u2009409 people", 502409),
        ("1,556 people", 1556),
        ("2\u00a0422\u00a0969 people", 2422969),
        ("Three hundred and sixteen people", 316),
        ("Twenty-four people", 24),
        ("One hundred eighty-seven people", 187),
        ("two thousand five hundred people", 2500),
    ],
)
def test_a_number_means_what_its_spelling_says(text: str, value: int) -> None:
    assert [number.value for number in numbers(text)] == [value]


@pytest.mark.parametrize(
    "text", ["p = 0.05", "30% of them", "10-12 of them", "IL17 and COVID-19", "EDSS 5.0-8.0", "2·3 of them"]
)
def test_parts_of_other_things_are_no_numbers(text: str) -> None:
    assert numbers(text) == []


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("The patients were followed for two years in this study of the disease.", True),
        ("Multiple sclerosis", True),
        ("Les patients ont été suivis pendant deux ans dans une étude de la maladie", False),
        ("Die Patienten wurden mit dem Mittel für zwei Jahre behandelt und untersucht", False),
        ("多发性硬化患者的队列研究", False),
        ("دراسة عن التصلب المتعدد", False),
    ],
)
def test_only_english_is_read_by_english_rules(text: str, english: bool) -> None:
    assert is_english(text) is english


def test_a_heading_in_capitals_that_a_source_glued_to_the_sentence_before_is_one() -> None:
    assert told("Walking was slow. The score fell to threeCONCLUSION: Rest helps.")[-1] == ("conclusion", "Rest helps.")
    assert told("Rest was better (PCONCLUSIONS: Rest helps.")[-1] == ("conclusion", "Rest helps.")
