"""Tries changed definitions on the stored items before anything is saved (law 12)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from alerts.model import Facet, Label, Role, Topic
from alerts.pipeline import crew
from alerts.pipeline.crew import Progress, silent
from alerts.store import archive, catalogue, labels
from alerts.store.archive import Stored
from alerts.store.engine import reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A topic that an item would gain or lose, with the words that decide it."""

    slug: str
    item_id: int
    title: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a changed definition would do to the archive."""

    items: int
    added: tuple[Change, ...]
    dropped: tuple[Change, ...]


def trial(
    engine: Engine, topics: Iterable[Topic], *, since: datetime | None = None, progress: Progress = silent
) -> Trial:
    """Try definitions on the stored items, those first seen from `since` on, before anything is saved (law 12)."""
    changed = {topic.slug: topic for topic in topics}
    with reading(engine) as session:
        today = {topic.slug: topic for topic in catalogue.topics(session)}
    tried, added, dropped = 0, [], []
    for batch, told in crew.labelled(engine, list((today | changed).values()), archive.since(since), progress):
        with reading(engine) as session:
            held = labels.stored(session, told)
        for one in batch:
            old = _topics((label for label in held.get(one.id, ()) if label.by == labels.RULE), changed)
            new = _topics(told[one.id], changed)
            added += [_change(one, new[slug]) for slug in sorted(new.keys() - old.keys())]
            dropped += [_change(one, old[slug]) for slug in sorted(old.keys() - new.keys())]
        tried += len(batch)
    return Trial(items=tried, added=tuple(added), dropped=tuple(dropped))


def _topics(given: Iterable[Label], among: Mapping[str, Topic]) -> dict[str, Label]:
    return {label.value: label for label in given
            if label.facet is Facet.TOPIC and label.role is Role.ABOUT and label.value in among}


def _change(one: Stored, label: Label) -> Change:
    words = tuple(proof.words for proof in label.evidence)
    return Change(slug=label.value, item_id=one.id, title=one.content.title, words=words)
