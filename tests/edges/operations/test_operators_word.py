"""What operators state is shown as theirs wherever a label's words would stand, and must not contradict itself."""

from collections.abc import Callable
from pathlib import Path

import pytest

from alerts.model import Evidence, Facet, Label, Role
from alerts.publish.grounds import grounds, stated
from alerts.publish.page import label_lines, proofs

Type = Callable[..., str]
FEED = """<rss version="2.0"><channel>{title}<item><title>Walking for an hour a day</title><guid>w1</guid>
<link>http://journal.test/w1</link><description>Forty adults walked.</description></item></channel></rss>"""
NAMES = {"ms": "MS", "nmosd": "NMOSD"}


def about(slug: str, *evidence: Evidence, by: str = "rule") -> Label:
    return Label(facet=Facet.TOPIC, value=slug, role=Role.ABOUT, evidence=evidence, by=by)


@pytest.fixture
def item(typed: Type) -> Type:
    """An item from a source without a title that is stated to be about MS."""
    Path("feed.xml").write_text(FEED.format(title=""), encoding="utf-8")
    typed("source", "add", "feed.xml", "--slug", "walks", "--about", "ms")
    typed("poll", "walks")
    return typed


def test_a_topic_that_its_source_states_says_so(item: Type) -> None:
    assert "ms (about)  from a source about Multiple sclerosis" in item("item", "show", "1")


def test_a_correction_without_a_reason_is_by_the_operator(item: Type) -> None:
    item("item", "relabel", "1", "--add-topic", "nmosd", "--design", "trial", "--why", "read it whole")
    item("item", "relabel", "1", "--add-topic", "pml")
    shown = item("item", "show", "1")
    assert "nmosd (about)  by the operator: read it whole" in shown
    assert "pml (about)  by the operator\n" in shown


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        (["--add-topic", "ms", "--drop-topic", "ms"], "added and dropped at once"),
        (["--phase", "None", "--phase", "2"], "--phase none says that there is no phase"),
        (["--design", "animal", "--subjects", "humans"], "--design animal is of animals"),
        (["--design", "lab", "--subjects", "animals"], "--design lab is of human-samples or cells"),
        (["--design", "review", "--size", "40"], "--design review has no --size"),
    ],
)
def test_corrections_that_contradict_each_other_are_refused(item: Type, said: list[str], refused: str) -> None:
    assert refused in item("item", "relabel", "1", *said, exits=2)


def test_the_page_names_who_stated_a_label() -> None:
    source, own = Evidence("source", 0, 5, "Walks"), Evidence("title", 0, 2, "MS")
    lines = label_lines([about("ms", source), about("nmosd", by="operator"), about("ms", own)], NAMES)
    assert [line.stated for line in lines] == ["from a source about MS", "by the operator", ""]
    assert [line.words for line in lines] == [(), (), (("MS", "title-0"),)]


def test_a_card_gives_own_words_first_and_each_topic_once() -> None:
    labels = [about("nmosd", by="operator"), about("ms", Evidence("title", 0, 2, "MS")), about("ms", by="operator")]
    assert [tuple(one) for one in proofs(labels, NAMES)] == [("MS", "MS", True), ("NMOSD", "by the operator", False)]
    assert grounds([about("ms")], NAMES) == []
    assert stated(about("ms", Evidence("title", 0, 2, "MS")), "MS") == ""
