"""What a reader should know before believing: small, uncontrolled, in animals, interim, not found, retracted and so on."""

# ruff: noqa: E501 - a pattern that is broken over many lines is harder to read than a long one

import re
from collections.abc import Iterator, Mapping

import re2

from alerts.classify.reading import Reading
from alerts.model import Evidence, Facet, Kind, Label

TRIGGERS: Mapping[str, str] = {
    "caution:no-control": r"\b(?:single[- ]arm|uncontrolled,? (?:[\w-]+,? ){0,3}(?:stud(?:y|ies)|trials?|design|experiment|investigation)|no (?:\w+ )?(?:control|comparison|comparator|placebo) (?:group|arm)|without (?:a |any )?(?:\w+ )?(?:control|comparison|placebo)(?: group| arm)?\b"
    r"|lack(?:s|ed|ing)? (?:of )?(?:an? )?(?:\w+ )?(?:control|comparison|placebo)(?: group| arm)|non-?controlled|absence of a (?:control|comparison) (?:group|arm)"
    r"|(?:did|does|do|had)(?: not|n['’]t) (?:include|have|use|involve) (?:a |any )?(?:(?:control|comparison|placebo|untreated) |(?:group|arm) (?:that|who|of|which) ))",
    "caution:interim": r"\binterim (?:analys[ie]s|results?|data|report|findings)\b",
    "caution:preliminary": r"\b(?:(?:very |this |these )?preliminary (?:\w+ )?(?:study|studies|findings?|results?|data|evidence|report|investigation|trial|analysis|observations?)|pilot(?:[ -](?:study|trial|randomi[sz]ed|data|project|investigation|feasibility))"
    r"|proof[- ]of[- ](?:concept|principle)|first[- ]in[- ]human|early[- ]stage (?:study|trial|research)|feasibility (?:study|trial)|findings are preliminary|results are preliminary|hypothesis-generating)\b",
    "caution:overclaim": r"\b(?:cures?|cured|breakthroughs?|miracles?|miraculous(?:ly)?|game[- ]chang(?:er|ing)|revolution(?:ary|i[sz]es?|i[sz]ing)|wonder drug|holy grail|magic bullet)\b",
    "caution:preprint": r"\b(?:preprints?|pre-print|not (?:yet )?(?:been )?peer[- ]reviewed|medrxiv|biorxiv)\b",
    "caution:concern": r"\bexpressions? of concern\b",
    "caution:retracted": r"\bretract(?:ed|ion)\b",
    "caution:study": r"\b(?:stud(?:y|ies)|trials?|research(?:ers)?|scientists|investigators|findings)\b",
    "caution:patients": r"\b(?:patients?|people|sufferers|those with)\b",
}
_COMPILED = {name: re2.compile(f"(?i){pattern}".encode()) for name, pattern in TRIGGERS.items()}
_OVERCLAIM = re.compile(TRIGGERS["caution:overclaim"], re.IGNORECASE)
_PEOPLE_DESIGNS = frozenset({"observational", "trial", "randomized-trial", "case-report", "lab", "news", ""})
_DENIED = re.compile(
    r"(?:(?:\b(?:no|not|cannot|never|without|nor|any|whether|incurable|rather than|far from|before a|towards? a|for a|find a|search for|hard(?:er)? to|difficult to|hop(?:e|es|ed|ing) (?:for|of|to)|once|could one day)|n['’]t)\b[^.]{0,25}"
    r"|\b(?:find|finding|discover(?:ing)?|seek(?:ing)?|develop(?:ing)?|deliver(?:ing)?|accelerat\w+|dedicated to|mission|years from|fund\w*|towards?)\b[^.]{0,40}|cell-)\Z",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    r"cures? rates?|cured (?:of|in|by) \d|breakthrough (?:therap(?:y|ies) designation|therapy status|pain|infections?|seizures?|bleeding|cases?|disease|activity|relapses?)"
    r"|cured (?:meats?|ham|bacon)|revolutioni?[sz]?ary (?:war|guard)",
    re.IGNORECASE,
)
"""Where these words are of the trade: a rate of cures that was counted, an infection in spite of a vaccine."""
_COUNTED = re.compile(
    r"(?:\d|\b(?:infections?|hepatitis|hcv|tuberculosis|pneumonia|malaria)\b)[^.]{0,60}\b(?:were|was|been|be|being) \Z",
    re.IGNORECASE,
)
_BESIDE = re.compile(
    r"\b(?:mice|mouse|murine|rats?|animals?|cells?|in vitro|ex vivo|lab(?:oratory)?|dish|models?|zebrafish|preclinical|eae)\b",
    re.IGNORECASE,
)


