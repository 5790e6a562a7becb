"""How a study was done: one of fourteen designs, weighed from what title, text and indexing say."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cache, lru_cache
from itertools import chain, islice
from typing import NamedTuple

import re2

from alerts.classify import design_model
from alerts.classify.cues import Cue
from alerts.classify.design_rules import LINK, NEWS_RULES, RULES, TELLING, Rule
from alerts.classify.reading import Reading
from alerts.model import Content, Evidence, Facet, Kind, Label

TRIGGERS: Mapping[str, str] = {name: rule.pattern for name, rule in (*RULES.items(), *NEWS_RULES.items())}


def idle(kind: Kind) -> frozenset[str]:
    """Return the groups of triggers (what stands before the colon) that say nothing of such an item."""
    return _IDLE.get(kind, frozenset({"news"}))


_IDLE = {kind: frozenset({"design", "news"}) for kind in (Kind.RECORD, Kind.NOTICE, Kind.EXPLAINER)}
_IDLE[Kind.NEWS] = frozenset({"design"})
_COMPILED = {name: re2.compile(f"(?i){pattern}".encode()) for name, pattern in TRIGGERS.items()}
_INDEXED = (
    ("systematic review|meta-analysis", "systematic-review", 9.0),
    ("guideline|consensus development", "guideline", 9.0),
    ("protocol", "protocol", 12.0),
    ("case reports", "case-report", 9.0),
    (r"randomized controlled trial\Z|equivalence trial|pragmatic clinical trial", "randomized-trial", 7.0),
    (r"erratum|retraction|expression of concern|\bcomment\b|editorial|letter", "editorial", 9.0),
    (r"\breview\b", "review", 6.0),
    ("clinical trial|clinical study", "trial", 3.0),
    ("observational study|twin study|validation study", "observational", 6.0),
    (r"\A(?:cross-sectional|retrospective|cohort|prospective|longitudinal) studies", "observational", 2.0),
    (r"\A(?:case-control studies|registries)", "observational", 2.0),
    (r"\A(?:mice|rats)\b|disease models, animal", "animal", 3.0),
)  # fmt: skip
_INDEX = tuple((re.compile(pattern, re.IGNORECASE), design, points) for pattern, design, points in _INDEXED)
_CLASSES = {
    "Animal": "animal",
    "Clinical-study-protocol": "protocol",
    "Human-RCT": "randomized-trial",
    "Human-case-report": "case-report",
    "Human-non-RCT": "trial",
    "Human-systematic-review": "systematic-review",
    "In-vitro-study": "lab",
    "Non-systematic-review": "review",
    "Remaining": "observational",
}
_TO_COME = re.compile(
    r"\b(?:will|needs?|needed|future|larger|planned|plans?|further|next|until|hope|rather than)\b"
    r"|\b(?:earlier|previous)(?: [\w-]+){0,2}\s*\Z",
    re.IGNORECASE,
)
_NOTICE = re.compile(
    r"\W*(re|reply|response|retraction|correction|corrigend(?:um|a)|errat(?:um|a)|editorial|letter"
    r"|commentary|comment|author(?:s['’]?|['’]s)? (?:reply|response|correction)|publisher correction|withdrawn"
    r"|expression of concern|letter to the editor|in reply)\s*(?:[:—–]|\bto the editor\b|\bto:)",
    re.IGNORECASE,
)
_RECORDS = re2.compile(
    r"(?i)\breview(?:ed|ing)? (?:of )?(?:(?:the|all|our|his|her|their|\d[\d,]*) )*"
    r"(?:(?:(?:[\w-]+ ){0,3}(?:records|charts|case notes|case files|histories)\b)"
    r"|cases of \d[\d,]* |\d[\d,]* (?:consecutive )?cases\b)"
    r"|\b(?:records|charts|case notes|case files|histories) (?:of [^.;]{1,80} )?were (?:\w+ )?reviewed\b"
)
_LITERATURE = re.compile(
    r"\b(?:literature|published|publications?|pubmed|medline|embase|databases?|bibliographic|articles?|titles|abstracts)\b",
    re.IGNORECASE,
)
"""Beside "records" these tell a review of writings, not of patients."""
_RANDOMISED = re.compile(r"\brandomi[sz]ed\b", re.IGNORECASE)
_ASSIGNED = Cue(
    r"\b(?:(?:were|was|patients|participants|subjects|women|children|volunteers|adults|people) (?:\w+ )?"
    r"randomi[sz]ed|randomly (?:assigned|allocated|divided)|this randomi[sz]ed)"
)
_NOT_RANDOM = Cue(r"\b(?:non-?|not |quasi-?)randomi[sz]ed")
_UPTAKE = re.compile(r"\b(?:pharmacokinetic|bioequivalen|bioavailab|extension)", re.IGNORECASE)
_ALLOCATED = 5.0
"""Points of words for chance and comparison from which a trial is a randomised one."""
_LINKED = f"(?:{LINK})"
_STUDY = re.compile(
    r"\b(?:stud(?:y|ies)|researchers|scientists|investigators|analysis|data|findings|survey)\b", re.IGNORECASE
)
_LEARNED = 1.5
_LEAST = 1.5
_NAMED = 6.0
"""What a title that only asks a question must reach: words that name a design outright."""
_UNLEARNED = {
    "guideline": ("observational", "review"),
    "computational": ("observational",),
    "editorial": ("observational", "review"),
}
"""Designs that the learned classes hold among others: where a rule speaks for them they share that score."""


@cache
def design_of(learned: str) -> str:
    """Return our design for a class of the learned model."""
    return next(design for prefix, design in _CLASSES.items() if learned.startswith(prefix))


_TITLED = tuple(rule for rule in RULES.values() if rule.title)


@cache
def _titles() -> re2.Set:
    """Return one scanner for the rules that count in a title, in the order of `_TITLED`."""
    options = re2.Options()
    options.max_mem = 64 << 20
    options.case_sensitive = False
    scanner = re2.Set.SearchSet(options)
    for rule in _TITLED:
        scanner.Add(rule.pattern)
    scanner.Compile()
    return scanner


class _Fired(NamedTuple):
    """A rule whose words were met, the field that counts, and what they are worth there."""

    rule: Rule
    field: str
    worth: float


def _fired(title: bytes, triggered: Collection[str]) -> list[_Fired]:
    """Return each rule whose words were met, with the title as the field that counts where it has them."""
    if not (told := [RULES[name] for name in triggered if name in RULES]):
        return []
    found = [_TITLED[index] for index in _titles().Match(title) or ()]
    fired = [_Fired(rule, "title", rule.title) for rule in found if rule.name in triggered]
    return fired + [_Fired(rule, "text", rule.text) for rule in told if rule.text and rule not in found]


def features(content: Content) -> design_model.Words:
    """Return what the learned model sees of an item: its words, and the rules that fired in title or text."""
    title, text = content.title.encode("utf-8", "replace"), content.text.encode("utf-8", "replace")
    both = title + b"\n" + text
    return _seen(content, _fired(title, [name for name in RULES if _COMPILED[name].search(both)]))


def _seen(content: Content, fired: Iterable[_Fired]) -> design_model.Words:
    return design_model.words(content, [f"{one.rule.name}:{one.field}" for one in fired])


@lru_cache(maxsize=4096)
def _indexed(name: str) -> tuple[str, float]:
    """Return the design that a publication type or MeSH heading speaks for, and its points."""
    return next(((design, worth) for pattern, design, worth in _INDEX if pattern.search(name)), ("", 0.0))


def _points(reading: Reading, fired: list[_Fired]) -> dict[str, float]:
    points: dict[str, float] = {}
    for rule, _, worth in fired:
        points[rule.design] = points.get(rule.design, 0.0) + worth
    if "review" in points and any(one.rule.design == "case-report" and one.field == "title" for one in fired):
        del points["review"]
    for name in (*reading.content.publication_types, *reading.content.mesh):
        design, worth = _indexed(name)
        if design:
            points[design] = points.get(design, 0.0) + worth
    return points


def _add_learned(points: dict[str, float], learned: Mapping[str, float]) -> None:
    """Add what the words say, from the least likely class upwards.

    An intervention that no rule calls a trial is real-world use, which is observational.
    """
    low = min(learned.values())
    as_trial = points.get("trial", 0.0) + points.get("randomized-trial", 0.0) >= points.get("observational", 0.0) - 2
    best: dict[str, float] = {}
    for name, score in learned.items():
        design = design_of(name)
        if design == "trial" and not as_trial:
            design = "observational"
        if score - low > best.get(design, 0.0):
            best[design] = score - low
    for design, like in _UNLEARNED.items():
        if points.get(design, 0.0) >= 5.0:
            best[design] = max(best.get(name, 0.0) for name in like)
    for design, score in best.items():
        points[design] = points.get(design, 0.0) + _LEARNED * score


def _add_manner(points: dict[str, float], names: AbstractSet[str], title: str) -> None:
    """Add how the text is told: a review speaks in the present and without figures, under a short title."""
    if "n:present:4" in names and names.isdisjoint(("n:past:4", "n:figures:2")):
        points["review"] = points.get("review", 0.0) + 2.5
    if len(title.split()) <= 4:
        points["review"] = points.get("review", 0.0) + 2.0


def _index_evidence(reading: Reading, design: str) -> Iterator[Evidence]:
    for field in ("publication_types", "mesh"):
        for index, name in enumerate(getattr(reading.content, field)):
            if any(pattern.search(name) and ours == design for pattern, ours, _ in _INDEX):
                yield reading.whole(f"{field}[{index}]")


def _rule_evidence(reading: Reading, fired: list[_Fired], design: str) -> Iterator[Evidence]:
    ours = [(worth, rule.name, field) for rule, field, worth in fired if rule.design == design]
    for _, name, field in sorted(ours, reverse=True):
        if evidence := reading.find(_COMPILED[name], field):
            yield evidence


def _place(text: str, word: str) -> tuple[int, int] | None:
    """Return where a word stands by itself, in small letters or with a capital."""
    for form in (word, word.capitalize()):
        start = text.find(form)
        end = start + len(form)
        if start >= 0 and not (text[max(0, start - 1) : start].isalnum() or text[end : end + 1].isalnum()):
            return start, end
    match = re.search(rf"\b{word}\b", text, re.IGNORECASE)
    return match.span() if match else None


def _learned_evidence(reading: Reading, found: design_model.Words, design: str) -> Iterator[Evidence]:
    """Return the words that weighed most in the learned model, of those that show such a design."""
    like = {"observational", "trial"} if design == "observational" else {design}
    classes = [name for name in design_model.load().classes if design_of(name) in like]
    for word in design_model.decisive(found, classes, TELLING.get(design, "")):
        for field in ("title", "text"):
            if word in getattr(reading.content, field).lower() and (
                span := _place(getattr(reading.content, field), word)
            ):
                yield reading.evidence(field, *span)
                break


def _notice(reading: Reading) -> Evidence | None:
    """Find the word before a colon by which a title says that it is a reply, a correction or the like."""
    match = _NOTICE.match(reading.content.title)
    return reading.evidence("title", *match.span(1)) if match else None


def _by_chance(content: Content) -> bool:
    """Say whether a trial's groups were made by chance, and the item is not of how a body takes up a drug."""
    if _UPTAKE.search(content.title) or not (_RANDOMISED.search(content.title) or _ASSIGNED.search(content.text)):
        return False
    return not (_NOT_RANDOM.search(content.title) or _NOT_RANDOM.search(content.text))


