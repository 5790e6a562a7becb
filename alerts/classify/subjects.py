"""What was studied: people, samples that people gave, animals or cells."""

# ruff: noqa: E501 - a pattern that is broken over many lines is harder to read than a long one

from collections.abc import Iterator, Mapping

import re2

from alerts.classify.reading import Reading
from alerts.model import Evidence, Facet, Kind, Label

TRIGGERS: Mapping[str, str] = {
    "subjects:animals": r"\b(?:mice|mouse|murine|rats?|rodents?|zebrafish|drosophila|monkeys?|macaques?|rabbits?|pig(?:let)?s?|dogs?|animals?"
    r"|marmosets?|gerbils?|voles?|ferrets?|sheep|cats?|chicks?|birds?|guinea pigs?|hamsters?|experimental autoimmune encephalomyelitis|eae|knock-?out)\b",
    "subjects:samples": r"\b(?:donors?|donated|post-?mortem|autopsy|biops(?:y|ies)|pbmcs?|(?:blood|serum|sera|plasma|csf|tissue|urine|skin) (?:cells|samples?|specimens?)"
    r"|(?:cells|samples|tissues?|fibroblasts|igg|serum|sera|neurons|monocytes) (?:\w+ ){0,3}?(?:from|of) (?:\w+[- ]){0,4}?(?:patients|people|individuals|donors|subjects|persons|humans)"
    r"|patient-derived|patients?['’]s? (?:cells|blood|sera|serum))\b",
    "subjects:cells": r"\b(?:cells?|cell lines?|in vitro|ex vivo|cultures?|cultured|organoids?|recombinant|bacteria|microglia|macrophages|neurons|fibroblasts|hela|hek ?293|protein)\b",
    "subjects:humans": r"\b(?:patients?|participants?|people|persons?|subjects|individuals|women|men|children|adults|volunteers|humans?|cases?|infants?|adolescents"
    r"|woman|man|girl|boy|pwms|respondents|adult|p[ae]+diatric|pregnan(?:t|cy|cies)|survivors|caregivers|students|runners|athletes|players|veterans|soldiers|neurologists|physicians|clinicians|nurses)\b",
}
_COMPILED = {name: re2.compile(f"(?i){pattern}".encode()) for name, pattern in TRIGGERS.items()}
_HUMAN = frozenset({"observational", "trial", "randomized-trial", "case-report", "protocol"})
_COUNTED = re2.compile(
    rb"(?i)\b\d[\d,]* (?:[\w-]+ ){0,4}?(?:patients|participants|people|persons|subjects|individuals|volunteers|women|men|children|adults|controls)\b",
)
_ORDER = {
    "animal": (("animals", "subjects:animals"),),
    "lab": (("human-samples", "subjects:samples"), ("cells", "subjects:cells")),
}


def _find(reading: Reading, trigger: str) -> Evidence | None:
    if trigger not in reading.triggered:
        return None
    return reading.find(_COMPILED[trigger], "title") or reading.find(_COMPILED[trigger], "text")


def label(reading: Reading) -> Iterator[Label]:
    """Yield what the study's design says was studied, with the words that name it; nothing for reviews and the like."""
    if not reading.english:
        return
    design = reading.value(Facet.DESIGN) or ""
    pairs = _ORDER.get(design, ())
    if design in _HUMAN:
        pairs = (("humans", "subjects:humans"),)
    elif not design and reading.content.kind is not Kind.EXPLAINER:
        pairs = (("animals", "subjects:animals"), ("humans", "subjects:humans"))
    elif design == "computational" and (people := reading.find(_COUNTED, "text")):
        yield Label(facet=Facet.SUBJECTS, value="humans", evidence=(people,))
    for value, trigger in pairs:
        if evidence := _find(reading, trigger):
            yield Label(facet=Facet.SUBJECTS, value=value, evidence=(evidence,))
            return
