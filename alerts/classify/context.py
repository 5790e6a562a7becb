"""The words around a place that say how the item stands to what is named there."""

import re
from collections.abc import Sequence
from enum import IntEnum
from functools import cache

from alerts.classify.cues import CUES, Named

_LIST = r"[^.;:]*"
_NEXT_WORDS = r"(?:\s+[\w/-]+){0,3}[\s(]*"
_FEW_WORDS = r"(?:\s+[\w/-]+,?){0,4}[\s(]*"
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

_BEFORE = {
    "list": rf"(?:^|[^\w-])(?:such as|e\.g\.,?|like|for example|for instance|among others)\b{_LIST}",
    "except": r"\b(?:exclu\w+|rul(?:e|es|ed|ing) out|ineligible|except|apart from|aside from|other than"
    rf")\b{_LIST}|\b(?:instead of|rather than|unlike|contrary to|beyond|outside){_NEXT_WORDS}",
    "no": r"\b(?:no|neither|never|nor|absence of|lack of|free of|not have|not had|not diagnosed with|negative for)\b"
    rf"{_FEW_WORDS}",
    "no help": r"\bno (?:[\w-]+ )?(?:cure|treatment|drug|therapy|remedy|test|vaccine) (?:for|of|against)\s",
    "without": rf"\bwithout\b{_FEW_WORDS}",
    "with or without": rf"\bwith (?:and|or|and/or) without\b{_FEW_WORDS}",
    "no cases": r"\bno (?:\w+ )?(?:cases?|evidence|signs?|history|reports?|events?|instances?|diagnos[ie]s"
    r"|incidence) of"
    rf"\b{_LIST}",
    "non": r"\b(?:non|pseudo)-",
    "other": rf"\b(?:distinct|differs?|differed|different|differing|indistinguishable) from\b{_LIST}",
    "told from": rf"\b(?:differentiat|distinguish|discriminat|separat)\w*\b{_LIST}\bfrom\b{_LIST}",
    "lookalike": rf"\b(?:mimic(?:s|ked|king|kers?)?|masquerad\w+|resembl\w+|simulat\w+)\b{_LIST}",
    "mistaken": rf"\b(?:misdiagnosed|mistaken|confused|reminiscent|overlap\w*)\b{_LIST}",
    "typical": rf"\b(?:suggestive|typical|characteristic|indicative) (?:of|for)\b{_LIST}",
    "differential": rf"\b(?:differential|alternative|initial|wrong|incorrect) diagnos[ei]s\b{_LIST}",
    "similar": rf"\b(?:similar|compared|comparable|analogous|akin) to (?:that (?:of|in|approved for){_LIST}\b)?",
    "examples": rf"\b(?:including|includes?|included|comprising|particularly|especially|notably)\b{_LIST}",
    "use": r"\b(?:(?:approved|licen[sc]ed|indicated|prescribed|used|using|employed|established|standard"
    r"|treat(?:s|ed|ing|ments?)?|therap(?:y|ies)|agents?|modulators?)\b(?:\s[\w-]+){0,3}|medications?|drugs?)"
    rf"\s(?:in|for|of|to treat|with)\b{_LIST}",
    "hazard": r"\b(?:(?:risks?|fears?|complications?|threat|chance|development|occurrence|prevent\w*|minimi[sz]e)"
    r" (?:of|for)|events?|effects?|malignanc\w+|infections?|adverse|ranging from|associated with)\b"
    rf"{_LIST}",
    "studied": rf"(?:\b(?:{_PEOPLE}|{_STUFF}|igg|antibodies)\b|\d\)?)(?:\s*\([^)]*\))?\s"
    r"(?:(?:who|that|were|was|are|is|newly|recently|previously|clinically|definite|already|all)\s){0,3}"
    r"(?:with|of|from|in|for|by|due to|secondary to|caused by|having|had|have|affected by|suffering from|suffer from"
    r"|diagnosed with|diagnosed as|diagnosed as having|living with|presenting with|at risk of|at risk for"
    rf"|developed|develop)\b{_LIST}",
}
_AFTER = {
    "known for": r"[\s-](?:drug|medication|medicine|pill)\b",
    "drug": r"[\s-](?:drug|medication|medicine|pill|treatment|therapy)\b",
    "denied": r"(?:[\s-](?:negative|seronegative|free|na[iï]ve|like|unrelated)\b|-mimic(?:s|king|kers?)?\b"
    r"|\smimic(?:s|kers?)\b(?:$|[\s]*[,:;.)?]|\s(?:and|in|of|or|with|among)\b)"
    r"|(?:\s*\([^)]*\))?\s(?:was|were|is|are|has been|had been|could be|can be)\s"
    r"(?:excluded|ruled out|absent|negative|unlikely|misdiagnosed"
    r"|not (?:\w+ )?(?:diagnosed|present|found|confirmed|detected|seen|suspected|identified))"
    r"|[^.;:]{0,60}\b(?:was|were) excluded)",
    "model": r"[\s-]like (?:disease|illness|condition|paralysis)\b",
    "studied": r"(?:[\s-](?:spectrum|syndrome|disorders?|diseases?|associated)){0,3}\)?(?:\s*\([^)]+\))?"
    rf"(?:[\s-](?:\w+[\s-]){{0,2}}(?:{_PEOPLE}|{_STUFF})\b|\s*[(\[,:]?\s*n\s*=|\s*\(\d|:\s\d)",
}
_LISTED = (
    r"\b(?:(?:medical |health |studied )?conditions?(?: being studied)?(?: or disease)?|diseases?|term|indications?"
    r"|target condition|keywords?|therapeutic areas?)\s*:[^:]*"
)
_GIVEN = (
    r"\b(?:interventions?(?:[ _/]*(?:or )?(?:treatments?|names?(?:\(s\))?))?|study (?:drugs?|treatments?)"
    r"|investigational products?|(?:trade|product|substance) names?)\s*:(?:[^:.]|\.\S"
    r"|\b(?:drug|biological|device|procedure|radiation|behaviou?ral|genetic|(?:dietary )?supplement|combination product"
    r"|(?:diagnostic )?test|other)\s*:)*"
)
_STUDIED, _SCOPE, _EARLIER = CUES["studied"], CUES["scope"], CUES["earlier"]
_TITLE_AGAINST = frozenset({"list", "except", "no", "no cases", "non"})
_AGAINST = _TITLE_AGAINST | {"other", "told from", "mistaken", "typical", "differential", "similar"}


