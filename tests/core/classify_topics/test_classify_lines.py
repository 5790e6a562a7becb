"""JSON lines in, what they prove out; a bad line is named and the rest goes on."""

import json

import pytest

from alerts.classify import Classifier
from alerts.classify.lines import classify_lines, kind
from alerts.model import Kind


def test_a_line_gives_all_fields_of_the_format(shipped_classifier: Classifier) -> None:
    line = json.dumps(
        {"id": "x1", "title": "Rituximab in NMOSD", "text": "Multiple sclerosis differs.", "kind": "news"}
    )
    (result,) = classify_lines(shipped_classifier, [line])
    assert result.output is not None
    assert list(result.output) == [
        "id",
        "topics",
        "mentions",
        "design",
        "phase",
        "size",
        "subjects",
        "treatments",
        "cautions",
        "finding",
    ]
    assert result.output["id"] == "x1"
    assert {"field": "title", "start": 13, "end": 18, "words": "NMOSD"} in next(
        topic["evidence"] for topic in result.output["topics"] if topic["slug"] == "nmosd"
    )
    assert result.output["mentions"] == ["ms"]
    assert [one["slug"] for one in result.output["treatments"]] == ["rituximab"]
    json.dumps(result.output)


BAD = [
    ("nonsense", "not JSON"),
    ("[1]", "not a JSON object"),
    ('{"title": "x"}', "`id`"),
    ('{"id": true}', "`id`"),
    ('{"id": 1, "title": 3}', "`title` must be a string"),
    ('{"id": 1, "mesh": "x"}', "`mesh` must be a list"),
    ('{"id": 1, "phases": [1]}', "`phases` must be a list"),
    ('{"id": 1, "enrollment": "ten"}', "`enrollment` must be a whole number"),
    ('{"id": 1, "enrollment": -3}', "`enrollment` must be a whole number"),
    ('{"id": 1, "enrollment": NaN}', "not JSON"),
    ("[" * 100_000, "not JSON"),
]


@pytest.mark.parametrize(("line", "says"), BAD, ids=[says + line[:12] for line, says in BAD])
def test_a_bad_line_is_named_and_the_next_is_read(shipped_classifier: Classifier, line: str, says: str) -> None:
    good = '{"id": 2, "title": "MOGAD"}'
    first, second = classify_lines(shipped_classifier, [line, good])
    assert first.output is None
    assert first.error.startswith("line 1: ")
    assert says in first.error
    assert second.line == 2
    assert second.output is not None


@pytest.mark.parametrize(
    "line",
    [
        '{"id": 1}',
        '{"id": 1, "title": null, "text": null, "kind": null}',
        '{"id": "a", "title": "", "text": "", "colour": "blue"}',
        '{"id": 1, "title": "\\ud800 MS", "text": "\\u0000 \\u202e"}',
        '\ufeff{"id": 1, "text": "<p>NMOSD</p>"}',
        '{"id": 1, "title": "\u591a\u767a\u6027\u786c\u5316\u75c7", "text": "\u0627\u0644\u062a\u0635\u0644\u0628"}',
    ],
)
def test_a_poor_line_gives_labels_or_none(shipped_classifier: Classifier, line: str) -> None:
    (result,) = classify_lines(shipped_classifier, [line])
    assert result.error == ""
    assert result.output is not None
    json.dumps(result.output, ensure_ascii=False).encode()


def test_blank_lines_are_passed_over_and_still_counted(shipped_classifier: Classifier) -> None:
    results = list(classify_lines(shipped_classifier, ["\n", '{"id": 1}\n', "  "]))
    assert [result.line for result in results] == [2]


@pytest.mark.parametrize(
    ("word", "means"),
    [
        ("", Kind.PAPER),
        ("paper", Kind.PAPER),
        ("pubmed_rss", Kind.PAPER),
        ("journal_rss", Kind.PAPER),
        ("medrxiv", Kind.PREPRINT),
        ("trial_rss", Kind.RECORD),
        ("registry", Kind.RECORD),
        ("press_release", Kind.NEWS),
        ("News", Kind.NEWS),
        ("congress-abstract", Kind.ABSTRACT),
        ("overview", Kind.EXPLAINER),
        ("erratum", Kind.NOTICE),
    ],
)
def test_a_sort_of_source_stands_for_a_kind(word: str, means: Kind) -> None:
    assert kind(word) is means


def test_an_item_in_another_language_is_answered_and_named_as_such(shipped_classifier: Classifier) -> None:
    german = "Die Wirkung von Rituximab bei der Krankheit wurde mit einer Gruppe ohne die Behandlung verglichen."
    english = "The effect of rituximab on the disease was compared with a group that had no treatment."
    lines = [json.dumps({"id": at, "title": "", "text": text}) for at, text in enumerate((german, english))]
    foreign, plain = classify_lines(shipped_classifier, lines)
    assert foreign.output is not None
    assert foreign.note.startswith("line 1: not in English")
    assert plain.note == ""
