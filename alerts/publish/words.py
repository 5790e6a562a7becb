"""What labels, kinds and reasons are called in plain words, the same in mail, feeds and pages."""

from collections.abc import Iterable

from alerts.model import Kind, PartialDate, Reason

KINDS = {
    Kind.PAPER: "Paper",
    Kind.PREPRINT: "Preprint",
    Kind.ABSTRACT: "Conference abstract",
    Kind.RECORD: "Trial record",
    Kind.NEWS: "News story",
    Kind.EXPLAINER: "Explainer",
    Kind.NOTICE: "Notice",
}

REASONS = {
    Reason.NEW: "New",
    Reason.MATCHED: "More is known now",
    Reason.PUBLISHED: "Published",
    Reason.RESULTS: "Results posted",
    Reason.STATUS: "Status changed",
    Reason.PHASE: "Phase changed",
    Reason.CORRECTED: "Corrected",
    Reason.CONCERN: "Expression of concern",
    Reason.RETRACTED: "Retracted",
}

PHASES = {
    "EARLY_PHASE1": "Early phase 1",
    "PHASE1": "Phase 1",
    "PHASE2": "Phase 2",
    "PHASE3": "Phase 3",
    "PHASE4": "Phase 4",
}

DESIGNS = {
    "systematic-review": "Systematic review",
    "guideline": "Guideline",
    "review": "Overview",
    "randomized-trial": "Randomised trial",
    "trial": "Trial without random groups",
    "protocol": "Plan of a study",
    "observational": "Observational study",
    "case-report": "Case report",
    "animal": "Animal study",
    "lab": "Lab study",
    "computational": "Computer study",
    "editorial": "Comment or notice",
    "news": "News",
    "unclear": "Design not stated",
}

CAUTIONS = {
    "in-vitro": "Done in the lab, not in patients",
    "animal": "Done in animals, not in people",
    "small-sample": "Fewer than 30 people",
    "no-control": "No comparison group",
    "preprint": "Not peer reviewed",
    "interim": "Interim results",
    "preliminary": "Preliminary",
    "overclaim": "Promises more than the study shows",
    "study-not-found": "We could not find the study it reports",
    "concern": "Expression of concern",
    "retracted": "Retracted",
}

SUBJECTS = {
    "humans": "People",
    "human-samples": "Samples given by people",
    "animals": "Animals",
    "cells": "Cells",
    "none": "Nobody was studied",
}

SCHEMES = {"pmid": "PubMed", "pmcid": "PubMed Central", "doi": "DOI", "nct": "ClinicalTrials.gov", "euct": "EU CT",
           "eudract": "EudraCT", "isrctn": "ISRCTN"}

NOTICE = (
    "Information about research, not medical advice. Do not start, stop or change a treatment because of it; "
    "ask your care team. Labels are made by a program and can be wrong:"
)
REPORT = "report a wrong label"


def phases(values: Iterable[str]) -> str:
    """Name a trial's phases: `Phase 2`, `Phase 1/2`; empty for none."""
    names = [PHASES.get(value, value) for value in values]
    if len(names) < 2:
        return "".join(names)
    return "/".join([names[0], *(name.removeprefix("Phase ") for name in names[1:])])


def day(dated: PartialDate | None) -> str:
    """Say a date as people do: `1 May 2026`, `May 2026`, `2026`; empty for none."""
    if dated is None:
        return ""
    said = f"{dated.earliest():%B} {dated.year}" if dated.month else str(dated.year)
    return f"{dated.day} {said}" if dated.day else said


def key_address(scheme: str, value: str) -> str:
    """Return where an identifier leads, or an empty text for one that has no page of its own."""
    patterns = {
        "pmid": "https://pubmed.ncbi.nlm.nih.gov/{}/",
        "pmcid": "https://www.ncbi.nlm.nih.gov/pmc/articles/{}/",
        "doi": "https://doi.org/{}",
        "nct": "https://clinicaltrials.gov/study/{}",
        "euct": "https://euclinicaltrials.eu/ctis-public/view/{}",
        "isrctn": "https://www.isrctn.com/{}",
    }
    return patterns.get(scheme, "").format(value)
