"""The one sentence that states the main result, whole and in its own words."""

# ruff: noqa: E501 - a pattern that is broken over many lines is harder to read than a long one

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

import re2

from alerts.classify.reading import Reading, Sentence
from alerts.model import Facet, Kind, Label

TRIGGERS: Mapping[str, str] = {}

_CUES = (
    (0.9, r"\bin (?:a|the|clinical|one|this|two) (?:\w+ )?(?:trials?|tests?)\b|\bby (?:more than |about |nearly |almost )?(?:half|a third|two-thirds|\d+)"),
    (-5.0, r"^to (?:\w+ )?(?:investigate|evaluate|determine|assess|examine|explore|compare|study|describe|identify|characteri[sz]e|review|analy[sz]e|estimate|report|test|measure|establish|develop)\b"),
    (-2.5, r"\b(?:findings? (?:are|were|is) based on|(?:study|trial|findings|research|results|work) (?:was|were|is|are|will be|appears?|appeared) (?:\w+ ){0,2}(?:a|an|funded|published|based|presented|in the|scheduled|supported|sponsored|conducted|led|done))\b"),
    (-1.5, r"\b(?:met (?:its|their|the) (?:\w+ )?(?:goals?|end ?points?))\b"),
    (1.0, r"\b(?:recovered|resolved|responded|in remission|was diagnosed|diagnosis (?:of|was)|lowered|lowers|fell|calmed|eases|remained stable|declined)\b"),
    (-1.2, r"\b(?:presented (?:with|to)|was admitted|years?[- ]old|(?:researchers|scientists|team|they) (?:then |also )?(?:tested|studied|looked|analy[sz]ed|gave|recruited|examined|followed|used))\b"),
    (1.8, r"\b(?:this|our|the present|present) (?:case|patient)s? (?:\w+ )?(?:highlights?|illustrates?|demonstrates?|suggests?|shows?|supports?|underlines?|emphasi[sz]es?)|(?:has|have) revealed|discovery identif|provides? evidence|shows? promise|confirmed|we recommend\b"),
    (-2.0, r"\b(?:americans|worldwide|million people|according to the (?:national|american|centers|world)|each year)\b"),
    (-2.2, r"\b(?:provides? (?:a|an|the) (?:[\w-]+ ){0,2}(?:assessment|evaluation|step|analysis|account|overview|description|framework|example|basis)|we conclude by|better understanding|(?:highly )?desirable|(?:critical|essential|crucial|important|necessary) (?:to|for)|promise for|(?:will|would) help|learning from|needs? to)\b"),
    (2.2, r"\b(?:in conclusion|to conclude|we conclude|concluded? that|taken together|collectively|in summary|overall,|altogether,)"),
    (1.8, r"\b(?:these|our|the|this|present|current) (?:\w+ )?(?:results?|findings?|data|study|analys[ei]s|observations|trial|work|cases?|evidence|report) (?:also |further |clearly |thus |strongly )?(?:\w+ )?(?:suggests?|indicates?|shows?|showed|demonstrates?|demonstrated|supports?|do(?:es)? not support|reveals?|revealed|confirms?|highlights?|implicate|imply|expand|identif(?:y|ies)|projected)"),
    (1.6, r"\b(?:we|researchers|authors?|investigators|scientists|team|study|they|results|analysis) (?:also |further |have |has |previously |then )?(?:found|find|finds|showed|shows?|shown|demonstrated?|observed|identif(?:y|ied)|reveal(?:ed)?|report(?:ed)?|determined|discovered|detected)\b|\b(?:showing|show|shows|showed|found|finds|revealed|demonstrat(?:ed|es|ing)) that\b"),
    (1.2, r"\b(?:significant(?:ly)?|more likely|less likely|fewer|higher|lower|greater|reduc(?:e|ed|es|tions?)|increas(?:ed|es)|decreas(?:ed|es)|improv(?:e|ed|es|ements?)|restores?|restored|reversed?|outperform(?:s|ed)|associated with|correlat(?:ed|es|ion)|predict(?:s|ed|or|ors)?|superior|inferior|no (?:significant )?(?:difference|evidence|association)|did not differ|similar|attenuat(?:ed|es)|ameliorat(?:ed|es)|prevent(?:ed|s)|suppress(?:ed|es)|inhibit(?:ed|s)|induc(?:ed|es)|enhanc(?:ed|es)|worsen(?:ed|s)|safe|effective|efficacy|tolerated|sensitiv(?:e|ity)|specificity|risk of|decisive|helps?|slows?|slowed|halts?|halted|eased)\b"),
    (0.8, r"\b(?:\d[\d.,]*\s?(?:%|percent|per cent)|p\s?[<=]|hazard ratio|odds ratio|ci\b)"),
    (0.7, r"\b(?:therefore|thus|hence|suggest(?:s|ed)?|suggesting|indicating|appears?(?: \w+)? to|seems? to|should be|plays? (?:a|an)|(?:crucial|essential|key|important|indispensable|decisive))\b"),
    (-1.0, r"\b(?:may|might|could|potential(?:ly)?|promising|possib(?:le|ly))\b"),
    (-1.6, r"\b(?:hopes?|hoped|hopefully|further (?:studies|research|investigations?|work|trials)|future (?:studies|research|trials|work)|additional (?:studies|research)|more research|larger (?:[\w-]+ ){0,3}(?:stud(?:y|ies)|trials?)|(?:is|are) (?:needed|warranted|required|necessary)|remains? (?:unclear|unknown|to be|poorly|elusive|controversial|a challenge|challenging)|little is known|will (?:be|start|begin))\b"),
    (-2.5, r"\b(?:we (?:aim(?:ed)?|sought|hypothesi[sz]ed?|review|discuss|describe|summari[sz]e|investigated|evaluated|assessed|examined|analy[sz]ed|studied|conducted|performed|compared|used|measured|tested whether|collected|recruited|enrolled|propose to|also (?:review|discuss|consider)|consider)|aim(?:s|ed)? (?:of|to|was)|purpose|objective|was to|were to|in this (?:review|article|chapter|paper|issue)|(?:this|our|the present) (?:[\w-]+ ){0,2}(?:review|article|chapter|paper|overview)\b|to (?:investigate|evaluate|determine|assess|examine|explore|compare|study|describe)\b.{0,40}\bwe\b|this study (?:aimed|investigated|evaluated|assessed|examined|was|included|compared))"),
    (-1.5, r"\b(?:were (?:enrolled|recruited|included|measured|assessed|evaluated|collected|performed|analy[sz]ed|randomi[sz]ed|assigned|divided|obtained|used|asked|tested|examined|identified from)|was (?:performed|conducted|used|measured|assessed|evaluated|carried out|collected))\b"),
    (-1.2, r"\b(?:is|are) (?:a|an|the most) (?:\w+[ -]){0,4}(?:disease|disorder|condition|cause)|characteri[sz]ed by|affects?\b|affecting|(?:has|have) been (?:proposed|suggested|implicated|reported|shown)|previous(?:ly)? |known to|is common|commonly|patients with .{0,30} often"),
    (-1.0, r"\b(?:however|although|but|moreover|in addition|additionally|furthermore|also)\b"),
)  # fmt: skip
_UNFIT, _SPOKEN, _STUDY, _PRONOUN = "unfit", "spoken", "study", "pronoun"
_FLAGS = (
    (
        _UNFIT,
        (
            r"^(?:learn|read|click|find out|discover how|watch|listen|see (?:more|also)|download|sign up|subscribe|visit|for more|source|copyright|©|trial registration|clinicaltrials|funding|keywords?|conflict)\b"
            r"|\bread more\b|https?:|www\.|@\w"
        ),
    ),
    (_SPOKEN, r"[“\"][^”\"]{25}"),
    (_STUDY, r"\b(?:stud(?:y|ies)|trials?|researchers|scientists|investigators|results|discovery|findings)\b"),
    (_PRONOUN, r"^(?:they|it|he|she|this|these|those|such|there)\b"),
)
_WHOLE = re.compile(r"(?<!\.\.)[.!][\"'”’)\]]*\d{0,2}(?:[,–-]\d{1,2})*\Z")
_DATELINE = re.compile(
    r"(?:[A-Z][A-Z]{2}[^.!?\n]{0,25}(?:[.,][^!?\n]{1,40}?){0,3}?\s?(?:--|[—–])"
    r"|(?:[A-Z][\w.,/' ]{0,40})?\([A-Z][\w. ]{1,25}\)\s?(?:--|[-–—]))\s*(?=[A-Z])",
)
_SECTION = {"results": 1.0, "background": -2.0, "objective": -2.0, "methods": -2.0}


