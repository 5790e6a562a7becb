"""From queued deliveries to a mail server and into files, and what every kind of reply leaves behind."""

import asyncio
from datetime import timedelta

import pytest

from alerts.pipeline.deliver import deliver_due, hold


async def go(outbox, **options):
    return await deliver_due(outbox.engine, outbox.keyring, outbox.settings, outbox.now, jitter=lambda: 0.5, **options)


def people(count, domain="inbox.example.net"):
    return [f"reader{number}@{domain}" for number in range(count)]


async def test_a_queued_delivery_reaches_the_server_once(outbox, serve):
    server = await serve()
    outbox = outbox.at_smtp(server)
    outbox.fill("zoe@inbox.example.net")
    report = await go(outbox)
    assert (report.sent, report.total, report.stopped) == (1, 1, "")
    assert outbox.rows("state, attempts, reply") == [("sent", 1, "250 2.0.0 taken")]
    sender, recipient, body = server.taken[0]
    assert (sender, recipient) == ("digest@alerts.example.org", "zoe@inbox.example.net")
    assert b"\r\n.dots at line starts\r\n" in body
    assert (await go(outbox)).total == 0
    assert len(server.taken) == 1


async def test_many_deliveries_are_pipelined_and_none_is_lost_or_doubled(outbox, serve):
    server = await serve()
    outbox = outbox.at_smtp(server)
    outbox.fill(*people(450))
    report = await go(outbox)
    assert (report.sent, report.total) == (450, 450)
    assert sorted(to for _, to, _ in server.taken) == sorted(people(450))
    assert outbox.states() == {"sent": 450}
    assert server.connections == 4


async def test_without_a_server_mail_lands_as_files_named_by_message_id(outbox):
    outbox.fill(*people(3))
    assert (await go(outbox)).sent == 3
    folder = outbox.settings.data_dir / "mail"
    assert len(list((folder / "new").iterdir())) == 3
    assert not list((folder / "tmp").iterdir())
    outbox.run("UPDATE deliveries SET state = 'queued', next_attempt_at = created_at")
    assert (await go(outbox)).sent == 3
    assert len(list((folder / "new").iterdir())) == 3
