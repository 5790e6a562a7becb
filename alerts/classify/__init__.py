"""Labels with the words that prove them: pure, no database. One file a facet, one line here for each."""

from collections.abc import Iterable

from alerts.classify.reading import Hints
from alerts.model import Content, Label, Topic

__all__ = ["Classifier", "Hints"]


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
