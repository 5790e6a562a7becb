"""Every spelling of a phase that registries use, and those that other normalisers get wrong."""

import pytest

from alerts.classify.phase import normalise

SPELLINGS = {
    ("EARLY_PHASE1",): "phase 0;0;0 (exploratory trials);early phase 1;early_phase1",
    ("PHASE1",): "phase 1;phase i;phase1;1;i (phase i study);PHASE1;phase Ib"
    ";human pharmacology (phase i)- first administration to humans;human pharmacology (phase i)- other",
    ("PHASE1", "PHASE2"): "phase 1/phase 2;phase 1/ phase 2;phase 1 / phase 2;phase i,ii;phase1, phase2;1-2"
    ";phase i and phase ii (integrated)- other;i+ii (phase i+phase ii);Phase I/II;Phase 1/2;Phase 1-2;Phase 1b/2a;I/II"
    ";PHASE1|PHASE2;phase i/iia;phase ib/ii",
    (
        "PHASE2",
    ): "phase 2;phase ii;phase2;2;ii (phase ii study);therapeutic exploratory (phase ii);Phase 2b;Phase IIa;2A"
    ";Phase two;phase-2",
    (
        "PHASE2",
        "PHASE3",
    ): "phase 2/phase 3;phase 2/ phase 3;phase 2 / phase 3;phase ii/iii;phase ii,iii;phase2, phase3;2-3"
    ";phase ii and phase iii (integrated);Phase 2/3;Phase II-III;II/III",
    ("PHASE3",): "phase 3;phase iii;phase3;3;iii;therapeutic confirmatory (phase iii);phase IIIb",
    ("PHASE3", "PHASE4"): "phase 3/ phase 4;phase 3 / phase 4;Phase III-IV",
    ("PHASE4",): "phase 4;phase iv;phase4;4;iv (phase iv study);therapeutic use (phase iv);phaseiv",
    (): "post-marketing clinical trial;post-market;not applicable;n/a;na;not selected;not specified;others;other;;  "
    ";retrospective study;pilot study;pilot clinical trial;new treatment measure clinical study;bioequivalence"
    ";diagnostic new technique clincal study;basic science",
}
CASES = [(spelling, phases) for phases, spellings in SPELLINGS.items() for spelling in spellings.split(";")]


@pytest.mark.parametrize(("spelling", "phases"), CASES)
def test_a_registry_spelling_means_its_phases(spelling: str, phases: tuple[str, ...]) -> None:
    assert normalise(spelling) == phases
    assert normalise(f"  {spelling.upper().replace(' ', '  ')} ") == phases


def test_a_yes_no_matrix_means_the_phases_that_say_yes() -> None:
    matrix = (
        "Human pharmacology (Phase I): no Therapeutic exploratory (Phase II): yes "
        "Therapeutic confirmatory - (Phase III): yes Therapeutic use (Phase IV): no"
    )
    assert normalise(matrix) == ("PHASE2", "PHASE3")
