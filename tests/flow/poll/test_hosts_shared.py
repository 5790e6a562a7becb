"""Several processes on one database ask each host one thing at a time, counted at the hosts."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Event, Lock, Thread

import pytest
from sqlalchemy import Engine, text
from sqlmodel import select

from alerts.model import Source
from alerts.store import catalogue
from alerts.store.engine import reading, writing
from alerts.store.tables import HostRow, SourceRow

CHILD = Path(__file__).with_name("visiting_child.py")
HOSTS, FEEDS = 3, 12
LIMITED, APART = "127.0.0.1", 0.05
FEED = "<rss version='2.0'><channel><title>Lamps {name}</title><item><title>Work on dim lamps {name}</title><guid>{name}</guid></item></channel></rss>"


@dataclass
class Host:
    """What one host saw: how many requests at once, and when each began."""

    base: str = ""
    at_once: int = 0
    most: int = 0
    paths: list[str] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)
    asked: Event = field(default_factory=Event)
    hold: Event = field(default_factory=Event)

    def begin(self, path: str) -> None:
        with self.lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            self.paths.append(path)
            self.starts.append(time.monotonic())
        self.asked.set()

    def end(self) -> None:
        with self.lock:
            self.at_once -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True


@contextmanager
def serving(address: str) -> Iterator[Host]:
    """Serve a feed at every path, each a while after it was asked for; nothing at all while `hold` is not set."""
    host = Host()
    host.hold.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.begin(self.path)
            host.hold.wait(20)
            time.sleep(0.03)  # the time that an answer takes
            body = FEED.format(name=f"{address}{self.path}").encode()
            host.end()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = _Server((address, 0), Handler)
    host.base = f"http://{address}:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield host
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def hosts(engine: Engine, now: datetime) -> Iterator[list[Host]]:
    with ExitStack() as stack:
        found = [stack.enter_context(serving(f"127.0.0.{number + 1}")) for number in range(HOSTS)]
        with writing(engine) as session:
            catalogue.add_sources(session, [
                Source(slug=f"h{number}-f{feed}", url=f"{host.base}/{feed}", allow_private=True)
                for feed in range(FEEDS) for number, host in enumerate(found)
            ], now)  # fmt: skip
        yield found


def child(engine: Engine, now: datetime) -> subprocess.Popen[bytes]:
    url = engine.url.render_as_string(hide_password=False)
    started = subprocess.Popen([sys.executable, str(CHILD), url, now.isoformat(), f"{LIMITED}={APART}"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    assert started.stdout is not None
    assert started.stdout.readline() == b"ready\n"
    return started


def go(started: subprocess.Popen[bytes]) -> None:
    assert started.stdin is not None
    started.stdin.write(b"go\n")
    started.stdin.flush()


def test_two_processes_never_ask_a_host_two_things_at_once(engine, hosts, now) -> None:
    both = [child(engine, now) for _ in range(2)]
    for one in both:
        go(one)
    for one in both:
        one.communicate(timeout=120)
        assert one.returncode == 0
    assert [len(host.paths) for host in hosts] == [FEEDS] * HOSTS, "each feed once"
    assert [host.most for host in hosts] == [1] * HOSTS
    limited = hosts[0].starts
    assert min(later - sooner for sooner, later in pairwise(limited)) > APART * 0.9
    with reading(engine) as session:
        assert set(session.exec(select(SourceRow.state))) == {"ok"}
        assert set(session.exec(select(HostRow.lease))) == {None}, "and gave every host back"


def test_hosts_of_a_process_that_was_killed_are_free_when_its_lease_ran_out(engine, hosts, now) -> None:
    for host in hosts:
        host.hold.clear()
    killed = child(engine, now)
    go(killed)
    assert all(host.asked.wait(60) for host in hosts)
    killed.kill()
    killed.communicate()
    with reading(engine) as session:
        assert None not in set(session.exec(select(HostRow.lease)))
    for host in hosts:
        host.hold.set()
    with writing(engine) as session:
        for table in ("sources", "hosts"):
            session.execute(text(f"UPDATE {table} SET leased_until = '2000-01-01 00:00:00' WHERE lease IS NOT NULL"))  # noqa: S608
    living = child(engine, now)
    go(living)
    living.communicate(timeout=120)
    assert living.returncode == 0
    with reading(engine) as session:
        assert set(session.exec(select(SourceRow.state))) == {"ok"}
