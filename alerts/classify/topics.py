"""What an item is about and what it only mentions, with the words that say so."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from alerts.classify import naming
from alerts.classify.context import Stance, addressed, denied, elsewhere, listed, scope, stance
from alerts.classify.matcher import Hits, Joined, Place
from alerts.classify.reading import Reading
from alerts.model import Evidence, Facet, Kind, Label, Role, Topic

_WINDOW = 110  # characters on each side of a place that are looked at
_FIELD = 300  # characters before a place in which a registry's field name may stand
_LOOKED_AT = 24  # places of one topic in one text
_SHOWN = 3  # pieces of evidence of one label
_SHORT = 2  # sentences: a text without title that has no more is read as a title
_SECTION = {
    "background": 0.5,
    "objective": 2.0,
    "methods": 1.0,
    "results": 1.0,
    "conclusion": 1.5,
    "case": 1.5,
    "note": 0.0,
}
_STUDIED = 1.25  # what a studied group adds to its section's weight
_STUDIED_SECTION = 1.5  # the same where the section is known
_STUDIED_BEFORE = 0.8  # a group that others studied
_PASSING = 0.4
_LISTED = 9.0
_MESH = 2.0
_ENOUGH = 2.0
_ENOUGH_PER_SENTENCE = 0.05
_RIVAL = 2.5  # what it takes where the title names another of the same group
_STRICT = 5.0
_FORM = 0.5  # what it takes of a condition where the title names a model or form of it
_FIELD_NAMED = 1.0  # the same where the title names the whole field
_BARELY = 0.8  # what it takes of a condition where the title names only a treatment or the like
_SCHOLARLY = frozenset({Kind.PAPER, Kind.PREPRINT, Kind.ABSTRACT})
_CONDITION = "condition"
_TREATMENT = "treatment"
_FIELD_GROUP = "field"
_RIVALRY = frozenset({_CONDITION, _TREATMENT})
_PEOPLES = frozenset({"", "condition", "course"})
_THEME = 1.5  # how much more it takes for what is not a condition


class Proof(NamedTuple):
    """One sentence in which a topic is named: what it weighs, how it stands, its words."""

    weight: float
    stance: Stance
    evidence: Evidence


@dataclass(slots=True)
class _View:
    """All that an item says of one topic."""

    topic: Topic
    group: str
    titled: list[Evidence] = field(default_factory=list)
    usual: list[Evidence] = field(default_factory=list)  # in the title, but as what a drug is known for
    also: list[Evidence] = field(default_factory=list)
    mesh: list[Evidence] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)

    @property
    def score(self) -> float:
        return sum([proof.weight for proof in self.proofs]) + (_MESH if self.mesh else 0)

    @property
    def studied(self) -> int:
        return sum([proof.stance >= Stance.STUDIED for proof in self.proofs])

    def evidence(self) -> tuple[Evidence, ...]:
        if self.titled:
            return tuple([*self.titled, *self.usual, *self.also, *self.mesh][:_SHOWN])
        by_weight = self.proofs
        if len(by_weight) > 1:
            by_weight = sorted(by_weight, key=lambda proof: (-proof.weight, proof.evidence))
        return tuple([*self.usual, *(proof.evidence for proof in by_weight), *self.mesh][:_SHOWN])


class _Frame:
    """The sentences of an item's text, and from which one on it speaks of its own work."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.content = reading.content
        self.record = reading.content.kind is Kind.RECORD
        self.sentences = reading.text

    @cached_property
    def teaser(self) -> bool:
        """Whether the text is but a line or two, standing for a title."""
        return not self.content.title.strip() and len(self.sentences) <= _SHORT

    def decides_alone(self, group: str) -> bool:
        """Say whether one sentence may show a subject of this group: a record gives a treatment in one field."""
        return group in _PEOPLES or (group == _TREATMENT and self.content.kind is Kind.RECORD)

    def value(self, name: str) -> str:
        return self.content.title if name == "title" else self.content.text

    @cached_property
    def scopes(self) -> list[int]:
        return [at for at, sentence in enumerate(self.sentences) if scope(self.reading.cues(sentence))]

    def at(self, start: int) -> int:
        return max(bisect_right(self.reading.starts, start) - 1, 0)

    def weight(self, at: int) -> tuple[float, bool]:
        """Return what a sentence weighs, and whether it speaks of the work itself and not of what was known."""
        section = self.sentences[at].section
        if section:
            return _SECTION.get(section, 1.0), section not in {"background", "note"}
        if self.content.kind not in _SCHOLARLY:
            return 1.0, True
        if at in self.scopes:
            return _SECTION["objective"], True
        if self.scopes and at < self.scopes[0]:
            return _SECTION["background"], False
        return (1.5 if at == len(self.sentences) - 1 else 1.0), True


