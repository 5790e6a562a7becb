"""What the hot path computes in its own way is what the standards and the plain way give."""

import base64
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.deliver.carrier import Mail
from alerts.deliver.envelope import on_the_wire
from alerts.publish.email import Segments, pack
from subscribers import tokens
from subscribers.tokens import Keyring

RING = Keyring(b"a secret of the tests, long enough")


@given(st.binary(min_size=28, max_size=28))
def test_tokens_are_base32_in_small_letters(raw: bytes) -> None:
    assert tokens._base32(raw) == base64.b32encode(raw).decode().rstrip("=").lower()


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_a_prepared_mac_is_hmac_sha256(key: bytes, message: bytes) -> None:
    assert tokens._Mac(key).of(message) == hmac.digest(key, message, "sha256")


@given(st.binary(min_size=16, max_size=16), st.sampled_from(sorted(tokens.PURPOSES)))
def test_a_token_names_who_it_was_signed_for(public_id: bytes, purpose: str) -> None:
    assert RING.verify(purpose, RING.sign(purpose, public_id)) == public_id


@pytest.mark.parametrize(
    "message",
    [b"To: a\r\n\r\n.\r\n..two\r\nlast.\r\n", b"To: a\r\n\r\nno line end", b"To: a\r\n\r\n" + b".\r\n" * 3],
)
def test_an_edition_parsed_for_the_wire_has_its_dots_doubled_already(message: bytes) -> None:
    plain, wired = (Segments([_joined(pack(message), wire=wire)]) for wire in (False, True))
    ours = Mail(1, "<1@x>", "a@x", "b@x", wired._pieces, wire=True)
    assert b"".join(on_the_wire(ours)) == b"".join(on_the_wire(ours._replace(message=plain._pieces, wire=False)))


def _joined(parts: bytes, *, wire: bool) -> bytes:
    return b"".join(Segments.parse(parts, wire=wire)._pieces)
