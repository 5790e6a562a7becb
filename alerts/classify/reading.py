"""How a text lies before the facets: its sentences and sections, with offsets into the text exactly as given."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import re2

from alerts.classify.cues import Cue, met, met_in
from alerts.model import Content, Evidence, Facet, Kind, Label

LONGEST = 60_000
"""Characters of a text that the detailed rules read; an abstract has two thousand, a story ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What is known beside the item's own words.

    `about` are topics that the operator stated for a source that carries the item, with that source's title;
    `study_linked` says whether a news item's study is known by a link.
    """

    about: tuple[tuple[str, str], ...] = ()
    study_linked: bool = False


class Sentence(NamedTuple):
    """One sentence: `text == field_value[start:end]`, without the heading that it followed.

    `section` is background, objective, methods, results, conclusion, case, note or empty (none is known).
    """

    field: str
    start: int
    end: int
    section: str
    text: str


_SECTIONS = {
    "background": "abstract|background|introduction|rationale|context|importance|significance|significance statement"
    "|purpose of review|state of the art|areas covered|what is known",
    "objective": "objectives?|aims?|purpose|goals?|hypothesis|hypotheses|question|primary objective|study question"
    "|primary outcome|secondary outcomes?|brief summary|official title",
    "methods": "methods?|materials?|patients?|participants?|subjects?|settings?|interventions?|procedures?|measures?"
    "|measurements?|data sources?|study selection|data extraction|data synthesis|exposures?|sample|search strategy"
    "|main outcomes?|main outcome measures?|outcome measures?|main measures|statistical analysis|study design"
    "|trial design|research design|designs?|methodology|experimental design|experimental approach|new method"
    "|data collection",
    "results": "results?|findings?|main results|key results|recent findings|principal findings|observations?|outcomes?"
    "|main findings",
    "conclusion": "conclusions?|concluding remarks|interpretation|implications?|discussion|summary|take[- ]home message"
    "|clinical implications|practice implications|clinical relevance|relevance|significance of the study|expert opinion"
    "|comparison with existing methods|key points|impact|meaning|lessons|clinical rehabilitation impact"
    "|implications for rehabilitation|conclusions and relevance|conclusions and implications",
    "case": "case|cases|case presentations?|case reports?|case descriptions?|patient concerns|diagnosis|diagnoses"
    "|clinical presentation|presentation of case|case summary",
    "note": "funding|trial registration|registration|clinical trial registration|clinical trials? registration"
    "|systematic review registration|registration number|classification of evidence|level of evidence|copyright"
    "|keywords?|abbreviations|trial registration number|prospero registration|plain language summary",
}
_JOINT = re.compile(r"\s*(?:&|/|,|\band\b)\s*")

_CAPITALS = re.compile(r"(?<![A-Z])(?:P(?=[A-Z]{5}))?([A-Z][A-Z]+(?:[ ,/&()-]{1,3}[A-Z]+){0,6})\Z")
"""A heading in capitals; a P before it is left of "P<0.05", which a source took for a tag."""
_LABEL = re.compile(r"((?:\A|(?<=[\n>])|(?<=[.?!)\]]\s)|(?<=[.?!)\]]))[A-Z][a-z]+(?:[ /&,-]{1,3}[A-Za-z]+){0,5})\Z")
_LINE = re.compile(r"[A-Z][A-Za-z]+(?:[ /&,-]{1,3}[A-Za-z]+){0,5}")
_LONGEST_LINE = 100
"""Characters that a heading on a line of its own may have."""
_GLUED_NAMES = (
    r"(?:Abstract|Background|Introduction|Objectives?|Purpose|Aims?|Materials? and [Mm]ethods|Patients and [Mm]ethods"
    r"|Methods?|Results?|Findings|Conclusions?|Discussion|Interpretation|Case presentation)"
)
_GLUED = re.compile(_GLUED_NAMES + r"(?=[A-Z](?:[a-z]|\s))")
_PERHAPS_GLUED = Cue(f"(?-i:{_GLUED_NAMES}[A-Z])")
_STOP = re.compile(
    r"[\n<.!?…](?:(?<=[a-z]{3}\.)(?<!\b[A-Z][a-z]{3}\.)(?<!\b(?:etc|viz|var|ssp|spp|inc|min|max|est|std)\.)"
    r"(?<!\b(?:resp|incl|dept)\.)(?<!approx\.)(?P<plain> )(?=[A-Z])|(?!\d)|(?<=[\n<])|(?<=[a-z)\]].))"
)
"""Where a sentence may end; `plain` are those where it does without a doubt."""
_GAP = re.compile(
    r"\n\s*|</?(?:p|br|div|h[1-6]|li|ul|ol|tr|td|table|section|title|sec|abstract)\b[^<>]{0,200}>\s*",
    re.IGNORECASE,
)
_MARK = re.compile(
    r"[.!?…](?:(?<=[a-z)\]]\.)\d{1,2}(?:[,–-]\d{1,2}){0,4}|[\"'”’)\]]{0,3})"
    r"(?P<space>\s+(?=[\"'“‘(\[]{0,2}[^\sa-z,;:)\]])|(?=[A-Z][a-z]+\s))"
)
_SHORT = re.compile(
    r"(?:\b(?:e\.g|i\.e|vs|v|cf|al|etc|viz|approx|ca|resp|incl|Dr|Drs|Mr|Mrs|Ms|Prof|St|Jr|Sr|Figs?|Tab|Eq|Nos?|Nr|Refs?"
    r"|Vol|pp|spp?|var|ssp|[Ii]nc|Ltd|Co|Corp|[Dd]ept|Univ|Ph\.D|M\.D|a\.m|p\.m|i\.v|s\.c|p\.o|q\.d|b\.i\.d|i\.p|i\.m|n\.s"
    r"|s\.d|min|max|est|std|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)|\b[A-Z]|\b(?:[A-Za-z]\.)+[A-Za-z])\Z"
)
_SHORT_WORDS = frozenset(
    "vs v cf al etc viz approx ca resp incl spp sp var ssp pp inc dept n min max est std".split()  # noqa: SIM905
)

_LETTERED = re.compile(
    r"\b(?:vitamin|type|group|hepatitis|arm|class|influenza|part|panel|figure) [A-Z]\Z", re.IGNORECASE
)

_JUDGED = 500
"""Characters by which the language of an item is judged."""
_ENGLISH = frozenset(
    {"the", "of", "and", "in", "to", "with", "for", "is", "are", "was", "were", "by", "that", "this", "from", "on"}
    | {"as", "at", "be", "we", "have", "has", "not", "which", "or", "their", "these", "between", "among", "an", "a"}
    | {"study", "trial", "disease", "treatment", "safety", "efficacy", "effects", "number", "using", "subjects"}
)
_FOREIGN = frozenset(
    {"der", "die", "und", "das", "den", "mit", "von", "bei", "ist", "eine", "für", "auf", "les", "des", "une", "dans"}
    | {"est", "du", "par", "pour", "avec", "sur", "aux", "et", "el", "los", "las", "una", "del", "por", "para", "con"}
    | {"que", "en", "pacientes", "uma", "dos", "das", "com", "não", "il", "di", "che", "della", "nei", "sono", "het"}
    | {"een", "van", "zijn", "voor", "og", "av", "och", "att", "för", "som", "på", "är", "jest", "nie", "się", "oraz"}
    | {"na", "ve", "bir", "için", "ile", "sekä", "yang", "dan", "dengan", "pada", "untuk", "és", "az", "hogy", "při"}
)


@lru_cache(maxsize=4096)
def _section(label: str) -> str | None:
    """Return the section that a heading opens, or None if it is no heading that we know."""
    whole = " ".join(label.lower().split())
    for part in (whole, *_JOINT.split(whole)):
        for name, names in _SECTIONS.items():
            if re.fullmatch(names, part):
                return name
    return None


class _Heading(NamedTuple):
    start: int
    end: int
    section: str


def _colon_headings(text: str) -> Iterator[_Heading]:
    at = text.find(":")
    while at >= 0:
        end = at - text[at - 1 : at].isspace()
        if text[end - 1 : end].isalpha():
            begin = max(0, end - 70)
            for mark in ".\n?!":
                begin = max(begin, text.rfind(mark, begin, end))
            for pattern in (_CAPITALS, _LABEL):
                label = pattern.search(text, begin, end)
                if label and (section := _section(label[1]) or _section(label[0])):
                    yield _Heading(label.start(), at + 1, section)
                    break
        at = text.find(":", at + 1)


def _line_headings(text: str) -> Iterator[_Heading]:
    at = 0
    for line in text.split("\n"):
        if len(line) < _LONGEST_LINE and _LINE.fullmatch(line) and (section := _section(line)):
            yield _Heading(at, at + len(line), section)
        at += len(line) + 1


def _glued_headings(text: str) -> Iterator[_Heading]:
    for match in _GLUED.finditer(text) if _PERHAPS_GLUED.search(text) else ():
        if section := _section(match[0]):
            yield _Heading(match.start(), match.end(), section)


def _headings(text: str) -> list[_Heading]:
    lines = _line_headings(text) if "\n" in text else ()
    return sorted([*_colon_headings(text), *_glued_headings(text), *lines])


def _is_end(text: str, dot: int, mark: re.Match[str]) -> bool:
    """Say whether this full stop ends a sentence rather than a short form, an initial or an address."""
    if text[dot] != ".":
        return True
    before = text[max(0, dot - 12) : dot]
    last = before.rpartition(" ")[2]
    if len(last) > 5 and "." not in last and last.isalpha():
        return bool(mark["space"])
    if last.islower() and last.isalpha() and last not in _SHORT_WORDS:
        return bool(mark["space"]) or last != "www"
    if (before[-2:].isupper() and before[-2:].isalpha()) or _LETTERED.search(before):
        return bool(mark["space"])
    if _SHORT.search(before):
        return False
    return bool(mark["space"]) or not before.endswith("www")


def _breaks(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return where a sentence ends and the next begins, for each such place in the block and at its end."""
    found = []
    for stop in _STOP.finditer(text, start, end):
        at = stop.start()
        if stop.lastgroup == "plain":
            found.append((at + 1, at + 2))
        elif text[at] in "\n<":
            if gap := _GAP.match(text, at, end):
                found.append((at, gap.end()))
        elif (mark := _MARK.match(text, at, end)) and _is_end(text, at, mark):
            found.append((mark.start("space"), mark.end()))
    found.append((end, end))
    return found


