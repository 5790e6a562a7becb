"""The one sentence that states the main result, whole and in its own words."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from alerts.classify.cues import CUES, RESULT, told
from alerts.classify.reading import Reading, Sentence
from alerts.model import Facet, Kind, Label

TRIGGERS: Mapping[str, str] = {}

_WORTH = [points for points, _ in RESULT] + [0.0] * (len(CUES) - len(RESULT))
_UNFIT, _SPOKEN, _STUDY, _PRONOUN, _OTHERS = (
    CUES[name] for name in ("unfit", "spoken", "study", "pronoun", "other research")
)
_WHOLE = re.compile(r"(?<!\.\.)[.!][\"'”’)\]]*\d{0,2}(?:[,–-]\d{1,2})*\Z")
_TAIL = re.compile(r"\s*\b(?:PMID|PMC|DOI):\s?\S+(?:\s*\|\s*(?:PMC|DOI):\s?\S+)*\s*\Z")
_DATELINE = re.compile(
    r"(?:[A-Z][A-Z]{2}[^.!?\n]{0,25}(?:[.,][^!?\n]{1,40}?){0,3}?\s?(?:--|[—–])"
    r"|(?:[A-Z][\w.,/' ]{0,40})?\([A-Z][\w. ]{1,25}\)\s?(?:--|[-–—]))\s*(?=[A-Z])",
)
_EARLIER = re.compile(
    r"(?:\A(?:in |from )?|(?<!as )(?<!as shown )(?<!as seen )\bin )(?:(?:a|an|the|our|one|two|several|some|many) )?"
    r"(?:previous|earlier|prior|past) (?:[\w-]+ ){0,4}?(?:trials?|stud(?:y|ies)|reports?|research)\b",
    re.IGNORECASE,
)
"""Words by which a paper tells another study's result; one that only compares itself is spared."""
_NAMES_ITSELF = re.compile(
    r"(?:(?:an?|the|this) )?(?:[\w-]+,? ){0,8}?(?:trial|study|analysis|review|survey|cohort|series)"
    r" (?:of|in|with|among)\b",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|do|does|did|can|could|may|might|will|would|should|must|met|fell|rose|grew"
    r"|led|kept|got|gave|made|became|found|finds|shows?|suggests?|means|helps?|cuts?|lowers?|slows?|halts?|improves?"
    r"|reduces?|increases?|decreases?|prevents?|supports?|reveals?|indicates?|identif(?:y|ies)|remains?|(?!placebo-)\w{3,}ed)\b",
    re.IGNORECASE,
)
_DESIGNED = re.compile(
    r"\b(?:[\w-]+-)?(?:randomi[sz]ed|controlled|blinded|masked|nested|based|centred|centered|labell?ed|matched|stratified"
    r"|treated|diagnosed|affected|relapsed|advanced|aged|mixed|pooled|planned"
    r"|with (?:reduced|increased|improved|impaired))\b",
    re.IGNORECASE,
)
"""Forms that end like a verb and describe a design or its people."""
_SECTION = {"results": 1.0, "background": -2.0, "objective": -2.0, "methods": -2.0}


class _Weighed(NamedTuple):
    """A whole sentence, how much it sounds like a result, and its cues."""

    sentence: Sentence
    points: float
    cues: Sequence[int]


def _weigh(sentence: Sentence, reading: Reading) -> _Weighed | None:
    """Weigh a sentence; None for one that is cut off or an invitation."""
    if len(sentence.text) <= 22 or not _is_whole(sentence.text):
        return None
    cues = [*reading.cues(sentence), *told(sentence.text)]
    return None if _UNFIT in cues else _Weighed(sentence, sum(map(_WORTH.__getitem__, cues)), cues)


def _weigh_told(sentence: Sentence, reading: Reading) -> _Weighed | None:
    """Weigh a sentence that is not just a name of a design."""
    return None if _only_names(sentence.text) else _weigh(sentence, reading)


