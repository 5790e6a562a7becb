"""What a new sighting makes of an item, without a database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.model import Content, Kind, Link, PartialDate, Reason
from alerts.pipeline import decide

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
RECORD = Content(kind=Kind.RECORD, title="A trial of rest", status="NOT_YET_RECRUITING", phases=("PHASE1",))


def reasons(old: Content, new: Content) -> list[Reason]:
    return [news.reason for news in decide.changes(old, new)]


def with_(content: Content, **changed: object) -> Content:
    return replace(content, **changed)


def test_a_trial_that_begins_to_recruit_is_news_with_both_states() -> None:
    (news,) = decide.changes(RECORD, with_(RECORD, status="RECRUITING"))
    assert (news.reason, news.detail, news.quiet) == (
        Reason.STATUS, {"from": "NOT_YET_RECRUITING", "to": "RECRUITING"}, False)


@pytest.mark.parametrize(("status", "loud"), [
    ("RECRUITING", True), ("Recruiting", True), ("SUSPENDED", True), ("TERMINATED", True), ("WITHDRAWN", True),
    ("COMPLETED", False), ("NOT_YET_RECRUITING", False), ("Not recruiting", False), ("ACTIVE_NOT_RECRUITING", False),
    ("Active, not recruiting", False), ("UNKNOWN", False), ("ENROLLING_BY_INVITATION", False),
])  # fmt: skip
def test_only_four_states_of_a_trial_are_mailed(status: str, loud: bool) -> None:
    assert decide.loud_status(status) is loud


def test_the_same_state_in_another_spelling_is_no_news() -> None:
    assert reasons(with_(RECORD, status="Not yet recruiting"), RECORD) == []


def test_a_terminated_trial_says_why() -> None:
    (news,) = decide.changes(RECORD, with_(RECORD, status="TERMINATED", why_stopped="slow enrolment"))
    assert news.detail["why"] == "slow enrolment"


def test_results_are_news_once() -> None:
    posted = with_(RECORD, has_results=True)
    assert reasons(RECORD, posted) == [Reason.RESULTS]
    assert reasons(posted, posted) == []


def test_a_phase_that_is_filled_in_late_is_no_change_of_phase() -> None:
    assert reasons(with_(RECORD, phases=()), RECORD) == []
    assert reasons(RECORD, with_(RECORD, phases=("PHASE1", "PHASE2"))) == [Reason.PHASE]


@given(title=st.text(), text=st.text(), hour=st.integers(0, 23))
def test_a_paper_never_makes_news_of_status_phase_or_results(title: str, text: str, hour: int) -> None:
    old = Content(kind=Kind.PAPER, title=title, text=text)
    assert reasons(old, with_(old, text=f"{text} as of {hour}:00", status="x", has_results=True)) == []


MARKS = st.sampled_from(decide.MARKS)


@given(st.lists(MARKS, max_size=12))
def test_each_mark_is_told_at_most_once_and_never_back(seen: list[str]) -> None:
    mark, told = "", []
    for new in seen:
        told += [news.reason.value for news in decide.marking(mark, new)]
        mark = decide.worst([mark, new])
    assert len(told) == len(set(told))
    assert told == sorted(told, key=decide.MARKS.index)
    assert told[-1:] == ([mark] if mark else [])


@pytest.mark.parametrize("title", [
    "RETRACTED: Light and sleep in shift workers", "[Retracted] Light and sleep", "Retracted Article: Light and sleep",
    "WITHDRAWN: Light and sleep in shift workers", "RETRACTED - Light and sleep",
])  # fmt: skip
def test_a_title_that_begins_with_retracted_marks_the_work(title: str) -> None:
    assert decide.mark(Content(title=title), ()) == "retracted"


@pytest.mark.parametrize("title", [
    "Retracted papers on sleep: a survey", "Why trials are withdrawn", "Retraction", "Withdrawn patients did worse",
])  # fmt: skip
def test_a_title_about_retractions_marks_nothing(title: str) -> None:
    assert decide.mark(Content(title=title), ()) == ""


def test_a_notice_bears_no_mark_of_its_own() -> None:
    by = Link("retracted-by", "pmid", "77")
    assert decide.mark(Content(kind=Kind.NOTICE, title="RETRACTED: Light and sleep"), {by}) == ""
    assert decide.mark(Content(title="Retraction: Light"), {by, Link("retracts", "pmid", "1")}) == ""


def test_a_link_to_a_retraction_notice_marks_the_work() -> None:
    links = {Link("retracted-by", "pmid", "77"), Link("corrected-by", "pmid", "66")}
    assert decide.mark(Content(title="Light and sleep"), links) == "retracted"


def test_a_preprint_that_names_its_paper_is_published_once() -> None:
    preprint, link = Content(kind=Kind.PREPRINT), Link("published-as", "doi", "10.1000/p")
    (news,) = decide.publishing(preprint, (), {link})
    assert (news.reason, news.detail) == (Reason.PUBLISHED, {"doi": "10.1000/p"})
    assert not list(decide.publishing(preprint, {link}, {link, Link("published-as", "pmid", "9")}))


@pytest.mark.parametrize(("published", "old"), [
    ("2026-05-01", False), ("2026-02-03", False), ("2026-02-02", True), ("2026-02", False), ("2026-01", True),
    ("2026", False), ("2025", True), ("2027", False), ("2024-02-29", True), ("2025-12", True),
])  # fmt: skip
def test_age_is_judged_by_the_last_day_that_a_date_can_mean(published: str, old: bool) -> None:
    content = Content(published=PartialDate.parse(published))
    assert decide.too_old(content, NOW, timedelta(days=90)) is old
    assert not decide.too_old(content, NOW, None)
    assert not decide.too_old(content, NOW, timedelta(0))


def test_a_date_in_the_future_is_never_trusted() -> None:
    assert not decide.dated(Content(published=PartialDate.parse("2031-01-01")), NOW)
    assert decide.dated(Content(published=PartialDate.parse("2026-05-05")), NOW)
    assert not decide.dated(Content(), NOW)


@given(st.dates(min_value=datetime(1950, 1, 1).date(), max_value=datetime(2050, 12, 1).date()))
def test_the_last_day_of_a_partial_date_lies_in_it(day) -> None:
    for partial in (PartialDate(day.year), PartialDate(day.year, day.month), PartialDate.of(day)):
        last = decide.last_day(partial)
        assert str(last).startswith(str(partial))
        assert last >= day


def test_only_what_was_said_before_makes_history() -> None:
    old = Content(kind=Kind.RECORD, status="RECRUITING", title="A")
    new = with_(old, status="COMPLETED", text="Now with words", enrollment=40)
    assert list(decide.history(old, new, again=True)) == [("status", "RECRUITING", "COMPLETED")]


def test_a_better_title_from_elsewhere_is_no_change_but_from_the_same_source_it_is() -> None:
    old, new = Content(title="Light"), Content(title="Light and sleep")
    assert list(decide.history(old, new, again=False)) == []
    assert list(decide.history(old, new, again=True)) == [("title", "Light", "Light and sleep")]


@given(st.dates(), st.sampled_from([10, 7, 4]))
def test_only_dates_that_lie_years_ahead_are_not_believed(day: date, precise: int) -> None:
    content = Content(title="x", published=PartialDate.parse(str(day)[:precise]))
    found = decide.believed(content, NOW)
    assert content.published is not None
    far = content.published.earliest() > date(2027, 5, 5)
    assert found == (replace(content, published=None) if far else content)
    assert not decide.too_old(found, NOW, timedelta(days=90)) or day.year <= 2026
