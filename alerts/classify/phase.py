"""Which trial phase an item is of, or only speaks of: registry fields, publication types and text together."""

# ruff: noqa: E501 - a pattern that is broken over many lines is harder to read than a long one

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from alerts.classify.cues import Cue
from alerts.classify.reading import Reading, Sentence
from alerts.model import Evidence, Facet, Kind, Label, Role

TRIGGERS: Mapping[str, str] = {"phase:word": r"\bphases?\s*[-–/]?\s*(?:0|[1-4]|i{1,3}|iv|one|two|three|four)[a-c]?\b"}

_NAMES = ("EARLY_PHASE1", "PHASE1", "PHASE2", "PHASE3", "PHASE4")
_NUMBERS = {"0": 0, "1": 1, "2": 2, "3": 3, "4": 4, "i": 1, "ii": 2, "iii": 3, "iv": 4}
_NUMBERS |= {"one": 1, "two": 2, "three": 3, "four": 4}
_NUMBER = r"(?:0|[1-4]|i{1,3}|iv|one|two|three|four)"
_JOINT = r"\s*(?:/|-|–|\||,\s*(?:and|or|&)\b|,|\+|&|to|and|or|through)\s*(?:\(?phase[\s_-]*)?"
_PHASES = re.compile(
    rf"\b(?P<early>early[\s_-]*)?phases?[\s_]*[-–/]?\s*(?P<first>{_NUMBER}[a-c]?)(?![a-z0-9]|\.\d)"
    rf"(?P<more>(?:{_JOINT}{_NUMBER}[a-c]?(?![a-z0-9]|\.\d|-[a-z]{{3}}))*)",
    re.IGNORECASE,
)
_ONE = re.compile(rf"(?P<joint>-|–|to|through)?\s*(?:phase[\s_-]*|\b)(?P<n>{_NUMBER})[a-c]?\b", re.IGNORECASE)
_MATRIX = re.compile(r"\(phase (i{1,3}|iv)\)[^:]*:\s*(yes|no)?")
_BARE = re.compile(rf"(?P<first>{_NUMBER}[a-c]?)(?P<more>(?:{_JOINT}{_NUMBER}[a-c]?)*)(?:\s*\(.*\))?", re.IGNORECASE)
_TYPE = re.compile(r"clinical trial, phase (i{1,3}|iv)", re.IGNORECASE)

