"""The facts of an item as an alert freezes them and interests are matched against."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from alerts.classify import phase
from alerts.model import Content, Facet, Kind, Label, Role
from subscribers.interest import Facts

_WITH_RESULTS = frozenset({"randomized-trial", "trial"})
_WITHOUT_RESULTS = frozenset({"protocol", "review", "systematic-review", "guideline", "editorial", "news", "unclear"})
_WORKS = frozenset({Kind.PAPER, Kind.PREPRINT, Kind.ABSTRACT})


def facts(content: Content, labels: Sequence[Label], *, reason: str, parents: Mapping[str, str | None]) -> Facts:
    """Return plain strings and numbers; `parents` maps each topic's slug to its parent's.

    `results` says: own or analysed trial results in a paper, preprint or abstract, or a record's posted results.
    """
    held = _held(labels)
    topics = tuple(label.value for label in held if label.facet is Facet.TOPIC and label.role is not Role.MENTION)
    phases = [label for label in held if label.facet is Facet.PHASE]
    size = _value(held, Facet.SIZE, "")
    return Facts(
        kind=content.kind.value,
        reason=reason,
        topics=topics,
        under=under(topics, parents),
        phases=tuple(label.value for label in phases if label.role is not Role.MENTION),
        phase_role=_role(phases),
        design=_value(held, Facet.DESIGN, "unclear"),
        size=int(size) if size.isdecimal() else None,
        subjects=_value(held, Facet.SUBJECTS, "none"),
        treatments=tuple(label.value for label in held if label.facet is Facet.TREATMENT),
        cautions=tuple(label.value for label in held if label.facet is Facet.CAUTION),
        results=_results(content, held, phases),
    )


def under(topics: Iterable[str], parents: Mapping[str, str | None]) -> tuple[str, ...]:
    """Return the topics and all their ancestors, each once."""
    return tuple(dict.fromkeys(slug for topic in topics for slug in _line(topic, parents)))


def _line(slug: str, parents: Mapping[str, str | None]) -> Iterator[str]:
    seen: set[str] = set()
    above: str | None = slug
    while above is not None and above not in seen:
        yield above
        seen.add(above)
        above = parents.get(above)


def _held(labels: Sequence[Label]) -> list[Label]:
    """Drop what an operator denied, and the rule's word where the operator gave another."""
    denied = {(label.facet, label.value) for label in labels if label.role is Role.NOT}
    ruled = {label.facet for label in labels if label.by == "operator" and label.role is not Role.NOT}
    single = ruled & {Facet.DESIGN, Facet.SIZE, Facet.SUBJECTS, Facet.PHASE}
    return [
        label
        for label in labels
        if (label.facet, label.value) not in denied and (label.by == "operator" or label.facet not in single)
    ]


def _value(labels: Sequence[Label], facet: Facet, otherwise: str) -> str:
    return next((label.value for label in labels if label.facet is facet), otherwise)


def _role(phases: Sequence[Label]) -> str:
    found = phase.role(phases)
    return found.value if found else "none"


def _results(content: Content, labels: Sequence[Label], phases: Sequence[Label]) -> bool:
    if content.kind is Kind.RECORD:
        return content.has_results
    design = _value(labels, Facet.DESIGN, "unclear")
    in_trial = _role(phases) in {Role.OWN, Role.ANALYSIS} and design not in _WITHOUT_RESULTS
    return content.kind in _WORKS and (design in _WITH_RESULTS or in_trial)
