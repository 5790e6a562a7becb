"""How an answer over HTTP begins: its status and its headers, read from the lines that came (RFC 9112)."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_STATUS = re.compile(r"HTTP/[\d.]+ +(\d{3})")


class Head(NamedTuple):
    """Names of headers are in lower case, and the last of a name counts; `cookies` is every Set-Cookie."""

    status: int
    headers: Mapping[str, str]
    cookies: tuple[str, ...] = ()


def read(lines: Iterable[bytes]) -> Head | None:
    """Return the head of the last answer, after interim ones (1xx) and without trailers; None if it broke off."""
    status, headers, cookies, between = 0, dict[str, str](), list[str](), True
    for line in _text(b"".join(lines)).split("\n")[:-1]:
        name, colon, value = line.partition(":")
        if between:
            if found := _STATUS.match(line):
                status, headers, cookies, between = int(found[1]), {}, [], False
        elif colon:
            headers[name.lower()] = value.strip()
            if name.lower() == "set-cookie":
                cookies.append(value.strip())
        else:
            between = not line.strip()
    return Head(status, headers, tuple(cookies)) if status and between else None


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
