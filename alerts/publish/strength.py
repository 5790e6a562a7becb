"""The plain-language line on how strong a finding is (law 11)."""

from collections.abc import Sequence

from alerts.model import Content, Facet, Label


def strength(content: Content, labels: Sequence[Label], *, study_linked: bool) -> str:
    """Say what the thing itself is, and what it does not state."""
    return f"{content.kind.value.capitalize()}; number of people not stated."


def headline_finding(content: Content, labels: Sequence[Label]) -> str:
    """Return the finding in quotation marks with its speaker, or an empty text."""
    for label in labels:
        if label.facet is Facet.FINDING:
            return f'The authors write: "{label.evidence[0].words}"'
    return ""
