"""The strength line: in plain words what an item is and how far it carries, never whether a treatment is any good."""

import re
from collections.abc import Iterator, Sequence

from alerts.model import Content, Evidence, Facet, Kind, Label, Role

PHASE_MEANS = {
    "EARLY_PHASE1": "Early phase 1 tries tiny doses, not whether a treatment helps.",
    "PHASE1": "Phase 1 tests safety, not whether a treatment works.",
    "PHASE1/PHASE2": "Phase 1/2 tests safety and looks for first signs of an effect.",
    "PHASE2": "Phase 2 looks for first signs of an effect and for side effects.",
    "PHASE2/PHASE3": "Phase 2/3 looks for an effect, then tests it in many people.",
    "PHASE3": "Phase 3 tests an effect in many people, against a placebo or another treatment.",
    "PHASE3/PHASE4": "Phase 3/4 tests a treatment in many people, before and after approval.",
    "PHASE4": "Phase 4 watches a treatment that is already approved.",
}
"""What each phase is for: the one glossary that mail, feeds and pages share."""

_UNTREATED = "No patient was treated in this study."
DESIGN_MEANS = {
    "observational": "It can show a link, not a cause.",
    "case-report": "What happened to one person need not happen to others.",
    "animal": _UNTREATED,
    "lab": _UNTREATED,
    "computational": _UNTREATED,
}
_NOUNS = {
    "systematic-review": "systematic review of earlier studies",
    "guideline": "guideline or expert advice",
    "review": "review of earlier work, without new results",
    "randomized-trial": "randomised trial",
    "trial": "trial",
    "protocol": "plan for a study, no results yet",
    "observational": "observational study",
    "case-report": "case report",
    "animal": "animal study",
    "lab": "lab study",
    "computational": "computer study",
    "editorial": "comment, not a study",
}
_WITH_PEOPLE = frozenset({"randomized-trial", "trial", "observational"})
_SPECIES = {
    "mice": r"mice|mouse|murine|eae|experimental autoimmune encephalomyelitis|knock-?out",
    "rats": r"rats?",
    "zebrafish": r"zebrafish",
    "flies": r"drosophila",
    "monkeys": r"monkeys?|macaques?|marmosets?",
    "rabbits": r"rabbits?",
    "pigs": r"pig(?:let)?s?",
    "dogs": r"dogs?",
}
_SAMPLE = re.compile(
    r"\b((?:white blood|blood|immune|skin|brain|nerve|spinal fluid) (?:cells|samples|tissue))\b", re.IGNORECASE
)
_COUNTED = re.compile(
    r"\b(?:\d[\d,]*|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve) (?:[\w/-]+ ){0,4}?"
    r"(?:patients?|people|persons?|participants|volunteers|women|men|children|adults|subjects with)\b",
    re.IGNORECASE,
)
_TREATED = re.compile(rf"\b(?:in|treated|enrolled|dosed|given to|gave) (?:{_COUNTED.pattern})", re.IGNORECASE)
_STOPPED = {"terminated": "stopped early", "withdrawn": "withdrawn", "suspended": "suspended"}


class _Said:
    """The labels of one item, by what the line asks of them."""

    def __init__(self, content: Content, labels: Sequence[Label]) -> None:
        self.content = content
        self.labels = [label for label in labels if label.role is not Role.NOT]
        self.design = self._value(Facet.DESIGN)
        self.subjects = self._value(Facet.SUBJECTS)
        self.size = next((label for label in self.labels if label.facet is Facet.SIZE), None)
        self.cautions = {label.value: label for label in self.labels if label.facet is Facet.CAUTION}

    def _value(self, facet: Facet) -> str:
        return next((label.value for label in self.labels if label.facet is facet), "")

    def phases(self, role: Role) -> list[str]:
        return sorted(label.value for label in self.labels if label.facet is Facet.PHASE and label.role is role)

    def number(self) -> str:
        return f"{int(self.size.value):,}" if self.size else ""

    def people(self) -> str:
        """Return "6 people" or nothing."""
        return ("1 person" if self.number() == "1" else f"{self.number()} people") if self.size else ""

    def species(self) -> str:
        """Return the animal that the words name, as a plural, or "animals"."""
        label = next((label for label in self.labels if label.facet is Facet.SUBJECTS), None)
        words = label.evidence[0].words if label and label.evidence else ""
        return next(
            (name for name, pattern in _SPECIES.items() if re.fullmatch(pattern, words, re.IGNORECASE)), "animals"
        )


