"""The numbers that Prometheus scrapes: read from the database, so that every process tells the same."""

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from alerts.store import catalogue, installation, items, numberline, outbox, presence, vitals
from alerts.store.engine import reading
from alerts.wiring import World
from subscribers import store as people

KEPT = 10.0  # seconds for which one answer serves all who ask
FORM = "text/plain; version=0.0.4; charset=utf-8"
FORWARDED = ("x-forwarded-for", "forwarded")


class Metrics:
    """Answers Prometheus, but nobody who comes through a proxy: the numbers are the operator's."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._made = (float("-inf"), b"")

    async def metrics(self, request: Request) -> Response:
        if any(name in request.headers for name in FORWARDED):
            raise HTTPException(404)
        if time.monotonic() - self._made[0] > KEPT:
            body = await run_in_threadpool(self._text)
            self._made = (time.monotonic(), body)
        return Response(self._made[1], media_type=FORM, headers={"cache-control": "no-store"})

    def _text(self) -> bytes:
        with reading(self._world.engine) as session:
            return exposition(session, self._world.now())


def exposition(session: Session, now: datetime) -> bytes:
    """Write all numbers in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Read(_families(session, now)))
    return generate_latest(registry)


class _Read(Collector):
    """Hands the registry what was read already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        return self._families


def _families(session: Session, now: datetime) -> Iterator[Metric]:
    yield from _work(session, now)
    yield from _mail(session, now)
    yield from _delays(session)


def _work(session: Session, now: datetime) -> Iterator[Metric]:
    states: dict[str, int] = {}
    for health in catalogue.health(session):
        states[health.state.value] = states.get(health.state.value, 0) + 1
    roles: dict[str, int] = {}
    for process in presence.running(session):
        for role in process.roles:
            roles[role] = roles.get(role, 0) + 1
    yield _gauge("alerts_processes", "Running processes by role.", "role", roles)
    yield _gauge("alerts_sources", "Sources by state.", "state", states)
    yield _gauge("alerts_polled", "Sources polled within the last hour.", "outcome", vitals.polls(session, now))
    yield _gauge("alerts_items", "Works stored.", "", {"": items.count(session)})
    yield _gauge("alerts_labels", "Labels by facet.", "facet", vitals.labels(session))
    numbers = CounterMetricFamily("alerts_released", "Alert numbers given out.")
    numbers.add_metric([], numberline.last(session))
    yield numbers
    yield _gauge("alerts_subscribers", "Subscribers by status.", "status", people.counts(session))


def _mail(session: Session, now: datetime) -> Iterator[Metric]:
    here = installation.installation(session)
    queue = vitals.queue(session, now)
    states = {state: count for state, count in outbox.counts(session).items() if count}
    yield _gauge("alerts_deliveries", "Deliveries by state.", "state", states)
    yield _gauge("alerts_outbox_due", "Mail due now, counted up to 10,000 a state.", "", {"": queue.due})
    yield _gauge("alerts_outbox_age_seconds", "How long due mail waits.", "", {"": queue.age(now).total_seconds()})
    yield _gauge("alerts_mail_held", "1 while all mail is on hold.", "", {"": int(bool(here and here.hold))})
    replies = GaugeMetricFamily(
        "alerts_recent_deliveries", "The newest 10,000 deliveries.", labels=["state", "reply_class"]
    )
    for key, count in vitals.outcomes(session).items():
        replies.add_metric(key, count)
    yield replies


def _delays(session: Session) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "alerts_delay_seconds", "How long steps took lately, from and to what.", labels=["step", "quantile"]
    )
    for step, delay in vitals.delays(session).items():
        family.add_metric([step, "0.5"], delay.middle)
        family.add_metric([step, "0.95"], delay.most)
    yield family


def _gauge(name: str, told: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=[label] if label else [])
    for key, value in values.items():
        family.add_metric([key] if label else [], value)
    return family