class TopicFacet:
    """The rules for one set of topics."""

    def __init__(self, topics: Iterable[Topic]) -> None:
        self._topics = {topic.slug: topic for topic in topics}
        self._groups = {topic.slug: str(topic.definition.get("group", "")) for topic in self._topics.values()}
        self._order = {slug: at for at, slug in enumerate(self._topics)}
        self._mesh: dict[str, list[str]] = defaultdict(list)
        for topic in self._topics.values():
            for heading in topic.definition.get("mesh", ()):
                self._mesh[heading.casefold()].append(topic.slug)

    def label(self, hits: Hits, joined: Joined, reading: Reading) -> Iterator[Label]:
        """Yield a label for each topic that the item is about or mentions."""
        if not (hits.places or reading.content.mesh or reading.hints.about):
            return
        views: dict[str, _View] = {}
        frame = _Frame(reading)
        for slug, places in hits.places.items():
            if counted := naming.counted(places, joined):
                views[slug] = self._view(slug, counted, joined, frame)
        for slug, evidence in self._headings(reading):
            views.setdefault(slug, self._empty(slug)).mesh.append(evidence)
        stated = {slug: name for slug, name in reading.hints.about if slug in self._topics}
        for slug in stated:
            views.setdefault(slug, self._empty(slug))
        for slug, source in stated.items():
            views[slug].titled.insert(0, Evidence("source", 0, len(source), source))
        about = _subjects(views, reading)
        about = _within(about, views)
        for slug in sorted(views, key=self._order.__getitem__):
            role = Role.ABOUT if slug in about else Role.MENTION
            yield Label(facet=Facet.TOPIC, value=slug, role=role, evidence=views[slug].evidence())

    def _empty(self, slug: str) -> _View:
        return _View(self._topics[slug], self._groups[slug])

    def _view(self, slug: str, counted: list[Place], joined: Joined, frame: _Frame) -> _View:
        view = self._empty(slug)
        in_text = bisect_left(counted, Place(joined.split, 0))
        heads = len(counted) if frame.teaser else in_text
        for place in counted[:heads]:
            self._in_title(view, _words(place, joined, frame), frame)
        rest = counted[heads:][: _SHOWN if view.titled else _LOOKED_AT]
        if view.titled:
            view.also += (_words(place, joined, frame) for place in rest)
        elif len(rest) == 1 and not frame.decides_alone(view.group):  # one sentence never makes a theme the subject
            view.proofs.append(Proof(0.0, Stance.PASSING, _words(rest[0], joined, frame)))
        else:
            view.proofs += _proofs(rest, joined, frame, view.group)
        return view

    def _in_title(self, view: _View, words: Evidence, frame: _Frame) -> None:
        line = frame.value(words.field)
        doubt = denied(*_around(line, 0, len(line), words.start, words.end))
        if doubt is not None and not frame.reading.english:
            doubt = None  # the words of denial are English
        if doubt is None or (doubt is Stance.USED and view.group != _CONDITION):
            view.titled.append(words)
        elif doubt is Stance.USED and not elsewhere(line, words.start, words.end):
            view.usual.append(words)
        else:
            view.proofs.append(Proof(_ENOUGH if doubt is Stance.NAMED else 0.0, doubt, words))

    def _headings(self, reading: Reading) -> Iterator[tuple[str, Evidence]]:
        for at, heading in enumerate(reading.content.mesh):
            descriptor = heading.partition("/")[0].strip("* ").casefold()
            for slug in self._mesh.get(descriptor, ()):
                yield slug, reading.whole(f"mesh[{at}]")


def _subjects(views: Mapping[str, _View], reading: Reading) -> set[str]:
    """Return the topics that the item is about.

    Where no condition passes, yet the title is of the field, the conditions it was done in are named in passing.
    """
    titled = Counter(view.group for view in views.values() if view.titled)
    record = reading.content.kind is Kind.RECORD
    length = len(reading.text)
    found = {
        slug
        for slug, view in views.items()
        if view.titled or _about(view, titled[view.group], length, record=record)
    }
    found.update(_at_home(views, field_named=titled[_FIELD_GROUP] > 0))
    if any(views[slug].group == _CONDITION for slug in found):
        return found
    if usual := {slug for slug, view in views.items() if view.usual}:
        return found | usual
    if record or any(view.titled and _of_the_field(view) for view in views.values()):
        found.update(_in_passing(views, record=record))
    return found