def _phase_name(phases: Sequence[str]) -> str:
    """Return "phase 1/2" for PHASE1 and PHASE2."""
    if list(phases) == ["EARLY_PHASE1"]:
        return "early phase 1"
    return "phase " + "/".join(phase.removeprefix("PHASE") for phase in phases)


def _around(said: _Said, evidence: Evidence) -> tuple[str, str]:
    """Return the words before and after some evidence, within the item's text."""
    value = getattr(said.content, evidence.field, "")
    if not isinstance(value, str):
        return "", ""
    return value[max(0, evidence.start - 60) : evidence.start], value[evidence.end : evidence.end + 80]


def _lab(said: _Said) -> str:
    """Name a lab study and what was studied in it, as far as the labels say so."""
    if said.subjects in {"humans", "animals"}:
        return f"{_NOUNS['lab']}{f'; {said.people()}' if said.size else ''}"
    return f"{_NOUNS['lab']}{f' on {studied}' if (studied := _donors(said)) else ''}"


def _with_people(said: _Said) -> bool:
    """Say whether labels or words leave it open that people were studied themselves, beside cells or animals."""
    if said.subjects == "humans" or (said.size and said.subjects != "human-samples"):
        return True
    told = _TREATED if said.design == "lab" else _COUNTED
    return any(told.search(text) for text in (said.content.title, said.content.text))


def _donors(said: _Said) -> str:
    """Return "blood cells from 16 people with HAM/TSP" as far as the text says so."""
    if not said.size:
        return {"human-samples": "samples that people gave", "cells": "cells"}.get(said.subjects, "")
    before, after = _around(said, said.size.evidence[0]) if said.size.evidence else ("", "")
    sample = _SAMPLE.findall(before)
    given = {label.value for label in said.labels if label.facet is Facet.TREATMENT}
    named = [
        label.evidence[0].words
        for label in said.labels
        if label.facet is Facet.TOPIC and label.role is Role.ABOUT and label.evidence and label.value not in given
    ]
    near = re.split(r"[.;]", after)[0]
    illness = next((f" with {words}" for words in named if re.search(r"\bwith\b", near) and words in near), "")
    return f"{sample[-1].lower() if sample else 'cells or samples'} from {said.people()}{illness}"


def _study(said: _Said) -> str:
    """Name the study: its phase, its design and its people."""
    analysed = said.phases(Role.ANALYSIS)
    if analysed and said.design in {*_WITH_PEOPLE, ""}:
        people = f", {said.people()}" if said.size else ""
        return f"analysis of data from {_phase_name(analysed)} trials{people}"
    if said.design in _WITH_PEOPLE or said.phases(Role.OWN):
        return _study_in_people(said)
    by_design = {
        "lab": _lab(said),
        "animal": _NOUNS["animal"] if said.subjects == "humans" else f"study in {said.species()}",
        "case-report": f"case report of {said.people()}" if said.size else "case report",
        "protocol": f"{_NOUNS['protocol']}; {said.people()} planned" if said.size else _NOUNS["protocol"],
        "": f"study of {said.people()}; how it was done is not stated" if said.size else "",
    }
    return by_design.get(said.design) or _NOUNS.get(said.design, "")


def _study_in_people(said: _Said) -> str:
    own, noun, joint = said.phases(Role.OWN), _NOUNS.get(said.design, "study"), "in"
    if own:
        noun = f"{'randomised ' if said.design == 'randomized-trial' else ''}{_phase_name(own)} trial"
    elif said.design == "observational":
        joint = "of"
    return f"{noun} {joint} {said.people()}" if said.size else f"{noun}; number of people not stated"


def _record(said: _Said) -> str:
    phases = said.phases(Role.OWN)
    name = f"{_phase_name(phases)} trial" if phases else "trial"
    status = next((word for key, word in _STOPPED.items() if key in said.content.status.lower()), "")
    result = "results posted" if said.content.has_results else "no results yet"
    people = f"{said.people()} planned" if said.size else "number of people not stated"
    if said.size and said.content.has_results:
        people = said.people()
    return _capital(f"{name} registered, {f'{status}, ' if status else ''}{result}; {people}")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeio' else 'a'} {noun}"


def _lead(said: _Said) -> str:
    """Say what the thing itself is, before anything about the study."""
    study = _study(said) or "kind of study not stated"
    leads = {
        Kind.NEWS: _news(said, study),
        Kind.EXPLAINER: "Explainer, not a study",
        Kind.NOTICE: _notice(said),
        Kind.RECORD: _record(said),
        Kind.PREPRINT: f"Preprint, not yet checked by other scientists: {study}",
        Kind.ABSTRACT: f"Congress abstract: {study}",
    }
    return leads.get(said.content.kind, _capital(study))


