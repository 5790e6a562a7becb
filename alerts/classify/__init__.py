"""Labels with the words that prove them: pure, no database. One file a facet, one line here for each."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Protocol

from alerts.classify import caution, design, finding, phase, size, subjects
from alerts.classify.markup import unmarked
from alerts.classify.matcher import Joined, Matcher
from alerts.classify.reading import Hints, Reading
from alerts.classify.topics import TopicFacet
from alerts.classify.treatments import TreatmentFacet
from alerts.model import Content, Label, Topic

__all__ = ["Classifier", "Hints"]


class FacetModule(Protocol):
    """What the module of a facet offers."""

    TRIGGERS: Mapping[str, str]

    def label(self, reading: Reading) -> Iterator[Label]:
        """Yield what the item's words prove."""
        ...


FACETS: tuple[FacetModule, ...] = (
    design,
    phase,
    subjects,
    size,
    finding,
    caution,
)
"""The facets beside topic and treatment, in the order in which they run."""


TOGETHER = 512
"""Items that go through the facets together: the tables of one facet's patterns then stay in the processor's cache."""


class Classifier:
    """All vocabularies and rules, compiled once for a set of topics.

    `version` changes whenever a rule or a topic's definition does; items carry the version that labelled them.
    """

    version: str

    def __init__(self, topics: Iterable[Topic]) -> None:
        held = tuple({topic.slug: topic for topic in topics if not topic.retired}.values())
        self._matcher = Matcher(held, _groups())
        self._topics = TopicFacet(held)
        self._treatments = TreatmentFacet(held)
        self.version = _version(held)

    def classify(self, content: Content, hints: Hints = Hints()) -> tuple[Label, ...]:  # noqa: B008  frozen
        """Return every label the content proves, each with its evidence, in a stable order."""
        return self._together([(content, hints)])[0]

    def classify_all(self, given: Sequence[tuple[Content, Hints]]) -> list[tuple[Label, ...]]:
        """Return the labels of many items: a third faster than one by one."""
        parts = (given[at : at + TOGETHER] for at in range(0, len(given), TOGETHER))
        return [labels for part in parts for labels in self._together(part)]

    def _together(self, given: Sequence[tuple[Content, Hints]]) -> list[tuple[Label, ...]]:
        plain = [unmarked(content) for content, _ in given]
        joined = [Joined(one.content) for one in plain]
        hits = self._matcher.scan(joined, design.idle)
        readings = [
            Reading(one.content, hints, hit.triggered)
            for one, (_, hints), hit in zip(plain, given, hits, strict=True)
        ]
        for reading in readings:
            reading.read_ahead()
        for one, hit, reading in zip(joined, hits, readings, strict=True):
            reading.labels.extend(self._topics.label(hit, one, reading))
            reading.labels.extend(self._treatments.label(reading))
        for facet in FACETS:
            for reading in readings:
                reading.labels.extend(facet.label(reading))
        return [one.labels(reading.labels) for one, reading in zip(plain, readings, strict=True)]


def _groups() -> dict[str, dict[str, str]]:
    """Return the triggers of all facets by group: those that not every item is asked for stand alone."""
    groups: dict[str, dict[str, str]] = {}
    for facet in FACETS:
        for name, pattern in facet.TRIGGERS.items():
            group = name.partition(":")[0]
            groups.setdefault(group if facet is design else "", {})[name] = pattern
    return groups


def _version(topics: Iterable[Topic]) -> str:
    definitions = {topic.slug: [topic.parent, dict(topic.definition)] for topic in topics}
    digest = hashlib.sha256(json.dumps(definitions, sort_keys=True).encode()).hexdigest()
    return f"{_rules()}-{digest[:12]}"


@cache
def _rules() -> str:
    """Return a digest of all rules, which are this package's own files: a new release reads archives again."""
    files = sorted(resources.files(__name__).iterdir(), key=lambda file: file.name)
    digest = hashlib.sha256()
    for file in files:
        if file.name.endswith((".py", ".json")):
            digest.update(file.name.encode() + b"\x00" + file.read_bytes())
    return digest.hexdigest()[:12]
