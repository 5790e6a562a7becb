"""The lines every face shows of an alert: its strength, its finding, its headline, and where it leads."""

import re
from urllib.parse import quote, urlsplit

from alerts.model import AlertedItem, Content, Item, Kind, Reason
from alerts.publish import words
from alerts.publish.strength import headline_finding, strength

SAMPLE = "[Sample]"
STUDIES = frozenset({Kind.PAPER, Kind.PREPRINT, Kind.ABSTRACT, Kind.RECORD})
PREPRINT = "Preprint, not peer reviewed"
_CUT = re.compile(r"[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
_ILLEGAL = re.compile("[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]")


def xml_legal(text: str) -> str:
    """Drop what XML 1.0 (section 2.2) forbids, whatever a database held."""
    return _ILLEGAL.sub("", text)


def one_line(text: str) -> str:
    """Make a text safe for a title: no control characters, no bidi overrides, single spaces."""
    return " ".join(xml_legal(_CUT.sub(" ", text)).split())


def legible(text: str) -> str:
    """Make a text of several lines safe to show: no control characters, no bidi overrides."""
    return "\n".join(xml_legal(_CUT.sub(" ", line)) for line in text.split("\n"))


def is_sample(content: Content) -> bool:
    """Tell an invented example, which says so in its title."""
    return content.title.startswith(SAMPLE)


def strength_line(shown: AlertedItem) -> str:
    """Say what the thing itself is (law 11); an invented example says so first."""
    linked = any(member.item.content.kind in STUDIES for member in shown.thread)
    line = strength(shown.item.content, shown.labels, study_linked=linked)
    return f"Invented example: {line}" if is_sample(shown.item.content) else line


def finding_line(shown: AlertedItem) -> str:
    """Return the finding in quotation marks with its speaker, or an empty text."""
    return one_line(headline_finding(shown.item.content, shown.labels))


def headline(shown: AlertedItem) -> str:
    """Return the plain title; a preprint says what it is first, then what happened to the work."""
    title = one_line(shown.item.content.title) or "Untitled"
    return ": ".join([*_before(shown), title])


def _before(shown: AlertedItem) -> list[str]:
    said = [PREPRINT] if shown.item.content.kind is Kind.PREPRINT else []
    reason = Reason(shown.mark) if shown.mark in {"corrected", "concern", "retracted"} else shown.alert.reason
    if reason not in (Reason.NEW, Reason.MATCHED):
        said.append(words.REASONS[reason])
    return said


def safe_address(address: str) -> str:
    """Return an http(s) address that may stand in a link, else an empty text (law 13)."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    return quote(one_line(address), safe="%/:=&?~#+!$,;'@()*[]")


def work_address(item: Item) -> str:
    """Return where the work itself is read: its own link, else its best identifier's page."""
    own = safe_address(item.content.url)
    if own:
        return own
    found = (words.key_address(key.scheme, key.value) for key in item.keys)
    return next((safe_address(address) for address in found if address), "")
