"""One scan for all vocabularies: a google-re2 Set finds which terms and triggers occur, re finds where."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, TypeVar

import re2

from alerts.classify.loosen import loosened
from alerts.classify.spelling import acronym_pattern, fold, term_pattern
from alerts.errors import UsageError
from alerts.model import Content, Topic

_MEMORY = 512 << 20  # bytes for the scanner's states; RE2's own default of 8 MB halves the speed
_MOST = 200  # places of one term that are looked at in one item
_TOGETHER = 8  # whole patterns in one pass: their gaps multiply the states
_NEAR = 70  # characters on each side of words that were run together
_GLUE = re2.compile(rb"[a-z)][A-Z][a-z]")
_BREAK = "\x00"  # between title and text: no term reaches across it
_PEOPLE_WITH = re.compile(r"(?<![^\W_])(?:pl?w|PL?W|Pl?w|Pl?W)$")

TERMS = {"terms": "term", "acronyms": "acronym", "ambiguous": "ambiguous", "exclude": "exclude", "company": "company"}
_CASED = {"acronym", "ambiguous"}
_NAMING = {"term", "acronym", "ambiguous"}


_T = TypeVar("_T")


class Use(NamedTuple):
    """What a pattern means to a topic: a term, an acronym, an ambiguous acronym, an exclusion or company."""

    topic: str
    role: str


class Place(NamedTuple):
    """Where a vocabulary's word stands: offsets in the folded title and text, joined."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Vocable:
    pattern: re.Pattern[str]
    cased: bool
    uses: tuple[Use, ...]


class Joined:
    """Title and text as one folded string, and the way back to the offsets as given."""

    __slots__ = ("_spots", "_text", "_title", "cased", "content", "lower", "split")

    def __init__(self, content: Content) -> None:
        self.content = content
        self._title = fold(content.title)
        self._text = fold(content.text)
        self.cased = self._title.text + _BREAK + self._text.text
        self.lower = self.cased.lower()
        self.split = len(self._title.text) + 1
        self._spots: dict[re.Pattern[str], list[Place]] = {}

    def spots(self, vocable: _Vocable) -> list[Place]:
        """Return where a word stands by itself; worked out once, since several topics may share it."""
        if (known := self._spots.get(vocable.pattern)) is None:
            text = self.cased if vocable.cased else self.lower
            found = (_apart(self.cased, *match.span(), cased=vocable.cased) for match in vocable.pattern.finditer(text))
            apart = (place for place in found if place is not None)
            known = self._spots[vocable.pattern] = list(islice(apart, _MOST))
        return known

    def locate(self, start: int, end: int) -> tuple[str, int, int]:
        """Return field, start and end in the text as given."""
        if start < self.split:
            return "title", *self._title.span(start, end)
        return "text", *self._text.span(start - self.split, end - self.split)


class Hits(NamedTuple):
    """What a scan found: names of triggers, and for each topic the places of its words by role."""

    triggered: frozenset[str]
    places: Mapping[str, Mapping[str, list[Place]]]


class Matcher:
    """All terms of all topics and all triggers of all facets, compiled into one Set."""

    def __init__(self, topics: Iterable[Topic], triggers: Mapping[str, str]) -> None:
        self._names: list[str] = []
        self._vocables: list[_Vocable] = []
        self._checks: list[_Check] = []
        self._set = _empty()
        self._add(_GLUE.pattern.decode(), "glue")
        self._names.append("")
        for name, pattern in triggers.items():
            self._add(f"(?i){loosened(pattern)}", f"trigger {name}")
            self._names.append(name)
        cut = {name: pattern for name, pattern in triggers.items() if loosened(pattern) != pattern}
        self._checks = [_Check(dict(part)) for part in _parts(cut.items(), _TOGETHER)]
        self._cut = frozenset(cut)
        for (pattern, cased), uses in _vocabulary(topics).items():
            self._add(_scan_pattern(pattern, cased=cased), f"term of {uses[0].topic}")
            self._vocables.append(_Vocable(re.compile(pattern), cased, tuple(uses)))
        self._set.Compile()

    def _add(self, pattern: str, what: str) -> None:
        try:
            self._set.Add(pattern)
        except re2.error as error:
            raise UsageError(f"{what}: {pattern!r} is not a pattern: {error}") from error

    def scan(self, joined: Joined, idle: str = "\0") -> Hits:
        """Return what occurs in an item; of topics only those whose own words do, of triggers none named `idle...`."""
        text = joined.cased.encode("utf-8", "replace")
        found = self._set.Match(text)
        if not found:
            return _NOTHING
        if 0 in found:
            loose = _unglued(text)
            text += loose
            found = list({*found, *(self._set.Match(loose) or ())} - {0})
        found.sort()
        first = bisect_left(found, len(self._names))
        met: dict[str, list[tuple[str, _Vocable]]] = {}
        named = set()
        for index in found[first:]:
            vocable = self._vocables[index - len(self._names)]
            for topic, role in vocable.uses:
                met.setdefault(topic, []).append((role, vocable))
                if role in _NAMING:
                    named.add(topic)
        places = {topic: _located(met[topic], joined) for topic in met if topic in named}
        names = {self._names[index] for index in found[:first]}
        return Hits(frozenset(self._proven(names, text, idle)), places)

    def _proven(self, names: set[str], text: bytes, idle: str) -> set[str]:
        """Check the triggers that were cut for the scan with their whole patterns."""
        doubtful = {name for name in names & self._cut if not name.startswith(idle)}
        sure = names - self._cut
        for check in self._checks:
            if not doubtful.isdisjoint(check.names):
                sure |= doubtful & check.met(text)
        return sure


