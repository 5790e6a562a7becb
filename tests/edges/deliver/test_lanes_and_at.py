"""Lanes run by the database's clock and deliveries by the moment of the run: neither may wait for the other's time."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.pipeline.deliver import deliver_due
from alerts.store import lanes
from alerts.store.engine import writing

SLOW, QUICK = "slow.example.com", "quick.example.com"
AHEAD = [timedelta(minutes=40), timedelta(hours=3), timedelta(days=2), timedelta(days=9)]


async def go(outbox, **options):
    return await deliver_due(outbox.engine, outbox.keyring, outbox.settings, outbox.now, **options)


def attempts(outbox):
    return outbox.rows("next_attempt_at, deadline_at")


async def slowed(outbox, serve, now):
    """Return an outbox with two mails to a domain that just refused both for our pace, and a server now willing."""
    server = await serve({"RCPT": "450 4.7.1 too fast"})
    outbox = outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.now = now
    outbox.fill("a@" + SLOW, "b@" + SLOW)
    assert (await go(outbox)).deferred >= 1
    server.script.clear()
    return outbox, server


def the_lane_opens(outbox):
    """Let the real time pass that the lane still needs."""
    outbox.run("UPDATE lanes SET not_before = :past", past=datetime.now(UTC) - timedelta(minutes=5))


@pytest.mark.parametrize("ahead", [timedelta(days=-30), *AHEAD], ids=str)
async def test_a_closed_lane_moves_no_delivery_on_the_clock_of_the_run(outbox, serve, ahead):
    outbox, server = await slowed(outbox, serve, datetime.now(UTC) + ahead)
    before = attempts(outbox)
    for later in AHEAD:
        outbox.now += later
        report = await go(outbox, eager=True)
        assert (report.total, report.slowed) == (0, 2)
    assert attempts(outbox) == before
    assert server.taken == []
    the_lane_opens(outbox)
    assert (await go(outbox)).sent == 2


async def test_a_lane_that_opens_for_one_lets_the_next_go_soon_in_real_time(outbox, serve):
    outbox, _ = await slowed(outbox, serve, datetime.now(UTC) + timedelta(hours=3))
    before = {row[0] for row in attempts(outbox)}
    outbox.run("UPDATE lanes SET not_before = :past, interval_ms = 600000", past=datetime.now(UTC))
    outbox.now += timedelta(hours=3)
    assert (await go(outbox)).sent == 1
    assert outbox.states() == {"sent": 1, "deferred": 1}
    assert {row[1] for row in outbox.rows("state, next_attempt_at") if row[0] == "deferred"} <= before
    the_lane_opens(outbox)
    assert (await go(outbox)).sent == 1


async def test_what_waits_for_its_lane_is_put_off_at_most_to_its_deadline(outbox, serve):
    server = await serve()
    outbox = outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.now = datetime.now(UTC)
    outbox.fill("a@" + SLOW, "b@" + SLOW, deadline_at=outbox.now + timedelta(seconds=90))
    with writing(outbox.engine) as session:
        lanes.slow(session, {outbox.keyring.domain_hash("a@" + SLOW)})
    outbox.run("UPDATE lanes SET not_before = :at, interval_ms = 600000", at=outbox.now - timedelta(milliseconds=1))
    assert (await go(outbox)).sent == 1
    moments = [row[0:2] for row in outbox.rows("next_attempt_at, deadline_at, state") if row[2] == "queued"]
    assert [str(at) for at, _ in moments] == [str(deadline) for _, deadline in moments]


async def test_many_mails_of_a_closed_lane_do_not_stand_in_the_way_of_others(outbox, serve):
    outbox, server = await slowed(outbox, serve, datetime.now(UTC) + timedelta(hours=3))
    outbox.fill(*(f"reader{number}@{SLOW}" for number in range(120)), priority=1, ordinal=2)
    outbox.fill("quick@" + QUICK, ordinal=2)
    assert (await go(outbox)).sent == 1
    assert [to for _, to, _ in server.taken] == ["quick@" + QUICK]