@cache
def _scanner() -> re2.Set:
    options = re2.Options()
    options.case_sensitive = False
    scanner = re2.Set.SearchSet(options)
    for _, pattern in (*_CUES, *_FLAGS):
        scanner.Add(pattern)
    scanner.Compile()
    return scanner


class _Weighed(NamedTuple):
    """A whole sentence, how much it sounds like a result, and what else it is."""

    sentence: Sentence
    points: float
    flags: frozenset[str]


def _weigh(sentence: Sentence) -> _Weighed | None:
    """Weigh a sentence; None for one that is cut off, an invitation or no sentence at all."""
    if len(sentence.text) <= 22 or not _WHOLE.search(sentence.text[-12:]):
        return None
    points, flags = 0.0, []
    for index in _scanner().Match(sentence.text) or ():
        if index < len(_CUES):
            points += _CUES[index][0]
        else:
            flags.append(_FLAGS[index - len(_CUES)][0])
    return None if _UNFIT in flags else _Weighed(sentence, points, frozenset(flags))


def _concluded(sentences: list[Sentence]) -> Sentence | None:
    """Choose from a labelled conclusion: its first sentence, unless that only hopes and a later one tells."""
    weighed = [found for s in sentences if s.section == "conclusion" and (found := _weigh(s))]
    if not weighed:
        return None
    ranked = enumerate(weighed)
    return max(ranked, key=lambda pair: 0.6 * pair[1].points - 1.4 * pair[0])[1].sentence