def _records(reading: Reading) -> Evidence | None:
    """Find the words by which a text says that it reviewed patients' records, which makes it observational."""
    for found in reading.find_all(_RECORDS, "text"):
        sentence = reading.sentence_at(found.start)
        if not _LITERATURE.search(sentence.text if sentence else found.words):
            return found
    return None


def _study(reading: Reading) -> Iterator[Label]:
    """Weigh rules, indexing and learned words of a paper, preprint or abstract."""
    content = reading.content
    if notice := _notice(reading):
        yield Label(facet=Facet.DESIGN, value="editorial", evidence=(notice,))
        return
    fired = _fired(reading.raw("title"), reading.triggered) if reading.english else []
    points = _points(reading, fired)
    allocated = points.get("randomized-trial", 0.0)
    found = None
    if reading.english and (len(content.text) > 60 or not content.title.rstrip().endswith("?")):
        found = _seen(content, fired)
        _add_learned(points, design_model.scores(found))
        _add_manner(points, found.other, content.title)
    if not points:
        return
    design = max(points, key=points.__getitem__)
    if design == "trial" and allocated >= _ALLOCATED and _by_chance(content):
        design = "randomized-trial"
    if design == "review" and reading.english and (of_people := _records(reading)):
        yield Label(facet=Facet.DESIGN, value="observational", evidence=(of_people,))
        return
    asks = content.title.rstrip().endswith("?") and len(content.text) <= 60
    if points[design] < (_NAMED if asks else _LEAST):
        return
    proof = list(islice(chain(_index_evidence(reading, design), _rule_evidence(reading, fired, design)), 3))
    if not proof and found:
        proof = list(_learned_evidence(reading, found, design))
    if proof:
        yield Label(facet=Facet.DESIGN, value=design, evidence=tuple(proof))


