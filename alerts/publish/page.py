"""What the pages show of alerts and items: plain values for the templates."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby, pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from alerts.model import AlertedItem, Evidence, Facet, Label, Role
from alerts.publish import words
from alerts.publish.channel import week_of
from alerts.publish.grounds import Ground, grounds, stated
from alerts.publish.lines import finding_line, headline, is_sample, legible, one_line, strength_line, work_address


class Moment(NamedTuple):
    """A time as people and machines read it, in UTC."""

    machine: str
    day: str
    full: str

    @classmethod
    def of(cls, at: datetime) -> "Moment":
        utc = at.astimezone(UTC)
        day = f"{utc.day} {utc:%B %Y}"
        return cls(utc.strftime("%Y-%m-%dT%H:%M:%SZ"), day, f"{day}, {utc:%H:%M} UTC")

    @classmethod
    def within(cls, at: datetime, zone: str) -> "Moment":
        """Say a time as clocks of one zone show it."""
        there = at.astimezone(ZoneInfo(zone))
        day = f"{there.day} {there:%B %Y}"
        return cls(cls.of(at).machine, day, f"{day}, {there:%H:%M} ({zone})")


class Related(NamedTuple):
    """Another work of the same study."""

    id: int
    title: str
    kind: str
    relation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One alert on a page."""

    number: int
    item: int
    title: str
    kind: str
    venue: str
    dated: str
    strength: str
    finding: str
    work: str
    at: Moment
    week: str
    reason: str
    change: str
    topics: tuple[tuple[str, str], ...]
    proved: tuple[Ground, ...]
    thread: tuple[Related, ...]
    warning: bool
    sample: bool


def card(shown: AlertedItem, names: Mapping[str, str]) -> Card:
    """Make the card of an alert."""
    content, detail = shown.item.content, shown.alert.detail
    return Card(
        number=shown.alert.number,
        item=shown.item.id,
        title=headline(shown),
        kind=words.KINDS[content.kind],
        venue=one_line(content.venue),
        dated=str(content.published or ""),
        strength=strength_line(shown),
        finding=finding_line(shown),
        work=work_address(shown.item),
        at=Moment.of(shown.alert.at),
        week=week_of(shown.alert.at),
        reason=words.REASONS[shown.alert.reason],
        change=f"from {detail['from']} to {detail['to']}" if detail.get("from") and detail.get("to") else "",
        topics=tuple((slug, names.get(slug, slug)) for slug in topics_of(shown.labels)),
        proved=tuple(proofs(shown.labels, names)),
        thread=tuple(related(shown)),
        warning=shown.mark in ("retracted", "concern"),
        sample=is_sample(content),
    )


def related(shown: AlertedItem) -> Iterable[Related]:
    """Name the other works of the same study."""
    for member in shown.thread:
        content = member.item.content
        said = RELATIONS.get(member.relation, "same study")
        yield Related(member.item.id, one_line(content.title) or "Untitled", words.KINDS[content.kind], said)


RELATIONS = {
    "registered-as": "the trial's registration",
    "published-as": "the published paper",
    "preprint-of": "the published paper",
    "version-of": "another version",
    "reports": "the study it reports",
    "news-about": "the study it reports",
    "corrects": "what it corrects",
    "corrected-by": "its correction",
    "retracts": "what it retracts",
    "retracted-by": "its retraction",
    "concerns": "what it is concerned about",
    "concern-by": "an expression of concern",
}


def topics_of(labels: Sequence[Label]) -> list[str]:
    """Return the topics an item is about; what an operator took away is left out."""
    denied = {label.value for label in labels if label.facet is Facet.TOPIC and label.role is Role.NOT}
    about = [label.value for label in labels if label.facet is Facet.TOPIC and label.role is Role.ABOUT]
    return [slug for slug in dict.fromkeys(about) if slug not in denied]


def proofs(labels: Sequence[Label], names: Mapping[str, str]) -> list[Ground]:
    """Say of each topic that the item is about why; of two labels the first counts."""
    shown = topics_of(labels)
    about = [label for label in labels if label.facet is Facet.TOPIC and label.role is Role.ABOUT]
    first = {label.value: label for label in reversed(about)}
    return grounds([first[slug] for slug in shown], names)


def by_week(cards: Sequence[Card]) -> list[tuple[str, list[Card]]]:
    """Group cards, newest first, by ISO week."""
    return [(week, list(group)) for week, group in groupby(cards, key=lambda one: one.week)]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelLine:
    """One label on the item page, with its words and where they stand."""

    facet: str
    value: str
    note: str
    stated: str
    words: tuple[tuple[str, str], ...]


class Piece(NamedTuple):
    """A stretch of a field; `marks` are the labels its words prove, `anchor` where the first mark starts."""

    text: str
    marks: tuple[str, ...]
    anchor: str


FACETS = {
    Facet.TOPIC: "Topic", Facet.PHASE: "Trial phase", Facet.DESIGN: "Kind of study", Facet.SIZE: "People studied",
    Facet.SUBJECTS: "Who or what was studied", Facet.TREATMENT: "Treatment", Facet.CAUTION: "Caution",
    Facet.FINDING: "Main finding",
}


def label_value(label: Label, names: Mapping[str, str]) -> str:
    """Say a label's value in plain words."""
    tables: dict[Facet, Mapping[str, str]] = {
        Facet.TOPIC: names, Facet.TREATMENT: names, Facet.PHASE: words.PHASES, Facet.DESIGN: words.DESIGNS,
        Facet.CAUTION: words.CAUTIONS, Facet.SUBJECTS: words.SUBJECTS,
    }
    return tables.get(label.facet, {}).get(label.value, label.value)


NOTES = {Role.MENTION: "only mentioned", Role.ANALYSIS: "analysed again", Role.NOT: "taken away by an operator"}


def label_lines(labels: Sequence[Label], names: Mapping[str, str]) -> list[LabelLine]:
    """Write out every label with its words; each links to where they stand in the text."""
    return [
        LabelLine(
            facet=FACETS[label.facet],
            value="In its own words" if label.facet is Facet.FINDING else label_value(label, names),
            note=NOTES.get(label.role, ""),
            stated=(said := stated(label, label_value(label, names))),
            words=() if said else tuple((one_line(proof.words), _place(label, proof)) for proof in label.evidence),
        )
        for label in labels
    ]


def _place(label: Label, proof: Evidence) -> str:
    marked = label.facet is not Facet.FINDING and proof.field in ("title", "text") and proof.start < proof.end
    return f"{proof.field}-{proof.start}" if marked else ""


def highlighted(field: str, text: str, labels: Sequence[Label], names: Mapping[str, str]) -> list[Piece]:
    """Cut a field into pieces so that the words of every label can be marked; overlapping words share pieces."""
    spans = [
        (proof.start, proof.end, label)
        for label in labels
        for proof in label.evidence
        if proof.field == field and label.facet is not Facet.FINDING and 0 <= proof.start < proof.end <= len(text)
    ]
    edges = sorted({0, len(text), *(edge for start, end, _ in spans for edge in (start, end))})
    return [
        Piece(
            legible(text[start:end]),
            tuple(dict.fromkeys(_mark(label, names) for begin, stop, label in spans if begin <= start < stop)),
            f"{field}-{start}" if any(begin == start for begin, _, _ in spans) else "",
        )
        for start, end in pairwise(edges)
    ]


def _mark(label: Label, names: Mapping[str, str]) -> str:
    return f"{FACETS[label.facet]}: {label_value(label, names)}"


