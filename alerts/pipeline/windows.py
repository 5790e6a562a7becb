"""One window of the number line, ready to be chosen from by anybody's interests (law 4)."""

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from sqlmodel import Session

from alerts.classify.facts import under
from alerts.model import Alert
from alerts.pipeline import sample
from alerts.publish.edition import Candidate, Matching
from alerts.settings import Settings
from alerts.store import catalogue, items, numberline, reading, windows


class Window(NamedTuple):
    """The loud alerts in `(start, upto]`, ready to be matched."""

    start: int
    upto: int
    matching: Matching


def load(session: Session, settings: Settings, start: int, upto: int) -> Window:
    """Read a window: without what a merge made void, without hidden samples, operators' denials taken off."""
    void = numberline.voided(session, start, upto)
    hidden = frozenset() if sample.shown(settings) else reading.sample_items(session)
    alerts = [
        alert
        for alert in numberline.window(session, start, upto)
        if alert.number not in void and alert.item_id not in hidden
    ]
    homes = items.survivors(session, {alert.item_id for alert in alerts})
    roots = windows.thread_roots(session, set(homes.values()))
    origins = windows.origins(session, set(homes.values()))
    return Window(start, upto, Matching([
        Candidate(
            alert=alert,
            thread=roots[homes[alert.item_id]],
            origin=origins.get(homes[alert.item_id], ""),
            day=alert.at.date(),
        )
        for alert in _as_allowed(session, alerts)
    ]))


def _as_allowed(session: Session, alerts: Iterable[Alert]) -> list[Alert]:
    """Take the topics off that an operator took away since: a label taken away only hides."""
    kept = list(alerts)
    denied = reading.denied_topics(session, {alert.item_id for alert in kept})
    if not denied:
        return kept
    parents = catalogue.parents(session)
    found = []
    for alert in kept:
        topics = tuple(slug for slug in alert.facts.topics if slug not in denied.get(alert.item_id, ()))
        if topics == alert.facts.topics:
            found.append(alert)
        elif topics:
            found.append(replace(alert, facts=replace(alert.facts, topics=topics, under=under(topics, parents))))
    return found
