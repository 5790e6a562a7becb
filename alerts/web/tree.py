"""Topics as a tree of parents and children, for lists on pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alerts.model import Topic


@dataclass(frozen=True, slots=True)
class Branch:
    """A topic, how many alerts it has (its children's included), and its children."""

    topic: Topic
    count: int
    children: tuple["Branch", ...] = ()


def busiest(topics: Sequence[Topic], counts: Mapping[str, int], most: int) -> list[Branch]:
    """Return the topics with the most alerts, without their children."""
    found = sorted(topics, key=lambda one: (-counts.get(one.slug, 0), one.name.casefold()))
    return [Branch(one, counts.get(one.slug, 0)) for one in found[:most]]


def tree(topics: Sequence[Topic], counts: Mapping[str, int]) -> list[Branch]:
    """Order topics by name under their parents; one whose parent is not followed stands at the top."""
    known = {topic.slug for topic in topics}
    by_parent: dict[str | None, list[Topic]] = {}
    for topic in sorted(topics, key=lambda one: one.name.casefold()):
        by_parent.setdefault(topic.parent if topic.parent in known else None, []).append(topic)
    return _under(None, by_parent, counts)


def _under(parent: str | None, by_parent: Mapping[str | None, list[Topic]], counts: Mapping[str, int]) -> list[Branch]:
    return [
        Branch(topic, counts.get(topic.slug, 0), tuple(_under(topic.slug, by_parent, counts)))
        for topic in by_parent.get(parent, [])
    ]
