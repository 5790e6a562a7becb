"""Numbers of trial registries as they stand in real texts, and the one spelling we keep for each."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

import re2

from alerts.model import Key

_EU = r"(?:19|20)\d\d-\d{6}-\d\d"


class _Form(NamedTuple):
    """How a registry's numbers look (`<` marks the group that is kept) and how the kept part is spelled."""

    pattern: str
    spell: Callable[[str], str]


def _after(prefix: str, change: Callable[[str], str] = str) -> Callable[[str], str]:
    return lambda found: prefix + change(found)


def _chictr(found: str) -> str:
    return f"ChiCTR{'' if found[0].isdigit() else '-'}{found.upper()}"


# A CTIS number begins like a EudraCT number, so it is tried first. Letters and digits around are ruled out below.
_FORMS: Mapping[str, _Form] = {
    "euct": _Form(rf"(?:(?:CTIS|EUCT)[\s-]?)?(<{_EU}-\d\d)(?!-?\d)", str),
    "eudract": _Form(rf"(?:(?:EUCTR|EudraCT)[\s-]?)?(<{_EU})(?:-[A-Z]{{2,3}})?(?!-?\d)", str),
    "nct": _Form(r"NCT[\s-]?(<\d{8})", _after("NCT")),
    "isrctn": _Form(r"ISRCTN[\s-]?(<\d{8})", _after("ISRCTN")),
    "actrn": _Form(r"ACTRN[\s-]?(<\d{14})p?", _after("ACTRN")),
    "drks": _Form(r"DRKS[\s-]?(<\d{8})", _after("DRKS")),
    "ctri": _Form(r"CTRI\s?/\s?(<\d{4}/\d{2,3}/\d{6})", _after("CTRI/")),
    "pactr": _Form(r"PACTR[\s-]?(<\d{15,16})", _after("PACTR")),
    "rpcec": _Form(r"RPCEC[\s-]?(<\d{8})", _after("RPCEC")),
    "tctr": _Form(r"TCTR[\s-]?(<\d{11})", _after("TCTR")),
    "slctr": _Form(r"SLCTR/(<\d{4}/\d{3})", _after("SLCTR/")),
    "itmctr": _Form(r"ITMCTR[\s-]?(<\d{10})", _after("ITMCTR")),
    "umin": _Form(r"(?:JPRN-)?UMIN[\s-]?(?:CTR[\s-]?)?(<\d{9})", _after("UMIN")),
    "jrct": _Form(r"(?:JPRN-)?jRCT[\s-]?(<s?\d{9,10})", _after("jRCT", str.lower)),
    "japiccti": _Form(r"(?:JPRN-)?JapicCTI[\s-]?(<\d{6})", _after("JapicCTI-")),
    "rbr": _Form(r"RBR-?(<(?=[A-Z]{0,7}\d)[A-Z0-9]{6,8})", _after("RBR-", str.lower)),
    "irct": _Form(r"IRCT[\s-]?(<\d{8,18}N\d{1,3})", _after("IRCT", str.upper)),
    "chictr": _Form(r"ChiCTR[\s-]?(<(?:[A-Z]{1,5}-){0,3}[A-Z]{0,5}\d{8,10})", _chictr),
    "kct": _Form(r"KCT[\s-]?(<\d{7})", _after("KCT")),
    "lbctr": _Form(r"LBCTR[\s-]?(<\d{10})", _after("LBCTR")),
    "nlomon": _Form(r"NL-OMON[\s-]?(<\d{4,6})", _after("NL-OMON")),
    "ntr": _Form(r"(?-i:(<NTR\d{3,5}|NL\d{4}))", str),
    "utn": _Form(r"(<U1111-\d{4}-\d{4})", str.upper),
    "per": _Form(r"(?-i:(<PER-\d{3}-\d{2}))", str),
    "eupas": _Form(r"EUPAS[\s-]?(<\d{3,6})", _after("EUPAS")),
}

SCHEMES = frozenset(_FORMS)
"""Every scheme that names a trial in a registry."""


@cache
def _any_form() -> re.Pattern[str]:
    named = (form.pattern.replace("(<", f"(?P<{scheme}>") for scheme, form in _FORMS.items())
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(named)})(?![A-Za-z0-9])", re.IGNORECASE)


@cache
def _one_form(scheme: str) -> re.Pattern[str]:
    return re.compile(_FORMS[scheme].pattern.replace("(<", "("), re.IGNORECASE)


_HINT = re2.compile(  # one scan, which few texts pass ("function" and "control" must not)
    r"(?i)NCT\W?\d|ISRCTN|ACTRN|DRKS|CTRI\W{1,3}\d|PACTR|RPCEC|TCTR|SLCTR|ITMCTR|UMIN\W?(?:CTR\W?)?\d|JRCT|JAPICCTI|RBR|"
    r"IRCT|CHICTR|KCT\W?\d|LBCTR|OMON\W?\d|NTR\d|NL\d|U1111|PER-\d|EUPAS|\d-\d{6}-\d"
)


def registry_ids(text: str) -> tuple[Key, ...]:
    """Return the registry numbers that a text names, each once, in the order of the text."""
    return tuple(dict.fromkeys(_found(text))) if _HINT.search(text) else ()


def _found(text: str) -> Iterator[Key]:
    for match in _any_form().finditer(text):
        scheme = match.lastgroup or ""
        yield Key(scheme, _spelled(scheme, match[scheme]))


def registry_key(scheme: str, value: str) -> Key | None:
    """Return the key for one registry's number in any of its spellings, with or without its prefix."""
    for spelling in (value, f"{scheme.upper()}{value}", f"{scheme.upper()}/{value}"):
        if match := _one_form(scheme).fullmatch(spelling.strip()):
            return Key(scheme, _spelled(scheme, match[1]))
    return None


def _spelled(scheme: str, found: str) -> str:
    return _FORMS[scheme].spell(found)
