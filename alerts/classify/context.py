"""The words around a place that say how the item stands to what is named there."""

import re
from enum import IntEnum

_LIST = r"[^.;:]{0,90}\Z"
_PEOPLE = (
    r"patients?|people|persons?|individuals?|subjects?|participants?|adults?|children|adolescents|women|men|females?"
    r"|males?|girls?|boys?|mothers|fathers|veterans|volunteers|cohorts?|populations?|groups?|cases?|those|survivors"
    r"|speakers|pwms|students|workers|residents|(?:wo)?man|girl|boy|child|sufferers|relatives|families"
    r"|caregivers|carers|pedigree|users|nurses"
)
_STUFF = (
    r"samples?|sera|serum|plasma|blood|csf|fluids?|brains?|tissues?|donors?|models?|mice|rats|cells|lymphocytes|pbmcs"
    r"|lesions?|plaques?|eyes|autops(?:y|ies)|biops(?:y|ies)|registr(?:y|ies)"
)

_AGAINST_BEFORE = re.compile(
    r"(?:"
    rf"(?<![\w-])(?:such as|e\.g\.,?|like|for example|for instance|among others)\b{_LIST}"
    rf"|\b(?:exclu\w+|rul(?:e|es|ed|ing) out|ineligible|except|apart from|aside from|other than|instead of|rather than"
    rf"|unlike|contrary to|beyond|outside)\b{_LIST}"
    r"|\b(?:no|neither|never|nor|(?<!with and )(?<!with or )(?<!and/or )without|absence of|lack of"
    r"|free of|not have|not had|not diagnosed with|negative for)\b"
    r"(?:\s+[\w/-]+,?){0,4}[\s(]*\Z"
    r"|\bno (?:\w+ )?(?:cases?|evidence|signs?|history|reports?|events?|instances?|diagnos[ie]s|incidence) of"
    rf"\b{_LIST}"
    r"|\b(?:non|pseudo)-\Z"
    rf"|\b(?:distinct|differs?|differed|different|differing|indistinguishable) from\b{_LIST}"
    r"|\b(?:differentiat|distinguish|discriminat|separat)\w*\b[^.;:]{0,90}\bfrom\b[^.;:]{0,40}\Z"
    r"|\b(?:mimic\w*|masquerad\w+|misdiagnos\w+|mistaken|confused|resembl\w+|simulat\w+|reminiscent"
    r"|overlap\w*)\b"
    rf"{_LIST}"
    r"|\b(?:suggestive|typical|characteristic|indicative) (?:of|for)\b[^.;:]{0,40}\Z"
    rf"|\b(?:differential|alternative|initial|wrong|incorrect) diagnos[ei]s\b{_LIST}"
    r"|\b(?:similar|compared|comparable|analogous|akin) to (?:that (?:of|in|approved for)[^.;:]{0,60}\b)?\Z"
    r"|\bcertified in\s\Z"
    r")",
    re.IGNORECASE,
)
_AGAINST_AFTER = re.compile(
    r"(?:[\s-](?:negative|seronegative|free|na[iï]ve|like|unrelated|mimic\w*)\b"
    r"|(?:\s*\([^)]*\))?\s(?:was|were|is|are|has been|had been|could be|can be)\s"
    r"(?:excluded|ruled out|absent|not|unlikely|misdiagnosed))",
    re.IGNORECASE,
)
_LOOKALIKE = re.compile(rf"\b(?:mimic\w*|masquerad\w+|resembl\w+|simulat\w+)\b{_LIST}", re.IGNORECASE)
_EXAMPLES = re.compile(
    rf"\b(?:including|includes?|included|comprising|particularly|especially|notably)\b{_LIST}", re.IGNORECASE
)
_USE = re.compile(
    r"\b(?:approved|licen[sc]ed|indicated|prescribed|used|using|employed|established|standard|medications?|drugs?"
    r"|treat(?:s|ed|ing|ments?)?|therap(?:y|ies)|agents?|modulators?)\b(?:\s[\w-]+){0,3}"
    r"\s(?:in|for|of|to treat|with)\b[^.;:]{0,60}\Z",
    re.IGNORECASE,
)
_HAZARD = re.compile(
    r"\b(?:(?:risks?|fears?|complications?|threat|chance|development|occurrence|prevent\w*|minimi[sz]e) (?:of|for)"
    r"|events?|effects?|malignanc\w+|infections?|adverse|ranging from|associated with)\b[^.;:]{0,70}\Z",
    re.IGNORECASE,
)
_STUDIED_BEFORE = re.compile(
    rf"(?:\b(?:{_PEOPLE}|{_STUFF}|igg|antibodies)\b|\d\)?)(?:\s*\([^)]{{0,40}}\))?\s(?:(?:who|that|were|was|are|is"
    r"|newly|recently|previously|clinically|definite|already|all)\s){0,3}"
    r"(?:with|of|from|in|for|by|due to|secondary to|caused by|having|had|have|affected by|suffering from|suffer from"
    r"|diagnosed with|diagnosed as|diagnosed as having|living with|presenting with|at risk of|at risk for"
    r"|developed|develop)\b[^.;:]{0,90}\Z",
    re.IGNORECASE,
)
_STUDIED_AFTER = re.compile(
    rf"(?:[\s-](?:spectrum|syndrome|disorders?|diseases?|associated)){{0,3}}\)?(?:\s*\([^)]{{1,40}}\))?"
    rf"(?:[\s-](?:\w+[\s-]){{0,2}}(?:{_PEOPLE}|{_STUFF})\b|\s*[(\[,:]?\s*n\s*=|\s*\(\d|:\s\d)",
    re.IGNORECASE,
)
_STUDY = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty"
    r"|sixty|seventy"
    r"|eighty|ninety|hundred|we|our|this study|the study|the trial|enrol\w*|included|recruit\w*|investigat\w*"
    r"|evaluat\w*"
    r"|assess\w*|compar\w*|analy[sz]\w*|examin\w*|measured|retrospective\w*|prospective\w*|randomi\w*|studied"
    r"|purpose|aims?"
    r"|objective)\b",
    re.IGNORECASE,
)
_LISTED = re.compile(
    r"\b(?:(?:medical |health |studied )?conditions?(?: being studied)?(?: or disease)?|diseases?|term|indications?"
    r"|target condition|keywords?|therapeutic areas?)\s*:[^:]{0,300}\Z",
    re.IGNORECASE,
)
_SCOPE = re.compile(
    r"\b(?:here(?:in)?,? (?:we|i|the authors)|in (?:this|the present|the current|our) (?:\w+ ){0,2}(?:study|review"
    r"|article|paper|work|report|survey|trial|analysis|chapter|issue|perspective|investigation|research)"
    r"|this (?:\w+ ){0,2}"
    r"(?:study|review|article|paper|work|report|survey|trial|analysis|chapter)|the (?:aim|purpose|objective|goal)"
    r"|we (?:\w+ )?(?:aim|sought|investigat|examin|evaluat|assess|review|discuss|report|describe|present|compar|studied"
    r"|analy[sz]|tested|hypothesi[sz]|explor|summari[sz]|show|demonstrat|identif|recruit|enrol|included|developed|used"
    r"|perform|conduct|measur|determin|generat|propos|found|observ)\w*)",
    re.IGNORECASE,
)
_EARLIER = re.compile(r"\b(?:previous(?:ly)?|earlier|recently|have shown|has shown|had shown)\b", re.IGNORECASE)


