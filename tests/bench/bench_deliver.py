"""Sending 24 KB mails from the outbox, each outcome committed before the next body leaves, to a sink that keeps nothing.

Beside it `smtp-source` (Postfix), which makes one body up, keeps no books and signs nothing; the same sink, size and
16 connections; SQLite; DKIM off. ALERTS_BENCH_MAILS sets how many mails (50,000).
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.bench.figures import Figure

MAILS = int(os.environ.get("ALERTS_BENCH_MAILS", "50000"))
CONNECTIONS = 16
SIZE = 24 * 1024
PROGRAM = Path(__file__).parents[1] / "faults" / "outbox_run.py"


def run() -> Iterator[Figure]:
    """Send to as many readers from 200 editions, and from one edition each; alternate with smtp-source."""
    if not (shutil.which("smtp-source") and shutil.which("smtp-sink")):
        yield Figure(
            "outbox to sink",
            "mails/s",
            [_ours(200)[0]] if shutil.which("smtp-sink") else [0.0],
            beside="(no smtp-source)",
        )
        return
    peers, memory = [], []
    for editions in (200, MAILS):
        peers.append(_peer())
        rate, peak = _ours(editions)
        peers.append(_peer())
        memory.append(peak)
        goal = 0.8 if editions == 200 else None
        yield Figure(f"{MAILS:,} mails of {editions:,} editions", "mails/s", [rate], peers[-2:], "smtp-source", goal)
    yield Figure("peak memory while sending", "MB", memory)


def _peer() -> float:
    """Return the mails a second of smtp-source."""
    with _sink() as port:
        begun = time.perf_counter()
        words = [
            "-d",
            "-s",
            CONNECTIONS,
            "-m",
            MAILS,
            "-l",
            SIZE,
            "-f",
            "a@alerts.example.org",
            "-t",
            "b@inbox.example.net",
        ]
        subprocess.run(["smtp-source", *map(str, words), f"127.0.0.1:{port}"], check=True)
        return MAILS / (time.perf_counter() - begun)


def _ours(editions: int) -> tuple[float, float]:
    """Return our mails a second, and the peak memory (MB) of the sending process."""
    with tempfile.TemporaryDirectory() as folder, _sink() as port:
        _program("seed", folder, MAILS, editions, SIZE)
        said = _program("send", folder, port, CONNECTIONS, 60)
    sent, seconds, peak = (float(word) for word in said.split()[-3:])
    assert sent == MAILS, said
    return sent / seconds, peak


def _program(*words: object) -> str:
    command = [sys.executable, PROGRAM, *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextmanager
def _sink() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    sink = subprocess.Popen(["smtp-sink", *user, f"127.0.0.1:{port}", "512"])
    try:
        _wait_for(port)
        yield port
    finally:
        sink.kill()
        sink.wait()


def _wait_for(port: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError("smtp-sink did not start")
