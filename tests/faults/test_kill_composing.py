"""kill -9 in the middle of composing: a restart finishes the work, everyone has one delivery, the runs add up."""

import random
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, select

from alerts.model import Alert, Reason, Topic
from alerts.store import catalogue, installation, numberline
from alerts.store.engine import reading, writing
from alerts.store.tables import DeliveryRow, ItemRow, RunRow, SightingRow, SourceRow
from subscribers import store
from subscribers.interest import Facts
from subscribers.tables import SubscriberRow
from subscribers.tokens import Keyring

CHILD = Path(__file__).with_name("composing_child.py")
PEOPLE, KILLS, ALERTS = 400, 10, 12
LINES_A_BATCH = 4
TOPICS = ("narcolepsy", "asthma", "gout")


@pytest.fixture
def house(engine: Engine, now: datetime) -> Engine:
    """An installation where everyone is due and there is news on every topic."""
    keyring = Keyring(b"k" * 40)
    with writing(engine) as session:
        installation.start(session, authority="alerts.example.org", fingerprint=keyring.fingerprint, now=now)
        catalogue.add_topics(session, [Topic(slug=slug, name=slug.title()) for slug in TOPICS])
        session.add(SourceRow(id=1, slug="journal", kind="feed", title="Journal", created_at=now, notes=[], options={},
                              anchor={}, resume={}, window=[]))
        session.flush()
        numbers = list(numberline.stamp(session, ALERTS))
        for number in numbers:
            session.add(ItemRow(id=number, kind="paper", title=f"A study of household number {number}", first_seen_at=now,
                                changed_at=now, url=f"https://journal.example/{number}"))
            session.add(SightingRow(source_id=1, item_id=number, locator=str(number), raw_hash="", fingerprint="",
                                    first_seen_at=now, last_seen_at=now))
        session.flush()
        numberline.append(session, [_alert(number, now) for number in numbers])
        ids = list(store.interest_sets(session, TOPICS).values())
        people = [_person(keyring, number, ids[number % len(ids)], now) for number in range(PEOPLE)]
        session.connection().execute(insert(SubscriberRow.metadata.tables["subscribers"]), people)
    return engine


def _alert(number: int, now: datetime) -> Alert:
    topics = (TOPICS[number % len(TOPICS)],)
    facts = Facts(kind="paper", topics=topics, under=topics, design="trial")
    return Alert(number=number, item_id=number, reason=Reason.NEW, at=now, facts=facts)


def _person(keyring: Keyring, number: int, set_id: int, now: datetime) -> dict:
    return {
        **store.address_values(keyring, f"reader{number}@mail.example.org"), "public_id": number.to_bytes(16),
        "status": "active", "interest_set_id": set_id, "cadence": "daily", "hour": 7, "weekday": 0, "zone": "UTC",
        "format": "html", "language": "en", "no_notices": "", "seen": 0, "digest_no": 3,
        "next_digest_at": now - timedelta(minutes=5), "last_digest_at": now - timedelta(days=1), "consent": "",
        "confirmed_at": now, "created_at": now,
    }  # fmt: skip


def _start(engine: Engine, now: datetime) -> subprocess.Popen[bytes]:
    url = engine.url.render_as_string(hide_password=False)
    return subprocess.Popen([sys.executable, str(CHILD), url, now.isoformat()], stdout=subprocess.PIPE)


def _finish(child: subprocess.Popen[bytes]) -> None:
    said, _ = child.communicate(timeout=120)
    assert said.endswith(b"done\n")


def _prepared(engine: Engine) -> int:
    with reading(engine) as session:
        return session.execute(select(func.count()).select_from(DeliveryRow)).scalar_one()


def _everyone_has_one(engine: Engine) -> None:
    with reading(engine) as session:
        mails = list(session.execute(select(DeliveryRow.subscriber_id, DeliveryRow.ordinal, DeliveryRow.state)))
        people = session.execute(select(SubscriberRow.digest_no, SubscriberRow.seen).distinct()).all()
        runs = list(session.execute(select(RunRow.candidates, RunRow.prepared, RunRow.excluded)))
    assert len({one for one, _, _ in mails}) == len(mails) == PEOPLE
    assert {(ordinal, state) for _, ordinal, state in mails} == {(4, "queued")}
    assert [tuple(one) for one in people] == [(4, ALERTS)]
    assert all(candidates == prepared + sum(excluded.values()) for candidates, prepared, excluded in runs)
    assert sum(prepared for _, prepared, _ in runs) == PEOPLE


def test_a_composer_killed_ten_times_gives_everyone_one_digest(house: Engine, now: datetime) -> None:
    dice, prepared = random.Random(5), [0]
    for _ in range(KILLS):
        child = _start(house, now)
        assert child.stdout is not None
        for _ in range(dice.randint(1, 4 * LINES_A_BATCH)):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        child.communicate()
        prepared.append(_prepared(house))
    assert prepared == sorted(prepared)
    assert 0 < prepared[-1] < PEOPLE, prepared
    _finish(_start(house, now))
    _everyone_has_one(house)


def test_two_composers_at_once_share_the_work(house: Engine, now: datetime) -> None:
    children = [_start(house, now) for _ in range(2)]
    for child in children:
        _finish(child)
    _everyone_has_one(house)