def _of_the_field(view: _View) -> bool:
    """Say whether a topic is a treatment or mechanism that is hardly met elsewhere."""
    return view.group in {_TREATMENT, "mechanism"} and "within" not in view.topic.definition


def _at_home(views: Mapping[str, _View], *, field_named: bool) -> Iterator[str]:
    """Yield conditions of which the title names a model, a form or the whole field, and the text themselves."""
    forms = {view.topic.parent for view in views.values() if view.titled}
    for slug, view in views.items():
        if view.group == _CONDITION and not view.topic.definition.get("strict"):
            enough = _FORM if slug in forms else _FIELD_NAMED if field_named else None
            if enough is not None and view.score >= enough:
                yield slug


def _within(found: set[str], views: Mapping[str, _View]) -> set[str]:
    """Take out topics that count only in items naming one of a group, where none is named."""
    groups = {view.group for view in views.values()}
    return {slug for slug in found if views[slug].topic.definition.get("within", "") in groups | {""}}


def _in_passing(views: Mapping[str, _View], *, record: bool) -> Iterator[str]:
    """Yield the condition that the text names most, and in a record each that it names, unless it denies it."""
    able = {
        slug: view.score
        for slug, view in views.items()
        if view.group == _CONDITION
        and view.score >= (1.0 if record else _BARELY)
        and (record or len(view.proofs) > 1 or any(proof.stance > Stance.USED for proof in view.proofs))
        and not any(proof.stance is Stance.AGAINST for proof in view.proofs)
    }
    yield from able if record else sorted(able, key=able.__getitem__)[-1:]


def _about(view: _View, rivals: int, sentences: int, *, record: bool) -> bool:
    if Stance.LISTED in [proof.stance for proof in view.proofs]:
        return True
    if view.topic.definition.get("strict"):
        return view.studied > 1 and view.score >= _STRICT
    if rivals and view.group in _RIVALRY:
        return view.studied > 0 and view.score >= (_ENOUGH if record else _RIVAL)
    theme = 0 if view.group in _PEOPLES else _THEME
    return view.score >= _ENOUGH + _ENOUGH_PER_SENTENCE * sentences + theme


def _words(place: Place, joined: Joined, frame: _Frame) -> Evidence:
    name, start, end = joined.locate(*place)
    return Evidence(name, start, end, frame.value(name)[start:end])


def _proofs(places: Iterable[Place], joined: Joined, frame: _Frame, group: str) -> Iterator[Proof]:
    """Yield the best place of each sentence."""
    best: dict[int, Proof] = {}
    for place in places:
        _, start, end = joined.locate(*place)
        at = frame.at(start)
        if at < len(frame.sentences) and not (at in best and best[at].stance > Stance.USED):
            proof = _proof(start, end, at, frame, group)
            if at not in best or proof.weight > best[at].weight:
                best[at] = proof
    yield from best.values()


def _proof(start: int, end: int, at: int, frame: _Frame, group: str) -> Proof:
    text, sentence = frame.content.text, frame.sentences[at]
    words = Evidence("text", start, end, text[start:end])
    if frame.record and listed(text[max(0, start - _FIELD) : start], treatment=group == _TREATMENT):
        return Proof(_LISTED, Stance.LISTED, words)
    if frame.content.kind is Kind.NEWS and addressed(sentence.text):
        return Proof(0.0, Stance.PASSING, words)
    around = _around(text, sentence.start, sentence.end, start, end)
    found = stance(*around, frame.reading.cues(sentence), sentence.section)
    return Proof(*_weigh(found, at, frame), words)


def _weigh(found: Stance, at: int, frame: _Frame) -> tuple[float, Stance]:
    weight, own = frame.weight(at)
    if found is Stance.STUDIED:
        if not own:
            return _STUDIED_BEFORE, Stance.NAMED
        return weight + (_STUDIED_SECTION if frame.sentences[at].section else _STUDIED), found
    if found > Stance.USED:
        return weight, found
    if found is Stance.AGAINST:
        return 0.0, found
    passing = 1.0 if frame.record else _PASSING
    most = weight / 2 if found is Stance.USED and weight > 1 else passing
    return min(weight, max(passing, most)), found


def _around(text: str, least: int, most: int, start: int, end: int) -> tuple[str, str]:
    return text[max(least, start - _WINDOW) : start], text[end : min(most, end + _WINDOW)]
