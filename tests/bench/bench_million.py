"""Four workers on PostgreSQL in separate processes, killed at random: what is composed, sent, lost and doubled.

Every delivery is composed while workers are killed and started anew; then some of the mails (24 KB and the like) go to
a server that keeps their Message-IDs, under kills again. The curve from one to two processes is measured without
kills. A dead sender's mails are taken over when its lease (60 s) has run out; composing needs no lease.
ALERTS_BENCH_DELIVERIES (20,000) and ALERTS_BENCH_SENT (4,000) set the sizes.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text

from alerts.store.engine import connect
from tests.bench import bench_compose
from tests.bench.databases import database, has_postgresql
from tests.bench.figures import Figure
from tests.bench.labour import CONNECTIONS, KEYRING

DELIVERIES = int(os.environ.get("ALERTS_BENCH_DELIVERIES", "20000"))
SENT = int(os.environ.get("ALERTS_BENCH_SENT", "4000"))
CURVE = min(DELIVERIES, 50_000)
WORKERS = 4
KILLS = 10  # in composing, and again in sending
PATIENCE = 3_600
LOOK = 0.2 + DELIVERIES / 1e6  # seconds between two looks, which count rows

Worker = subprocess.Popen[bytes]


def run() -> Iterator[Figure]:
    """Compose and send under kills; then the curve, then how long a dead sender's mails wait."""
    if not has_postgresql():
        yield Figure("nothing measured", "", [0.0], beside="PostgreSQL is not there")
        return
    dice = random.Random(7)
    with database("PostgreSQL") as url, sinkhole() as sink:
        engine = connect(url)
        bench_compose.fill(engine, KEYRING, DELIVERIES, 200, 200)
        yield from _composed(engine, url, dice)
        yield from _sent(engine, url, sink, dice)
        engine.dispose()
    yield from _curve()
    with database("PostgreSQL") as url, sinkhole() as sink:
        yield Figure("from the death of a sender to the last of its mails", "s", [_taken_over(url, sink)], goal=90, at_most=True)