class Stance(IntEnum):
    """How a place stands to its item, from denied to shown; the higher says more."""

    AGAINST = 0
    PASSING = 1
    USED = 2
    NAMED = 3
    STUDIED = 4
    LISTED = 5


def stance(before: str, after: str, sentence: str) -> Stance:
    """Judge a place from up to some 100 characters before and after it, within its sentence."""
    if _AGAINST_BEFORE.search(before) or _AGAINST_AFTER.match(after):
        return Stance.AGAINST
    studied = _STUDIED_BEFORE.search(before) or _STUDIED_AFTER.match(after)
    if studied and _STUDY.search(sentence):
        return Stance.STUDIED
    if _EXAMPLES.search(before):
        return Stance.PASSING
    if _USE.search(before) or _HAZARD.search(before):
        return Stance.USED
    return Stance.NAMED


def denied(before: str, after: str) -> Stance | None:
    """Say whether the words around a place in a title take it out of the subject, and how far."""
    if _LOOKALIKE.search(before):
        return Stance.NAMED
    return Stance.AGAINST if _AGAINST_BEFORE.search(before) or _AGAINST_AFTER.match(after) else None


def listed(before: str) -> bool:
    """Say whether a place stands in a registry's field of conditions."""
    return _LISTED.search(before) is not None


def scope(sentence: str) -> bool:
    """Say whether a sentence tells what the work itself does ("here we", "in this review")."""
    return _SCOPE.search(sentence) is not None and _EARLIER.search(sentence) is None