_OTHER_AFTER = re.compile(
    r"[\"'”’)]*\s*(?:\((?!n\b|nct|randomi|multi|single|open|double|placebo)[a-z ]+\)|enzym|detox|metabol|block|biotransf"
    r"|(?:drug[- ])?metaboli|induction|antioxid|reaction|response|insulin|oxygen|kinetic|of (?:the )?(?!.{0,30}\b(?:trial|stud|clinical|program))"
    r"(?:hiv|infection|disease|illness|sleep|recovery|healing|rehabilitation|cardiac|wave|pandemic|project|process|cycle)"
    r"|cardiac rehab|reentr|repolari|encoding|retinal|transition)",
    re.IGNORECASE,
)
_OTHER_BEFORE = Cue(
    r"(?:recommended|vo2|vo₂|cell[- ]cycle|o2 uptake|sleep|ventilatory|luteal|block)[\s\xa0]+\(?[\s\xa0]*\Z"
)
_TO_COME = Cue(
    r"\b(?:recommended|future|planned|plans?|upcoming|forthcoming|ongoing|underway|currently in|further|next|larger|subsequent"
    r"|warrant\w*|need(?:ed|s)?|advancement|advanc(?:e|es|ing) (?:in)?to|proceed\w*|progress(?:ed|ion)? (?:in)?to|mov(?:e|ed|ing) (?:in)?to|enter(?:ed|ing|s)?"
    r"|(?:has|have) (?:begun|started|launched)|await\w*|wait(?:s|ed|ing)? (?:for|on)|will (?:begin|start|be)|is being|are being|supports?|in preparation|expected|scheduled|hopes? to|set to|candidates?|under (?:investigation|evaluation))\b"
)
_EARLIER = Cue(
    r"\b(?:previous(?:ly)?|prior|earlier|recent(?:ly)?|past|other|several|pivotal|have been|has been|had been|has shown|have shown"
    r"|have demonstrated|has demonstrated|showed|was approved|approved|approval|failed|known|existing|unlike|compared (?:to|with) (?:the )?(?:phase|pivotal)"
    r"|consistent with|similar to|in line with|as (?:seen|reported|observed) in|reported in)\b"
)
_ANALYSIS = Cue(
    r"\b(?:post[- ]?hoc|sub-?group|sub-?stud(?:y|ies)|sub-?analys[ie]s|pooled|pooling|integrated|extension|extended(?![- ]release)|secondary analys[ie]s|ancillary"
    r"|(?:recruited|drawn|selected|taken|obtained|derived|data ?sets?) (?:from|of|in) (?:the |a |an |two |three )?(?:[\w(),:.-]+ ){0,6}?phase"
    r"|exploratory analys[ie]s|(?:re)?-?analys[ie]s of (?:the )?(?:data|results|samples|participants|patients|two|three|a |phase)|analy[sz]ed? (?:data|samples)"
    r"|(?:data|samples|participants|patients|subjects|scans|images|sera|serum|mri) (?:were )?(?:\w+ ){0,3}?(?:from|of|in|enrolled in) (?:the |a |an |two |three |four |\d+ )?"
    r"(?:[\w,-]+ ){0,5}?phase|follow-?up (?:study )?of|rollover|roll-over|long-term follow|completed the|participated in)\b"
)
_STUDIED_WITHIN = Cue(
    r"(?<!interim )(?<!final )(?<!primary )(?<!main )\banalys[ie]s (?:of|from|in)\b|\bexposure[- ]response\b|\bas (?:an? )?(?:\w+ )?(?:bio)?markers?\b|\bpredict(?:s|ors?|ing|ion)\b"
    r"|\bcorrelat\w+|\bassociations? (?:of|with|between)\b|\bneurofilament|\bbiomarkers? (?:of|in|for|from)\b|\bdisentangl|\bdata ?sets?\b|\bdata from\b"
    r"|\bbaseline characteristics\b|\bcost-?effective|\bin the phase [1-4iv]+[ab]? .*\b(?:trials|studies)\b"
)
"""What a title says that looks at one thing within a trial of a named phase."""
_AND_EXTENSION = re.compile(r"\band (?:its |an? |the |long[- ]term |open[- ]label )*extension\b", re.IGNORECASE)
_DESIGNING = re.compile(r"[\w-]*\s+(?:[\w-]+ ){0,3}?designs?\b", re.IGNORECASE)
_OWN = Cue(
    r"\b(?:this|we (?:conducted|performed|did|report|present|undertook|carried out|initiated|designed|assessed|evaluated|investigated|tested)"
    r"|our|here(?:in)?|the (?:present |current |new )?(?:study|trial) (?:was|is)|in (?:a|an|the|this)|(?:was|is) (?:a|an|the)|results? (?:of|from) (?:a|an|the|this)|aim)\b"
)
_REPORTED = Cue(
    r"\b(?:present|announc|report|publish|releas)\w* (?:[\w-]+ ){0,4}?(?:data|results|findings) (?:from|of)\b"
    r"|\bresults? (?:of|from)\b|\bfound\b|\bshow(?:s|ed)\b|\bth(?:is|ese) phase|results\b.{0,30}\Z"
)
"""How a story speaks of the trial whose results it tells."""
_OURS = Cue(r"\b(?:this|we|our|here)\b")
_BESIDE = Cue(
    r"\b(?:consistent with|similar to|comparable (?:to|with)|compared (?:to|with)|in line with|in contrast to|unlike|as (?:seen|reported|observed|shown) in|those (?:\w+ )?(?:in|of|from|within)|information (?:\w+ )?(?:in|from))\b"
)
_TO_COME_AFTER = Cue(
    r"\A[^.;]{0,80}?\b(?:(?:could|will|would|should|might|may|can) (?:\w+ ){0,3}?(?:start|begin|follow|launch|open|enrol\w*|be (?:available|conducted|carried|done|needed|required|launched|the next))"
    r"|(?:is|are) (?:\w+ ){0,2}?(?:needed|required|warranted|expected|planned|awaited|anticipated|scheduled|under ?way|to (?:start|begin|follow|come|be)|due|set to|in progress|ongoing|being (?:planned|prepared))"
    r"|(?:under ?way|to (?:start|begin|follow)) )"
)
_PLURAL = re.compile(r"\s+(?:\w+ )?(?:trials|studies)\b", re.IGNORECASE)
_SOME = Cue(r"\b(?:two|three|four|five|results?|from|of|both|pooled|the|\d)\b")
_POST_HOC = Cue(
    r"\b(?:post[- ]?hoc|sub-?group|pooled|secondary|exploratory|ancillary|extension|long-term)\b"
)
_TRIAL = Cue(
    r"\b(?:trials?|rcts?|stud(?:y|ies)|clinical|efficacy|safety|patients?|participants|volunteers|people|randomi\w+|placebo|dos(?:e|es|ing)|results|drugs?|treatment|therapy)\b"
)
_STEP = re.compile(r"(?:\A|[.;:]\s)(?:in |during )?\Z", re.IGNORECASE)
_EARLY = re.compile(r"Early Phase|(?i:early[_-]phase)")
"""Early phase 1 as a name; "an early phase 1 trial" is a phase 1 trial in its beginnings."""
_TRIAL_NEAR = re.compile(
    r".{0,25}\b(?:trials?|stud(?:y|ies)|random|double|open|clinical|placebo|dose|results|data|multi|evaluation)",
    re.IGNORECASE,
)
_NEVER_OWN = frozenset(
    {"review", "systematic-review", "guideline", "case-report", "editorial", "animal", "lab", "computational"}
)
_TRIALS = frozenset({"trial", "randomized-trial", "protocol"})


