"""What pages show, as plain values: marked words, charts, trees, examples."""

from datetime import UTC, datetime, timedelta

import feedparser
from hypothesis import given
from hypothesis import strategies as st

from alerts.model import Evidence, Facet, Label, Role, Topic
from alerts.publish.chart import GROUPS, WEEKS, chart
from alerts.publish.page import highlighted, label_lines, topics_of
from alerts.publish.sample import examples, sample_feed
from alerts.web.prepared import takes_gzip
from alerts.web.tree import busiest, tree

AT = datetime(2026, 5, 4, 9, tzinfo=UTC)
TEXT = "In 57 patients with NMOSD, a phase 2 trial was done."


def label(start, end, facet=Facet.TOPIC, value="nmosd", role=Role.ABOUT):
    return Label(facet=facet, value=value, role=role, evidence=(Evidence("text", start, end, TEXT[start:end]),))


@given(st.lists(st.tuples(st.integers(0, len(TEXT)), st.integers(0, len(TEXT))), max_size=6))
def test_marking_words_changes_no_character_of_the_text(spans):
    pieces = highlighted("text", TEXT, [label(start, end) for start, end in spans], {})
    assert "".join(piece.text for piece in pieces) == TEXT
    for start, end in spans:
        if start < end:
            at, marked = 0, ""
            for piece in pieces:
                marked += piece.text if piece.marks and start <= at < end else ""
                at += len(piece.text)
            assert marked == TEXT[start:end]


def test_each_anchor_is_given_once():
    pieces = highlighted("text", TEXT, [label(3, 14, Facet.SIZE, "57"), label(3, 25)], {})
    anchors = [piece.anchor for piece in pieces if piece.anchor]
    assert len(anchors) == len(set(anchors))


def test_a_topic_that_an_operator_took_away_is_not_shown():
    assert topics_of([label(20, 25), label(20, 25, role=Role.NOT)]) == []


def test_label_lines_speak_plain_words():
    lines = label_lines([label(28, 35, Facet.PHASE, "PHASE2", Role.MENTION)], {})
    assert (lines[0].facet, lines[0].value, lines[0].note) == ("Trial phase", "Phase 2", "only mentioned")


def test_a_chart_counts_every_alert_of_its_weeks_once():
    alerts = [(AT, ()), (AT, ("PHASE1", "PHASE2")), (AT - timedelta(weeks=3), ("PHASE3",)), (AT - timedelta(weeks=40), ())]
    drawn = chart(alerts, AT)
    assert sum(sum(counts) for _, counts in drawn.rows) == 3
    assert dict(drawn.rows)["2026-W19"] == (1, 0, 1, 0, 0)
    assert len(drawn.groups) == len(GROUPS)
    assert all(0 <= bar.x < drawn.width and bar.y >= 0 and bar.y + bar.height <= drawn.height + 0.2 for bar in drawn.bars)
    assert chart([], AT) is None
    assert chart([(AT, ["PHASE2"]), (AT, [])], AT) is None
    assert WEEKS == 26


def test_topics_stand_under_their_parents_and_orphans_at_the_top():
    topics = [Topic(slug="b", name="B", parent="a"), Topic(slug="a", name="A"), Topic(slug="c", name="C", parent="gone")]
    found = tree(topics, {"b": 2})
    assert [(one.topic.slug, [child.topic.slug for child in one.children]) for one in found] == [("a", ["b"]), ("c", [])]
    assert [one.topic.slug for one in busiest(topics, {"b": 2}, 2)] == ["b", "a"]


def test_the_examples_say_that_they_are_invented_and_count_back_from_the_first_start():
    body = sample_feed(examples(), "http://127.0.0.1:8000", AT)
    found = feedparser.parse(body)
    assert not found.bozo
    assert len(found.entries) == len({entry.id for entry in found.entries}) == 15
    assert all(entry.title.startswith("[Sample] ") for entry in found.entries)
    assert all(datetime(*entry.published_parsed[:6], tzinfo=UTC) < AT for entry in found.entries)
    assert sample_feed(examples(), "http://127.0.0.1:8000", AT) == body


def test_gzip_is_sent_only_to_who_takes_it():
    assert [takes_gzip(said) for said in (b"gzip", b"gzip;q=0.5, br", b"*", b"", b"br", b"gzip;q=0", b"*;q=0", b"gzip;q=x")] == [
        True, True, True, False, False, False, False, False]
