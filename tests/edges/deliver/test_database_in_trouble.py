"""The database is locked, or a bug strikes, while mail is pipelined: nothing is lost, and sending goes on after."""

import asyncio
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from alerts.deliver.carrier import Deadlines
from alerts.deliver.smtp import Limits, SmtpCarrier
from alerts.pipeline import desk
from alerts.pipeline.deliver import deliver_due

CONNECTIONS, PEOPLE = 4, 120
PATIENCE = 5.0
WAIT_MS = 100
LOCK = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.readline()
"""


def readers():
    return [f"reader{number}@inbox.example.net" for number in range(PEOPLE)]


async def go(outbox):
    deadlines = Deadlines(connect=PATIENCE, command=PATIENCE, body=PATIENCE)
    limits = Limits(deadlines=deadlines, pipeline_from=0)
    carrier = SmtpCarrier(outbox.settings.smtp, hello="alerts.example.org", limits=limits)
    return await deliver_due(outbox.engine, outbox.keyring, outbox.settings, outbox.now, carrier=carrier, eager=True)


def at_the(count, act):
    """Let `act` happen when so many bodies have arrived."""

    def answer(_, asked):
        if asked == count:
            act()

    return {".": answer}


async def finished(outbox, server):
    """Send the rest, once the leases of the interrupted run are over; return how often each mail came."""
    outbox.run("UPDATE deliveries SET leased_until = :past WHERE lease IS NOT NULL", past=outbox.now.replace(year=2020))
    outbox.run("UPDATE deliveries SET next_attempt_at = created_at")
    await go(outbox)
    assert outbox.states() == {"sent": PEOPLE}
    return Counter(to for _, to, _ in server.taken)


@contextmanager
def impatient(engine):
    """Let every connection of this engine give up soon on a locked database."""
    listener = lambda connection, _: connection.execute(f"PRAGMA busy_timeout={WAIT_MS}")  # noqa: E731
    event.listen(engine, "connect", listener)
    engine.dispose()
    yield
    event.remove(engine, "connect", listener)
    engine.dispose()


async def test_a_lock_held_by_another_process_for_longer_than_we_wait(sqlite_outbox, serve):
    holders = []

    def lock():
        words = [sys.executable, "-c", LOCK, sqlite_outbox.engine.url.database]
        holders.append(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        assert holders[0].stdout.readline() == b"locked\n"

    server = await serve(at_the(30, lock))
    outbox = sqlite_outbox.at_smtp(server, f"starttls=never&connections={CONNECTIONS}")
    outbox.fill(*readers())
    with impatient(outbox.engine):
        report = await go(outbox)
    assert report.stopped == "the database cannot be written: database is locked"
    assert 30 <= len(server.taken) <= 30 + CONNECTIONS
    holders[0].communicate(b"\n")
    came = await finished(outbox, server)
    assert set(came) == set(readers())
    assert sum(came.values()) <= PEOPLE + CONNECTIONS


async def test_a_lock_held_for_a_moment_is_waited_for(sqlite_outbox, serve):
    held = sqlite3.connect(sqlite_outbox.engine.url.database, isolation_level=None)

    def lock():
        held.execute("BEGIN IMMEDIATE")
        asyncio.get_running_loop().call_later(0.3, held.execute, "ROLLBACK")

    server = await serve(at_the(30, lock))
    outbox = sqlite_outbox.at_smtp(server, f"starttls=never&connections={CONNECTIONS}")
    outbox.fill(*readers())
    report = await go(outbox)
    held.close()
    assert (report.sent, report.stopped) == (PEOPLE, "")
    assert len(server.taken) == PEOPLE


async def test_what_breaks_beside_the_database_ends_the_run_and_is_raised(sqlite_outbox, serve, monkeypatch):
    def break_down(*_):
        raise LookupError("not of the database")

    monkeypatch.setattr(desk, "give_up", break_down)
    server = await serve({"RCPT": lambda _, asked: "550 5.1.1 nobody" if asked == 30 else None})
    outbox = sqlite_outbox.at_smtp(server, f"starttls=never&connections={CONNECTIONS}")
    outbox.fill(*readers())
    with pytest.raises(ExceptionGroup) as raised:
        await asyncio.wait_for(go(outbox), 2 * PATIENCE)
    assert raised.group_contains(LookupError)
    monkeypatch.undo()
    server.script.clear()
    came = await finished(outbox, server)
    assert set(came) == set(readers())
    assert sum(came.values()) <= PEOPLE + CONNECTIONS
