"""Labels the archive anew after rules or topics changed: one pass, which any process may take over."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from alerts.errors import AlertsError
from alerts.pipeline import crew, rules
from alerts.pipeline.crew import Progress, silent
from alerts.store import archive, catalogue, labels, relabelling, saving
from alerts.store.archive import Stored
from alerts.store.engine import reading, writing

BATCH = 100  # items a transaction: about a thousand labels (law 14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relabelled:
    """How many items were read again, and how many of them bear other labels now."""

    items: int = 0
    changed: int = 0


def order_if_outdated(engine: Engine, now: datetime) -> bool:
    """Order a pass where a part of the archive was labelled by other rules than this program's."""
    with reading(engine) as session:
        old = archive.count(session, archive.outdated(rules.current(session).version))
    if old:
        with writing(engine) as session:
            relabelling.place(session, now)
    return bool(old)


class StoppedError(AlertsError):
    """Labelling the archive anew was stopped; whoever comes next goes on where it was."""


def work_off(
    engine: Engine, now: datetime, progress: Progress = silent, *, stopped: Callable[[], bool] = lambda: False
) -> Relabelled | None:
    """Work off the standing order to label the archive anew; None where there is none or another process is at it.

    Raises StoppedError once `stopped` is true.
    """
    with writing(engine) as session:
        order = relabelling.take(session)
    if order is None:
        return None

    def told(done: int, total: int) -> None:
        with writing(engine) as session:
            relabelling.tell(session, order, done, total)
        progress(done, total)
        if stopped():
            raise StoppedError

    try:
        made = relabel(engine, now, told, loud=order.loud)
    except BaseException:
        _give_back(engine, order, None)
        raise
    _give_back(engine, order, now)
    return made


def _give_back(engine: Engine, order: relabelling.Order, finished: datetime | None) -> None:
    with writing(engine) as session:
        relabelling.give_back(session, order, finished)


def relabel(engine: Engine, now: datetime, progress: Progress = silent, *, loud: bool = False) -> Relabelled:
    """Label every item anew that other rules labelled; an interrupted pass goes on where it was.

    Items that gain a topic or other facts so make quiet alerts, unless `loud` (law 4). What `progress` raises ends it.
    """
    with reading(engine) as session:
        topics = catalogue.topics(session)
    version = rules.classifier(topics).version
    items = changed = 0
    for batch, told in crew.labelled(engine, topics, archive.outdated(version), progress):
        for at in range(0, len(batch), BATCH):
            changed += _write(engine, batch[at : at + BATCH], told, version, now, loud=loud)
        items += len(batch)
    return Relabelled(items=items, changed=changed)


def _write(engine: Engine, batch: Sequence[Stored], told: crew.Told, version: str, now: datetime, *, loud: bool) -> int:  # noqa: PLR0913
    with writing(engine, exclusive=True) as session:
        same = archive.unchanged(session, batch)
        old = labels.stored(session, [one.id for one in same])
        ruled = {one.id: [label for label in old.get(one.id, ()) if label.by == labels.RULE] for one in same}
        differ = [one for one in same if set(ruled[one.id]) != set(told[one.id])]
        labels.replace_rules(session, {one.id: told[one.id] for one in differ}, now)
        archive.labelled(session, [one.id for one in same], version)
        news = [one for one in differ if not saving.same_labels(ruled[one.id], told[one.id])]
        saving.put_intents(session, [one.news(quiet=not loud) for one in news], now)
        return len(news)
