"""What the words before a number tell of what it counts."""

import pytest

from alerts.classify.counts import of_a_part, told_before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("A total of ", "total"),
        ("in total,\u2009", "total"),
        ("(cohort (n\u00a0= ", "total"),
        ("a phase ", "named"),
        ("in study ", "numbered"),
        ("An earlier small trial of ", "elsewhere"),
        ("we saw almost\u00a0", "rough"),
    ],
)
def test_words_before_a_number_are_told_apart_whatever_space_they_use(words: str, told: str) -> None:
    assert told_before(words) == {told}


@pytest.mark.parametrize("words", ["Of these, the ", "every ", "40 patients (", "patients, including ", "aged "])
def test_a_number_after_such_words_counts_a_part(words: str) -> None:
    assert of_a_part(told_before(words))


@pytest.mark.parametrize("words", ["we enrolled ", "a cohort including ", "The substudy including the "])
def test_a_number_after_such_words_counts_the_whole(words: str) -> None:
    assert not of_a_part(told_before(words))