def _unglued(text: bytes) -> bytes:
    """Return what stands around words that a source ran together ("SclerosisIntervention"), set apart."""
    points = (match.start() + 1 for match in islice(_GLUE.finditer(text), _MOST))
    return b"".join(b"\x00%b %b" % (text[max(0, at - _NEAR) : at], text[at : at + _NEAR]) for at in points)


class _Check:
    """A few whole patterns, looked for in one pass."""

    def __init__(self, patterns: Mapping[str, str]) -> None:
        self.names = tuple(patterns)
        self._set = _empty()
        for pattern in patterns.values():
            self._set.Add(f"(?i){pattern}")
        self._set.Compile()

    def met(self, text: bytes) -> set[str]:
        return {self.names[at] for at in self._set.Match(text) or ()}


def _parts(given: Iterable[_T], size: int) -> Iterator[list[_T]]:
    rest = iter(given)
    while part := list(islice(rest, size)):
        yield part


def _empty() -> re2.Set:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    return re2.Set.SearchSet(options)


def _located(met: Iterable[tuple[str, _Vocable]], joined: Joined) -> dict[str, list[Place]]:
    """Find the places of a topic's words; of its company, that it is there is enough."""
    places: dict[str, list[Place]] = {}
    for role, vocable in met:
        spots = joined.spots(vocable) if role != "company" else _THERE
        if spots:
            places[role] = places[role] + spots if role in places else spots
    return places


_THERE = [Place(0, 0)]
_NOTHING = Hits(frozenset(), {})


def _apart(text: str, start: int, end: int, *, cased: bool) -> Place | None:
    """Return the place if it stands by itself in the cased text, and nothing but its plural is glued on."""
    if text[end : end + 1].isalnum() and text[end - 1].isalnum():
        if not text[end - 1].islower() and text[end - 2 : end - 1].islower():
            end -= 1  # the next word's first letter was taken for a plural
        if not (text[end - 1].islower() and _begins_word(text, end)):
            return None
    if not start or not text[start - 1].isalnum() or not text[start].isalnum():
        return Place(start, end)
    glued = text[start - 1].islower() and _begins_word(text, start)
    people = cased and _PEOPLE_WITH.search(text, max(0, start - 4), start) is not None
    return Place(start, end) if glued or people else None


def _begins_word(text: str, at: int) -> bool:
    return text[at].isupper() and text[at + 1 : at + 2].islower()


def _scan_pattern(pattern: str, *, cased: bool) -> str:
    """Return a pattern for the Set that finds at least what `pattern` does; RE2 knows only ASCII words."""
    begin = r"\b" if pattern[0].isascii() and pattern[0].isalnum() else ""
    finish = r"\b" if pattern.isascii() and (pattern[-1].isalnum() or pattern[-1] in ")?]") else ""
    if cased:
        return f"{begin}(?:[Pp][Ll]?[Ww])?{pattern}{finish}"
    return f"(?i){begin}{pattern}{finish}"


def _vocabulary(topics: Iterable[Topic]) -> dict[tuple[str, bool], list[Use]]:
    found: dict[tuple[str, bool], list[Use]] = {}
    for topic in topics:
        for key, role in TERMS.items():
            cased = role in _CASED
            for term in topic.definition.get(key, ()):
                pattern = acronym_pattern(term) if cased else term_pattern(term)
                if pattern:
                    found.setdefault((pattern, cased), []).append(Use(topic.slug, role))
    return found
