"""How words are written: text folded to one spelling, and a term turned into a pattern of all its spellings."""

import functools
import re
import unicodedata
from typing import NamedTuple

_ODD = re.compile(r"[^\x00-\x7f]")
_SEPARATORS = re.compile(r"([\s/-]+)")
_EDGES = re.compile(r"\A[\s/-]+|[\s/-]+\Z")
_GREEK = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "zeta": "ζ",
    "kappa": "κ",
    "lambda": "λ",
    "mu": "μ",
    "omega": "ω",
    "sigma": "σ",
    "tau": "τ",
}
_GREEK_NAMES = {letter: name for name, letter in _GREEK.items()}

_REGIONAL = (
    (re.compile(r"h(a?)em(?=a|o|i)"), "ha?em"),
    (re.compile(r"(a?)emi(?=a|c)"), "a?emi"),
    (re.compile(r"leu[ck]o"), "leu[ck]o"),
    (re.compile(r"p(a?)edi"), "pa?edi"),
    (re.compile(r"o?edema"), "o?edema"),
    (re.compile(r"o?esoph"), "o?esoph"),
    (re.compile(r"o?estro(?=gen)"), "o?estro"),
    (re.compile(r"f(o?)etal"), "fo?etal"),
    (re.compile(r"a?etiol"), "a?etiol"),
    (re.compile(r"f(a?)ecal"), "fa?ecal"),
    (re.compile(r"([iy])[sz](?=e$|ed$|es$|ing$|ation)"), r"\1[sz]"),
    (re.compile(r"(?<=tum)ou?r"), "ou?r"),
    (re.compile(r"(?<=behavi)ou?r"), "ou?r"),
    (re.compile(r"fib(?:re|er)"), "fib(?:re|er)"),
    (re.compile(r"cent(?:re|er)"), "cent(?:re|er)"),
    (re.compile(r"program(?:me)?$"), "program(?:me)?"),
    (re.compile(r"sulf|sulph"), "sul(?:f|ph)"),
)

_PLURALS = (
    ("sis", "s[ie]s"),
    ("ses", "ses?"),
    ("ies", "(?:ies|y)"),
    ("itis", "iti(?:s|d?es)"),
    ("phy", "ph(?:y|ies)"),
    ("thy", "th(?:y|ies)"),
    ("ity", "it(?:y|ies)"),
    ("dy", "d(?:y|ies)"),
    ("ncy", "nc(?:y|ies)"),
    ("ory", "or(?:y|ies)"),
    ("apy", "ap(?:y|ies)"),
    ("ss", "ss(?:es)?"),
    ("us", "us(?:es)?"),
    ("is", "is"),
    ("s", "s?"),
)


class Folded(NamedTuple):
    """A text in one spelling, and for each of its characters the offset in the text as given (None: the same)."""

    text: str
    offsets: list[int] | None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where folded[start:end] stands in the text as given; marks on its last letter belong to it."""
        if self.offsets is None or start >= end:
            return start, end
        return self.offsets[start], self.offsets[end]


def fold(text: str) -> Folded:
    """Bring letters with accents, dashes, spaces and quotes to their plain form; drop marks that stand alone."""
    if text.isascii():
        return Folded(text, None)
    odd = set(_ODD.findall(text))
    removed = {char for char in odd if _fold(char) == ""}
    offsets = None
    if removed:
        kept = [at for at, char in enumerate(text) if char not in removed]
        offsets = [*kept, len(text)]
        text = "".join([text[at] for at in kept])
    changes = {ord(char): _fold(char) for char in odd - removed if _fold(char) != char}
    if len(changes) > 24:
        text = text.translate(changes)
    else:
        for code, plain in changes.items():
            text = text.replace(chr(code), plain)
    return Folded(text, offsets)


@functools.lru_cache(maxsize=4096)
def _fold(char: str) -> str:
    category = unicodedata.category(char)
    if category in {"Mn", "Me", "Cf"}:
        return ""
    if category == "Zs" or char in "\u2028\u2029\x85":
        return " "
    if category == "Pd" or char == "\u2212":
        return "-"
    if char in "\u2018\u2019\u201b\u02bc\u00b4\u2032":
        return "'"
    plain = "".join(part for part in unicodedata.normalize("NFKD", char) if unicodedata.category(part) != "Mn")
    return plain if len(plain) == 1 and len(plain.lower()) == 1 else char


def term_pattern(term: str) -> str:
    """Return a pattern (RE2 and re alike, for folded lower-case text) that matches every spelling of a phrase."""
    parts = _SEPARATORS.split(_EDGES.sub("", fold(term).text.lower()))
    if parts == [""]:
        return ""
    made = [_joint(part) if at % 2 else _token(part, last=False) for at, part in enumerate(parts[:-1])]
    return "".join([*made, _token(parts[-1], last=True)])


def _joint(between: str) -> str:
    return r"[\s/-]{1,3}" if between.isspace() else r"[\s/-]{0,3}"


def _token(token: str, *, last: bool) -> str:
    if token in _GREEK_NAMES:
        return f"(?:{_GREEK_NAMES[token]}|{token})"
    if token in _GREEK:
        return f"(?:{token}|{_GREEK[token]})"
    if last and token.endswith("*"):
        return _regional(re.escape(token[:-1])) + r"\w*"
    possessive = token.endswith("'s")
    word = token.removesuffix("'s")
    pattern = _regional(re.escape(word).replace(r"\-", "-"))
    if possessive:
        return pattern + "(?:'?s)?"
    return _plural(pattern) if last and len(word) > 2 and word[-1].isalpha() and word.isascii() else pattern


def _regional(pattern: str) -> str:
    for known, either in _REGIONAL:
        pattern = known.sub(either, pattern)
    return pattern


def _plural(pattern: str) -> str:
    for ending, both in _PLURALS:
        if pattern.endswith(ending):
            return pattern.removesuffix(ending) + both
    return pattern + "(?:s|es)?"


def acronym_pattern(acronym: str) -> str:
    """Return a case-sensitive pattern for an acronym in folded text, with its plural and possessive."""
    pattern = re.escape(fold(acronym).text).replace(r"\ ", r"[\s-]").replace(r"\-", r"[\s-]?")
    return pattern + "(?:'?s)?" if acronym[-1:].isalpha() else pattern