def _news(said: _Said, study: str) -> str:
    if said.content.truncated:
        return "News teaser, cut off by its source" + ("" if said.size else "; number of people not stated")
    if said.design in {"news", ""}:
        told = f" that tells of a study of {said.people()}" if said.size else ", not a report on one study"
        return f"News story{told}"
    return f"News story about {_article(study)}"


def _notice(said: _Said) -> str:
    for value, words in (("retracted", "Retraction notice"), ("concern", "Expression of concern")):
        if value in said.cautions:
            return words
    return "Correction or other notice on an earlier work"


def _means(said: _Said) -> Iterator[str]:
    """Say what the phase or the design is for."""
    phases = "/".join(said.phases(Role.OWN))
    if phases in PHASE_MEANS:
        yield PHASE_MEANS[phases]
    elif said.design in DESIGN_MEANS and not said.phases(Role.ANALYSIS) and said.content.kind is not Kind.RECORD:
        means = DESIGN_MEANS[said.design]
        yield from () if means == _UNTREATED and _with_people(said) else (means,)


def _conflict(said: _Said) -> Iterator[str]:
    stated = [label for label in said.labels if label.facet is Facet.PHASE and label.role is not Role.MENTION]
    fielded = any(e.field.startswith(("phases", "publication_types")) for label in stated for e in label.evidence)
    titled = any(
        e.field == "title"
        for label in said.labels
        if label.facet is Facet.PHASE and label.role is Role.MENTION
        for e in label.evidence
    )
    if fielded and titled:
        yield "Its registration and its title name different phases."


def _cautions(said: _Said, *, study_linked: bool) -> Iterator[str]:
    if "small-sample" in said.cautions and said.design != "lab" and said.size:
        yield "Very small." if int(said.size.value) < 10 else "Small."
    if "no-control" in said.cautions:
        yield "It had no comparison group."
    if "interim" in said.cautions:
        yield "Interim results; the study goes on."
    if "preliminary" in said.cautions and "small-sample" not in said.cautions and said.content.kind is not Kind.RECORD:
        yield "Preliminary."
    if "overclaim" in said.cautions and (words := said.cautions["overclaim"].evidence):
        if re.fullmatch(r"patients?|people|humans?|sufferers|those with", words[0].words, re.IGNORECASE):
            yield "Its title speaks of people; the study was not done in people."
        else:
            yield f"The word “{' '.join(words[0].words.split())}” is the source's own."
    if said.content.kind is Kind.NEWS and "study-not-found" in said.cautions and not study_linked:
        yield "The study itself was not found."


def strength(content: Content, labels: Sequence[Label], *, study_linked: bool) -> str:
    """Return one to five short sentences in plain words.

    They begin with what the item itself is, name what is not stated, and say nothing in our own voice about
    whether a treatment works.
    """
    said = _Said(content, labels)
    parts = []
    if content.kind is not Kind.NOTICE:
        if "retracted" in said.cautions:
            parts.append("This work has been retracted.")
        if "concern" in said.cautions:
            parts.append("Its journal has voiced concern about this work.")
    parts.append(f"{_lead(said)}.")
    if content.kind not in {Kind.EXPLAINER, Kind.NOTICE} and not (content.kind is Kind.NEWS and content.truncated):
        parts += [*_means(said), *_conflict(said), *_cautions(said, study_linked=study_linked)]
    return " ".join(parts)


def headline_finding(content: Content, labels: Sequence[Label]) -> str:
    """Return the finding in quotation marks with its speaker, or nothing where there is none."""
    finding = next((label for label in labels if label.facet is Facet.FINDING and label.role is not Role.NOT), None)
    if finding is None or not finding.evidence:
        return ""
    said = _Said(content, labels)
    words = " ".join(finding.evidence[0].words.split()).translate(str.maketrans('“”"', "‘’'"))
    speaker = "the story says" if content.kind in {Kind.NEWS, Kind.EXPLAINER} else "the authors write"
    where = {"animal": f"In {said.species()}: ", "lab": "In cells in the lab: "}.get(said.design, "")
    if said.subjects == "humans" or (_COUNTED.search(words) and _with_people(said)):
        where = ""
    return f"{where}{speaker if where else _capital(speaker)}: “{words}”"