class Mention(NamedTuple):
    """A place in the text where a trial phase is named."""

    sentence: Sentence
    start: int
    end: int
    values: tuple[str, ...]


@lru_cache(maxsize=256)
def _several(first: str, more: str) -> tuple[str, ...]:
    """Return the phases that "2", "1/2" or "I to III" name."""
    numbers: list[int] = []
    for match in _ONE.finditer(f"{first} {more}"):
        number = _NUMBERS[match["n"].lower()]
        if match["joint"] and numbers and number > numbers[-1] + 1:
            numbers.extend(range(numbers[-1] + 1, number))
        numbers.append(number)
    return tuple(_NAMES[number] for number in sorted(set(numbers)))


def normalise(spelling: str) -> tuple[str, ...]:
    """Return the phases that a registry's own spelling means; () for "not applicable", "post-market" and the like."""
    text = " ".join(spelling.casefold().split())
    if "(phase i)" in text and ":" in text:
        return tuple(_NAMES[_NUMBERS[number]] for number, answer in _MATRIX.findall(text) if answer == "yes")
    if bare := _BARE.fullmatch(text):
        return _several(bare["first"], bare["more"])
    if found := _PHASES.search(text):
        return ("EARLY_PHASE1",) if found["early"] else _several(found["first"], found["more"])
    return ()


def _naming(reading: Reading) -> Iterator[tuple[Sentence, int]]:
    """Yield the sentences in which the word phase stands, and where in them first."""
    content = reading.content
    for sentences, value in ((reading.title, content.title), (reading.text, content.text)):
        small = value.replace("İ", "I").lower()  # the one letter that would become two
        at = small.find("phase")
        for sentence in sentences:
            if 0 <= at < sentence.start:
                at = small.find("phase", sentence.start)
            if at < 0:
                break
            if at < sentence.end:
                yield sentence, at - sentence.start
                at = small.find("phase", sentence.end)