def _find(reading: Reading, trigger: str, fields: tuple[str, ...] = ("title", "text")) -> Evidence | None:
    if trigger in reading.triggered:
        for field in fields:
            if found := reading.find(_COMPILED[trigger], field):
                return found
    return None


def _whole(reading: Reading) -> Evidence | None:
    if not reading.sentences:
        return None
    first = reading.sentences[0]
    return reading.evidence(first.field, first.start, first.end)


def _of(reading: Reading, facet: Facet) -> Label | None:
    return next((label for label in reading.labels if label.facet is facet), None)


def _from_labels(reading: Reading) -> Iterator[tuple[str, Evidence | None]]:
    """What follows from design and size."""
    design, size = _of(reading, Facet.DESIGN), _of(reading, Facet.SIZE)
    value = design.value if design else ""
    if design and value in {"lab", "animal"}:
        yield ("in-vitro" if value == "lab" else "animal"), design.evidence[0]
    if size and int(size.value) < 30 and value in _PEOPLE_DESIGNS and reading.content.kind is not Kind.RECORD:
        yield "small-sample", size.evidence[0]


def _from_status(reading: Reading) -> Iterator[tuple[str, Evidence | None]]:
    """What the item's kind, publication types and title say of its standing."""
    content = reading.content
    if content.kind is Kind.PREPRINT:
        yield "preprint", _find(reading, "caution:preprint") or _whole(reading)
    fields = [f"publication_types[{index}]" for index in range(len(content.publication_types))]
    for value in ("concern", "retracted"):
        typed = [
            found
            for name in fields
            if _COMPILED[f"caution:{value}"].search((found := reading.whole(name)).words.encode("utf-8", "replace"))
        ]
        title = _find(reading, f"caution:{value}", ("title",))
        if typed or (title and (content.kind is Kind.NOTICE or title.start <= 1)):
            yield value, typed[0] if typed else title
    if content.kind is Kind.NEWS and not reading.hints.study_linked and not content.truncated:
        yield "study-not-found", _find(reading, "caution:study", ("text", "title"))


def _overclaim(reading: Reading) -> Evidence | None:
    """Find a claim in the source's own voice: not denied, not quoted from somebody."""
    told = reading.content.kind in {Kind.NEWS, Kind.EXPLAINER}
    for sentence in reading.sentences if told else reading.title:
        for match in _OVERCLAIM.finditer(sentence.text):
            before = sentence.text[: match.start()]
            if _PLAIN.match(sentence.text, match.start()) or _COUNTED.search(before) or _DENIED.search(before):
                continue
            if not _quoted(getattr(reading.content, sentence.field), sentence.start + match.start()):
                return reading.evidence(sentence.field, sentence.start + match.start(), sentence.start + match.end())
    return None


def _quoted(text: str, at: int) -> bool:
    """Say whether a place lies in a quotation that began in its paragraph."""
    before = text[max(text.rfind("\n", 0, at) + 1, at - 1500) : at]
    return before.rfind("“") > before.rfind("”") or before.count('"') % 2 == 1


def _about_patients(reading: Reading) -> Evidence | None:
    """Find people in a title over a study in animals or cells that the title does not speak of."""
    if reading.value(Facet.DESIGN) not in {"animal", "lab"} or "subjects:samples" in reading.triggered:
        return None
    if _BESIDE.search(reading.content.title):
        return None
    return _find(reading, "caution:patients", ("title",))


def _from_words(reading: Reading) -> Iterator[tuple[str, Evidence | None]]:
    design = reading.value(Facet.DESIGN)
    if design not in {"review", "systematic-review", "guideline", "editorial", "protocol"}:
        for value in ("no-control", "interim", "preliminary"):
            found = _find(reading, f"caution:{value}")
            if value == "no-control" and design == "randomized-trial":
                continue
            if found and (found.field == "title" or reading.section_at(found.start) not in {"background", "note"}):
                yield value, found
    claim = _overclaim(reading) if "caution:overclaim" in reading.triggered else None
    yield "overclaim", claim or _about_patients(reading)


def label(reading: Reading) -> Iterator[Label]:
    """Yield one label for each caution that the item's words or earlier labels prove."""
    found = [*_from_labels(reading), *_from_status(reading)]
    if reading.english:
        found += _from_words(reading)
    for value, evidence in found:
        if evidence:
            yield Label(facet=Facet.CAUTION, value=value, evidence=(evidence,))
