"""Labels with the words that prove them: pure, no database. One file a facet, one line here for each."""

from collections.abc import Iterable
from dataclasses import dataclass

from alerts.model import Content, Label, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What is known beside the item's own words.

    `about` are topics that the operator stated for a source that carries the item, with that source's title;
    `study_linked` says whether a news item's study is known by a link.
    """

    about: tuple[tuple[str, str], ...] = ()
    study_linked: bool = False


class Classifier:
    """All vocabularies and rules, compiled once for a set of topics.

    `version` changes whenever a rule or a topic's definition does; items carry the version that labelled them.
    """

    version: str

    def __init__(self, topics: Iterable[Topic]) -> None:
        raise NotImplementedError

    def classify(self, content: Content, hints: Hints = Hints()) -> tuple[Label, ...]:
        """Return every label the content proves, each with its evidence, in a stable order."""
        raise NotImplementedError