def _block(name: str, text: str, start: int, end: int, section: str) -> list[Sentence]:
    begin, found = start, []
    for stop, following in _breaks(text, start, end):
        piece = text[begin:stop]
        if words := piece.strip().lstrip(": "):
            left = begin if len(words) == len(piece) else text.index(words, begin)
            found.append(Sentence(name, left, left + len(words), section, words))
        begin = max(begin, following)
    return found


def sentences(name: str, text: str) -> list[Sentence]:
    """Split a field into sentences.

    Headings ("METHODS:", "Conclusions:", a heading on a line of its own, and those that a feed glued to the next
    word as in "ResultsOur") end a sentence and name the section of what follows; they belong to no sentence.
    """
    text = text[:LONGEST]
    begin, section, found = 0, "", []
    for heading in _headings(text):
        if heading.start > begin:
            found += _block(name, text, begin, heading.start, section)
        if heading.start >= begin:
            begin, section = heading.end, heading.section
    return found + _block(name, text, begin, len(text), section)


def _foreign_letters(words: Sequence[str]) -> int:
    """Return how many words begin in a script other than Latin."""
    return sum("\u0250" <= word[0] < "\u2000" or word[0] > "\u2fff" for word in words)


def _marked(words: Sequence[str]) -> int:
    """Return how many words hold a letter that English does not have."""
    return sum(not word.isascii() and any(char.isalpha() and char > "\x7f" for char in word) for word in words)


