"""What a message to the bounce address means: bounces of many makers, complaints, wishes to leave, and all the rest."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.deliver.bounce import Complaint, Leave, Nothing, Returned, Token, read

TOKEN = "a" * 20 + "b" * 25
VERP = f"bounces+{TOKEN}@alerts.example.org"
MESSAGE_ID = "<abcdef@alerts.example.org>"


def dsn(*recipients, to=VERP, returned=f"Message-ID: {MESSAGE_ID}\nSubject: Your research digest\n\nHello\n"):
    blocks = "\n".join(recipients)
    return f"""Return-Path: <>
From: Mail Delivery System <mailer-daemon@relay.example.net>
To: {to}
Subject: Undelivered
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example.net
X-Arrival: today

{blocks}
--b
Content-Type: message/rfc822

{returned}
--b--
""".encode()


def recipient(action="failed", status="5.1.1", diagnosis="smtp; 550 5.1.1 <zoe@inbox.example.net>: no such user"):
    return f"Final-Recipient: rfc822; zoe@inbox.example.net\nAction: {action}\nStatus: {status}\nDiagnostic-Code: {diagnosis}\n"


def test_a_dead_address_is_a_hard_bounce_with_the_mail_it_is_about():
    found = read(dsn(recipient()))
    assert found == Returned((Token("bounce", TOKEN),), True, "5.1.1", "550 5.1.1 <address>: no such user", MESSAGE_ID)


@pytest.mark.parametrize(
    ("status", "diagnosis", "hard", "kept"),
    [
        ("5.1.2", "", True, "5.1.2"),
        ("5.1.10", "", True, "5.1.10"),
        ("5.2.1 (mailbox disabled)", "", True, "5.2.1"),
        ("5.2.2", "", False, "5.2.2"),
        ("5.7.1", "smtp; 550 5.7.1 blocked", False, "5.7.1"),
        ("4.3.2", "smtp; 450 4.3.2 not now", False, "4.3.2"),
        ("4.4.1", "smtp; 550 5.1.1 said long ago", False, "4.4.1"),
        ("5.0.0", "smtp; 550 5.1.1 no such user", True, "5.1.1"),
        ("", "smtp; 550-5.1.1 no such user", True, "5.1.1"),
        ("", "", False, ""),
    ],
)
def test_only_a_dead_address_is_hard(status, diagnosis, hard, kept):
    found = read(dsn(recipient(status=status, diagnosis=diagnosis)))
    assert (found.hard, found.status) == (hard, kept)


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_a_delay_or_a_success_is_no_bounce(action):
    assert read(dsn(recipient(action=action, status="4.4.1"))) == Nothing("a delay or a success is no bounce")


def test_the_second_recipient_may_be_the_one_that_failed():
    assert read(dsn(recipient("delivered", "2.0.0", ""), recipient())).hard


def test_a_token_is_found_in_what_is_returned_when_the_envelope_lost_it():
    returned = f"Return-Path: <{VERP}>\nMessage-ID: {MESSAGE_ID}\n\nHello\n"
    assert read(dsn(recipient(), to="somebody@example.org", returned=returned)).tokens == (Token("bounce", TOKEN),)
    assert read(dsn(recipient(), to="somebody@example.org")) == Nothing("it names no reader of ours")


def arf(kind="abuse", returned=f"List-Unsubscribe: <https://alerts.example.org/unsubscribe/{TOKEN}>"):
    return f"""From: feedback@provider.example.com
To: abuse@alerts.example.org
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

A reader complained.

--b
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Something/1
Version: 1
Original-Rcpt-To: redacted

--b
Content-Type: message/rfc822

From: digest@alerts.example.org
{returned}

Hello
--b--
""".encode()


def test_a_complaint_is_tied_to_its_reader_by_our_own_link_in_what_is_returned():
    assert read(arf()) == Complaint((Token("unsubscribe", TOKEN),))
    assert read(arf(returned=f"Return-Path: <{VERP}>")) == Complaint((Token("bounce", TOKEN),))


def test_a_complaint_that_names_nobody_or_is_none_is_left_alone():
    assert read(arf(returned="X-Nothing: here")) == Nothing("it names no reader of ours")
    assert read(arf(kind="not-spam")) == Nothing("feedback of type not-spam")


def test_a_mail_to_the_unsubscribe_address_is_a_wish_to_leave():
    mail = f"From: zoe@inbox.example.net\nTo: Unsubscribe+{TOKEN.upper()}@alerts.example.org\n\n"
    assert read(mail.encode()) == Leave((Token("unsubscribe", TOKEN),))


def test_a_bounce_in_words_of_its_own_is_read_by_its_codes():
    head = f"Return-Path: <>\nFrom: MAILER-DAEMON@old.example.net\nTo: {VERP}\nSubject: failure notice\n\n"
    assert read(f"{head}Remote host said: 550 5.1.1 unknown\n".encode()).hard
    assert not read(f"{head}Sorry, I gave up after 4 days.\n".encode()).hard
    assert read(f"{head}550 sorry, no mailbox here\n".encode()).status == "5.0.0"


def test_an_answer_by_a_person_or_a_machine_is_no_bounce():
    away = f"From: zoe@inbox.example.net\nTo: {VERP}\nAuto-Submitted: auto-replied\nSubject: Away\n\nBack on Monday. 550 5.1.1\n"
    assert isinstance(read(away.encode()), Nothing)
    assert isinstance(read(away.replace("Auto-Submitted: auto-replied\n", "").encode()), Nothing)


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_whatever_comes_is_read_without_an_error(raw):
    assert isinstance(read(raw), Returned | Complaint | Leave | Nothing)


@settings(deadline=None)
@given(st.integers(0, 900), st.binary(max_size=40))
def test_a_damaged_report_is_read_without_an_error(place, noise):
    whole = dsn(recipient())
    for damaged in (whole[:place] + noise + whole[place:], whole[:place]):
        assert isinstance(read(damaged), Returned | Complaint | Leave | Nothing)
