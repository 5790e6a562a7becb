"""Fills an outbox and works it off, as a process that may be killed: `outbox_run.py seed|send FOLDER|URL ...`."""

import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import Engine, insert, text
from sqlmodel import SQLModel

from alerts.deliver.carrier import Deadlines
from alerts.deliver.smtp import Limits, SmtpCarrier
from alerts.pipeline.deliver import DeliverReport, deliver_due
from alerts.publish.email import Body, Letter, Sender, render
from alerts.settings import Settings
from alerts.store import schema
from alerts.store.engine import connect, writing
from alerts.store.installation import start
from alerts.store.tables import DeliveryRow, EditionRow
from subscribers.tables import InterestSetRow, SubscriberRow
from subscribers.tokens import Keyring

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
KEYRING = Keyring(b"a secret of the tests, long enough")
ROWS = 1_000
LINE = "A trial in people with a rare disease reported what it measured, and how many took part in it. "


def open_at(where: str, port: int = 0, connections: int = 16) -> tuple[Engine, Settings]:
    """Open the database of a data directory, or the one at a URL."""
    place: dict[str, Any] = {"database_url": where} if "://" in where else {"data_dir": Path(where)}
    url = f"smtp://127.0.0.1:{port}?starttls=never&connections={connections}"
    settings = Settings(
        **place, smtp_url=url, ALERTS_FROM="Research alerts <digest@alerts.example.org>", _env_file=None
    )
    return connect(settings.database), settings


def seed(where: str, people: int, *, editions: int = 1, size: int = 2_000) -> None:
    """Queue one digest for each of so many people, of so many different editions, in place of all that was there."""
    if "://" not in where:
        Path(where).mkdir(parents=True, exist_ok=True)
    engine, settings = open_at(where)
    schema.upgrade(engine)
    with writing(engine) as session:
        for table in ("deliveries", "editions", "subscribers", "interest_sets"):
            session.execute(text(f"DELETE FROM {table}"))  # noqa: S608  the words above
        start(session, authority="alerts.example.org", fingerprint=KEYRING.fingerprint, now=NOW)
        session.add(InterestSetRow(id=1, interests="ms"))
        made = [_edition(settings, number, size) for number in range(1, editions + 1)]
        session.execute(insert(EditionRow), made)
    for first in range(1, people + 1, ROWS):
        numbers = range(first, min(first + ROWS, people + 1))
        with writing(engine) as session:
            _insert(session, SubscriberRow, [_person(number) for number in numbers])
            _insert(session, DeliveryRow, [_delivery(number, number % editions + 1) for number in numbers])
    engine.dispose()


def _insert(session: Any, table: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    session.execute(insert(table), rows)


def _edition(settings: Settings, number: int, size: int) -> dict[str, Any]:
    lines = "\n".join(f"{number}.{line} {LINE}" for line in range(size // (len(LINE) + 8)))
    letter = Letter(subject="Your research digest", text=Body(frame=f"{lines}\n"))
    parts = render(letter, Sender(base_url=settings.base_url, from_=settings.from_))
    values = {"hash": str(number), "kind": "digest", "format": "text", "subject": letter.subject}
    return values | {"id": number, "parts": parts, "created_at": NOW}


def _person(number: int) -> dict[str, Any]:
    address = address_of(number)
    return {
        "id": number,
        "public_id": KEYRING.address_hash(address)[:16],
        "address_hash": KEYRING.address_hash(address),
        "address_sealed": KEYRING.seal(address),
        "domain_hash": KEYRING.domain_hash(address),
        "status": "active",
        "interest_set_id": 1,
        "created_at": NOW,
    }


def address_of(number: int) -> str:
    return f"reader{number}@inbox.example.net"


def _delivery(number: int, edition: int) -> dict[str, Any]:
    return {
        "recipient": str(number),
        "kind": "digest",
        "ordinal": 1,
        "subscriber_id": number,
        "edition_id": edition,
        "domain_hash": KEYRING.domain_hash(address_of(number)),
        "message_id": KEYRING.message_id(str(number), "digest", 1, "alerts.example.org"),
        "created_at": NOW,
        "next_attempt_at": NOW,
        "deadline_at": NOW + timedelta(days=4),
    }


async def send(where: str, port: int, connections: int, lease: float = 60.0) -> DeliverReport:
    """Work off the outbox once; what fails for now is due again at once in the next run."""
    engine, settings = open_at(where, port, connections)
    server = settings.smtp
    assert server is not None
    limits = Limits(deadlines=Deadlines(connect=10, command=30, body=30))
    carrier = SmtpCarrier(server, hello="alerts.example.org", limits=limits)
    report = await deliver_due(
        engine, KEYRING, settings, NOW + timedelta(hours=1), carrier=carrier, lease=timedelta(seconds=lease), eager=True
    )
    engine.dispose()
    return report


def states(where: str) -> dict[str, int]:
    engine, _ = open_at(where)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT state, count(*) FROM deliveries GROUP BY state"))
        states = {row[0]: row[1] for row in found}
    engine.dispose()
    return states


def main(command: str, where: str, *numbers: str) -> None:
    """Do one command; `send` ends by printing mails sent, seconds taken, and peak memory (MB)."""
    if command == "seed":
        people, *more = (int(one) for one in numbers)
        seed(where, people, **dict(zip(("editions", "size"), more, strict=False)))
        return
    port, connections, lease = numbers
    begun = time.perf_counter()
    report = uvloop.run(send(where, int(port), int(connections), float(lease)))
    taken = time.perf_counter() - begun
    print(report, report.sent, taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main(*sys.argv[1:])
