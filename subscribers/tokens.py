"""The keys of one installation and what is made with them: sealed addresses, lookup hashes, signed tokens."""

import base64
import binascii
import hashlib
import hmac
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from subscribers.address import domain_of, normalise_address, parse_address
from subscribers.errors import TokenError

PURPOSES: Final = frozenset({"unsubscribe", "preferences", "bounce", "edition"})
ID_BYTES: Final = 16
MAC_BYTES: Final = 12  # with the id 28 bytes: 45 characters, so that a VERP local part stays under 64


class Keyring:
    """Keys derived (HKDF, RFC 5869) from one secret; each use has its own key.

    Addresses are sealed with AES-SIV (RFC 5297), which needs no nonce and so no randomness: equal texts give
    equal seals, which tells no more than the unique lookup hash beside them.
    """

    def __init__(self, secret: bytes) -> None:
        self._siv = AESSIV(_derive(secret, "seal", 64))
        self._address = _derive(secret, "address")
        self._domain = _derive(secret, "domain")
        self._bucket = _derive(secret, "bucket")
        self._message = _derive(secret, "message-id")
        self._tokens = {purpose: _derive(secret, f"token {purpose}") for purpose in PURPOSES}
        self.fingerprint: str = _derive(secret, "fingerprint").hex()[:32]

    def seal(self, text: str) -> bytes:
        """Encrypt and authenticate a text."""
        return self._siv.encrypt(text.encode(), None)

    def open(self, sealed: bytes) -> str:
        """Return the text that was sealed; TokenError if it was changed or sealed with another key."""
        try:
            return self._siv.decrypt(sealed, None).decode()
        except InvalidTag as wrong:
            raise TokenError("this was sealed with another secret key, or it is damaged") from wrong

    def address_hash(self, address: str) -> bytes:
        """Return the 32 bytes under which an address is looked up, whatever its case."""
        return _mac(self._address, normalise_address(address).encode())

    def domain_hash(self, address: str) -> bytes:
        """Return the 16 bytes that stand for the address's domain."""
        return _mac(self._domain, domain_of(parse_address(address)).encode())[:16]

    def bucket_hash(self, what: str, value: str) -> bytes:
        """Return the 32 bytes under which requests of one kind from one place are counted."""
        return _mac(self._bucket, f"{what}\0{value}".encode())

    def sign(self, purpose: str, public_id: bytes) -> str:
        """Return a token (45 characters of a-z and 2-7) that proves itself; it never expires."""
        mac = _mac(self._tokens[purpose], public_id)[:MAC_BYTES]
        return base64.b32encode(public_id + mac).decode().rstrip("=").lower()

    def verify(self, purpose: str, token: str) -> bytes:
        """Return the public id a token was signed for, in any case of letters; TokenError if it was not."""
        try:
            raw = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
        except (binascii.Error, ValueError) as wrong:
            raise TokenError("this link is damaged") from wrong
        public_id, mac = raw[:ID_BYTES], raw[ID_BYTES:]
        if not hmac.compare_digest(mac, _mac(self._tokens[purpose], public_id)[:MAC_BYTES]):
            raise TokenError("this link was not made by this installation")
        return public_id

    def message_id(self, recipient: str, kind: str, ordinal: int, domain: str) -> str:
        """Return the Message-ID (with angle brackets) of one delivery: the same at every attempt (law 7)."""
        mac = _mac(self._message, f"{recipient}\0{kind}\0{ordinal}".encode())[:20]
        return f"<{mac.hex()}@{domain}>"


def token_hash(token: str) -> bytes:
    """Return what is stored of a random token (SHA-256)."""
    return hashlib.sha256(token.encode()).digest()


def _derive(secret: bytes, use: str, length: int = 32) -> bytes:
    return HKDF(SHA256(), length, salt=b"research-alerts", info=use.encode()).derive(secret)


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")