def _mentions(reading: Reading) -> Iterator[Mention]:
    for sentence, named in _naming(reading):
        for match in _PHASES.finditer(sentence.text, max(0, named - 12)):
            if _is_other(sentence.text, *match.span()):
                continue
            if sentence.field == "text" and _is_step(sentence.text, match, reading.content.kind):
                continue
            early = match["early"] and _EARLY.match(match[0])
            values = ("EARLY_PHASE1",) if early else _several(match["first"], match["more"])
            start = sentence.start + match.start()
            yield Mention(sentence=sentence, start=start, end=sentence.start + match.end(), values=values)


def _is_other(text: str, start: int, end: int) -> bool:
    """Say whether a phase is one of something else: of sleep, of a metabolism."""
    return bool(_OTHER_BEFORE.search(text[max(0, start - 40) : start]) or _OTHER_AFTER.match(text, end))


def _is_step(text: str, match: re.Match[str], kind: Kind) -> bool:
    """Say whether a sentence opens with the phase of some plan: "Phase 1: nurses were interviewed"."""
    opens = kind is not Kind.RECORD and _STEP.search(text, max(0, match.start() - 9), match.start())
    return bool(opens) and not _TRIAL_NEAR.match(text, match.end())


def _near(mention: Mention, left: int, right: int) -> str:
    """Return the words around a mention, within its sentence."""
    start = mention.start - mention.sentence.start
    end = mention.end - mention.sentence.start
    return mention.sentence.text[max(0, start - left) : end + right]


def _in_title(mention: Mention, design: str | None) -> Role:
    title = _AND_EXTENSION.sub("", mention.sentence.text)
    if _ANALYSIS.search(title) or (design != "protocol" and _STUDIED_WITHIN.search(title)):
        return Role.ANALYSIS
    if _DESIGNING.match(mention.sentence.text, mention.end):
        return Role.MENTION
    topic = _PLURAL.match(mention.sentence.text, mention.end) and not _SOME.search(_near(mention, 30, 0))
    return Role.MENTION if topic or _TO_COME.search(_near(mention, 60, 0)) else Role.OWN


def _in_text(mention: Mention, design: str | None, kind: Kind) -> Role:
    before = _near(mention, 500, 0)
    ours = _OURS.search(before)
    ours_here = _OURS.search(_near(mention, 25, 0)) if kind is Kind.NEWS else ours
    close = _near(mention, 60, 0)
    if _BESIDE.search(close) or (not ours_here and (_TO_COME.search(close) or _begins_later(mention, design))):
        return Role.MENTION
    earlier = _EARLIER.search(_near(mention, 70, 40))
    reported = kind is Kind.NEWS and _REPORTED.search(mention.sentence.text)
    if (_ANALYSIS.search(mention.sentence.text) and not reported) or (earlier and ours and design in _TRIALS):
        return Role.ANALYSIS
    if design not in _TRIALS and kind not in {Kind.NEWS, Kind.RECORD}:
        return Role.MENTION
    return Role.OWN if _is_own(mention.sentence.section, before, ours=ours, earlier=earlier) else Role.MENTION


def _begins_later(mention: Mention, design: str | None) -> bool:
    """Say whether the words after a mention put that trial into the future: "a phase 3 trial could start"."""
    after = mention.end - mention.sentence.start
    return design != "protocol" and _TO_COME_AFTER.search(mention.sentence.text[after:])


def _is_own(section: str, before: str, *, ours: bool, earlier: bool) -> bool:
    """Say whether a trial paper, record or story speaks of its own phase at this place."""
    if section == "background":
        return ours
    if section in {"methods", "objective", "results"} or _OWN.search(before):
        return True
    return not (earlier or section)


def _role(mention: Mention, design: str | None, kind: Kind) -> Role:
    """Judge one mention by its sentence and its place."""
    if design in _NEVER_OWN:
        return Role.MENTION
    return _in_title(mention, design) if mention.sentence.field == "title" else _in_text(mention, design, kind)


