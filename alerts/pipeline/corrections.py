"""Takes operators' corrections of labels, and replays them as a regression set against today's rules."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from alerts.errors import NoTopicError
from alerts.model import Facet, Label, Role
from alerts.pipeline import crew, rules
from alerts.store import archive, catalogue, labels, saving
from alerts.store.engine import reading, writing
from alerts.store.installation import raise_revisions


def correct(engine: Engine, item: int, said: Sequence[Label], now: datetime) -> None:
    """Write an operator's corrections of one item; they win over rules and survive them (the item may be news now).

    Raises NoTopicError.
    """
    with writing(engine, exclusive=True) as session:
        known = catalogue.parents(session)
        for label in said:
            if label.facet is Facet.TOPIC and label.value not in known:
                raise NoTopicError(label.value, known)
        labels.correct(session, item, said, now)
        (stored,) = archive.these(session, [item])
        saving.put_intents(session, [stored.news(quiet=False)], now)
        raise_revisions(session, saving.topics_of(session, [item]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Where today's rules say something else than an operator once did."""

    item_id: int
    facet: str
    value: str
    said: str
    ruled: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """How many corrections there are, and those with which the rules disagree."""

    corrections: int
    disagreements: tuple[Disagreement, ...]


def replay(engine: Engine) -> Replay:
    """Replay every correction against today's rules: a regression set that operators wrote."""
    with reading(engine) as session:
        classifier = rules.current(session)
        said = list(labels.corrections(session))
        stored = {one.id: one for one in archive.these(session, {item for item, _ in said})}
    ruled = crew.classify(classifier, list(stored.values()))
    wrong = (_disagreement(item, label, ruled[item]) for item, label in said if item in ruled)
    return Replay(corrections=len(said), disagreements=tuple(one for one in wrong if one))


def _disagreement(item: int, said: Label, ruled: Iterable[Label]) -> Disagreement | None:
    ours = [label for label in ruled if label.facet is said.facet]
    same = next((label for label in ours if label.value == said.value), None)
    if said.role is Role.NOT:
        agrees = same is None or (said.facet is Facet.TOPIC and same.role is Role.MENTION)
    else:
        agrees = same is not None and same.role is said.role
    if agrees:
        return None
    told = same.role.value if same else ", ".join(label.value for label in ours) or "nothing"
    return Disagreement(item_id=item, facet=said.facet.value, value=said.value, said=said.role.value, ruled=told)
