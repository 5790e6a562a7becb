"""Bounces and complaints read from a Maildir and over IMAP end what they must end, and nothing else."""

from datetime import timedelta
from email.message import EmailMessage

import pytest

from alerts.deliver.inbox import InboxError, read_inbox
from alerts.pipeline.deliver import deliver_due
from alerts.pipeline.inbox import read_bounces, take


def report(outbox, address, *, status="5.1.1", action="failed", message_id=""):
    token = outbox.keyring.sign("bounce", outbox.keyring.address_hash(address)[:16])
    returned = f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {message_id}\n\n" if message_id else ""
    return (
        f"Return-Path: <>\nDelivered-To: bounces+{token}@alerts.example.org\nFrom: mailer-daemon@relay.example.net\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        f"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; relay\n\nAction: {action}\n"
        f"Status: {status}\nDiagnostic-Code: smtp; 550 {status} no\n\n{returned}--b--\n"
    ).encode()


async def sent(outbox, *addresses, **values):
    outbox.fill(*addresses, **values)
    await deliver_due(outbox.engine, outbox.keyring, outbox.settings, outbox.now)


async def test_a_hard_bounce_suppresses_and_marks_the_mail_it_is_about(outbox):
    await sent(outbox, "zoe@inbox.example.net")
    await sent(outbox, "zoe@inbox.example.net", ordinal=2)
    first = outbox.rows("message_id")[0][0]
    outbox.fill("zoe@inbox.example.net", ordinal=3)
    raw = report(outbox, "zoe@inbox.example.net", message_id=first)
    assert take(outbox.engine, outbox.keyring, raw, outbox.now) == "bounced: 5.1.1, suppressed"
    assert [row[0] for row in outbox.rows()] == ["bounced", "sent", "cancelled"]
    assert outbox.suppressed() == ["bounced"]


async def test_a_delay_changes_nothing(outbox):
    await sent(outbox, "zoe@inbox.example.net")
    raw = report(outbox, "zoe@inbox.example.net", status="4.4.1", action="delayed")
    assert take(outbox.engine, outbox.keyring, raw, outbox.now).startswith("nothing")
    assert [row[0] for row in outbox.rows()] == ["sent"]


async def test_soft_bounces_suppress_after_three_in_a_row_over_a_week(outbox):
    said = []
    for number in range(1, 5):
        await sent(outbox, "zoe@inbox.example.net", ordinal=number, created_at=outbox.now)
        raw = report(outbox, "zoe@inbox.example.net", status="5.2.2")
        said.append(take(outbox.engine, outbox.keyring, raw, outbox.now))
        outbox.now += timedelta(days=3)
    assert said[:3] == ["bounced: 5.2.2"] * 3
    assert "suppressed: 3 in a row over 7 days" in said[3]
    assert outbox.suppressed() == ["bounced"]


async def test_a_mail_that_arrives_begins_the_count_anew(outbox):
    for number in range(1, 6):
        await sent(outbox, "zoe@inbox.example.net", ordinal=number, created_at=outbox.now)
        if number != 3:
            raw = report(outbox, "zoe@inbox.example.net", status="5.2.2")
            take(outbox.engine, outbox.keyring, raw, outbox.now)
        outbox.now += timedelta(days=5)
    assert outbox.suppressed() == []


async def test_refusals_at_the_server_count_like_bounces(sqlite_outbox, serve):
    server = await serve({"RCPT": "552 5.2.2 full"})
    outbox = sqlite_outbox.at_smtp(server)
    for number in range(1, 5):
        await sent(outbox, "zoe@inbox.example.net", ordinal=number, created_at=outbox.now)
        outbox.now += timedelta(days=3)
    assert outbox.suppressed() == ["bounced"]


async def test_a_complaint_and_a_wish_to_leave_end_the_subscription(outbox):
    await sent(outbox, "zoe@inbox.example.net", "kim@inbox.example.net")
    for address, kind in (
        ("zoe@inbox.example.net", "complaint: unsubscribed"),
        ("kim@inbox.example.net", "unsubscribed"),
    ):
        token = outbox.keyring.sign("unsubscribe", outbox.keyring.address_hash(address)[:16])
        mail = EmailMessage()
        if kind == "unsubscribed":
            mail["To"] = f"unsubscribe+{token}@alerts.example.org"
            raw = mail.as_bytes()
        else:
            raw = (
                'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n--b\n'
                "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n\n--b\nContent-Type: message/rfc822\n\n"
                f"List-Unsubscribe: <https://alerts.example.org/unsubscribe/{token}>\n\nHello\n--b--\n"
            ).encode()
        assert take(outbox.engine, outbox.keyring, raw, outbox.now) == kind
        assert take(outbox.engine, outbox.keyring, raw, outbox.now) == "nothing: already gone"
    assert outbox.rows() == []
    assert sorted(outbox.suppressed()) == ["complained", "unsubscribed"]


async def test_a_forged_token_does_nothing(outbox):
    await sent(outbox, "zoe@inbox.example.net")
    token = outbox.keyring.sign("bounce", outbox.keyring.address_hash("zoe@inbox.example.net")[:16])
    raw = report(outbox, "zoe@inbox.example.net").replace(token.encode(), b"a" * 45)
    assert take(outbox.engine, outbox.keyring, raw, outbox.now) == "nothing: no token in it is ours"
    assert outbox.suppressed() == []


async def test_a_maildir_is_read_once(outbox, tmp_path):
    await sent(outbox, "zoe@inbox.example.net")
    for name in ("tmp", "new", "cur"):
        (tmp_path / "bounces" / name).mkdir(parents=True)
    (tmp_path / "bounces" / "new" / "1").write_bytes(report(outbox, "zoe@inbox.example.net"))
    (tmp_path / "bounces" / "new" / "2").write_bytes(b"Subject: spam\n\nhello")
    outbox.settings = outbox.settings.model_copy(
        update={"bounce_inbox": type(outbox.settings.bounce_inbox)(f"maildir:{tmp_path}/bounces")}
    )
    counts = await read_bounces(outbox.engine, outbox.keyring, outbox.settings, outbox.now)
    assert dict(counts) == {"bounced: 5.1.1, suppressed": 1, "nothing: it names no reader of ours": 1}
    assert await read_bounces(outbox.engine, outbox.keyring, outbox.settings, outbox.now) == {}
    assert sorted(path.name for path in (tmp_path / "bounces" / "cur").iterdir()) == ["1:2,S", "2:2,S"]


async def test_a_handler_that_fails_leaves_the_message_for_the_next_time(tmp_path):
    for name in ("tmp", "new", "cur"):
        (tmp_path / name).mkdir()
    (tmp_path / "new" / "1").write_bytes(b"x")

    def fail(_raw):
        raise RuntimeError("the database is away")

    with pytest.raises(RuntimeError):
        read_inbox(f"maildir:{tmp_path}", fail)
    got = []
    assert read_inbox(f"maildir:{tmp_path}", got.append) == 1
    assert got == [b"x"]


@pytest.mark.parametrize("url", ["ftp://nowhere", "maildir:/not/there", "imaps://me:secret@127.0.0.1:1/INBOX"])
def test_an_inbox_that_cannot_be_read_says_why_and_tells_no_secret(url):
    with pytest.raises(InboxError) as trouble:
        read_inbox(url, print)
    assert "secret@" not in str(trouble.value)
    assert "me:secret" not in str(trouble.value)
