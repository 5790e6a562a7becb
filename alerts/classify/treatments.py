"""Which treatments an item studies: the topics of the group `treatment` that it is about, the most specific ones."""

from collections.abc import Iterable, Iterator

from alerts.classify.reading import Reading
from alerts.model import Facet, Label, Role, Topic

GROUP = "treatment"


class TreatmentFacet:
    """The treatments of one set of topics."""

    def __init__(self, topics: Iterable[Topic]) -> None:
        self._parents = {topic.slug: topic.parent for topic in topics if topic.definition.get("group") == GROUP}

    def label(self, reading: Reading) -> Iterator[Label]:
        """Yield the treatments among the topics labelled before, without the classes that a drug belongs to."""
        found = {label.value: label for label in reading.labels if self._studied(label)}
        classes = {above for slug in found for above in self._above(slug)}
        for slug, label in found.items():
            if slug not in classes:
                yield Label(facet=Facet.TREATMENT, value=slug, evidence=label.evidence)

    def _studied(self, label: Label) -> bool:
        if label.facet is not Facet.TOPIC or label.value not in self._parents:
            return False
        return label.role is Role.ABOUT or any(one.field == "title" for one in label.evidence)

    def _above(self, slug: str) -> Iterator[str]:
        above = self._parents.get(slug)
        while above in self._parents:
            yield above
            above = self._parents[above]
