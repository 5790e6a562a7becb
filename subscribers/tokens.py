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
        self._address = _Mac(_derive(secret, "address"))
        self._domain = _Mac(_derive(secret, "domain"))
        self._bucket = _Mac(_derive(secret, "bucket"))
        self._message = _Mac(_derive(secret, "message-id"))
        self._tokens = {purpose: _Mac(_derive(secret, f"token {purpose}")) for purpose in PURPOSES}
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
        return self._address.of(normalise_address(address).encode())

    def domain_hash(self, address: str) -> bytes:
        """Return the 16 bytes that stand for the address's domain."""
        return self._domain.of(domain_of(parse_address(address)).encode())[:16]

    def bucket_hash(self, what: str, value: str) -> bytes:
        """Return the 32 bytes under which requests of one kind from one place are counted."""
        return self._bucket.of(f"{what}\0{value}".encode())

    def sign(self, purpose: str, public_id: bytes) -> str:
        """Return a token (45 characters of a-z and 2-7) that proves itself; it never expires."""
        return _base32(public_id + self._tokens[purpose].of(public_id)[:MAC_BYTES])

    def verify(self, purpose: str, token: str) -> bytes:
        """Return the public id a token was signed for, in any case of letters; TokenError if it was not."""
        try:
            raw = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
        except (binascii.Error, ValueError) as wrong:
            raise TokenError("this link is damaged") from wrong
        public_id, mac = raw[:ID_BYTES], raw[ID_BYTES:]
        if not hmac.compare_digest(mac, self._tokens[purpose].of(public_id)[:MAC_BYTES]):
            raise TokenError("this link was not made by this installation")
        return public_id

    def message_id(self, recipient: str, kind: str, ordinal: int, domain: str) -> str:
        """Return the Message-ID (with angle brackets) of one delivery: the same at every attempt (law 7)."""
        mac = self._message.of(f"{recipient}\0{kind}\0{ordinal}".encode())[:20]
        return f"<{mac.hex()}@{domain}>"


def token_hash(token: str) -> bytes:
    """Return what is stored of a random token (SHA-256)."""
    return hashlib.sha256(token.encode()).digest()


class _Mac:
    """HMAC-SHA256 (RFC 2104), its two hashes begun once; `hmac.digest` hands over the interpreter's lock each time."""

    def __init__(self, key: bytes) -> None:
        padded = key.ljust(64, b"\0")
        self._inner, self._outer = (hashlib.sha256(bytes(one ^ pad for one in padded)) for pad in (0x36, 0x5C))

    def of(self, message: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


def _fields(count: int, width: int, space: int) -> int:
    """Return a mask of bit fields, `space` bits from one to the next."""
    return sum(((1 << width) - 1) << (place * space) for place in range(count))


_LETTERS: Final = b"abcdefghijklmnopqrstuvwxyz234567".ljust(256)
_HALVES: Final = tuple((_fields(2**n, 120 >> n, 384 >> n), 72 >> n) for n in range(4))
_FIVES: Final = _fields(16, 5, 24)


def _base32(raw: bytes) -> str:
    """Return RFC 4648 base32 of 28 bytes, in small letters and without padding.

    The bits are spread to five a byte in a few steps on one number: a third of the time of the library's loop.
    """
    bits = int.from_bytes(raw + b"\0\0")
    for mask, shift in _HALVES:
        low = bits & mask
        bits = low | (bits ^ low) << shift
    spread = (bits & _FIVES) | (bits << 3 & _FIVES << 8) | (bits << 6 & _FIVES << 16)
    return spread.to_bytes(48).translate(_LETTERS)[:45].decode()


def _derive(secret: bytes, use: str, length: int = 32) -> bytes:
    return HKDF(SHA256(), length, salt=b"research-alerts", info=use.encode()).derive(secret)

