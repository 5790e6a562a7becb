"""Serving one topic's RSS feed, kept in memory, beside nginx with the same bytes as a static file (wrk, 32 connections)."""

import gzip
import http.client
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import ascii_lowercase
from urllib.parse import urlsplit

from sqlalchemy import Engine, insert

from alerts.model import Topic
from alerts.settings import Settings
from alerts.store import catalogue, installation, schema
from alerts.store.engine import connect, writing
from alerts.store.tables import AlertRow, AlertTopicRow, ItemRow, LabelRow
from alerts.web.app import create_app
from alerts.web.server import server
from alerts.wiring import World
from subscribers.interest import Facts
from subscribers.tokens import Keyring
from tests.bench.figures import Figure

START = datetime(2026, 5, 1, tzinfo=UTC)
SECONDS, TIMES = 1, 7
ALERTS = 37  # make a feed of 67 KB, 10 KB packed
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{ access_log off; types {{ application/rss+xml rss; }} gzip_static on; gzip_vary on; keepalive_requests 100000000;
client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
scgi_temp_path {folder}/s; server {{ listen 127.0.0.1:{port}; root {folder}/www; add_header Cache-Control "public, max-age=300"; }} }}
"""


def run() -> Iterator[Figure]:
    """Measure 200, 200 gzip and 304 in turn with nginx; without wrk or nginx nothing is compared."""
    missing = [name for name in ("wrk", "nginx") if shutil.which(name) is None]
    if missing:
        yield Figure("feed", "requests/s", [0.0], beside=f"{' and '.join(missing)} not installed")
        return
    with tempfile.TemporaryDirectory() as name, ours(Path(name)) as address:
        body = fetch(address)
        with nginx(Path(name), body) as static:
            yield from figures(address, static, len(body))


def figures(address: str, static: str, size: int) -> Iterator[Figure]:
    cases = [
        (f"200, {size:,} bytes", 0.4, (), ()),
        ("200 gzip", 0.3, ("Accept-Encoding: gzip",), ("Accept-Encoding: gzip",)),
        ("304", 0.25, (f"If-None-Match: {etag(address)}",), (f"If-None-Match: {etag(static)}",)),
    ]
    for name, goal, mine, theirs in cases:
        pairs = [(wrk(address, mine), wrk(static, theirs)) for _ in range(TIMES)]
        yield Figure(name, "requests/s", [one for one, _ in pairs], [one for _, one in pairs], "nginx static", goal)


def wrk(address: str, headers: Sequence[str]) -> float:
    given = [part for header in headers for part in ("-H", header)]
    said = subprocess.run(
        ["wrk", "-t1", "-c32", f"-d{SECONDS}s", *given, address], capture_output=True, text=True, check=True
    ).stdout
    if "Non-2xx" in said or (found := re.search(r"Requests/sec:\s+([\d.]+)", said)) is None:
        raise RuntimeError(said)
    return float(found[1])


def fetch(address: str) -> bytes:
    return ask(address)[1]


def etag(address: str) -> str:
    return ask(address)[0]


def ask(address: str) -> tuple[str, bytes]:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    connection.request("GET", parts.path)
    answer = connection.getresponse()
    return answer.headers["ETag"], answer.read()


@contextmanager
def ours(folder: Path) -> Iterator[str]:
    port = free_port()
    with running([sys.executable, "-m", "tests.bench.bench_serve", str(folder), str(port)], port):
        yield f"http://127.0.0.1:{port}/topics/nmosd.rss"


@contextmanager
def nginx(folder: Path, body: bytes) -> Iterator[str]:
    port = free_port()
    www = folder / "www"
    www.mkdir()
    (www / "nmosd.rss").write_bytes(body)
    (www / "nmosd.rss.gz").write_bytes(gzip.compress(body, 6))
    for path in (folder, www):
        path.chmod(0o755)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    with running(["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")], port):
        yield f"http://127.0.0.1:{port}/nmosd.rss"


@contextmanager
def running(command: Sequence[str], port: int) -> Iterator[None]:
    with subprocess.Popen(command) as process:
        try:
            wait_for(port, process)
            yield
        finally:
            process.terminate()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the server did not start")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def serve(folder: Path, port: int) -> None:
    """Serve an installation , as `alerts run` does."""
    settings = Settings(_env_file=None, data_dir=folder, base_url=f"http://127.0.0.1:{port}")
    engine = connect(settings.database)
    schema.upgrade(engine)
    fill(engine)
    app = create_app(World(settings, engine, Keyring(b"k" * 32)))
    server(app).run([socket.create_server(("127.0.0.1", port), backlog=512)])


def said(seed: int, count: int) -> str:
    """Return words that compress as prose does, so that the feed packs to about a seventh, as real ones do."""
    chance = random.Random(seed)
    return " ".join("".join(chance.choices(ascii_lowercase, k=chance.randint(4, 9))) for _ in range(count))


def fill(engine: Engine) -> None:
    facts = asdict(Facts(kind="paper", topics=("nmosd",), under=("nmosd",), design="randomized-trial", size=120))
    numbers = range(1, ALERTS + 1)
    proof = [["title", 0, 5, "NMOSD"]]
    with writing(engine) as session:
        installation.start(session, authority="alerts.example.org", fingerprint="f", now=START)
        catalogue.add_topics(session, [Topic(slug="nmosd", name="NMOSD")])
        session.execute(insert(ItemRow), [
            {"id": n, "kind": "paper", "title": f"NMOSD: {said(n, 18)}", "text": said(n, 60), "venue": "A Journal",
             "url": f"https://journal.example.org/{n}", "first_seen_at": START, "changed_at": START, "first_alert": n,
             "authors": [said(n + 1_000, 2).title(), said(n + 2_000, 2).title()]} for n in numbers])
        session.execute(insert(LabelRow), [
            {"item_id": n, "facet": "topic", "value": "nmosd", "role": "about", "by": "rule", "evidence": proof, "at": START}
            for n in numbers])
        session.execute(insert(LabelRow), [
            {"item_id": n, "facet": "finding", "value": "", "role": "about", "by": "rule", "at": START,
             "evidence": [["text", 0, 99, said(n + 3_000, 16)]]} for n in numbers])
        session.execute(insert(AlertRow), [
            {"number": n, "item_id": n, "reason": "new", "at": START + timedelta(hours=n), "facts": facts} for n in numbers])
        session.execute(insert(AlertTopicRow), [{"number": n, "slug": "nmosd"} for n in numbers])


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
