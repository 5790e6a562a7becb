"""The disk fills up while mail is pipelined: sending stops and says so, nothing is lost, and it goes on after."""

import os
import subprocess
from collections import Counter
from contextlib import suppress

import pytest

from alerts.deliver.smtp import Limits, SmtpCarrier
from alerts.pipeline.deliver import deliver_due

CONNECTIONS = 4
READERS = [f"reader{number}@inbox.example.net" for number in range(120)]


@pytest.fixture
def tmp_path(tmp_path):
    """A file system of its own, so small that it can be filled; the database lies on it."""
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", tmp_path]
    if os.getuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no small file system can be mounted here: that needs root")
    yield tmp_path
    subprocess.run(["umount", "--lazy", tmp_path], check=True)


async def go(outbox):
    carrier = SmtpCarrier(outbox.settings.smtp, hello="alerts.example.org", limits=Limits(pipeline_from=0))
    return await deliver_due(outbox.engine, outbox.keyring, outbox.settings, outbox.now, carrier=carrier, eager=True)


async def test_a_disk_that_fills_up_stops_the_sending_and_loses_nothing(sqlite_outbox, serve, tmp_path):
    ballast = tmp_path / "ballast"

    def fill(_, asked):
        if asked == 30:
            with ballast.open("wb", buffering=0) as file, suppress(OSError):
                while file.write(b"x" * 4096):
                    pass

    server = await serve({".": fill})
    outbox = sqlite_outbox.at_smtp(server, f"starttls=never&connections={CONNECTIONS}")
    outbox.fill(*READERS)
    report = await go(outbox)
    assert report.stopped == "the database cannot be written: database or disk is full"
    assert 30 <= len(server.taken) < len(READERS)
    ballast.unlink()
    outbox.run("UPDATE deliveries SET leased_until = :past WHERE lease IS NOT NULL", past=outbox.now.replace(year=2020))
    outbox.run("UPDATE deliveries SET next_attempt_at = created_at")
    await go(outbox)
    assert outbox.states() == {"sent": len(READERS)}
    came = Counter(to for _, to, _ in server.taken)
    assert set(came) == set(READERS)
    assert came.total() <= len(READERS) + CONNECTIONS
