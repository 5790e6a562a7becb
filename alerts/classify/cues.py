"""What single sentences tell: the cues of all facets, looked for in one pass over each sentence that is asked about."""

# ruff: noqa: E501 - a pattern that is broken over many lines is harder to read than a long one

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import re2

from alerts.classify.numbers import SPELT

RESULT = (
    (0.9, r"\bin (?:a|the|clinical|one|this|two) (?:\w+ )?(?:trials?|tests?)\b|\bby (?:more than |about |nearly |almost )?(?:half|a third|two-thirds|\d+)"),
    (-5.0, r"^to (?:\w+ )?(?:investigate|evaluate|determine|assess|examine|explore|compare|study|describe|identify|characteri[sz]e|review|analy[sz]e|estimate|report|test|measure|establish|develop)\b"),
    (-2.5, r"\b(?:findings? (?:are|were|is) based on|(?:study|trial|findings|research|results|work) (?:was|were|is|are|will be|appears?|appeared) (?:\w+ ){0,2}(?:a|an|funded|published|based|presented|in the|scheduled|supported|sponsored|conducted|led|done))\b"),
    (-1.5, r"\b(?:met (?:its|their|the) (?:\w+ )?(?:goals?|end ?points?))\b"),
    (1.0, r"\b(?:recovered|resolved|responded|in remission|was diagnosed|diagnosis (?:of|was)|lowered|lowers|fell|calmed|eases|remained stable|declined)\b"),
    (-1.2, r"\b(?:presented (?:with|to)|was admitted|years?[- ]old)\b"),
    (-1.5, r"(?:\b(?:researchers|scientists|doctors|team|investigators|study|trial|survey|experiment)|^they) (?:from [\w., ]{3,50}|at [\w., ]{3,50}|then |also |who |had |has |have ){0,2}(?:tested|studied|looked|analy[sz]ed|gave|recruited|examined|followed|used|included|enrol?led|involved|asked|fed|steeped|surveyed|scanned|invited|interviewed|monitored|tracked|implanted|randomi[sz]ed|compared|is being|(?:did not|didn['’]t) (?:include|have))\b"),
    (-1.5, r"\b(?:(?:expects?|hopes?|seeks?|sought|awaits?)\b.{0,60}\bapprov\w*|(?:is|are|was|were|has been|have been) (?:already |currently |only |now )*(?:approved|used|tested|available)|report(?:s|ed)? (?:another|successful|the first|a step)|for the first time (?:reported|shown)|conducted (?:research|a study)|pav(?:e|es|ed|ing) (?:the )?way|another step)\b"),
    (1.8, r"\b(?:this|our|the present|present) (?:case|patient)s? (?:\w+ )?(?:highlights?|illustrates?|demonstrates?|suggests?|shows?|supports?|underlines?|emphasi[sz]es?)|(?:has|have) revealed|discovery identif|provides? evidence|shows? promise|confirmed|we recommend\b"),
    (-2.0, r"\b(?:americans|worldwide|million people|according to the (?:national|american|centers|world)|each year)\b"),
    (-2.2, r"\b(?:provides? (?:a|an|the) (?:[\w-]+ ){0,2}(?:assessment|evaluation|step|analysis|account|overview|description|framework|example|basis)|we conclude by|better understanding|(?:highly )?desirable|(?:critical|essential|crucial|important|necessary) (?:to|for)|promise for|(?:will|would) help|learning from|needs? to)\b"),
    (2.2, r"\b(?:in conclusion|to conclude|we conclude|concluded? that|taken together|collectively|in summary|overall,|altogether,)"),
    (1.8, r"\b(?:these|our|the|this|present|current) (?:\w+ )?(?:results?|findings?|data|study|analys[ei]s|observations|trial|work|cases?|evidence|report) (?:also |further |clearly |thus |strongly )?(?:\w+ )?(?:suggests?|indicates?|shows?|showed|demonstrates?|demonstrated|supports?|do(?:es)? not support|reveals?|revealed|confirms?|highlights?|implicate|imply|expand|identif(?:y|ies)|projected)"),
    (1.6, r"\b(?:we|researchers|authors?|investigators|scientists|team|study|they|results|analysis) (?:also |further |have |has |previously |then )?(?:found|find|finds|showed|shows?|shown|demonstrated?|observed|identif(?:y|ied)|reveal(?:ed)?|report(?:ed)?|determined|discovered|detected)\b|\b(?:showing|show|shows|showed|found|finds|revealed|demonstrat(?:ed|es|ing)) that\b"),
    (1.2, r"\b(?:significant(?:ly)?|more likely|less likely|fewer|higher|lower|greater|reduc(?:e|ed|es|tions?)|increas(?:ed|es)|decreas(?:ed|es)|improv(?:e|ed|es|ements?)|restores?|restored|reversed?|outperform(?:s|ed)|associated with|correlat(?:ed|es|ion)|predict(?:s|ed|or|ors)?|superior|inferior|no (?:significant )?(?:difference|evidence|association)|did not differ|similar|attenuat(?:ed|es)|ameliorat(?:ed|es)|prevent(?:ed|s)|suppress(?:ed|es)|inhibit(?:ed|s)|induc(?:ed|es)|enhanc(?:ed|es)|worsen(?:ed|s)|safe|effective|efficacy|tolerated|sensitiv(?:e|ity)|specificity|risk of|decisive|helps?|slows?|slowed|halts?|halted|eased|scored|shrank|shr[iu]nk|halved|doubled|survived|faded|gained weight|yield(?:s|ed)|had no|did not change|differed|grew)\b|\b(?:less|more|fewer|better|worse|faster|slower|longer|shorter) (?:\w+ ){0,3}than\b"),
    (0.8, r"\b(?:\d[\d.,]*\s?(?:%|percent|per cent)|p\s?[<=]|hazard ratio|odds ratio|ci\b)"),
    (0.7, r"\b(?:therefore|thus|hence|suggest(?:s|ed)?|suggesting|indicating|appears?(?: \w+)? to|seems? to|should be|plays? (?:a|an)|(?:crucial|essential|key|important|indispensable|decisive))\b"),
    (-1.0, r"\b(?:may|might|could|potential(?:ly)?|promising|possib(?:le|ly))\b"),
    (-1.6, r"\b(?:hopes?|hoped|hopefully|further (?:studies|research|investigations?|work|trials)|future (?:studies|research|trials|work)|additional (?:studies|research)|more research|larger (?:[\w-]+ ){0,3}(?:stud(?:y|ies)|trials?)|(?:is|are) (?:needed|warranted|required|necessary)|remains? (?:unclear|unknown|to be|poorly|elusive|controversial|a challenge|challenging)|little is known|will (?:be|start|begin)|(?:must|should|needs? to) (?:be )?(?:further |also )?(?:paid|given|explored?|investigated?|stud(?:y|ied)|examined?|validated)|(?:eagerly |still )?awaited|in a separate (?:article|paper))\b"),
    (-2.5, r"\b(?:we (?:aim(?:ed)?|sought|hypothesi[sz]ed?|review|discuss|describe|summari[sz]e|investigated|evaluated|assessed|examined|analy[sz]ed|studied|conducted|performed|compared|used|measured|tested whether|collected|recruited|enrolled|searched|screened|included|selected|retrieved|extracted|propose to|also (?:review|discuss|consider)|consider)|aim(?:s|ed)? (?:of|to|was)|purpose|objective|was to|were to|in this (?:review|article|chapter|paper|issue)|(?:this|our|the present) (?:[\w-]+ ){0,2}(?:review|article|chapter|paper|overview)\b|to (?:investigate|evaluate|determine|assess|examine|explore|compare|study|describe)\b.{0,40}\bwe\b|this study (?:aimed|investigated|evaluated|assessed|examined|was|included|compared))"),
    (-1.5, r"\b(?:were (?:enrolled|recruited|included|measured|assessed|evaluated|collected|performed|analy[sz]ed|randomi[sz]ed|assigned|divided|obtained|used|asked|tested|examined|identified from)|was (?:performed|conducted|used|measured|assessed|evaluated|carried out|collected))\b"),
    (-2.8, r"\b(?:we|i) (?:have |are |next |then |also |further |finally |briefly |critically |here |currently ){0,2}(?:highlight(?:ed)?|outlin(?:e|ed)|summari[sz](?:e|ed|ing)|review(?:ed|ing)?|describ(?:e|ed|ing)|discuss(?:ed|ing)?|explor(?:e|ed|ing)|address(?:ed)?|focus(?:ed)?|consider(?:ed)?|survey(?:ed)?|recruit(?:ed)?|enrol(?:l?ed)?|provide (?:an? |the )?(?:recommendations?|guidance|summary|overview|insights?|update|perspective))\b"),
    (-2.5, r"\b(?:are|is|were|was|will be|have been|has been) (?:also |then |briefly |critically |further |here |being )?(?:described|reviewed|outlined|highlighted|considered|discussed|summari[sz]ed|addressed|explored|provided|listed|presented)(?:,? (?:here|below|too|as well|in (?:this|the|detail)\b[^.]*))?[.]\W*\z"),
    (-2.5, r"\b(?:this|the present|the current|our) (?:[\w-]+ ){0,2}(?:commentary|editorial|perspective|viewpoint|letter|manuscript|protocol)\b|\bin the (?:current|present) (?:review|article|paper|chapter)|\b(?:the|our) (?:primary |main |overall )?(?:goals?|aims?|objectives?) (?:of|was|is|were|are)\b|\bthis (?:\w+ )?study (?:aims|seeks|sought|investigates|examines|explores|evaluates|assesses|will)\b|\brecommendations? (?:is|are|were) (?:provided|given|made|offered)"),
    (-1.5, r"\b(?:was|were) (?:dichotomi[sz]ed|stratified|classified|randomly|followed|conducted|surveyed|interviewed|scanned|sampled)\b|\btook part\b|\b(?:took|completed|underwent|did) the \w+ (?:test|survey|questionnaire)"),
    (-1.2, r"\b(?:is|are) (?:a|an|(?:one of )?the (?:\w+ )?most) (?:\w+[ -]){0,4}(?:disease|disorder|condition|cause)|characteri[sz]ed by|affects?\b|affecting|(?:has|have) been (?:proposed|suggested|implicated|reported|shown)|previous(?:ly)? |known to|is common|commonly|patients with .{0,30} often"),
    (-1.0, r"\b(?:however|although|but|moreover|in addition|additionally|furthermore|also)\b"),
)  # fmt: skip
"""What makes a sentence sound like the main result, or unlike it, and by how many points."""

