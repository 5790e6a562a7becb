"""What each reply means for a delivery: the table of law 7, and what holds for every reply there is."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.deliver.retry import (
    FIRST_WAIT,
    LONGEST_WAIT,
    MOST_DOUBTS,
    Bounced,
    Expired,
    GoBack,
    PolicyWatch,
    Reply,
    Sent,
    Stage,
    StopSending,
    Try,
    TryAgain,
    Uncertain,
    decide,
    wait,
)

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


def a_try(**changes):
    values = {"attempts": 0, "doubts": 0, "deadline": NOW + timedelta(days=4), "now": NOW, "jitter": 0.5}
    return Try(**values | changes)


def said(text, stage, **changes):
    return decide(Reply.of(int(text[:3]), text[4:]) if text else None, Stage(stage), a_try(**changes))


def name(decision):
    match decision:
        case Bounced(_, suppress):
            return "suppressed" if suppress else "bounced"
        case TryAgain(_, _, slow, policy):
            return "later" + " slow" * slow + " policy" * policy
        case Uncertain(_, again):
            return "uncertain" if again else "given up"
        case _:
            return type(decision).__name__


TABLE = [
    ("250 2.0.0 Ok: queued", "body", "Sent"),
    ("250", "body", "Sent"),
    ("", "body", "uncertain"),
    ("", "rcpt", "later"),
    ("", "data", "later"),
    ("", "mail", "later"),
    ("421 4.7.0 too many errors", "rcpt", "later slow"),
    ("421 closing", "body", "later slow"),
    ("450 4.2.0 greylisted", "rcpt", "later"),
    ("450 too fast", "rcpt", "later slow"),
    ("450 4.7.1 too fast", "rcpt", "later slow"),
    ("451 4.7.28 unusual rate", "body", "later slow"),
    ("451 4.3.0 lookup failed", "rcpt", "later"),
    ("452 4.2.2 mailbox full", "rcpt", "later"),
    ("452 4.3.1 no space", "body", "later"),
    ("550 5.1.1 no such user", "rcpt", "suppressed"),
    ("550 5.1.2 no such host", "rcpt", "suppressed"),
    ("550 5.1.10 null MX", "rcpt", "suppressed"),
    ("550 5.2.1 disabled", "rcpt", "suppressed"),
    ("550 5.1.1 no such user", "body", "bounced"),
    ("550-5.1.1 no such user", "rcpt", "suppressed"),
    ("550 no such user", "rcpt", "bounced"),
    ("550 4.1.1 classes disagree", "rcpt", "bounced"),
    ("552 5.2.2 over quota", "rcpt", "bounced"),
    ("554 5.5.1 no", "data", "bounced"),
    ("554 5.6.0 content", "body", "bounced"),
    ("550 5.7.515 not authenticated", "rcpt", "later slow policy"),
    ("550 5.7.1 spam", "body", "later slow policy"),
    ("250 ok", "data", "later"),
    ("354 go on", "body", "later"),
    ("554 no", "banner", "StopSending"),
    ("421 busy", "banner", "StopSending"),
    ("", "banner", "StopSending"),
    ("502 no", "hello", "StopSending"),
    ("454 4.7.0 TLS not available", "starttls", "StopSending"),
    ("535 5.7.8 wrong password", "auth", "StopSending"),
    ("450 4.7.1 too much mail", "mail", "StopSending"),
    ("550 5.7.1 sender refused", "mail", "StopSending"),
    ("421 4.7.0 too many", "mail", "StopSending"),
]


@pytest.mark.parametrize(
    ("reply", "stage", "becomes"), TABLE, ids=[f"{reply[:10]} at {stage}" for reply, stage, _ in TABLE]
)
def test_each_reply_at_each_stage_ends_in_its_state(reply, stage, becomes):
    assert name(said(reply, stage)) == becomes


def test_a_421_at_mail_ends_the_connection_only_once_it_carried_mail():
    assert said("421 4.7.0 enough for now", "mail", fresh=False) == GoBack()
    assert isinstance(said("450 4.7.1 too much", "mail", fresh=False), StopSending)


def test_a_fifth_doubt_is_the_last():
    doubts = [decide(None, Stage.BODY, a_try(doubts=earlier)) for earlier in range(MOST_DOUBTS)]
    assert [one.again for one in doubts] == [True, True, True, True, False]
    assert [one.at - NOW for one in doubts] == [FIRST_WAIT * 2**earlier for earlier in range(MOST_DOUBTS)]


def test_a_refusal_for_now_expires_at_the_deadline_and_not_before():
    late = NOW + timedelta(minutes=3)
    assert said("451 later", "rcpt", attempts=9, deadline=late) == TryAgain(late, Reply(451, "", "later"))
    assert said("451 later", "rcpt", attempts=10, deadline=NOW) == Expired(Reply(451, "", "later"))


def test_a_wrong_password_waits_longer_than_a_busy_server():
    assert said("535 5.7.8 no", "auth").until - NOW > said("421 busy", "banner").until - NOW >= FIRST_WAIT


def test_no_address_stays_in_a_reply():
    text = "5.1.1 <zoe.b@inbox.example.net>: unknown; user Zoë@inbox.example.net,\r\n see bounce+abc@example.org"
    kept = Reply.of(550, text, address="Zoë@inbox.example.net")
    assert "@" not in kept.text
    assert "\n" not in kept.text
    assert kept.enhanced == "5.1.1"
    assert kept.key == "550 5.1.1"


def test_three_domains_within_fifty_tries_stop_the_sending():
    watch = PolicyWatch()
    assert [watch.note(domain) for domain in (b"a", b"b", None, b"a")] == [False] * 4
    assert watch.note(b"c")


def test_old_refusals_are_forgotten_after_fifty_tries():
    watch = PolicyWatch()
    watch.note(b"a")
    assert not any([*(watch.note(None) for _ in range(47)), watch.note(b"b"), watch.note(None), watch.note(b"c")])
    assert watch.note(b"d")


codes = st.integers(200, 599)
texts = st.text(max_size=300)
enhanced = st.sampled_from(["", "5.1.1 ", "5.7.1 ", "4.7.1 ", "4.2.0 ", "2.0.0 ", "5.2.1 "])
tries = st.builds(
    Try,
    attempts=st.integers(0, 10_000),
    doubts=st.integers(0, 10),
    deadline=st.integers(-100_000, 1_000_000).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    now=st.just(NOW),
    jitter=st.floats(0, 1, exclude_max=True),
    fresh=st.booleans(),
)


@settings(deadline=None)
@given(codes, enhanced, texts, st.sampled_from(list(Stage)), tries)
def test_only_250_after_the_dot_is_sent_and_only_a_dead_address_at_rcpt_is_suppressed(code, more, text, stage, this):
    decision = decide(Reply.of(code, more + text), stage, this)
    assert isinstance(decision, Sent) == (stage is Stage.BODY and code < 300)
    if isinstance(decision, Bounced):
        assert 500 <= code < 600
        assert not decision.suppress or stage is Stage.RCPT
    assert not isinstance(decision, Uncertain)


@settings(deadline=None)
@given(st.sampled_from(list(Stage)), tries)
def test_silence_is_uncertain_only_after_the_dot(stage, this):
    assert isinstance(decide(None, stage, this), Uncertain) == (stage is Stage.BODY)


@settings(deadline=None)
@given(codes, enhanced, st.sampled_from([Stage.RCPT, Stage.DATA, Stage.BODY]), tries)
def test_the_next_try_is_later_than_now_and_never_after_the_deadline(code, more, stage, this):
    decision = decide(Reply.of(code, more), stage, this)
    if isinstance(decision, TryAgain):
        assert NOW < decision.at <= this.deadline
    if isinstance(decision, Expired):
        assert this.deadline <= NOW


@settings(deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_waits_grow_to_a_ceiling(attempts, jitter):
    assert FIRST_WAIT * 0.75 <= wait(attempts, jitter) <= LONGEST_WAIT * 1.25
    assert wait(attempts, jitter) <= wait(attempts + 1, jitter)
    assert wait(attempts, 0.0) <= wait(attempts, jitter)


@settings(deadline=None)
@given(st.text(max_size=50), st.text(max_size=50))
def test_whatever_a_server_says_no_address_remains(before, after):
    assert "zoe@inbox" not in Reply.of(550, f"{before} zoe@inbox.example.net {after}").text