def _news(reading: Reading) -> Iterator[Label]:
    """Give a story the design of the study it reports; without one it is `news`."""
    found: dict[str, tuple[float, Evidence]] = {}
    for rule in NEWS_RULES.values():
        if rule.design == "observational" and reading.content.truncated:
            continue
        if rule.name in reading.triggered and (told := _told(reading, rule)):
            found[rule.design] = max(found.get(rule.design, (0.0, told[1])), told)
    if not found:
        yield from _whole_title(reading, "news")
        return
    design = max(found, key=lambda name: found[name][0])
    if design == "trial" and "randomized-trial" in found:
        design = "randomized-trial"
    yield Label(facet=Facet.DESIGN, value=design, evidence=(found[design][1],))


def _of_a_study(reading: Reading, rule: Rule, found: Evidence) -> bool:
    """Say whether a sentence that only links two things names a study that does; any other rule names one itself."""
    if not rule.pattern.endswith(_LINKED):
        return True
    sentence = reading.sentence_at(found.start) if found.field == "text" else None
    return bool(_STUDY.search(sentence.text if sentence else reading.content.title))


def _told(reading: Reading, rule: Rule) -> tuple[float, Evidence] | None:
    """Return what a story's words are worth: most in the title, much in its first lines, little when to come."""
    pattern = _COMPILED[rule.name]
    if (found := reading.find(pattern, "title")) and _of_a_study(reading, rule, found):
        return 1.4 * rule.title, found
    for found in reading.find_all(pattern, "text") if rule.text else ():
        told = found.end if rule.design == "trial" else found.start
        before = reading.content.text[max(0, found.start - 50) : told]
        if not _TO_COME.search(before) and _of_a_study(reading, rule, found):
            return (1.2 * rule.title if found.start < 700 else rule.text), found
    return None


def _whole_title(reading: Reading, design: str) -> Iterator[Label]:
    """State a design that the item's kind decides, with its title (or first sentence) as the words."""
    if reading.sentences:
        first = reading.sentences[0]
        evidence = reading.evidence(first.field, first.start, first.end)
        yield Label(facet=Facet.DESIGN, value=design, evidence=(evidence,))


def label(reading: Reading) -> Iterator[Label]:
    """Yield the design, or nothing where the words do not tell."""
    match reading.content.kind:
        case Kind.RECORD:
            yield from _whole_title(reading, "protocol")
        case Kind.NOTICE:
            yield from _whole_title(reading, "editorial")
        case Kind.EXPLAINER:
            yield from _whole_title(reading, "review")
        case Kind.NEWS if reading.english:
            yield from _news(reading)
        case Kind.NEWS:
            yield from _whole_title(reading, "news")
        case _:
            yield from _study(reading)