def is_english(text: str) -> bool:
    """Say whether the text may be read by English rules.

    A few words, titles and lists of names may, as long as nothing in them is a sign of another language.
    """
    words = text[:_JUDGED].lower().split()
    if not text.isascii() and (_foreign_letters(words) > 0.4 * len(words) or _marked(words) > 0.25 * len(words)):
        return False
    english = sum(map(_ENGLISH.__contains__, words))
    foreign = 0 if _FOREIGN.isdisjoint(words) else sum(map(_FOREIGN.__contains__, words))
    if english < foreign:
        return False
    return len(words) < 20 or english >= 0.06 * len(words) or (not foreign and _marked(words) <= 0.05 * len(words))


_ASKED_LITTLE = frozenset({Kind.RECORD, Kind.NOTICE, Kind.EXPLAINER})


class Reading:
    """One item on its way through the facets.

    `triggered` names the triggers that the scan of title and text met; `labels` are those of the facets that ran
    before; `sentences` are those of the title, then of the text.
    """

    def __init__(self, content: Content, hints: Hints, triggered: frozenset[str]) -> None:
        self.content, self.hints, self.triggered = content, hints, triggered
        self.labels: list[Label] = []
        self.title = sentences("title", content.title) if content.title else []
        self.text = sentences("text", content.text)
        self.sentences = self.title + self.text
        self.starts = [sentence.start for sentence in self.text]
        self.english = is_english(f"{content.title[:_JUDGED]} {content.text[:_JUDGED]}")
        self._raw = {name: self._value(name).encode("utf-8", "replace") for name in ("title", "text")}
        self._met: dict[str, Sequence[int]] = {}

    def sentence_at(self, offset: int) -> Sentence | None:
        """Return the sentence of the text that covers this offset or comes last before it."""
        index = bisect_right(self.starts, offset)
        return self.text[index - 1] if index else None

    def section_at(self, offset: int) -> str:
        """Return the section of the text that this offset lies in."""
        sentence = self.sentence_at(offset)
        return sentence.section if sentence else ""

    def cues(self, sentence: Sentence) -> Sequence[int]:
        """Return the numbers of the cues that a sentence holds (`cues.CUES`), but for those of results."""
        known = self._met.get(sentence.text)
        if known is None:
            known = self._met[sentence.text] = met(sentence.text)
        return known

    def read_ahead(self) -> None:
        """Work out what the facets will ask of every sentence, unless they ask such an item of a few only."""
        if self.content.kind not in _ASKED_LITTLE and self.english:
            self._met = met_in([sentence.text for sentence in self.sentences])

    def any(self, names: Iterable[str]) -> bool:
        """Say whether one of these triggers was met."""
        return not self.triggered.isdisjoint(names)

    def raw(self, name: str) -> bytes:
        """Return title or text in UTF-8, as google-re2 reads it fastest."""
        return self._raw[name]

    def find(self, pattern: re2._Regexp, name: str) -> Evidence | None:
        """Return the first words of title or text that a compiled RE2 pattern of bytes matches."""
        match = pattern.search(self._raw[name])
        return self._matched(name, *match.span()) if match else None

    def find_all(self, pattern: re2._Regexp, name: str) -> Iterator[Evidence]:
        """Return all words of title or text that a compiled RE2 pattern of bytes matches, in order."""
        return (self._matched(name, *match.span()) for match in pattern.finditer(self._raw[name]))

    def _matched(self, name: str, start: int, end: int) -> Evidence:
        raw, value = self._raw[name], self._value(name)
        if len(raw) != len(value):
            begin = len(raw[:start].decode())
            start, end = begin, begin + len(raw[start:end].decode())
        return Evidence(name, start, end, value[start:end])

    def evidence(self, name: str, start: int, end: int) -> Evidence:
        """Return the words at these offsets of a field as evidence."""
        return Evidence(name, start, end, self._value(name)[start:end])

    def whole(self, name: str) -> Evidence:
        """Return all of a structured field (`publication_types[2]`, `phases[0]`, `enrollment`) as evidence."""
        value = self._value(name)
        return Evidence(name, 0, len(value), value)

    def value(self, facet: Facet) -> str | None:
        """Return what a facet that ran before said, or None."""
        for label in self.labels:
            if label.facet is facet:
                return label.value
        return None

    def _value(self, name: str) -> str:
        if name == "text":
            return self.content.text
        if name == "title":
            return self.content.title
        if name == "enrollment":
            return str(self.content.enrollment)
        if "[" in name:
            name, _, index = name.rstrip("]").partition("[")
            return str(getattr(self.content, name)[int(index)])
        return str(getattr(self.content, name))
