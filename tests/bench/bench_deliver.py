"""Digests from subscribers to a mail server: composed for 200 interest sets, sent, each outcome committed.

Law 7 is kept: no body leaves before that, and the outcome of the one before it, are committed. The mails are what the
composer made, of their real size. Beside it `smtp-source` (Postfix), which makes up one body of that size, keeps no books
and signs nothing; the same sink (`smtp-sink`, which keeps nothing), 16 connections, SQLite; DKIM off where not said.
ALERTS_BENCH_MAILS sets how many mails (50,000), ALERTS_BENCH_TIMES how often (5).
"""

import argparse
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import uvloop
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import Engine, func, select

from alerts.pipeline.compose import compose_due
from alerts.pipeline.deliver import deliver_due
from alerts.publish.email import Segments
from alerts.settings import Settings
from alerts.store.engine import connect, reading
from alerts.store.tables import DeliveryRow, EditionRow
from subscribers.tokens import Keyring
from tests.bench.bench_compose import NOW, fill
from tests.bench.figures import Figure

MAILS = int(os.environ.get("ALERTS_BENCH_MAILS", "50000"))
TIMES = int(os.environ.get("ALERTS_BENCH_TIMES", "5"))
CONNECTIONS, SETS = 16, 200
ALERTS = 80  # as many make digests of 24 KB


class Run(NamedTuple):
    """One installation worked off: mails, seconds to compose and to send them, bytes of each, peak memory (MB)."""

    mails: float
    composing: float
    sending: float
    size: float
    peak: float


def run() -> Iterator[Figure]:
    """Send to few groups again and again, in turn with smtp-source; once to as many groups as readers, once signed."""
    if not (shutil.which("smtp-source") and shutil.which("smtp-sink")):
        yield Figure("digests to a mail server", "mails/s", [0.0], beside="(no smtp-source, no smtp-sink)")
        return
    runs, peers = [], []
    for _ in range(TIMES):
        runs.append(_ours(MAILS, SETS))
        peers.append(_peer(MAILS, runs[-1].size))
    name = f"{MAILS:,} digests, {SETS} interest sets"
    size = f"{runs[0].size / 1024:.0f} KB"
    yield Figure(
        f"{name}: sent", "mails/s", [one.mails / one.sending for one in runs], peers, f"smtp-source, {size},", 0.8
    )
    yield Figure(f"{name}: composed", "deliveries/s", [one.mails / one.composing for one in runs])
    yield Figure(
        f"{name}: composed and sent",
        "mails/s",
        [one.mails / (one.composing + one.sending) for one in runs],
        peers,
        "smtp-source",
    )
    yield Figure("peak memory, composing and sending", "MB", [one.peak for one in runs], beside="at most 150")
    each = _ours(MAILS, MAILS)
    peer, size = _peer(MAILS, each.size), f"{each.size / 1024:.0f} KB"
    yield Figure(f"as many interest sets: sent, {size}", "mails/s", [each.mails / each.sending], [peer], "smtp-source")
    yield Figure("as many interest sets: composed", "deliveries/s", [each.mails / each.composing])
    fewer = MAILS // 5
    signed = _ours(fewer, SETS, "--dkim")
    yield Figure(
        f"{fewer:,} digests signed with DKIM: sent", "mails/s", [signed.mails / signed.sending], peers, "smtp-source"
    )


def _peer(mails: int, size: float) -> float:
    """Return the mails a second of smtp-source."""
    with sink() as port:
        words = ["-d", "-s", CONNECTIONS, "-m", mails, "-l", int(size), "-f", "a@alerts.example.org"]
        command = ["smtp-source", *map(str, words), "-t", "b@inbox.example.net", f"127.0.0.1:{port}"]
        begun = time.perf_counter()
        subprocess.run(command, check=True)
        return mails / (time.perf_counter() - begun)


def _ours(people: int, sets: int, *options: str) -> Run:
    """Compose and send in a process of its own."""
    with sink() as port:
        words = ["--people", people, "--sets", sets, "--port", port, *options]
        command = [sys.executable, "-m", "tests.bench.bench_deliver", *map(str, words)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Run(*(float(word) for word in said.split()))


@contextmanager
def sink() -> Iterator[int]:
    """Run smtp-sink; give its port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    process = subprocess.Popen(["smtp-sink", *user, f"127.0.0.1:{port}", "512"])
    try:
        _wait_for(port)
        yield port
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError("smtp-sink did not start")


def main() -> None:
    """Compose and send once, for people whom another process filled in, and print the numbers of a `Run`."""
    options = argparse.ArgumentParser(description=__doc__)
    for name, value in {"people": 10_000, "sets": SETS, "port": 0}.items():
        options.add_argument(f"--{name}", type=int, default=value)
    options.add_argument("--dkim", action="store_true")
    asked, keyring = options.parse_args(), Keyring(b"b" * 40)
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_for(Path(folder), asked.port, dkim=asked.dkim)
        engine = connect(settings.database)
        filling = get_context("fork").Process(target=fill, args=(engine, keyring, asked.people, asked.sets, ALERTS))
        filling.start()
        filling.join()
        times = [time.perf_counter()]
        composed = compose_due(engine, keyring, settings, NOW)
        times.append(time.perf_counter())
        report = uvloop.run(deliver_due(engine, keyring, settings, NOW))
        times.append(time.perf_counter())
        if report.sent != composed.prepared or not composed.adds_up:
            sys.exit(f"not all was sent: {composed}, {report}")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(report.sent, times[1] - times[0], times[2] - times[1], _size(engine), peak)


def settings_for(folder: Path, port: int, *, dkim: bool = False) -> Settings:
    """Return the settings that send from a folder to a sink, signed or not."""
    key = folder / "key.pem"
    if dkim:
        made = generate_private_key(65537, 2048)
        key.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Settings(
        _env_file=None,
        data_dir=folder,
        smtp_url=f"smtp://127.0.0.1:{port}?starttls=never&connections={CONNECTIONS}",
        ALERTS_FROM="Research alerts <digest@alerts.example.org>",
        dkim_key=key if dkim else None,
        dkim_selector="s1" if dkim else "",
    )


def _size(engine: Engine) -> float:
    """Return the mean bytes of a mail, before its holes are filled."""
    mails = select(DeliveryRow.edition_id, func.count()).group_by(DeliveryRow.edition_id)
    total = count = 0
    with reading(engine) as session:
        for edition, number in session.execute(mails).all():
            parts = session.execute(select(EditionRow.parts).where(EditionRow.id == edition)).scalar_one()
            total, count = total + number * sum(map(len, Segments.parse(parts)._pieces)), count + number
    return total / count


if __name__ == "__main__":
    main()
