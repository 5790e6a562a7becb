"""What we sign verifies by the letter of RFC 6376, covers what receivers ask for, and no unfit key is taken."""

import base64
import hashlib
import re

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_public_key,
)
from hypothesis import given
from hypothesis import strategies as st

from alerts.deliver.dkim import DkimError, Signer, relaxed_body
from alerts.publish.email import Body, Letter, Segments, Sender, render

KEY = rsa.generate_private_key(65537, 2048)
MESSAGE = (
    b"From: Research alerts <digest@alerts.example.org>\r\nTo: zoe@inbox.example.net\r\nSubject:  Two   spaces\r\n\tand a fold\r\n"
    b"List-Unsubscribe: <https://alerts.example.org/u/1>,\r\n <mailto:unsubscribe@alerts.example.org>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nX-Other: not signed\r\n\r\nBody  with\tspaces \r\n.dot\r\n\r\n\r\n"
)


def pem(key, secret=NoEncryption()):  # noqa: B008
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret)


def signer(key=KEY):
    return Signer.read(pem(key), domain="alerts.example.org", selector="s1")


def verify(signed: bytes, public: str) -> dict[str, str]:
    """Check a message the slow way, by sections 3.4.2, 3.4.4 and 3.7 of the RFC; return the tags of its signature."""
    head, _, body = signed.partition(b"\r\n\r\n")
    fields = [(one.split(b":", 1)[0].strip().lower().decode(), one) for one in re.split(rb"\r\n(?![ \t])", head)]
    assert fields[0][0] == "dkim-signature"
    value = fields[0][1].split(b":", 1)[1].decode()
    tags = dict(part.strip().split("=", 1) for part in value.split(";"))
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    hashed = hashlib.sha256(b"".join(line + b"\r\n" for line in lines)).digest()
    assert base64.b64encode(hashed).decode() == tags["bh"], "the body was changed"
    left, data = fields[1:], b""
    for name in (re.sub(r"\s", "", one).lower() for one in tags["h"].split(":")):
        place = max((place for place, (known, _) in enumerate(left) if known == name), default=None)
        if place is not None:
            data += relaxed(left.pop(place)[1]) + b"\r\n"
    bare = re.sub(rb"(b=)[^;]*$", rb"\1", fields[0][1])
    key = load_der_public_key(base64.b64decode(public))
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(base64.b64decode(tags["b"]), data + relaxed(bare), padding.PKCS1v15(), SHA256())
    return tags


def relaxed(field: bytes) -> bytes:
    name, value = field.split(b":", 1)
    return name.strip().lower() + b":" + re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" ")


def test_what_we_sign_verifies_and_is_the_same_at_every_attempt():
    ours = signer()
    signed = ours.sign(MESSAGE)
    assert signed.endswith(MESSAGE)
    assert verify(signed, ours.public)["d"] == "alerts.example.org"
    assert ours.sign(MESSAGE) == signed
    assert max(len(line) for line in signed.split(b"\r\n")) <= 78 + len("DKIM-Signature: ")


@pytest.mark.parametrize(
    "change",
    [
        (b"One-Click", b"Two-Click"),
        (b"Body  with", b"Body no"),
        (b"To: zoe", b"To: tom"),
        (b"/u/1", b"/u/2"),
        (b"X-Other: not", b"From: <another@example.net>\r\nX-Other: not"),
    ],
)
def test_a_change_on_the_way_breaks_the_signature(change):
    ours = signer()
    with pytest.raises((InvalidSignature, AssertionError)):
        verify(ours.sign(MESSAGE).replace(*change), ours.public)


def test_a_change_of_white_space_on_the_way_does_not():
    ours = signer()
    signed = ours.sign(MESSAGE).replace(b"Body  with\t", b"Body \t with ").replace(b".dot\r\n", b".dot  \r\n")
    assert verify(signed.replace(b"X-Other: not signed", b"X-Other: changed"), ours.public)["d"] == "alerts.example.org"


def test_the_signature_covers_all_that_list_mail_says_of_itself():
    sender = Sender(
        base_url="https://alerts.example.org",
        from_="R <digest@alerts.example.org>",
        bounce_address="b@alerts.example.org",
    )
    letter = Letter(subject="Digest", text=Body(frame="Hello.\n"), html=Body(frame="<p>Hello.</p>\n"))
    message = b"".join(Segments.parse(render(letter, sender))._pieces)
    covered = re.sub(r"\s", "", verify(signer().sign(message), signer().public)["h"]).split(":")
    names = {line.split(b":")[0].decode().lower() for line in message.partition(b"\r\n\r\n")[0].split(b"\r\n")}
    assert {"list-unsubscribe", "list-unsubscribe-post", "list-id", "list-help", "feedback-id", "message-id"} <= names
    uncovered = {name for name in names - set(covered) if not name.startswith((" ", "\t"))}
    assert uncovered == {"x-auto-response-suppress", "content-language"}
    assert covered.count("from") == 2


def test_bodies_are_relaxed_as_the_standard_shows():
    assert relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n") == b" C\r\nD E\r\n"
    assert relaxed_body(b"") == relaxed_body(b"\r\n\r\n") == b""


@given(st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b".", b"=", b"  x"])).map(b"".join))
def test_bodies_are_relaxed_as_line_by_line(body):
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    assert relaxed_body(body) == b"".join(line + b"\r\n" for line in lines)


UNFIT = [
    (b"nothing", "is no private key"),
    (pem(rsa.generate_private_key(65537, 1024)), "has 1024 bits"),  # noqa: S505
    (pem(KEY, BestAvailableEncryption(b"secret")), "has a password"),
    (pem(ec.generate_private_key(ec.SECP256R1())), "must be an RSA key"),
]


@pytest.mark.parametrize(("key", "why"), UNFIT, ids=[why for _, why in UNFIT])
def test_a_key_that_receivers_would_not_take_is_refused(key, why):
    with pytest.raises(DkimError, match=why):
        Signer.read(key, domain="alerts.example.org", selector="s1")


def test_a_sender_without_a_domain_cannot_sign():
    with pytest.raises(DkimError, match="ALERTS_FROM"):
        Signer.read(pem(KEY), domain="localhost", selector="s1")
