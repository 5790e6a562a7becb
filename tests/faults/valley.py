"""Where trials happen: sources on a loopback server, people who follow their topic, and the counts that must add up."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import monotonic, sleep
from typing import NamedTuple, Self

from sink import Sink
from sqlalchemy import Engine, func, insert, select, text

from alerts.model import Content, Document, Entry, Key, Page, PartialDate, Plan, PollState, Request, Source, Topic
from alerts.settings import Settings
from alerts.store import catalogue, installation, numberline
from alerts.store.engine import reading, writing
from alerts.store.tables import AlertRow, DeliveryRow, EditionRow, IntentRow, ItemRow, RunRow, SightingRow
from subscribers import store
from subscribers.tables import SubscriberRow
from subscribers.tokens import Keyring

SOURCES, ENTRIES = 5, 8
DIGESTS_BEFORE = 3
KEYRING = Keyring(b"k" * 40)
SLEEP = Topic(slug="narcolepsy", name="Narcolepsy", definition={"terms": ["narcolepsy"]})


class Lines:
    """A kind of source: pages of JSON lines."""

    def plan(self, source: Source, state: PollState, now: datetime) -> Plan:
        return Plan(request=Request(url=source.url, allow_private=True))

    def read(self, source: Source, state: PollState, document: Document) -> Page:
        told = [json.loads(line) for line in document.body.splitlines()]
        following = document.headers.get("x-next")
        return Page(
            entries=tuple(self._entry(one) for one in told),
            next=Request(url=following, allow_private=True) if following else None,
            state={"done": following is None},
        )

    def _entry(self, told: dict[str, str]) -> Entry:
        return Entry(
            locator=told["id"],
            raw_hash=hashlib.sha256(told["title"].encode()).hexdigest(),
            keys=(Key("pmid", told["id"]),),
            content=Content(title=told["title"], text=told["title"] * 20, published=PartialDate(2026, 5, 1)),
        )


class Sources:
    """Serves so many pages of every source, or fewer for now; `mood` says how the next request is answered."""

    def __init__(self, pages: int = 4) -> None:
        self.pages = self.most = pages
        self.all = SOURCES * pages * ENTRIES
        self.mood: Callable[[], str] = lambda: "well"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.sources = self  # type: ignore[attr-defined]
        self.base = f"http://127.0.0.1:{self._server.server_port}"

    def page(self, path: str) -> tuple[bytes, str | None]:
        """Return the page of a path `/SOURCE/PAGE`, and the address of the one after it."""
        source, page = (int(part) for part in path.strip("/").split("/"))
        first = (source * self.most + page) * ENTRIES + 1
        numbers = range(first, first + ENTRIES)
        told = [{"id": str(n), "title": f"Narcolepsy in household number {n} of the valley"} for n in numbers]
        following = f"{self.base}/{source}/{page + 1}" if page + 1 < self.pages else None
        return "\n".join(json.dumps(one) for one in told).encode(), following

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        sources: Sources = self.server.sources  # type: ignore[attr-defined]
        body, following = sources.page(self.path)
        with suppress(ConnectionError):
            getattr(self, f"_{sources.mood()}")(body, following)

    def _well(self, body: bytes, following: str | None) -> None:
        self._head(200, len(body), {"X-Next": following} if following else {})
        self.wfile.write(body)

    def _refuse(self, *_: object) -> None:
        self._head(503, 0, {})

    def _wait(self, *_: object) -> None:
        self._head(429, 0, {"Retry-After": "60"})

    def _drop(self, *_: object) -> None:
        self.close_connection = True

    def _cut(self, body: bytes, _: str | None) -> None:
        self._head(200, len(body), {})
        self.wfile.write(body[: len(body) // 2])
        self.close_connection = True

    def _stall(self, body: bytes, _: str | None) -> None:
        self._cut(body, _)
        self.wfile.flush()
        self.rfile.read(1)  # until the other side has had enough

    def _rubbish(self, *_: object) -> None:
        self._well(b"<html>come back later</html>", None)

    def _head(self, status: int, length: int, more: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(length), **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


MOODS = ("well", "refuse", "wait", "drop", "cut", "stall", "rubbish")


def furnish(engine: Engine, base: str, now: datetime, people: int = 0) -> None:
    """Make an installation with every source due, and with so many people who are due and follow the topic."""
    with writing(engine) as session:
        installation.start(session, authority="alerts.example.org", fingerprint=KEYRING.fingerprint, now=now)
        catalogue.add_topics(session, [SLEEP])
        sources = [Source(slug=f"s{n}", kind="lines", url=f"{base}/{n}/0", allow_private=True, max_age=None)
                   for n in range(SOURCES)]
        catalogue.add_sources(session, sources, now)
        [interests] = store.interest_sets(session, [SLEEP.slug]).values()
        rows = [_person(number, interests, now) for number in range(people)]
        if rows:
            session.connection().execute(insert(SubscriberRow.metadata.tables["subscribers"]), rows)


def _person(number: int, interests: int, now: datetime) -> dict[str, object]:
    return {
        **store.address_values(KEYRING, f"reader{number}@inbox.example.net"), "public_id": number.to_bytes(16),
        "status": "active", "interest_set_id": interests, "cadence": "daily", "hour": 7, "weekday": 0, "zone": "UTC",
        "format": "text", "language": "en", "no_notices": "", "seen": 0, "digest_no": DIGESTS_BEFORE,
        "next_digest_at": now - timedelta(minutes=5), "last_digest_at": now - timedelta(days=1), "consent": "",
        "confirmed_at": now, "created_at": now,
    }  # fmt: skip


def settings(engine: Engine, port: int = 0, connections: int = 4, folder: str = "/nowhere") -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        data_dir=folder,  # type: ignore[arg-type]
        database_url=engine.url.render_as_string(hide_password=False),
        smtp_url=f"smtp://127.0.0.1:{port}?starttls=never&connections={connections}" if port else "",
        ALERTS_FROM="Digest <digest@alerts.example.org>",
    )


class Count(NamedTuple):
    """What is missing, and what is there again."""

    lost: int = 0
    twice: int = 0

    def __add__(self, other: object) -> "Count":
        assert isinstance(other, Count)
        return Count(self.lost + other.lost, self.twice + other.twice)


def works(engine: Engine, served: int) -> Count:
    """Count the works that were served and have no alert, and those that have two; all else must be in order."""
    with reading(engine) as session:
        items = session.execute(select(func.count()).select_from(ItemRow)).scalar_one()
        sightings = session.execute(select(func.count()).select_from(SightingRow)).scalar_one()
        numbers = list(session.execute(select(AlertRow.number).order_by(AlertRow.number)).scalars())
        alerted = Counter(session.execute(select(AlertRow.item_id)).scalars())
        assert numbers == list(range(1, len(numbers) + 1)), "a number is missing, or came twice"
        assert numberline.last(session) == len(numbers)
        assert not session.execute(select(IntentRow.id)).all()
        assert items == sightings
        assert session.execute(text("SELECT count(*) FROM sources WHERE lease IS NOT NULL")).scalar() == 0
    return Count(served - len(alerted), alerted.total() - len(alerted) + max(items - served, 0))


def digests(engine: Engine) -> Count:
    """Count the alerts that somebody was not told of, and those told twice; ordinals and runs must add up."""
    with reading(engine) as session:
        mails = list(session.execute(select(DeliveryRow.subscriber_id, DeliveryRow.ordinal, DeliveryRow.edition_id)))
        held = {one: [*told, *more] for one, told, more in
                session.execute(select(EditionRow.id, EditionRow.numbers, EditionRow.listed))}
        people = {one: (last, seen) for one, last, seen in
                  session.execute(select(SubscriberRow.id, SubscriberRow.digest_no, SubscriberRow.seen))}
        runs = list(session.execute(select(RunRow.candidates, RunRow.prepared, RunRow.excluded)))
    ordinals, told = defaultdict(list), defaultdict(Counter)
    for person, ordinal, edition in mails:
        ordinals[person].append(ordinal)
        told[person].update(held[edition])
    assert {person: sorted(some) for person, some in ordinals.items()} == {
        person: list(range(DIGESTS_BEFORE + 1, last + 1)) for person, (last, _) in people.items() if last > DIGESTS_BEFORE}
    assert all(candidates == prepared + sum(excluded.values()) for candidates, prepared, excluded in runs)
    assert sum(prepared for _, prepared, _ in runs) == len(mails)
    lost = sum(len(set(range(1, seen + 1)) - set(told[person])) for person, (_, seen) in people.items())
    return Count(lost, sum(some.total() - len(some) for some in told.values()))


def mails(engine: Engine, people: int, sink: Sink) -> Count:
    """Count the people without a mail, the mails that did not arrive, and those that arrived again."""
    with reading(engine) as session:
        states = list(session.execute(select(DeliveryRow.state)).scalars())
    assert set(states) <= {"sent"}, Counter(states)
    return Count(people - len(sink.kept) + len(states) - sink.different, sink.twice)


def unsent(engine: Engine) -> int:
    with reading(engine) as session:
        return session.execute(select(func.count()).where(DeliveryRow.state != "sent")).scalar_one()


def expire_leases(engine: Engine) -> None:
    """Let the time pass that a dead worker's claims last."""
    with writing(engine) as session:
        for table in ("sources", "deliveries", "jobs"):
            past = {"past": "2000-01-01 00:00:00"}
            session.execute(text(f"UPDATE {table} SET leased_until = :past WHERE lease IS NOT NULL"), past)  # noqa: S608


def expire_waits(engine: Engine) -> None:
    """Let the time pass for which hosts and mail servers asked to be left alone."""
    with writing(engine) as session:
        for table in ("hosts", "lanes"):
            session.execute(text(f"DELETE FROM {table}"))  # noqa: S608


def all_done(engine: Engine, served: int, people: int) -> bool:
    """Tell whether every work has an alert and everyone's mail is sent."""
    with reading(engine) as session:
        alerts = session.execute(select(func.count()).select_from(AlertRow)).scalar_one()
        sent = session.execute(select(func.count()).where(DeliveryRow.state == "sent")).scalar_one()
    return alerts >= served and sent >= people


def until(condition: Callable[[], bool], patience: float = 120.0) -> None:
    """Ask again and again until it is so."""
    end = monotonic() + patience
    while not condition():
        assert monotonic() < end, "it did not come about"
        sleep(0.05)
