"""One scan for all vocabularies: google-re2 Sets find which terms and triggers occur, a plain search finds where."""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import re2

from alerts.classify.spelling import acronym_pattern, fold, term_pattern
from alerts.errors import UsageError
from alerts.model import Content, Kind, Topic

_MEMORY = 512 << 20  # bytes for the scanner's states; RE2's own default of 8 MB halves the speed
_MOST = 200  # places of one term that are looked at in one item
_TOGETHER = 18  # triggers in one Set
_NEAR = 70  # characters on each side of words that were run together
_GLUE = "[a-z)][A-Z][a-z]"
_GLUED = re2.compile(_GLUE.encode())
_LETTERS = re.compile(r"(?:[A-Za-z0-9](?![?*{]))*")
_BREAK = "\x00"  # between title and text: no term reaches across it
_PEOPLE_WITH = re.compile(r"(?<![^\W_])(?:pl?w|PL?W|Pl?w|Pl?W)$")

TERMS = {
    "terms": "term",
    "acronyms": "acronym",
    "ambiguous": "ambiguous",
    "illness": "illness",
    "exclude": "exclude",
    "company": "company",
}
_CASED = {"acronym", "ambiguous", "illness"}
_NAMING = {"term", "acronym", "ambiguous"}


class Use(NamedTuple):
    """What a pattern means to a topic: term, acronym, ambiguous acronym, illness, exclusion or company."""

    topic: str
    role: str


class Place(NamedTuple):
    """Where a vocabulary's word stands: offsets in the folded title and text, joined."""

    start: int
    end: int


class Joined:
    """Title and text as one folded string, and the way back to the offsets as given."""

    __slots__ = ("_text", "_title", "cased", "content", "lower", "split")

    def __init__(self, content: Content) -> None:
        self.content = content
        self._title = fold(content.title)
        self._text = fold(content.text)
        self.cased = self._title.text + _BREAK + self._text.text
        self.lower = self.cased.lower()
        self.split = len(self._title.text) + 1

    def locate(self, start: int, end: int) -> tuple[str, int, int]:
        """Return field, start and end in the text as given."""
        if start < self.split:
            return "title", *self._title.span(start, end)
        return "text", *self._text.span(start - self.split, end - self.split)


@dataclass(frozen=True, slots=True)
class _Vocable:
    pattern: re.Pattern[str]
    head: str
    cased: bool
    uses: tuple[Use, ...]

    def _next(self, text: str, at: int) -> re.Match[str] | None:
        """Find the next match; by a plain search for the letters it begins with, which is faster."""
        if not self.head:
            return self.pattern.search(text, at)
        while (at := text.find(self.head, at)) >= 0:
            if match := self.pattern.match(text, at):
                return match
            at += 1
        return None

    def places(self, joined: Joined) -> list[Place]:
        """Return where the word stands by itself."""
        found: list[Place] = []
        text, at = joined.cased if self.cased else joined.lower, 0
        while len(found) < _MOST and (match := self._next(text, at)):
            start, at = match.span()
            if place := _apart(joined.cased, start, at, cased=self.cased):
                found.append(place)
        return found


class Hits(NamedTuple):
    """What a scan found: names of triggers, and for each topic the places of its words by role."""

    triggered: frozenset[str]
    places: Mapping[str, Mapping[str, list[Place]]]


