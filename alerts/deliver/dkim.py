"""Signs mail with DKIM (RFC 6376): rsa-sha256, headers and body relaxed, the same bytes at every attempt.

dkimpy, the library for it, does the arithmetic of RSA in Python: 9 ms of a processor for each mail against 0.4 here.
"""

import base64
import hashlib
import re
from typing import Final, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from alerts.errors import UsageError

LEAST_BITS, MOST_BITS = 2048, 4096  # below, large receivers take it for none; above, a verifier need not know it
SIGNED: Final = (
    *("from", "to", "subject", "date", "message-id", "reply-to", "mime-version", "content-type"),
    *("content-transfer-encoding", "list-id", "list-unsubscribe", "list-unsubscribe-post", "list-help"),
    *("auto-submitted", "precedence", "feedback-id"),
)
_FIELDS = re.compile(rb"\r\n(?![ \t])")
_WHITE = re.compile(rb"[ \t\r\n]+")
_LINE = 72


class DkimError(UsageError):
    """The settings of DKIM cannot be used."""


class Signer:
    """Signs in the name of a domain, whose selector names the public key (`record`) in the DNS."""

    def __init__(self, key: RSAPrivateKey, *, domain: str, selector: str) -> None:
        self._key = key
        self.name = f"{selector}._domainkey.{domain}"
        self._tags = f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s={selector};"

    @classmethod
    def read(cls, pem: bytes, *, domain: str, selector: str) -> Self:
        """Read a private key in PEM; DkimError says what is wrong with it."""
        try:
            key = load_pem_private_key(pem, password=None)
        except TypeError as wrong:
            raise DkimError("the key has a password; store it without one: openssl rsa -in KEY -out NEW") from wrong
        except (ValueError, UnsupportedAlgorithm) as wrong:
            raise DkimError("the file is no private key; make one with: openssl genrsa -out KEY 2048") from wrong
        if not isinstance(key, RSAPrivateKey):
            raise DkimError("the key must be an RSA key, which every receiver can check")
        if not LEAST_BITS <= key.key_size <= MOST_BITS:
            raise DkimError(f"the key has {key.key_size} bits; it must have {LEAST_BITS} to {MOST_BITS}")
        if "." not in domain:
            raise DkimError("ALERTS_FROM must be an address of a domain of yours")
        return cls(key, domain=domain, selector=selector)

    @property
    def public(self) -> str:
        """The public key as `p=` of the DNS record has it."""
        der = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode()

    @property
    def record(self) -> str:
        """The TXT record that belongs under `name`."""
        return f"v=DKIM1; k=rsa; p={self.public}"

    def sign(self, message: bytes) -> bytes:
        """Return a message (CRLF, each header once) with its signature before it."""
        head, _, body = message.partition(b"\r\n\r\n")
        fields = dict(_relaxed_field(field) for field in _FIELDS.split(head))
        names = [name for name in SIGNED if name.encode() in fields]
        hashed = base64.b64encode(hashlib.sha256(relaxed_body(body)).digest()).decode()
        # From stands twice: a second one, put in on the way, breaks the signature (RFC 6376 8.15).
        unsigned = f"{self._tags}\r\n {_folded_names([*names, 'from'])};\r\n bh={hashed};\r\n b="
        signature = b"dkim-signature:" + unsigned.replace("\r\n", "").encode()
        data = b"".join([*(b"%b:%b\r\n" % (name.encode(), fields[name.encode()]) for name in names), signature])
        made = base64.b64encode(self._key.sign(data, PKCS1v15(), SHA256())).decode()
        lines = "\r\n ".join(made[start : start + _LINE] for start in range(0, len(made), _LINE))
        return f"DKIM-Signature: {unsigned}{lines}\r\n".encode() + message


def relaxed_body(body: bytes) -> bytes:
    """Return a body as "relaxed" hashes it (RFC 6376 3.4.4)."""
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    body = body.replace(b"\t", b" ")
    while b"  " in body:  # halving the runs takes a tenth of the time of an expression
        body = body.replace(b"  ", b" ")
    if b" \r\n" in body:
        body = body.replace(b" \r\n", b"\r\n")
    body = body.rstrip(b"\r\n")
    return body + b"\r\n" if body else b""


def _relaxed_field(field: bytes) -> tuple[bytes, bytes]:
    """Return a header field as "relaxed" hashes it: its name and its value (RFC 6376 3.4.2)."""
    name, _, value = field.partition(b":")
    return name.strip().lower(), _WHITE.sub(b" ", value).strip()


def _folded_names(names: list[str]) -> str:
    lines = ["h="]
    for place, name in enumerate(names):
        word = f":{name}" if place else name
        if len(lines[-1]) + len(word) > _LINE:
            lines.append("")
        lines[-1] += word
    return "\r\n ".join(lines)
