"""A small installation with alerts in it, served by uvicorn on loopback, and a plain HTTP client."""

import http.client
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from alerts.model import Topic
from alerts.pipeline.index import index
from alerts.settings import Settings
from alerts.store import catalogue, installation
from alerts.store.engine import writing
from alerts.store.tables import (
    AlertRow,
    AlertTopicRow,
    ItemRow,
    KeyRow,
    LabelRow,
    NumberLineRow,
    SightingRow,
    SourceRow,
)
from alerts.web.app import create_app
from alerts.web.server import server
from alerts.wiring import World
from subscribers.interest import Facts
from subscribers.tokens import Keyring

START = datetime.fromisoformat("2026-05-01T08:00:00+00:00")
TOPICS = (
    Topic(slug="demyelination", name="Demyelinating diseases"),
    Topic(slug="nmosd", name="NMOSD", parent="demyelination"),
    Topic(slug="mogad", name="MOGAD", parent="demyelination"),
    Topic(slug="pml", name="PML"),
)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Browser:
    """Asks one server, follows nothing, keeps no cookie."""

    port: int
    connections: Callable[[], list[Any]] = list

    def ask(self, method: str, path: str, body: bytes | str | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=body, headers=sent)
        answer = connection.getresponse()
        found = Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        connection.close()
        return found

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def post(self, path: str, form: str = "", kind: str = "application/x-www-form-urlencoded") -> Answer:
        return self.ask("POST", path, form, Content_Type=kind)


@contextmanager
def served(app: Any) -> Iterator[Browser]:
    serving = server(app)
    opened = socket.create_server(("127.0.0.1", 0), backlog=512)
    port = opened.getsockname()[1]
    thread = threading.Thread(target=serving.run, args=([opened],), daemon=True)
    thread.start()
    while not serving.started:
        thread.join(0.01)
        if not thread.is_alive():
            raise RuntimeError("the server did not start")
    try:
        yield Browser(port, lambda: list(serving.server_state.connections))
    finally:
        serving.should_exit = True
        thread.join(10)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path / "data")  # type: ignore[call-arg]


def start(engine: Engine) -> None:
    with writing(engine) as session:
        installation.start(session, authority="alerts.example.org", fingerprint="f", now=START)
        catalogue.add_topics(session, TOPICS)
        for slug, sample in (("journal", False), ("sample", True)):
            session.add(SourceRow(slug=slug, kind="feed", title=slug.title(), sample=sample, created_at=START))


@pytest.fixture
def world(sqlite_engine: Engine, settings: Settings) -> World:
    start(sqlite_engine)
    return World(settings, sqlite_engine, Keyring(b"k" * 32))


@pytest.fixture
def serve():
    """Another application, served beside the first."""
    return served


@pytest.fixture
def browser(world: World) -> Iterator[Browser]:
    with served(create_app(world, patience=0)) as found:
        yield found


@pytest.fixture
def start_in():
    return start


@pytest.fixture
def release_in():
    return release_into


Release = Callable[..., int]


@pytest.fixture
def release(world: World) -> Release:
    return lambda **values: release_into(world.engine, **values)


def release_into(
    engine: Engine,
    *,
    title: str = "Plasma exchange in NMOSD attacks",
    text: str = "",
    topics: tuple[str, ...] = ("nmosd",),
    at: datetime | None = None,
    source: str = "journal",
    item: int | None = None,
    keys: tuple[tuple[str, str], ...] = (),
    labels: tuple[tuple[str, str, str, list[Any]], ...] = (),
    mark: str = "",
    reason: str = "new",
    quiet: bool = False,
    detail: dict[str, Any] | None = None,
    content: dict[str, Any] | None = None,
    **facts: Any,
) -> int:
    """Write one item (or take `item`) and the next alert about it; return the item's number."""
    with writing(engine) as session:
        line = session.get(NumberLineRow, 1) or NumberLineRow(id=1, n=0)
        line.n += 1
        session.add(line)
        when = at or START + timedelta(hours=line.n)
        under = tuple(sorted({*topics, *(one.parent for one in TOPICS if one.slug in topics and one.parent)}))
        if item is None:
            row = ItemRow(
                kind=facts.get("kind", "paper"), title=title, text=text, first_seen_at=when, changed_at=when, mark=mark,
                **{"url": f"https://journal.example.org/{line.n}", "published": "2026-04", "first_alert": line.n} | (content or {}),
            )
            session.add(row)
            session.flush()
            item = row.id or 0
            owner = session.exec(_source(source)).one()
            session.add(SightingRow(source_id=owner, item_id=item, locator=f"{source}:{line.n}", raw_hash="", fingerprint="",
                                    first_seen_at=when, last_seen_at=when))
            for slug in topics:
                start_at = title.find("NMOSD")
                proof = [["title", start_at, start_at + 5, "NMOSD"]] if start_at >= 0 else [["title", 0, len(title), title]]
                session.add(LabelRow(item_id=item, facet="topic", value=slug, role="about", by="rule", evidence=proof, at=when))
            for facet, value, role, proof in labels:
                session.add(LabelRow(item_id=item, facet=facet, value=value, role=role, by="rule", evidence=proof, at=when))
            for scheme, value in keys:
                session.add(KeyRow(scheme=scheme, value=value, item_id=item))
        told = Facts(**{"kind": "paper", "topics": topics, "under": under, "reason": reason} | facts)
        session.add(AlertRow(number=line.n, item_id=item, reason=reason, at=when, quiet=quiet, facts=asdict(told), detail=detail or {}))
        session.flush()
        for slug in under:
            session.add(AlertTopicRow(number=line.n, slug=slug))
        installation.raise_revisions(session, under)
    index(engine)
    return item


def _source(slug: str) -> Any:

    return select(SourceRow.id).where(SourceRow.slug == slug)
