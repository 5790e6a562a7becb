"""A keyring seals, hashes and signs; nothing of it works with another secret or for another purpose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.errors import AddressError, TokenError
from subscribers.tokens import PURPOSES, Keyring

KEYS = Keyring(b"k" * 40)
OTHER = Keyring(b"o" * 40)


@given(st.text())
def test_what_is_sealed_opens_again_and_only_with_the_same_secret(text: str) -> None:
    sealed = KEYS.seal(text)
    assert KEYS.open(sealed) == text
    with pytest.raises(TokenError):
        OTHER.open(sealed)


def test_a_changed_seal_is_refused() -> None:
    sealed = bytearray(KEYS.seal("anna@example.org"))
    sealed[-1] ^= 1
    with pytest.raises(TokenError):
        KEYS.open(bytes(sealed))


def test_a_seal_does_not_show_the_text() -> None:
    assert b"anna" not in KEYS.seal("anna@example.org")


@given(st.binary(min_size=16, max_size=16), st.sampled_from(sorted(PURPOSES)), st.booleans())
def test_a_token_proves_its_id_in_any_case(public_id: bytes, purpose: str, upper: bool) -> None:
    token = KEYS.sign(purpose, public_id)
    assert KEYS.verify(purpose, token.upper() if upper else token) == public_id


@given(st.binary(min_size=16, max_size=16))
def test_a_token_is_worth_nothing_for_another_purpose_or_secret(public_id: bytes) -> None:
    token = KEYS.sign("bounce", public_id)
    for purpose in PURPOSES - {"bounce"}:
        with pytest.raises(TokenError):
            KEYS.verify(purpose, token)
    with pytest.raises(TokenError):
        OTHER.verify("bounce", token)


@given(st.text(max_size=60))
def test_rubbish_is_refused_as_a_token(text: str) -> None:
    with pytest.raises(TokenError):
        KEYS.verify("unsubscribe", text)


def test_a_token_fits_into_a_local_part_with_a_long_name() -> None:
    token = KEYS.sign("bounce", bytes(16))
    assert len("unsubscribe+" + token) <= 64
    assert token.isascii()
    assert token.isalnum()


def test_an_address_is_looked_up_whatever_its_case_and_edges() -> None:
    assert KEYS.address_hash(" Anna.B@EXAMPLE.org ") == KEYS.address_hash("anna.b@example.org")
    assert KEYS.address_hash("anna@example.org") != OTHER.address_hash("anna@example.org")
    assert len(KEYS.address_hash("anna@example.org")) == 32


def test_a_domain_is_hashed_without_the_local_part() -> None:
    assert KEYS.domain_hash("a@Example.org") == KEYS.domain_hash("b@example.org")
    assert len(KEYS.domain_hash("a@example.org")) == 16


def test_an_address_that_is_none_has_no_hash() -> None:
    with pytest.raises(AddressError):
        KEYS.address_hash("anna at example.org")


def test_a_message_id_is_the_same_for_every_attempt_and_differs_for_each_mail() -> None:
    first = KEYS.message_id("7", "digest", 3, "alerts.example.org")
    assert first == KEYS.message_id("7", "digest", 3, "alerts.example.org")
    others = {KEYS.message_id(*args, "alerts.example.org") for args in [("8", "digest", 3), ("7", "notice", 3), ("7", "digest", 4)]}
    assert first not in others
    assert len(others) == 3
    assert first.startswith("<")
    assert first.endswith("@alerts.example.org>")


def test_the_fingerprint_tells_secrets_apart_and_shows_none() -> None:
    assert KEYS.fingerprint == Keyring(b"k" * 40).fingerprint
    assert KEYS.fingerprint != OTHER.fingerprint
    assert "k" * 8 not in KEYS.fingerprint