PEOPLE = (
    r"(?:patients?|participants?|subjects?|individuals?|people|persons?|adults?|child(?:ren)?|wom[ae]n|m[ae]n|volunteers?"
    r"|controls?|cases?|donors?|respondents?|students?|infants?|neonates?|newborns?|adolescents?|youths?|veterans?"
    r"|caregivers?|carers?|pregnancies|births|mothers|girls?|boys?|males?|females?|residents?|members|twins|outpatients?"
    r"|inpatients?|survivors?|nurses|physicians|radiologists|workers|employees|athletes|hcs?|smokers|teachers|drivers"
    r"|candidates|recipients|probands|seniors|soldiers|completers|undergraduates|players|elders|latinas|bcs|pw\w*ms|pts"
    r"|neurologists|specialists|clinicians|doctors|professionals|therapists|parents|relatives|siblings|spouses|partners"
    r"|runners|pupils|trainees|pharmacists|midwives|elderly)"
)
_SOMEBODY = rf"\b(?:{PEOPLE}|n\s?=|total|sample|cohort|accrual)"
_TAKEN = (
    r"\b(?:enrol?l?(?:ed|ing)?|recruit\w*|includ(?:ed|es)|randomi[sz]\w*|randomly|assigned|allocated|stud(?:y|ied)|evaluat(?:ed|ing)|analy[sz](?:ed|ing|ed)|tested|identified|examined"
    r"|underwent|participated|took part|completed|assess(?:ed|ing)|surveyed|treated|follow(?:ed|ing)|investigated|compared|imaged|eligible|interviewed|measured"
    r"|conducted|data|obtained|involv(?:ed|ing)|consecutive|cohort|sample|trial|accrued|available|retrospective|divided|received|volunteered"
    r"|consisted|comprised|evaluable|reviewed|retrieved|will be|entered|registered|had been diagnosed|were observed|gave|acquired|findings|asked|scanned|surveys?|interviews with|given|wore|drank|ate|lost)\b"
)
_STRONG = (
    r"\b(?:enrol?led|recruit(?:ed|ing)|randomi[sz]ed|randomly (?:assigned|allocated|divided|selected)|(?:were|was) (?:included|studied|eligible|evaluated|analy[sz]ed|accrued|assigned|allocated)"
    r"|participated|took part|we (?:\w+ )?(?:studied|included|enrolled|followed|examined|tested|analy[sz]ed|evaluated|treated|assessed|surveyed|identified)|(?:colleagues|researchers|team|scientists|authors|investigators) (?:\w+ )?(?:studied|included|enrolled|followed|examined|tested|analy[sz]ed|evaluated|treated|assessed|surveyed|looked at|tracked|gave)|study (?:of|included|enrolled|with|on)|trial (?:of|in|with|on)|consecutive)\b"
)
_WORLD = r"\b(?:worldwide|\d (?:million|billion)|millions of|(?:confirmed|reported) cases and|database of (?:> ?|over |more than )\d|americans|estimated \d|affect(?:s|ing)? (?:about |around |more than |over |up to |nearly |almost |some |an estimated |approximately )?(?:\d|one in|hundreds|thousands)|each year|every year|annually|in the (?:united states|us|uk|world|country)|globally|suffer from|per 100|prevalence of \d)\b"
_STUDY = (
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty"
    r"|sixty|seventy|eighty|ninety|hundred|we|our|this study|the study|the trial|enrol\w*|included|recruit\w*"
    r"|investigat\w*|evaluat\w*|assess\w*|compar\w*|analy[sz]\w*|examin\w*|measured|retrospective\w*"
    r"|prospective\w*|randomi\w*|studied|purpose|aims?|objective)\b"
)
_SCOPE = (
    r"\b(?:here(?:in)?,? (?:we|i|the authors)"
    r"|in (?:this|the present|the current|our) (?:\w+ ){0,2}(?:study|review|article|paper|work|report|survey|trial"
    r"|analysis|chapter|issue|perspective|investigation|research)"
    r"|(?:this|the present) (?:\w+ ){0,2}(?:study|review|article|paper|work|report|survey|trial|analysis|chapter)"
    r"|the (?:aim|purpose|objective|goal)"
    r"|we (?:\w+ )?(?:aim|sought|investigat|examin|evaluat|assess|review|discuss|report|describe|present|compar"
    r"|studied|analy[sz]|tested|hypothesi[sz]|explor|summari[sz]|show|demonstrat|identif|recruit|enrol|included"
    r"|developed|used|perform|conduct|measur|determin|generat|propos|found|observ)\w*)"
)
_GRADED = (
    r"^(?:[\w-]+,? ){0,4}?(?:(?:certainty|quality|strength|level|confidence)(?: rating)?(?: of| in)? (?:the |this )?(?:\w+ )?(?:evidence|stud(?:y|ies)|trials|reports)"
    r"|(?:certainty|heterogeneity|risks? of (?:\w+ )?bias|publication bias|methodological quality)|(?:evidence|studies|trials|reports) (?:was|were) (?:rated|graded|judged|assessed|of))\b"
    r"[^,;]{0,40}\b(?:low|moderate|high|poor|unclear|substantial|considerable|serious|weak|limited|fair|good|mixed|variable|grade)\b[^,;]{0,30}"
    r"(?:,? (?:mainly|mostly|largely|due|owing|because|downgraded|ranging|using|according)[^;]*)?[.]\W*\z"
)
"""A sentence that only says how good the evidence is, not what it shows."""
_OF_RESULTS: Mapping[str, str] = {
    **{f"result {at}": pattern for at, (_, pattern) in enumerate(RESULT)},
    "unfit": r"^(?:learn|read|click|find out|discover how|watch|listen|see (?:more|also)|download|sign up|subscribe|visit|for more|source|copyright|©|trial registration|clinicaltrials|funding|keywords?|conflict)\b"
    r"|\bread more\b|https?:|www\.|@\w"
    rf"|{_GRADED}",
    "spoken": r"[“\"][^”\"]{25}",
    "pronoun": r"^(?:they|it|he|she|this|these|those|such|there)\b",
    "other research": r"^(?:previously|earlier|in the past)\b|\b(?:previous|earlier|past|prior|other|some|many|older) (?:\w+ ){0,2}(?:research|stud(?:y|ies)|work|trials?|findings|reports?|evidence|results?)\b"
    r"|\ba (?:19|20)\d\d (?:\w+ )?(?:study|meta-analysis|trial|review|report)|since the (?:19|20)\d\ds",
}
"""What only the choice of a finding asks for."""
_OTHERS: Mapping[str, str] = {
    "study": r"\b(?:stud(?:y|ies)|trials?|researchers|scientists|investigators|results|discovery|findings)\b",
    "somebody": _SOMEBODY,
    "digit": r"\d",
    "spelt": SPELT,
    "taken": _TAKEN,
    "strong": _STRONG,
    "world": _WORLD,
    "studied": _STUDY,
    "scope": _SCOPE,
    "earlier": r"\b(?:previous(?:ly)?|earlier|recently|have shown|has shown|had shown)\b",
    "total": r"total|sample|cohort|enrol|altogether|overall",
    "screened": r"\b(?:screened|assessed for eligibility|approached|invited|contacted)\b",
    "by chance": r"\b(?:randomi[sz]ed|assigned|allocated)\b",
}
CUES: Mapping[str, int] = {name: at for at, name in enumerate([*_OF_RESULTS, *_OTHERS])}
"""The number of each cue; those of `RESULT` come first, in its order."""


