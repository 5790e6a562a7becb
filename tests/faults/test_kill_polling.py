"""kill -9 in the middle of polling and releasing: a restart finishes the work, nothing is lost, nothing twice."""

import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from sqlalchemy import Engine, text
from sqlmodel import select

from alerts.model import Source, Topic
from alerts.store import catalogue, numberline
from alerts.store.engine import reading, writing
from alerts.store.tables import AlertRow, IntentRow, ItemRow, SightingRow, SourceRow

CHILD = Path(__file__).with_name("polling_child.py")
SOURCES, PAGES, ENTRIES = 6, 5, 20
ALL = SOURCES * PAGES * ENTRIES
SLEEP = Topic(slug="narcolepsy", name="Narcolepsy", definition={"terms": ["narcolepsy"]})


def _page(path: str, base: str) -> tuple[bytes, str | None]:
    source, page = (int(part) for part in path.strip("/").split("/"))
    first = (source * PAGES + page) * ENTRIES + 1
    told = [{"id": str(n), "title": f"Narcolepsy in household number {n} of the valley"} for n in range(first, first + ENTRIES)]
    following = f"{base}/{source}/{page + 1}" if page + 1 < PAGES else None
    return "\n".join(json.dumps(one) for one in told).encode(), following


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def base() -> Iterator[str]:
    def app(environ, start):
        body, following = _page(environ["PATH_INFO"], found)
        start("200 OK", [("Content-Length", str(len(body))), *([("X-Next", following)] if following else [])])
        return [body]

    server = make_server("127.0.0.1", 0, app, WSGIServer, _Quiet)
    found = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def _start(engine: Engine, now: datetime) -> subprocess.Popen[bytes]:
    url = engine.url.render_as_string(hide_password=False)
    return subprocess.Popen([sys.executable, str(CHILD), url, now.isoformat()], stdout=subprocess.PIPE, cwd=Path.cwd())


def _expire_leases(engine: Engine) -> None:
    """Let the minute pass that a dead worker's claims last."""
    with writing(engine) as session:
        session.execute(text("UPDATE sources SET leased_until = :past WHERE lease IS NOT NULL"), {"past": "2000-01-01 00:00:00"})


def _count(engine: Engine) -> tuple[int, int]:
    with reading(engine) as session:
        return len(session.exec(select(SightingRow.id)).all()), numberline.last(session)


def _finished(engine: Engine) -> None:
    with reading(engine) as session:
        assert len(session.exec(select(ItemRow.id)).all()) == ALL
        assert len(session.exec(select(SightingRow.id)).all()) == ALL
        assert sorted(session.exec(select(AlertRow.number))) == list(range(1, ALL + 1))
        assert len(set(session.exec(select(AlertRow.item_id)))) == ALL
        assert not session.exec(select(IntentRow.id)).all()
        assert {tuple(row) for row in session.exec(select(SourceRow.state, SourceRow.lease))} == {("ok", None)}
        assert all(anchor == {"done": True} for anchor in session.exec(select(SourceRow.anchor)))


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    return 20 if request.config.getoption("--faults-long", default=False) else 4


def test_a_worker_killed_again_and_again_loses_and_repeats_nothing(
    engine: Engine, base: str, now: datetime, kills: int
) -> None:
    with writing(engine) as session:
        catalogue.add_topics(session, [SLEEP])
        catalogue.add_sources(session, [Source(slug=f"s{n}", kind="lines", url=f"{base}/{n}/0", allow_private=True)
                                        for n in range(SOURCES)], now)
    dice, counts = random.Random(7), [(0, 0)]
    for _ in range(kills):
        child = _start(engine, now)
        _let_it_tell(child, dice.randint(1, 150 // kills))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        counts.append(_count(engine))
        _expire_leases(engine)
    child = _start(engine, now)
    said, _ = child.communicate(timeout=120)
    assert said.endswith(b"done\n"), counts
    assert counts == sorted(counts)
    _finished(engine)


def _let_it_tell(child: subprocess.Popen[bytes], lines: int) -> None:
    """Return when the child began or ended so many transactions."""
    assert child.stdout is not None
    for _ in range(lines):
        child.stdout.readline()


def test_two_workers_at_once_share_the_work(engine: Engine, base: str, now: datetime) -> None:
    with writing(engine) as session:
        catalogue.add_topics(session, [SLEEP])
        catalogue.add_sources(session, [Source(slug=f"s{n}", kind="lines", url=f"{base}/{n}/0", allow_private=True)
                                        for n in range(SOURCES)], now)
    children = [_start(engine, now) for _ in range(2)]
    assert all(child.communicate(timeout=120)[0].endswith(b"done\n") for child in children)
    last = _start(engine, now)
    assert last.communicate(timeout=120)[0].endswith(b"done\n")
    _finished(engine)
