"""The classifier for the topics as they stand in the database, compiled once for each state of them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from sqlmodel import Session

from alerts.classify import Classifier, Hints
from alerts.model import Link, Topic
from alerts.store import catalogue
from alerts.store.shelf import Held


def current(session: Session) -> Classifier:
    """Return the classifier for today's topics."""
    return classifier(catalogue.topics(session))


def classifier(topics: Sequence[Topic]) -> Classifier:
    """Return the classifier for these topics."""
    said = [[topic.slug, topic.name, dict(topic.definition), topic.parent] for topic in topics]
    return _compiled(json.dumps(said, sort_keys=True))


@lru_cache(maxsize=2)
def _compiled(said: str) -> Classifier:
    return Classifier(Topic(slug=slug, name=name, definition=definition, parent=parent)
                      for slug, name, definition, parent in json.loads(said))


def plain(topic: Topic) -> Topic:
    """Return a topic that can be handed to another process (a read-only mapping cannot)."""
    return replace(topic, definition=dict(topic.definition))


def hints(held: Held) -> Hints:
    """Return what is known of an item beside its own words."""
    return Hints(about=held.about, study_linked=study_linked(held.links))


def study_linked(links: "set[Link] | tuple[Link, ...]") -> bool:
    return bool(links) and any(link.relation == "news-about" for link in links)