def _story(sentences: list[Sentence]) -> Sentence | None:
    """Choose from a news story: a result in its own voice, in its first lines best."""
    best, chosen = 0.3, None
    for index, sentence in enumerate(sentences):
        if found := _weigh(sentence):
            lead = 1.2 if index <= 4 and _STUDY in found.flags else 0.0
            points = found.points + lead - 0.1 * index - (2.5 if _SPOKEN in found.flags else 0.0)
            if points > best:
                best, chosen = points, sentence
    return chosen


def _told(sentences: list[Sentence], least: float) -> Sentence | None:
    """Choose from an abstract without a conclusion: results, and what stands near the end."""
    best, chosen = least, None
    for index, sentence in enumerate(sentences):
        if found := _weigh(sentence):
            points = found.points + 2.6 * (index + 1) / len(sentences) + _SECTION.get(sentence.section, 0.0)
            if _PRONOUN in found.flags and found.points < 1.5:
                points -= 0.8
            if points >= best:
                best, chosen = points, sentence
    return chosen


def label(reading: Reading) -> Iterator[Label]:
    """Yield the finding, or nothing where the text states no result."""
    content = reading.content
    if content.kind in {Kind.RECORD, Kind.EXPLAINER, Kind.NOTICE} or reading.value(Facet.DESIGN) == "protocol":
        return
    if not reading.english or (content.truncated and len(content.text) < 160):
        return
    sentences = [sentence for sentence in reading.text if sentence.section != "note"]
    if content.kind is Kind.NEWS:
        chosen = _story(sentences)
    else:
        short = len(content.text) < 400 and not _WHOLE.search(content.text.rstrip()[-12:])
        chosen = _concluded(sentences) or _told(sentences, 3.0 if short else 0.8)
    if chosen:
        dateline = _DATELINE.match(chosen.text) if content.kind is Kind.NEWS else None
        start = chosen.start + (dateline.end() if dateline else 0)
        evidence = reading.evidence(chosen.field, start, chosen.end)
        yield Label(facet=Facet.FINDING, value="finding", evidence=(evidence,))