_ADDRESSED = re.compile(
    r"\A(?:learn|discover|find out|sign up|subscribe|click|watch|join|explore)\b|\b(?:read more|you['’](?:ve|re)"
    r"|we (?:aim|strive|invite|encourage|recommend)|whether you|our (?:newsletter|readers|mission|team of))\b",
    re.IGNORECASE,
)
_OTHER_ILLNESS = re.compile(
    r"\b(?:lupus|covid|cancers?|leuk[ae]+mia|diabetes|alzheimer|parkinson|huntington|als|stroke|migraine|epilepsy|autism"
    r"|asthma|crohn|hiv|aids|ebola|depression|schizophrenia|obesity|gout|dementia|sepsis|pain|syndrome"
    r"|(?!multiple\b)[a-z]{3,}(?:itis|oma|asis|emia|aemia|pathy|lepsy|trophy))\b",
    re.IGNORECASE,
)
"""What a drug that is known for another illness is tried in."""


class Stance(IntEnum):
    """How a place stands to its item, from denied to shown; the higher says more."""

    AGAINST = 0
    PASSING = 1
    USED = 2
    NAMED = 3
    STUDIED = 4
    LISTED = 5


def stance(before: str, after: str, cues: Sequence[int], section: str) -> Stance:
    """Judge a place from up to some 100 characters before and after it, within its sentence."""
    found, follows = _before().names(before), _after().names(after)
    if ("denied" in follows and "model" not in follows) or "lookalike" in found or _barred(found):
        return Stance.AGAINST
    if ("studied" in found or "studied" in follows) and (section == "objective" or _STUDIED in cues):
        return Stance.STUDIED
    if "examples" in found:
        return Stance.PASSING
    return Stance.USED if "known for" in follows or "use" in found or "hazard" in found else Stance.NAMED


def denied(before: str, after: str) -> Stance | None:
    """Say whether the words around a place in a title take it out of the subject, and how far.

    `USED` is the disease that a drug is known for: "a lupus drug calms asthma".
    """
    found, follows = _before().names(before), _after().names(after)
    if " de " in before:
        found -= {"no"}  # "in the" of a Portuguese title
    if "lookalike" in found or "mistaken" in found:
        return Stance.NAMED
    if _barred(found, _TITLE_AGAINST) or ("denied" in follows and "model" not in follows):
        return Stance.AGAINST
    return Stance.USED if "drug" in follows else None


def addressed(sentence: str) -> bool:
    """Say whether a sentence of a story speaks to its readers: what a site says of itself, and what to read next."""
    return bool(_ADDRESSED.search(sentence))


def elsewhere(line: str, start: int, end: int) -> bool:
    """Say whether the rest of a line names another illness, in which a drug "for this one" is tried."""
    return bool(_OTHER_ILLNESS.search(line[:start]) or _OTHER_ILLNESS.search(line, end))


def _barred(found: frozenset[str], against: frozenset[str] = _AGAINST) -> bool:
    if "no help" in found:
        against -= {"no"}
    return not found.isdisjoint(against) or ("without" in found and "with or without" not in found)


def listed(before: str, *, treatment: bool) -> bool:
    """Say whether a place stands in a registry's field of conditions, or a treatment in that of what is given."""
    found = _fields().names(before)
    return "listed" in found or (treatment and "given" in found)


def scope(cues: Sequence[int]) -> bool:
    """Say whether a sentence with these cues tells what the work itself does ("here we", "in this review")."""
    return _SCOPE in cues and _EARLIER not in cues


@cache
def _before() -> Named:
    return Named(_BEFORE, end=r"\z")


@cache
def _after() -> Named:
    return Named(_AFTER, begin=r"\A")


@cache
def _fields() -> Named:
    return Named({"listed": _LISTED, "given": _GIVEN}, end=r"\z")
