"""What a person wants to be told: a topic with filters, written the same way everywhere."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts of an alert that interests are matched against: plain strings and numbers, frozen with the alert.

    `topics` are the slugs the item is about, `under` these and all their ancestors. `phases` are
    EARLY_PHASE1, PHASE1 ... PHASE4 and `phase_role` own, analysis, mention or none. `size` counts people or donors.
    `results` says that the item reports own or analysed results (or is a record that posted them).
    """

    kind: str
    reason: str = "new"
    topics: tuple[str, ...] = ()
    under: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    phase_role: str = "none"
    design: str = "unclear"
    size: int | None = None
    subjects: str = "none"
    treatments: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    results: bool = False
