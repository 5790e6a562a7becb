"""What is asked of feeds and pages: read strictly, written in one way."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.errors import NotFoundError
from alerts.model import Alert, Reason
from alerts.publish.choices import choices
from alerts.publish.page import Moment
from alerts.publish.query import Query, QueryError, week_days
from subscribers.interest import Facts


@pytest.mark.parametrize(("text", "canonical"), [
    ("ms", "ms"), ("ms?phase=3,2", "ms?phase=2,3"), ("ms?min=50", "ms?size=50"), ("", ""), ("all", ""),
    ("?topics=nmosd,ms", "?topics=ms,nmosd"), ("?topics=ms", "ms"), ("ms?daily=1", "ms?daily=1"),
    ("ms?results=only&phase=3", "ms?phase=3&results=only"), ("ms?week=2026-W18&part=1", "ms?week=2026-W18"),
    ("ms?after=0&upto=9", "ms?upto=9"),
])
def test_a_question_has_one_way_to_be_written(text, canonical):
    assert str(Query.parse(text)) == canonical
    assert str(Query.parse(canonical)) == canonical


@pytest.mark.parametrize("text", [
    "ms?phase=x", "ms?nothing=1", "ms?topics=nmosd", "ms?week=2026-18", "ms?week=2026-W54", "ms?part=-1", "ms?upto=x",
    "ms?" + "a=1&" * 50, "ms?phase=%ff", "ms?daily=7", 'ms?q="', "ms?q=%00", "ms?" + "x" * 3000, "?topics=" + ",".join(f"t{n}" for n in range(60)),
])
def test_what_cannot_be_answered_is_refused(text):
    with pytest.raises(QueryError):
        Query.parse(text)


@pytest.mark.parametrize("text", ["MS", "a b", "../x", "ms\x00", "-", "%2e"])
def test_a_slug_that_cannot_be_one_is_not_found(text):
    with pytest.raises(NotFoundError):
        Query.parse(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_and_never_crashes(text):
    try:
        query = Query.parse(text)
    except (QueryError, NotFoundError):
        return
    assert str(Query.parse(str(query))) == str(query)


def alert(**facts):
    return Alert(number=1, item_id=1, reason=Reason.NEW, at=None, facts=Facts(**{"kind": "paper", "topics": ("nmosd",), "under": ("all-of-it", "nmosd")} | facts))


ABOVE = {"nmosd": frozenset({"nmosd", "all-of-it"}), "ms": frozenset({"ms"})}


def test_a_parent_wants_what_its_children_are_about():
    assert Query.parse("all-of-it").wants(alert(), frozenset(), ABOVE)


def test_a_topic_that_an_operator_took_away_hides_the_alert_there_only():
    both = alert(topics=("ms", "nmosd"), under=("all-of-it", "ms", "nmosd"))
    denied = frozenset({"nmosd"})
    assert not Query.parse("nmosd").wants(both, denied, ABOVE)
    assert not Query.parse("all-of-it").wants(both, denied, ABOVE)
    assert Query.parse("ms").wants(both, denied, ABOVE)
    assert not Query.parse("").wants(alert(), denied, ABOVE)


def test_filters_work_without_a_topic():
    assert Query.parse("?phase=3").wants(alert(phases=("PHASE3",), phase_role="own"), frozenset(), ABOVE)
    assert not Query.parse("?phase=3").wants(alert(), frozenset(), ABOVE)


def test_every_link_of_the_filters_is_a_question_that_can_be_asked():
    for text in ("ms", "ms?phase=2,3&size=50&without=animal", "ms?results=only"):
        query = Query.parse(text)
        for options in choices(query).values():
            for option in options:
                asked = Query.parse(f"ms?{option.asked}" if option.asked else "ms")
                assert option.text
                assert str(asked) != str(query)
                back = [one for same in choices(asked).values() for one in same if one.text == option.text]
                assert Query.parse(f"ms?{back[0].asked}") == query


def test_weeks_run_from_monday_to_monday():
    assert [str(day) for day in week_days("2026-W18")] == ["2026-04-27", "2026-05-04"]
    assert week_days("2026-W99") is None


def test_who_errs_is_told_what_would_be_valid():
    with pytest.raises(QueryError, match=r"size.*min.*topics.*q, daily"):
        Query.parse("?foo=1")
    with pytest.raises(NotFoundError, match="small letters: 'ms'"):
        Query.parse("MS")


def test_a_week_that_has_not_begun_is_refused():
    with pytest.raises(QueryError, match="not begun"):
        Query.parse("ms?week=2026-W19").begun(date(2026, 5, 3))
    assert Query.parse("ms?week=2026-W19").begun(date(2026, 5, 4)).week == "2026-W19"


def test_a_time_is_said_as_the_clocks_of_a_zone_show_it():
    at = datetime(2026, 5, 1, 22, 30, tzinfo=UTC)
    assert Moment.within(at, "Europe/Berlin") == ("2026-05-01T22:30:00Z", "2 May 2026", "2 May 2026, 00:30 (Europe/Berlin)")