_GAP = re.compile(r"\.\{|\]\{2|\{0,[2-9]")
"""What leaves room in a pattern for any words."""


class _Scanner:
    """Some cues, looked for in one pass over a sentence."""

    def __init__(self, patterns: Mapping[str, str]) -> None:
        options = re2.Options()
        options.max_mem = 64 << 20
        options.case_sensitive = False
        self._numbers = [CUES[name] for name in patterns]
        self._set = re2.Set.SearchSet(options)
        for pattern in patterns.values():
            self._set.Add(pattern)
        self._set.Compile()

    def met(self, raw: bytes) -> list[int]:
        return [self._numbers[at] for at in self._set.Match(raw) or ()]


@cache
def _others() -> _Scanner:
    return _Scanner(_OTHERS)


@cache
def _of_results() -> tuple[_Scanner, _Scanner]:
    """Return the patterns with gaps, and those without.

    A gap multiplies the states of a Set with those of all its other patterns: kept apart, they read a sentence that
    they have not seen before twice as fast.
    """
    with_gap = {name: pattern for name, pattern in _OF_RESULTS.items() if _GAP.search(pattern)}
    return _Scanner(with_gap), _Scanner({name: _OF_RESULTS[name] for name in _OF_RESULTS if name not in with_gap})


def met(sentence: str) -> Sequence[int]:
    """Return the numbers of the cues that a sentence holds, but for those of results."""
    return _others().met(sentence.encode("utf-8", "replace"))


