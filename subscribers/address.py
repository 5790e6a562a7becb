"""Mail addresses as values: checked, normalised for comparing, masked for showing."""

import re

from subscribers.errors import AddressError

_LOCAL = re.compile(r"[^\s\x00-\x20\x7f\"(),:;<>@\[\\\]]{1,64}")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


def parse_address(text: str) -> str:
    """Return the address as it goes on the envelope (RFC 5321, RFC 6531); AddressError if it is none.

    Quoted local parts and address literals are refused. The domain becomes lower-case ASCII (A-labels), the
    local part stays as given.
    """
    local, at, domain = text.strip().rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or not _dotted(local) or not local.isprintable():
        raise AddressError("this is not a mail address; it must look like name@example.org")
    found = f"{local}@{_ascii_domain(domain)}"
    if len(found.encode()) > 254 or len(local.encode()) > 64:
        raise AddressError("this mail address is too long")
    return found


def normalise_address(text: str) -> str:
    """Return the form under which an address is known: case does not tell two people apart."""
    return parse_address(text).casefold()


def domain_of(address: str) -> str:
    """Return the lower-case domain of a parsed address."""
    return address.rpartition("@")[2].lower()


def mask_address(address: str) -> str:
    """Return an address that its owner recognises and nobody else: `a***@e***.org`."""
    local, _, domain = address.rpartition("@")
    name, _, rest = domain.rpartition(".")
    return f"{local[:1]}***@{name[:1]}***.{rest}"


def _dotted(local: str) -> bool:
    return not (local.startswith(".") or local.endswith(".") or ".." in local)


def _ascii_domain(domain: str) -> str:
    try:
        found = domain.lower() if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError as wrong:
        raise AddressError("the part after the @ is not a domain name") from wrong
    labels = found.split(".")
    if len(found) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise AddressError("the part after the @ is not a domain name")
    return found
