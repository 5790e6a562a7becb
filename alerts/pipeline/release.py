"""Turns intents into alerts: the one place where alert numbers are stamped (law 4)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session

from alerts.classify.facts import facts
from alerts.model import Alert, Reason
from alerts.store import catalogue, intents, numberline
from alerts.store.engine import writing
from alerts.store.installation import raise_revisions
from alerts.store.intents import Pending
from subscribers.interest import Facts

BATCH = 200  # intents a transaction

Parents = Mapping[str, str | None]


def release(engine: Engine, now: datetime) -> range:
    """Work off every intent that may go out at `now`; return the alert numbers given out (none: an empty range).

    Where two processes release at once the range may hold numbers that the other one gave out.
    """
    first, end = 0, 0
    while (batch := _batch(engine, now)) is not None:
        if batch:
            first, end = first or batch.start, batch.stop
    return range(first, end)


def _batch(engine: Engine, now: datetime) -> range | None:
    """Release one batch in one transaction; None when nothing is left."""
    with writing(engine, exclusive=True) as session:
        waiting = intents.pending(session, now, BATCH)
        if not waiting:
            return None
        drafts = list(_alerts(waiting, catalogue.parents(session), now))
        numbers = numberline.stamp(session, len(drafts))
        _publish(session, [replace(alert, number=n) for alert, n in zip(drafts, numbers, strict=True)], waiting, now)
        intents.done(session, [one.id for one in waiting])
        return numbers


def _publish(session: Session, alerts: Sequence[Alert], waiting: Sequence[Pending], now: datetime) -> None:
    numberline.append(session, alerts)
    alerted = {one.intent.item_id for one in waiting if one.first_alert is not None}
    first = {alert.item_id: alert.number for alert in reversed(alerts) if alert.item_id not in alerted}
    intents.first_alerted(session, first, now)
    if alerts:
        raise_revisions(session, {slug for alert in alerts for slug in alert.facts.under})


def _alerts(waiting: Sequence[Pending], parents: Parents, now: datetime) -> Iterator[Alert]:
    """Yield the alerts of a batch, still without numbers; an item's later intents know what its earlier ones told."""
    told: dict[int, Facts] = {}
    for one in waiting:
        item = one.intent.item_id
        alert = decide(one, told.get(item, one.told), parents, now)
        if alert:
            told[item] = alert.facts
            yield alert


def decide(one: Pending, told: Facts | None, parents: Parents, now: datetime) -> Alert | None:
    """Return the alert that an intent becomes, or None: no topic, no alert, and nothing is told twice.

    The first alert of an item is `new` whatever happened to it since; `matched` is only told where the facts differ.
    """
    reason = one.intent.reason if told else Reason.NEW
    if told and reason is Reason.NEW:
        return None
    now_so = facts(one.content, one.labels, reason=reason.value, parents=parents)
    if not now_so.topics:
        return None
    if told and reason is Reason.MATCHED and not _gains(told, now_so):
        return None
    return Alert(
        number=0,
        item_id=one.intent.item_id,
        reason=reason,
        at=now,
        facts=now_so,
        before=told if reason is Reason.MATCHED else None,
        detail=dict(one.intent.detail) if reason is one.intent.reason else {},
        quiet=one.intent.quiet,
    )


def _gains(told: Facts, now_so: Facts) -> bool:
    """Tell whether new facts can reach anybody whom the old ones did not; a topic that went away reaches nobody."""
    rest = replace(now_so, reason=told.reason, topics=told.topics, under=told.under)
    return rest != told or not set(now_so.under) <= set(told.under)
