"""Fetches what came back: from a Maildir or over IMAP; each message goes to one handler and is marked as seen."""

import imaplib
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from alerts.deliver.bounce import LARGEST
from alerts.errors import AlertsError

Handle = Callable[[bytes], None]
PATIENCE = 60.0  # seconds for each answer of an IMAP server
SEEN = ":2,S"


class InboxError(AlertsError):
    """The inbox for bounces could not be read."""


def read_inbox(url: str, handle: Handle) -> int:
    """Handle every unseen message of `maildir:/path` or `imaps://user:password@host/FOLDER`; return how many.

    A message is marked as seen only after it was handled, so that a crash handles it again.
    """
    parts = urlsplit(url)
    if parts.scheme == "maildir":
        return read_maildir(Path(unquote(parts.path)), handle)
    if parts.scheme in ("imap", "imaps"):
        return _read_imap(url, handle)
    raise InboxError("ALERTS_BOUNCE_INBOX must look like maildir:/path or imaps://user:password@host/INBOX")


def read_maildir(folder: Path, handle: Handle) -> int:
    """Handle what lies in `new`, and move it to `cur`."""
    try:
        waiting = sorted((folder / "new").iterdir())
    except OSError as missing:
        raise InboxError(f"{folder} is no Maildir that can be read: {missing.strerror}") from missing
    for path in waiting:
        with path.open("rb") as file:
            handle(file.read(LARGEST))
        path.rename(folder / "cur" / f"{path.name.partition(':')[0]}{SEEN}")
    return len(waiting)


def _read_imap(url: str, handle: Handle) -> int:
    parts = urlsplit(url)
    folder = unquote(parts.path.strip("/")) or "INBOX"
    try:
        with _connect(parts.scheme, parts.hostname or "", parts.port) as client:
            client.login(unquote(parts.username or ""), unquote(parts.password or ""))
            return _read_folder(client, folder, handle)
    except (imaplib.IMAP4.error, OSError) as trouble:
        raise InboxError(f"the bounce inbox at {parts.hostname} could not be read: {trouble}") from trouble


def _connect(scheme: str, host: str, port: int | None) -> imaplib.IMAP4:
    """Connect with TLS, verified, at once or by STARTTLS."""
    trusted = ssl.create_default_context()
    if scheme == "imaps":
        return imaplib.IMAP4_SSL(host, port or 993, ssl_context=trusted, timeout=PATIENCE)
    client = imaplib.IMAP4(host, port or 143, timeout=PATIENCE)
    client.starttls(trusted)
    return client


def _read_folder(client: imaplib.IMAP4, folder: str, handle: Handle) -> int:
    _good(client.select(f'"{folder}"'))
    numbers = _good(client.uid("SEARCH", "UNSEEN"))[0].decode().split()
    for number in numbers:
        found = _good(client.uid("FETCH", number, f"(BODY.PEEK[]<0.{LARGEST}>)"))
        handle(next((part[1] for part in found if isinstance(part, tuple)), b""))
        _good(client.uid("STORE", number, "+FLAGS", r"(\Seen)"))
    return len(numbers)


def _good(answer: tuple[str, list[Any]]) -> list[Any]:
    if answer[0] != "OK":
        raise imaplib.IMAP4.error(str(answer[1]))
    return answer[1]