class Matcher:
    """All terms of all topics in one Set, and the triggers of the facets, group by group, in Sets of a few.

    The states of a Set multiply with every pattern that has a gap (`[^.]{0,80}`): a few small Sets read a text that
    they have not seen before three times as fast as one with everything.
    """

    def __init__(self, topics: Iterable[Topic], triggers: Mapping[str, Mapping[str, str]]) -> None:
        vocabulary = _vocabulary(topics)
        self._vocables = [
            _Vocable(re.compile(pattern), _head(pattern), cased, tuple(uses))
            for (pattern, cased), uses in vocabulary.items()
        ]
        terms = [(f"term of {uses[0].topic}", _scan_pattern(*key)) for key, uses in vocabulary.items()]
        self._terms = _compiled([("glue", _GLUE), *terms])
        self._triggers = {group: [_Triggers(part) for part in _parts(named)] for group, named in triggers.items()}

    def scan(self, joined: Sequence[Joined], idle: Callable[[Kind], Container[str]] = lambda _: ()) -> list[Hits]:
        """Return what occurs in each item: triggers of all groups but those `idle` for its kind, and topics' words."""
        texts = [one.cased.encode("utf-8", "replace") for one in joined]
        found = [self._terms.Match(text) or () for text in texts]
        for at, met in enumerate(found):
            if 0 in met:
                loose = _unglued(texts[at])
                texts[at] += loose
                found[at] = {*met, *(self._terms.Match(loose) or ())} - {0}
        triggered: list[list[str]] = [[] for _ in joined]
        idles = [idle(one.content.kind) for one in joined]
        for group, parts in self._triggers.items():
            asked = [at for at, barred in enumerate(idles) if group not in barred]
            for part in parts:
                for at in asked:
                    triggered[at] += part.met(texts[at])
        places = [self._places(sorted(met), one) if met else {} for met, one in zip(found, joined, strict=True)]
        return [Hits(frozenset(names), where) for names, where in zip(triggered, places, strict=True)]

    def _places(self, found: Iterable[int], joined: Joined) -> dict[str, dict[str, list[Place]]]:
        """Find the words of the topics that are named; of their company, that it is there is enough."""
        met = [self._vocables[index - 1] for index in found]
        named = {topic for vocable in met for topic, role in vocable.uses if role in _NAMING}
        places: dict[str, dict[str, list[Place]]] = {}
        for vocable in met:
            uses = [use for use in vocable.uses if use.topic in named]
            there = vocable.places(joined) if any(use.role != "company" for use in uses) else []
            for topic, role in uses:
                if words := _THERE if role == "company" else there:
                    of_topic = places.setdefault(topic, {})
                    of_topic[role] = of_topic[role] + words if role in of_topic else words
        return places


class _Triggers:
    """A few triggers, looked for in one pass."""

    def __init__(self, patterns: Sequence[tuple[str, str]]) -> None:
        self._names = tuple(name for name, _ in patterns)
        self._set = _compiled([(f"trigger {name}", f"(?i){pattern}") for name, pattern in patterns])

    def met(self, text: bytes) -> list[str]:
        return [self._names[at] for at in self._set.Match(text) or ()]


def _parts(named: Mapping[str, str]) -> Iterator[list[tuple[str, str]]]:
    rest = iter(named.items())
    while part := list(islice(rest, _TOGETHER)):
        yield part


def _compiled(patterns: Iterable[tuple[str, str]]) -> re2.Set:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    made = re2.Set.SearchSet(options)
    for what, pattern in patterns:
        try:
            made.Add(pattern)
        except re2.error as error:
            raise UsageError(f"{what}: {pattern!r} is not a pattern: {error}") from error
    made.Compile()
    return made


def _head(pattern: str) -> str:
    """Return the letters with which everything begins that a pattern matches, if there are two at least."""
    found = _LETTERS.match(pattern)
    return found[0] if found and len(found[0]) > 1 else ""


def _unglued(text: bytes) -> bytes:
    """Return what stands around words that a source ran together ("SclerosisIntervention"), set apart."""
    points = (match.start() + 1 for match in islice(_GLUED.finditer(text), _MOST))
    return b"".join(b"\x00%b %b" % (text[max(0, at - _NEAR) : at], text[at : at + _NEAR]) for at in points)


_THERE = [Place(0, 0)]


def _apart(text: str, start: int, end: int, *, cased: bool) -> Place | None:
    """Return the place if it stands by itself in the cased text, and nothing but its plural is glued on."""
    if not text[start - 1 : start].isalnum() and not text[end : end + 1].isalnum():
        return Place(start, end)
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


def _scan_pattern(pattern: str, cased: bool) -> str:
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
