"""What a watching machine is told: /readyz, /metrics and the numbers behind them, the same from every process."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import uvicorn
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from alerts.model import Source
from alerts.pipeline import deliver, manage
from alerts.store import numberline, presence, vitals
from alerts.store.engine import reading, writing
from alerts.store.tables import AlertRow, ItemRow, SourceRow
from alerts.web.app import create_app
from alerts.web.health import not_ready
from alerts.web.metrics import exposition


def numbers(house) -> dict[tuple, float]:
    with reading(house.engine) as session:
        text = exposition(session, house.now).decode()
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def reason(house) -> str:
    with reading(house.engine) as session:
        return not_ready(session, house.now)


def scheduler_in(house) -> None:
    with writing(house.engine) as session:
        presence.enter(session, ["scheduler", "poll"], "here", 1)


def test_ready_needs_a_scheduler_and_mail_that_moves(house) -> None:
    assert reason(house) == "no scheduler runs"
    scheduler_in(house)
    assert not reason(house)
    house.mail(house.person("a@example.org"))
    house.later(minutes=14)
    assert not reason(house)
    house.later(minutes=2)
    assert reason(house) == "mail has been waiting for 16 minutes"
    deliver.hold(house.engine, on=True)
    assert not reason(house)


def test_mail_that_is_not_due_or_was_given_up_is_no_queue(house) -> None:
    person = house.person("a@example.org")
    house.mail(person, 1, next_attempt_at=house.now + timedelta(hours=1), state="deferred")
    house.mail(person, 2, state="uncertain", doubts=5)
    house.mail(person, 3, state="sent")
    with reading(house.engine) as session:
        assert vitals.queue(session, house.now + timedelta(minutes=30)) == vitals.Queue()


def test_metrics_count_what_the_database_holds(house) -> None:
    scheduler_in(house)
    manage.add_sources(house.engine, [Source(slug=slug, url=f"https://{slug}.example/feed") for slug in ("a", "b", "c")], house.now)
    with writing(house.engine) as session:
        polled = update(SourceRow).values(last_polled_at=house.now - timedelta(minutes=5))
        session.execute(polled.where(SourceRow.slug.in_(["a", "b"])))
        session.execute(update(SourceRow).where(SourceRow.slug == "b").values(failures=2, state="failing"))
    person = house.person("a@example.org")
    house.mail(person, 1, state="sent", reply="250 2.0.0 taken", sent_at=house.now + timedelta(seconds=30))
    house.mail(person, 2, state="deferred", reply="451 4.7.1 later")
    house.mail(person, 3)
    house.later(seconds=90)
    found = numbers(house)
    assert found["alerts_processes", "scheduler"] == found["alerts_processes", "poll"] == 1
    assert (found["alerts_polled", "ok"], found["alerts_polled", "failed"]) == (1, 1)
    assert (found["alerts_sources", "failing"], found["alerts_sources", "new"]) == (1, 2)
    assert found["alerts_subscribers", "active"] == 1
    assert found["alerts_outbox_due",] == 2
    assert found["alerts_outbox_age_seconds",] == 90
    assert found["alerts_deliveries", "sent"] == 1
    assert found["alerts_recent_deliveries", "2xx", "sent"] == 1
    assert found["alerts_recent_deliveries", "4xx", "deferred"] == 1
    assert found["alerts_recent_deliveries", "none", "queued"] == 1
    assert found["alerts_delay_seconds", "0.5", "prepared_to_sent"] == 30
    assert found["alerts_mail_held",] == 0


def test_delays_are_told_from_what_has_a_day(house) -> None:
    with writing(house.engine) as session:
        for number, published in enumerate(["2026-05-03", "2026", "2026-05-04T09:00:00+00:00"], 1):
            session.add(
                ItemRow(id=number, kind="paper", title="T", published=published, first_seen_at=house.now, changed_at=house.now)
            )
        session.flush()
        for number in numberline.stamp(session, 3):
            session.add(AlertRow(number=number, item_id=number, reason="new", at=house.now + timedelta(seconds=number)))
    with reading(house.engine) as session:
        found = vitals.delays(session)
    assert found["seen_to_alert"].middle == 2
    assert found["published_to_alert"].middle == pytest.approx((33.5 * 3600 + 1 + 1800 + 3) / 2)
    assert numbers(house)["alerts_released_total",] == 3


def test_digests_that_come_next_are_told(house) -> None:
    house.person("a@example.org")
    with reading(house.engine) as session:
        found = vitals.digests(session, house.now)
    assert (found.next_at, found.soon) == (house.now, 1)


@contextmanager
def served(house) -> Iterator[int]:
    server = uvicorn.Server(
        uvicorn.Config(create_app(house.world), port=0, log_level="error", lifespan="off", access_log=False)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
        assert thread.is_alive()
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)


def get(port: int, path: str, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    try:
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_over_http_health_is_told_and_metrics_only_at_home(house) -> None:
    house.person("somebody@example.org")
    with served(house) as port:
        assert get(port, "/healthz") == (200, "ok\n")
        assert get(port, "/readyz") == (503, "no scheduler runs\n")
        scheduler_in(house)
        assert get(port, "/readyz") == (200, "ready\n")
        status, text = get(port, "/metrics")
        assert status == 200
        assert 'alerts_subscribers{status="active"} 1.0' in text
        assert "example.org" not in text
        assert get(port, "/metrics", X_Forwarded_For="192.0.2.1")[0] == 404


def test_a_database_that_is_gone_makes_it_not_ready(house) -> None:
    with served(house) as port:
        with house.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE jobs RENAME TO elsewhere")
        try:
            assert get(port, "/readyz") == (503, "the database does not answer\n")
        finally:
            with house.engine.begin() as connection:
                connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO jobs")
