"""What a digest holds: chosen by frozen facts, ranked, shared out fairly, told or at least counted (laws 4 and 9)."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.model import Alert, Reason
from alerts.publish.edition import EVIDENCE, Candidate, Matching, rank, select
from subscribers.interest import Facts, parse_set

AT = datetime(2026, 5, 4, tzinfo=UTC)
TOPICS = ("adem", "mogad", "ms", "nmosd", "pml")


def alert(number: int, *topics: str, reason: str = "new", before: Facts | None = None, **facts: object) -> Alert:
    frozen = Facts(**{"kind": "paper", "reason": reason, "topics": topics, "under": topics, **facts})
    return Alert(number=number, item_id=number, reason=Reason(reason), at=AT, facts=frozen, before=before)


def one(number: int, *topics: str, thread: int | None = None, origin: str = "", **facts: object) -> Candidate:
    return Candidate(alert=alert(number, *topics, **facts), thread=thread or number, origin=origin, day=date(2026, 5, 4))


candidates = st.lists(
    st.tuples(
        st.sets(st.sampled_from(TOPICS), min_size=1, max_size=3), st.sampled_from(EVIDENCE), st.sampled_from(["paper", "news", "preprint", "explainer", "record"]),
        st.integers(1, 40), st.sampled_from(["a", "b"]),
    ),
    max_size=150,
)  # fmt: skip


def wanted(follows: tuple, alert: Alert) -> bool:
    return any(interest.matches(alert.facts) for interest in follows)


interests = st.sets(st.sampled_from(TOPICS), min_size=1).map(lambda slugs: parse_set(" ".join(slugs)))


def made(values: list) -> list[Candidate]:
    return [one(number, *sorted(topics), design=design, kind=kind, thread=thread, origin=origin) for number, (topics, design, kind, thread, origin) in enumerate(values, 1)]


@given(candidates, interests)
def test_everything_wanted_is_told_or_counted_exactly_once(values: list, follows: tuple) -> None:
    window = made(values)
    chosen = select(Matching(window), follows)
    told = [*chosen.numbers, *chosen.listed]
    assert sorted(told) == sorted(c.alert.number for c in window if wanted(follows, c.alert))


@given(candidates, interests)
def test_the_caps_hold_and_no_topic_is_left_out_while_another_has_two(values: list, follows: tuple) -> None:
    chosen = select(Matching(made(values)), follows)
    assert len(chosen.full) <= 15
    assert len(chosen.lines) <= 40
    served = {topic for entry in chosen.full for topic in entry.topics}
    unserved = {topic for entry in chosen.entries for topic in entry.topics} - served
    assert not unserved or len(chosen.full) == 15
    assert len(chosen.full) == min(15, len(chosen.entries))


@given(candidates, interests)
def test_a_thread_is_one_entry(values: list, follows: tuple) -> None:
    window = made(values)
    thread = {c.alert.number: c.thread for c in window}
    leads = [thread[entry.lead] for entry in select(Matching(window), follows).entries]
    assert len(leads) == len(set(leads))


@given(candidates, interests)
def test_entries_in_full_stand_in_the_order_of_their_rank(values: list, follows: tuple) -> None:
    full = select(Matching(made(values)), follows).full
    assert [entry.rank for entry in full] == sorted(entry.rank for entry in full)


@pytest.mark.parametrize(("first", "second"), [
    (alert(1, "ms", reason="retracted", design="lab"), alert(2, "ms", design="systematic-review")),
    (alert(1, "ms", design="systematic-review"), alert(2, "ms", design="randomized-trial")),
    (alert(1, "ms", design="randomized-trial"), alert(2, "ms", design="observational")),
    (alert(1, "ms", design="trial", phases=("PHASE3",)), alert(2, "ms", design="trial", phases=("PHASE1",))),
    (alert(1, "ms", design="trial"), alert(2, "ms", design="trial", kind="preprint")),
    (alert(1, "ms", kind="record", design="protocol", reason="results"), alert(2, "ms", kind="record", design="protocol")),
    (alert(2, "ms", design="trial"), alert(1, "ms", design="trial")),
    (alert(1, "ms", design="lab"), alert(2, "ms", kind="news", design="randomized-trial", cautions=("study-not-found",))),
    (alert(1, "ms", design="editorial"), alert(2, "ms", kind="explainer", design="review")),
])  # fmt: skip
def test_the_order_is_retraction_then_evidence_then_date_then_background(first: Alert, second: Alert) -> None:
    assert rank(first) < rank(second)


def test_a_flood_takes_no_place_from_others_and_its_best_still_shows() -> None:
    flood = [one(number, "ms", origin="Congress", kind="abstract", design="observational") for number in range(1, 100)]
    best = one(100, "ms", origin="Congress", kind="abstract", design="randomized-trial")
    others = [one(number, "ms", origin=f"j{number}", design="lab") for number in range(101, 108)]
    chosen = select(Matching([*flood, best, *others]), parse_set("ms"))
    assert chosen.numbers[0] == 100
    assert {c.alert.number for c in others} < set(chosen.numbers)
    [heading] = chosen.headings
    assert (heading.origin, len(heading.numbers)) == ("Congress", 97)


def test_what_filters_hold_back_is_counted_with_what_was_not_stated() -> None:
    window = [one(1, "nmosd"), one(2, "nmosd"), one(3, "nmosd", phases=("PHASE1",), phase_role="own"), one(4, "nmosd", phases=("PHASE3",), phase_role="own"), one(5, "ms")]
    [held] = select(Matching(window), parse_set("nmosd?phase=3")).held_back
    assert (held.topic, held.total, held.unstated) == ("nmosd", 3, (("phase", 2),))


def test_nothing_is_held_back_from_who_follows_the_whole_topic() -> None:
    assert select(Matching([one(1, "nmosd")]), parse_set("nmosd nmosd?phase=3")).held_back == ()


def test_a_matched_alert_is_for_whom_the_facts_before_were_not() -> None:
    before = Facts(kind="paper", topics=("nmosd",), under=("nmosd",))
    known = one(1, "nmosd", reason="matched", before=before, phases=("PHASE3",), phase_role="own")
    unknown = Candidate(alert=replace(known.alert, before=None), thread=1)
    told = {follows: select(Matching([known]), parse_set(follows)).numbers for follows in ("nmosd", "nmosd?phase=3", "nmosd nmosd?phase=3")}
    assert told == {"nmosd": [], "nmosd?phase=3": [1], "nmosd nmosd?phase=3": []}
    assert select(Matching([unknown]), parse_set("nmosd")).numbers == [1]


@given(candidates, st.sets(st.sampled_from(TOPICS), min_size=1), st.integers(0, 150))
def test_one_window_serves_readers_of_every_interest_from_wherever_they_stand(values: list, topics: set, seen: int) -> None:
    window = made(values)
    shared = Matching(window)
    for text in (*topics, " ".join(topics), f"{min(topics)}?kind=paper {max(topics)}?design=trial"):
        follows = parse_set(text)
        alone = Matching([c for c in window if c.alert.number > seen])
        assert select(shared, follows, seen=seen) == select(alone, follows)
