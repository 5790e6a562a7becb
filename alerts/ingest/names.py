"""Author names as feeds write them, one name each; pure."""

import re
from collections.abc import Iterable, Iterator

from alerts.ingest.clean import title

_MOST = 200
_FAMILY_INITIALS = re.compile(r"[^,;]+,\s*(?:[A-Z]\.?[ -]?){1,4}(?=,|;|$)")
_MAIL_AND_NAME = re.compile(r"\S+@\S+\s*\((.+)\)")
_BEFORE = re.compile(r"^(?:by|authors?:)\s+", re.IGNORECASE)


def names(said: Iterable[str]) -> tuple[str, ...]:
    """Return at most 200 author names from fields that hold one name or a list of them, in any usual punctuation."""
    found = (name for field in said for name in _split(_BEFORE.sub("", title(field))))
    return tuple(dict.fromkeys(name for name in found if name))[:_MOST]


def _split(field: str) -> Iterator[str]:
    mail = _MAIL_AND_NAME.fullmatch(field)
    if mail:
        yield mail[1].strip()
    elif ";" in field:
        yield from (part.strip(" ,") for part in field.split(";"))
    elif len(pairs := _FAMILY_INITIALS.findall(field)) > 1:
        yield from (pair.strip(" ,") for pair in pairs)
    elif "@" not in field:
        yield from _at_commas(field)


def _at_commas(field: str) -> Iterator[str]:
    """Split `Ada Rossi, Ben Silva and Cy Weiss`, but not `Rossi, Ada`."""
    parts = [part.strip() for part in re.split(r",\s*(?:and\s+|&\s*)?|\s+and\s+|\s+&\s+", field)]
    if len(parts) > 1 and all(" " in part for part in parts if part):
        yield from parts
    else:
        yield field