def _only_names(text: str) -> bool:
    """Say whether a sentence without a verb only names a design: "Randomised phase 3 trial of 400 people."."""
    return bool(_NAMES_ITSELF.match(text)) and not _VERB.search(_DESIGNED.sub("", text))


def _of_others(found: _Weighed) -> float:
    """Return the points that a paper's sentence loses for telling an earlier study's result."""
    return 5.0 if _OTHERS in found.cues and _EARLIER.search(found.sentence.text) else 0.0


def _is_whole(text: str) -> bool:
    if text[-1:] == "." and text[-2:-1].isalnum():
        return True
    return _WHOLE.search(text[-12:]) is not None


def _concluded(sentences: list[Sentence], reading: Reading) -> Sentence | None:
    """Choose from a labelled conclusion: its first sentence, unless that only hopes and a later one tells."""
    weighed = [found for s in sentences if s.section == "conclusion" and (found := _weigh_told(s, reading))]
    if not weighed:
        return None
    ranked = enumerate(weighed)
    return max(ranked, key=lambda pair: 0.6 * (pair[1].points - _of_others(pair[1])) - 1.4 * pair[0])[1].sentence


def _story(sentences: list[Sentence], reading: Reading, least: float) -> Sentence | None:
    """Choose from a news story: a result in its own voice, in its first lines best."""
    best, chosen = least, None
    study = False
    for index, sentence in enumerate(sentences):
        if found := _weigh_told(sentence, reading):
            they, study = study and _PRONOUN in found.cues, _STUDY in found.cues
            points = found.points - 0.06 * index + (1.2 if index <= 4 and (they or study) else 0.0)
            points -= 2.5 * (_SPOKEN in found.cues) + 3.5 * (_OTHERS in found.cues)
            if points > best:
                best, chosen = points, sentence
    return chosen


def _told(sentences: list[Sentence], reading: Reading, least: float) -> Sentence | None:
    """Choose from an abstract without a conclusion: results, and what stands near the end."""
    best, chosen = least, None
    for index, sentence in enumerate(sentences):
        if found := _weigh(sentence, reading):
            points = found.points + 2.6 * (index + 1) / len(sentences) + _SECTION.get(sentence.section, 0.0)
            points -= _of_others(found)
            if (_PRONOUN in found.cues and found.points < 1.5) or index == 0 < len(sentences) - 2:
                points -= 0.8
            if points >= best and not _only_names(sentence.text):
                best, chosen = points, sentence
    return chosen


def _least(text: str) -> float:
    """Return what a sentence must be worth; a text that lost its end, and with it the result, asks for more."""
    end = text[-200:]
    if _is_whole(_TAIL.sub("", end).rstrip() if ":" in end else end.rstrip()):
        return 1.2
    return 3.0 if len(text) < 400 else 2.0


def label(reading: Reading) -> Iterator[Label]:
    """Yield the finding, or nothing where the text states no result."""
    content = reading.content
    if content.kind in {Kind.RECORD, Kind.EXPLAINER, Kind.NOTICE} or reading.value(Facet.DESIGN) == "protocol":
        return
    if not reading.english or (content.truncated and len(content.text) < 160):
        return
    sentences = [sentence for sentence in reading.text if sentence.section != "note"]
    if content.kind is Kind.NEWS:
        chosen = _story(sentences, reading, 1.0 if reading.value(Facet.DESIGN) == "news" else 0.3)
    else:
        chosen = _concluded(sentences, reading) or _told(sentences, reading, _least(content.text))
    if chosen:
        dateline = _DATELINE.match(chosen.text) if content.kind is Kind.NEWS else None
        start = chosen.start + (dateline.end() if dateline else 0)
        evidence = reading.evidence(chosen.field, start, chosen.end)
        yield Label(facet=Facet.FINDING, value="finding", evidence=(evidence,))
