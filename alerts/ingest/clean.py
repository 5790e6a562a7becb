"""Foreign text made plain: no markup, no control or direction characters, no line breaks in titles (law 13); pure."""

import html
import re
import unicodedata

from alerts.ingest.markup import has_markup, without_markup
from alerts.ingest.weblink import clean_url

__all__ = ["plain", "safe_url", "title", "xml_legal"]

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_JOINER = "\u034f"  # the one unseen character that Python calls printable
_BREAKS = re.compile("\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")

_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE)
_LABEL_ALONE = re.compile(r"[A-Z][A-Z &/,'-]{2,60}:")
_WRAPPED_AT = 50  # a line at least this long, without a full stop and followed by a small letter, was hard-wrapped
_PASSES = 8
_LONGEST_TITLE = 1_000


def plain(text: str) -> str:
    """Return text without markup: paragraphs on lines of their own, section headings as `METHODS: ...`.

    Takes HTML, HTML that was escaped once or more, or plain text, in which `p < 0.05` and `IL-6<TNF` stay.
    """
    text = _seen(text)
    for _ in range(_PASSES):
        if has_markup(text):
            text = without_markup(text)
        elif "&" not in text or not _ENTITY.search(text):
            break
        if "&" in text:
            text = _seen(_unescaped(text))
    return _lines(text)


def _seen(text: str) -> str:
    printable = text.replace("\n", "").isprintable() and _JOINER not in text
    return text if printable else _UNSEEN.sub("", xml_legal(text))


def title(text: str) -> str:
    """Return a title on one line, of at most 1,000 characters."""
    line = " ".join(plain(text).split())
    return line if len(line) <= _LONGEST_TITLE else line[: _LONGEST_TITLE - 1].rstrip() + "…"


def safe_url(url: str) -> str | None:
    """Return an http or https address without tracking, name and password; None for anything else."""
    seen = url if url.isascii() and url.isprintable() else _UNSEEN.sub("", _ILLEGAL.sub("", url))
    return clean_url(seen) or None


def xml_legal(text: str) -> str:
    """Return text without the characters that XML 1.0 (section 2.2) forbids or discourages."""
    return _ILLEGAL.sub("", _BREAKS.sub("\n", text))


def _unescaped(text: str) -> str:
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text)


def _lines(text: str) -> str:
    """Return lines with single spaces and without empty ones; hard-wrapped lines are joined."""
    if "\n" not in text and text.isascii():
        return _squeezed(text)
    lines: list[str] = []
    for line in unicodedata.normalize("NFC", text).split("\n"):
        words = _squeezed(line)
        if words and lines and _goes_on(lines[-1], words):
            lines[-1] += " " + words
        elif words:
            lines.append(words)
    return "\n".join(lines)


def _squeezed(line: str) -> str:
    """Return a line with single spaces; most have no others, and looking is faster than cutting."""
    return line.strip() if "  " not in line and line.isprintable() else " ".join(line.split())


def _goes_on(line: str, following: str) -> bool:
    if line.endswith(":") and _LABEL_ALONE.fullmatch(line):
        return True
    return len(line) >= _WRAPPED_AT and line[-1] not in ".:;!?" and following[0].islower()
