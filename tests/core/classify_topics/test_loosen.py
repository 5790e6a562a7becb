"""A pattern cut back for the scan misses nothing that the whole pattern finds."""

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from alerts.classify import FACETS
from alerts.classify.loosen import loosened

ATOMS = st.sampled_from(["a", "b", " ", r"\w", "[^.]", "[ab]", r"\b", ".", "(?:a|b )", r"\d", "[.)(]", r"\("])
COUNTS = st.sampled_from(["", "", "?", "*", "+", "{0,3}", "{1,2}?", "{2}"])


def grown(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(parts, min_size=1, max_size=3).map("".join),
        st.lists(parts, min_size=1, max_size=3).map(lambda some: f"(?:{'|'.join(some)})"),
        st.tuples(parts, COUNTS).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    )


PATTERNS = st.recursive(
    st.tuples(ATOMS, COUNTS).map(lambda pair: pair[0] + ("" if pair[0] == r"\b" else pair[1])), grown, max_leaves=8
)


@given(PATTERNS, st.text("ab .1()", max_size=30))
def test_what_the_whole_pattern_finds_the_cut_one_finds(pattern: str, text: str) -> None:
    if re2.search(pattern, text):
        assert re2.search(loosened(pattern), text)


@pytest.mark.parametrize(
    ("pattern", "cut"),
    [
        (r"\bphases?\s*[1-4]\b", r"\bphases?\s*[1-4]\b"),
        (r"medline[^.]{0,80}search", "medline"),
        (r"\b(?:in|of) (?:\w+ ){0,3}(?:mice|rats)\b", r"(?:mice|rats)\b"),
        (r"\b(?:we (?:\w+ ){0,3}report|case)", r"(?:report|case)"),
        (r"(?:a[^.]*b)?cd", "cd"),
        (r"(?m)^total: .+ people", "(?m)^total: "),
        (r"\w+itis", r"\w+itis"),
    ],
)
def test_branches_end_at_a_gap_or_begin_after_it(pattern: str, cut: str) -> None:
    assert loosened(pattern) == cut


def test_every_trigger_of_every_facet_can_be_cut() -> None:
    for facet in FACETS:
        for pattern in facet.TRIGGERS.values():
            assert re2.compile(loosened(pattern)).groups >= 0