def _structured(reading: Reading) -> Iterator[tuple[str, Evidence]]:
    content = reading.content
    for index, spelling in enumerate(content.phases):
        for value in normalise(spelling):
            yield value, reading.whole(f"phases[{index}]")
    for index, name in enumerate(content.publication_types):
        if match := _TYPE.search(name):
            yield _NAMES[_NUMBERS[match[1].lower()]], reading.whole(f"publication_types[{index}]")


def _judged(reading: Reading) -> Iterator[tuple[str, Role, Evidence]]:
    if not (reading.any(TRIGGERS) and reading.english):
        return
    design = reading.value(Facet.DESIGN)
    met = list(_mentions(reading))
    if not any(mention.sentence.field == "title" or _TRIAL.search(_near(mention, 90, 60)) for mention in met):
        return
    for mention in met:
        role = _role(mention, design, reading.content.kind)
        for value in mention.values:
            yield value, role, reading.evidence(mention.sentence.field, mention.start, mention.end)


def _ruling(judged: list[tuple[str, Role, Evidence]]) -> Role:
    """Return the role that the item as a whole has by its text; the title outranks the text."""
    for field in ("title", "text"):
        roles = {role for _, role, evidence in judged if evidence.field == field}
        for role in (Role.ANALYSIS, Role.OWN) if field == "title" else (Role.OWN, Role.ANALYSIS):
            if role in roles:
                return role
    return Role.MENTION


def _post_hoc(reading: Reading) -> bool:
    """Say whether title, aim or methods of a trial paper say that it looks back at that trial's data."""
    if reading.value(Facet.DESIGN) not in _TRIALS or reading.content.kind in {Kind.NEWS, Kind.RECORD}:
        return False
    return any(
        _POST_HOC.search(sentence.text)
        for sentence in reading.sentences
        if sentence.field == "title" or sentence.section in {"objective", "methods"}
    )


def _told(reading: Reading, ruling: list[tuple[str, Evidence]]) -> set[str]:
    """Return the phases that the text is of: those of the title where it names any, of a story only the first told."""
    if not ruling:
        return set()
    first = ruling[0][1]
    same = [(value, found) for value, found in ruling if found.field == first.field]
    if first.field == "text" and reading.content.kind is Kind.NEWS:
        sentences = [reading.sentence_at(found.start) for _, found in same]
        told = next((one for one in sentences if one and _REPORTED.search(one.text)), sentences[0])
        same = [pair for pair, sentence in zip(same, sentences, strict=True) if sentence == told]
    return {value for value, _ in same}


def role(labels: Iterable[Label]) -> Role | None:
    """Return how an item stands to the phases it names: `mention` only where none is its own or analysed."""
    roles = [label.role for label in labels if label.facet is Facet.PHASE]
    return next((role for role in roles if role is not Role.MENTION), roles[0] if roles else None)


def label(reading: Reading) -> Iterator[Label]:
    """Yield one label a phase.

    A structured field and the text that agree are one label with both as evidence. Where they differ, the field
    stands (`own`, or `analysis` if the text says so) and the phase of the text is shown as `mention`.
    """
    structured = list(_structured(reading))
    judged = list(_judged(reading))
    if not (structured or judged):
        return
    ruling = _ruling(judged)
    if ruling is Role.MENTION and judged and _post_hoc(reading):
        judged = [(value, Role.ANALYSIS, found) for value, _, found in judged]
        ruling = Role.ANALYSIS
    told = _told(reading, [(value, found) for value, role, found in judged if role is ruling])
    stated = {value for value, _ in structured} or (told if ruling is not Role.MENTION else set())
    standing = ruling if ruling is not Role.MENTION else Role.OWN
    for value in _NAMES:
        proof = [evidence for phase, evidence in structured if phase == value]
        proof += [found for phase, role, found in judged if phase == value and (role is ruling or value not in stated)]
        if proof:
            role = standing if value in stated else Role.MENTION
            yield Label(facet=Facet.PHASE, value=value, role=role, evidence=tuple(proof[:3]))
