"""A mail is made once with holes; each recipient is spliced in as bytes that no value can break."""

import email
import email.policy
import quopri
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.publish.email import HOLES, Body, Letter, Recipient, Segments, Sender, plain_of, quoted, recipient, render
from subscribers.tokens import Keyring

KEYS = Keyring(b"k" * 40)
SENDER = Sender(
    base_url="https://alerts.example.org", from_="Forschung für alle <news@alerts.example.org>",
    bounce_address="bounces@alerts.example.org", imprint="Sample Hospital",
)  # fmt: skip
LETTER = Letter(
    subject="Your research digest: 3 new items",
    text=Body(frame=f"Grüße\n{HOLES['blocks']}\nLeave: https://x.example/{HOLES['token']} now\n", blocks=[quoted("Block é\n")]),
    html=Body(frame=f"<p>Grüße</p>\n{HOLES['blocks']}<a href=\"https://x.example/{HOLES['preferences']}\">x</a>", blocks=[]),
)
TO = recipient(KEYS, bytes(16), "anna@example.org", "<1@alerts.example.org>", datetime(2026, 5, 4, 7, tzinfo=UTC))


def spliced(letter: Letter = LETTER, to: Recipient = TO) -> email.message.EmailMessage:
    return email.message_from_bytes(Segments.parse(render(letter, SENDER)).splice(to), policy=email.policy.default)


def test_a_mail_has_text_first_and_html_last_both_readable() -> None:
    parts = list(spliced().iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert parts[0].get_content().replace("\r\n", "\n") == f"Grüße\nBlock é\nLeave: https://x.example/{TO.token} now"
    assert parts[1].get_content().replace("\r\n", "\n") == f'<p>Grüße</p>\n<a href="https://x.example/{TO.preferences}">x</a>'


def test_headers_are_single_and_say_what_the_standards_ask() -> None:
    mail = spliced()
    for name in mail:
        assert len(mail.get_all(name)) == 1, name
    assert mail["From"].addresses[0].display_name == "Forschung für alle"
    assert mail["To"] == "anna@example.org"
    assert mail["Message-ID"] == "<1@alerts.example.org>"
    assert mail["Date"].datetime == datetime(2026, 5, 4, 7, tzinfo=UTC)
    assert mail["List-Id"] == "Research digest <digest.alerts.example.org>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Unsubscribe"] == (
        f"<https://alerts.example.org/unsubscribe/{TO.token}>, <mailto:unsubscribe+{TO.token}@alerts.example.org>"
    )
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Precedence"] == "bulk"
    assert {"Reply-To", "List-Help", "Feedback-ID", "MIME-Version"} <= set(mail.keys())


def test_a_mail_that_is_no_list_mail_has_no_list_headers() -> None:
    mail = spliced(Letter(subject="Please confirm", text=Body(frame="x\n"), listed=False))
    assert not [name for name in mail if name.startswith("List-") or name == "Precedence"]
    assert mail.get_content_type() == "text/plain"


def test_without_a_bounce_address_there_is_no_mailto_and_no_verp() -> None:
    sender = Sender(base_url="https://alerts.example.org", from_="news@alerts.example.org")
    message = Segments.parse(render(LETTER, sender)).splice(TO)
    assert b"mailto:" not in message
    assert sender.verp("t") == "news@alerts.example.org"
    assert SENDER.verp("t") == "bounces+t@alerts.example.org"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_every_line_is_short_ascii_in_crlf_whatever_the_text(text: str) -> None:
    text = plain_of(text.replace("\r", " ").replace("\x00", " "))
    body = Body(frame=f"{HOLES['blocks']}\nhttps://x.example/{HOLES['token']}\n", blocks=[quoted(text)])
    message = Segments.parse(render(Letter(subject="s", text=body), SENDER)).splice(TO)
    assert message.isascii()
    lines = message.split(b"\r\n")
    head, body_lines = lines[: lines.index(b"")], lines[lines.index(b"") :]
    assert max(map(len, body_lines)) <= 76
    assert max(map(len, head)) <= 120
    assert b"\n" not in b"".join(lines)
    assert b"\r" not in b"".join(lines)
    encoded = message.split(b"\r\n\r\n", 1)[1].replace(b"\r\n", b"\n")
    expected = (text if text.endswith("\n") else f"{text}\n") + f"https://x.example/{TO.token}\n"
    assert quopri.decodestring(encoded).decode() == expected


@pytest.mark.parametrize("changed", [
    {"address": "anna@example.org\r\nBcc: x@example.org"}, {"address": "anna b@example.org"}, {"address": "<a@example.org>"},
    {"message_id": "<1@x>\r\nX: y"}, {"token": "a b"}, {"token": ""}, {"preferences": ""}, {"token": "tök"},
])  # fmt: skip
def test_a_value_that_could_break_a_line_is_refused(changed: dict) -> None:
    with pytest.raises(ValueError, match="recipient"):
        Segments.parse(render(LETTER, SENDER)).splice(TO._replace(**changed))


def test_an_address_outside_ascii_is_spliced_as_utf8() -> None:
    assert "To: zoë@example.org\r\n".encode() in Segments.parse(render(LETTER, SENDER)).splice(TO._replace(address="zoë@example.org"))


def test_splicing_twice_gives_each_their_own() -> None:
    segments = Segments.parse(render(LETTER, SENDER))
    other = recipient(KEYS, b"o" * 16, "ben@example.net", "<2@x>", TO.date + timedelta(seconds=1))
    assert segments.splice(other) != segments.splice(TO) == segments.splice(TO)


def test_a_date_in_another_zone_is_written_in_utc() -> None:
    moment = datetime(2026, 5, 4, 9, tzinfo=timezone(timedelta(hours=2)))
    assert spliced(to=TO._replace(date=moment))["Date"].datetime == moment
