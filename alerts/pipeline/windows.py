"""One window of the number line, ready to be chosen from by anybody's interests (law 4)."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session

from alerts.classify.facts import under
from alerts.model import Alert
from alerts.pipeline import sample
from alerts.publish.edition import Candidate
from alerts.settings import Settings
from alerts.store import catalogue, items, numberline, reading, windows
from subscribers.interest import Interest


@dataclass(frozen=True, slots=True)
class Window:
    """The loud alerts in `(start, upto]`, by topic."""

    start: int
    upto: int
    by_topic: dict[str, list[Candidate]]

    def candidates(self, interests: Sequence[Interest], seen: int) -> list[Candidate]:
        """Return the alerts after `seen` that are about any topic of these interests, in order, each once."""
        found = {
            one.alert.number: one
            for topic in {interest.topic for interest in interests}
            for one in self._after(self.by_topic.get(topic, []), seen)
        }
        return [found[number] for number in sorted(found)]

    def _after(self, candidates: list[Candidate], seen: int) -> Iterable[Candidate]:
        return candidates[bisect_right(candidates, seen, key=lambda one: one.alert.number) :]


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
    by_topic: dict[str, list[Candidate]] = defaultdict(list)
    for alert in _as_allowed(session, alerts):
        home = homes[alert.item_id]
        one = Candidate(alert=alert, thread=roots[home], origin=origins.get(home, ""), day=alert.at.date())
        for topic in alert.facts.under:
            by_topic[topic].append(one)
    return Window(start, upto, dict(by_topic))


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