class Sink:
    """The server that the mails go to, in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def told(self) -> dict[str, float]:
        """Return how many mails came, how many different ones, and how many seconds ago the last one came."""
        self._process.send_signal(signal.SIGUSR1)
        found: dict[str, float] = json.loads(self._line())
        return found


@contextmanager
def sinkhole() -> Iterator[Sink]:
    with subprocess.Popen([sys.executable, "-m", "tests.bench.sinkhole"], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Sink(process)
        finally:
            process.terminate()


def worker(*words: object) -> Worker:
    """Start a worker; it waits until it is told to begin."""
    command = [sys.executable, "-m", "tests.bench.labour", *map(str, words)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def begin(one: Worker, how: bytes = b"on") -> Worker:
    assert one.stdin is not None
    one.stdin.write(how + b"\n")
    one.stdin.flush()
    return one


def laboured(words: tuple[object, ...], engine: Engine, left: str, dice: random.Random) -> tuple[float, int]:
    """Let four workers finish what `left` counts, while random ones are killed; return seconds and kills."""
    started, kills, crew = time.monotonic(), 0, [begin(worker(*words)) for _ in range(WORKERS)]
    whole = mark = counted(engine, left)
    while (there := counted(engine, left)) and time.monotonic() - started < PATIENCE:
        if kills < KILLS and there < mark - whole / (KILLS + 1) * dice.uniform(0.4, 1):
            victim = crew.pop(dice.randrange(WORKERS))
            kills, mark = kills + 1, there
            end(victim)
            crew.append(begin(worker(*words)))
        time.sleep(LOOK)
    for one in crew:
        end(one)
    return time.monotonic() - started, kills


def end(one: Worker) -> None:
    """Kill a worker at once."""
    one.kill()
    one.communicate()


def counted(engine: Engine, query: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(query)).scalar() or 0)


_DUE = f"SELECT count(*) FROM subscribers WHERE digest_no = 3 AND next_digest_at <= '{bench_compose.NOW.isoformat()}'"  # noqa: S608
_UNSENT = f"SELECT count(*) FROM deliveries WHERE state <> 'sent' AND next_attempt_at < '{bench_compose.NOW.year + 1}-01-01'"  # noqa: S608
_ONE_EACH = "SELECT count(*) FROM (SELECT subscriber_id FROM deliveries GROUP BY 1 HAVING count(*) = 1) AS one"
_UNADDED = ("SELECT count(*) FROM runs WHERE candidates <> prepared + "
            "(SELECT coalesce(sum(value::int), 0) FROM json_each_text(excluded::json))")  # fmt: skip


def _composed(engine: Engine, url: str, dice: random.Random) -> Iterator[Figure]:
    seconds, kills = laboured(("compose", url), engine, _DUE, dice)
    lost = DELIVERIES - counted(engine, _ONE_EACH)
    again = counted(engine, "SELECT count(*) FROM deliveries") - DELIVERIES + lost
    books = counted(engine, _UNADDED) + abs(counted(engine, "SELECT sum(prepared) FROM runs") - DELIVERIES)
    yield Figure(f"{DELIVERIES:,} deliveries composed by {WORKERS} workers, {kills} kills", "/s", [DELIVERIES / seconds])
    yield Figure("people without exactly one delivery row", "", [lost], goal=0, at_most=True)
    yield Figure("delivery rows too many", "", [again], goal=0, at_most=True)
    yield Figure("runs that do not add up", "", [books], goal=0, at_most=True)


def _sent(engine: Engine, url: str, sink: Sink, dice: random.Random) -> Iterator[Figure]:
    later(engine, SENT)
    seconds, kills = laboured(("send", url, sink.port), engine, _UNSENT, dice)
    told = sink.told()
    sent = min(SENT, DELIVERIES)
    yield Figure(f"{sent:,} mails sent by {WORKERS} workers, {kills} kills", "/s", [sent / seconds])
    yield Figure("mails lost", "", [sent - told["different"]], goal=0, at_most=True)
    yield Figure(f"mails that came twice, {kills} kills of {CONNECTIONS} connections", "",
                 [told["came"] - told["different"]], goal=kills * CONNECTIONS, at_most=True)  # fmt: skip


def later(engine: Engine, all_but: int) -> None:
    """Put off all mails but so many for years."""
    with engine.begin() as connection:
        connection.execute(text(
            "UPDATE deliveries SET next_attempt_at = '2036-01-01' WHERE id NOT IN "
            "(SELECT id FROM deliveries ORDER BY id LIMIT :these)"), {"these": all_but})


def _curve() -> Iterator[Figure]:
    """Compose and send the same with one process and with two."""
    rates: dict[str, list[float]] = {"composing": [], "sending": []}
    for crew in (1, 2):
        with database("PostgreSQL") as url, sinkhole() as sink:
            engine = connect(url)
            bench_compose.fill(engine, KEYRING, CURVE, 200, 200)
            rates["composing"].append(CURVE / _together(crew, "compose", url))
            later(engine, SENT)
            rates["sending"].append(min(SENT, CURVE) / _together(crew, "send", url, sink.port))
            engine.dispose()
    for what, (one, two) in rates.items():
        yield Figure(f"{what}, two processes beside one", "/s", [two], [one], "one process")


def _together(crew: int, *words: object) -> float:
    """Return the seconds that so many workers take, without the time in which they start."""
    workers = [worker(*words) for _ in range(crew)]
    for one in workers:
        assert one.stdout is not None
        one.stdout.readline()
    started = time.monotonic()
    for one in workers:
        begin(one, b"once")
    if sum(one.wait() for one in workers):
        raise RuntimeError("a worker failed")
    return time.monotonic() - started


def _taken_over(url: str, sink: Sink) -> float:
    """Kill a sender in the middle of its work; return the seconds until another has sent all that it held."""
    engine = connect(url)
    bench_compose.fill(engine, KEYRING, 2_000, 200, 200)
    _together(1, "compose", url)
    victim, heir = (begin(worker("send", url, sink.port)) for _ in range(2))
    while sink.told()["came"] < 200:
        pass
    end(victim)
    died = time.monotonic()
    while counted(engine, _UNSENT):
        time.sleep(0.2)
    took = time.monotonic() - died
    end(heir)
    engine.dispose()
    return took