def met_in(sentences: Iterable[str]) -> dict[str, Sequence[int]]:
    """Return the same for many sentences."""
    scanner = _others()
    return {sentence: scanner.met(sentence.encode("utf-8", "replace")) for sentence in sentences}


def told(sentence: str) -> Sequence[int]:
    """Return the numbers of the cues of results that a sentence holds."""
    raw = sentence.encode("utf-8", "replace")
    return [number for scanner in _of_results() for number in scanner.met(raw)]


class Named:
    """Named patterns that are looked for in one pass over a few words."""

    def __init__(self, patterns: Mapping[str, str], *, begin: str = "", end: str = "") -> None:
        options = re2.Options()
        options.max_mem = 64 << 20
        self._names = tuple(patterns)
        self._set = re2.Set.SearchSet(options)
        for pattern in patterns.values():
            self._set.Add(f"(?i){begin}(?:{pattern}){end}")
        self._set.Compile()

    def names(self, text: str) -> frozenset[str]:
        found = self._set.Match(text.encode("utf-8", "replace"))
        return frozenset([self._names[at] for at in found]) if found else _NONE

    def any(self, text: str) -> bool:
        """Say whether one of the patterns occurs."""
        return self._set.Match(text.encode("utf-8", "replace")) is not None


_NONE: frozenset[str] = frozenset()


class Cue:
    """One pattern, of which only is asked whether a text holds it, in any case of letters.

    A negative look-around, which RE2 does not know, is checked by `re` where the rest of the pattern is met.
    """

    def __init__(self, pattern: str) -> None:
        rest = _LOOK_AROUND.sub("", pattern)
        self._loose = Named({"": rest.replace(r"\Z", r"\z")})
        self._exact = re.compile(pattern, re.IGNORECASE) if rest != pattern else None

    def search(self, text: str) -> bool:
        return self._loose.any(text) and (self._exact is None or self._exact.search(text) is not None)


_LOOK_AROUND = re.compile(r"\(\?<?![^()]*\)")
