"""A mail whose answer never came goes again four times; then the operator is told, once."""

from datetime import timedelta

from alerts.deliver.carrier import Deadlines
from alerts.deliver.smtp import Limits, SmtpCarrier
from alerts.pipeline.deliver import deliver_due

SHORT = Deadlines(connect=2, command=2, body=2, quit=0.2)
READERS = ["ann@inbox.example.net", "bob@inbox.example.net"]


async def go(outbox):
    carrier = SmtpCarrier(outbox.settings.smtp, hello="alerts.example.org", limits=Limits(deadlines=SHORT))
    outbox.now += timedelta(hours=5)
    return await deliver_due(outbox.engine, outbox.keyring, outbox.settings, outbox.now, carrier=carrier, eager=True)


def swallowing(line, _):
    return None if line == "operator@alerts.example.org" else "drop"


async def test_the_operator_is_told_once_of_mail_given_up_as_uncertain(outbox, serve):
    server = await serve({".": swallowing})
    outbox = outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.settings = outbox.settings.model_copy(update={"operator": "operator@alerts.example.org"})
    outbox.fill(*READERS)
    for tries in range(1, 6):
        assert set(outbox.rows("state, doubts")) <= {("uncertain", tries - 1), ("queued", 0)}
        assert (await go(outbox)).uncertain == 2
    assert [to for _, to, _ in server.taken if to in READERS].count(READERS[0]) == 5
    assert (await go(outbox)).sent == 1
    names = [row[0] for row in outbox.rows("message_id")][:2]
    (told,) = [body for _, to, body in server.taken if to == "operator@alerts.example.org"]
    assert b"Subject: 2 mails may not have arrived" in told
    assert all(name.encode() in told.replace(b"=\r\n", b"") for name in names)
    assert not any(address.encode() in told for address in READERS)
    for _ in range(2):
        assert (await go(outbox)).total == 0
    assert [row[0] for row in outbox.rows("state")] == ["uncertain", "uncertain", "sent"]
    assert len(server.taken) == 2 * 5 + 1


async def test_a_crash_at_the_fifth_try_is_told_too(outbox, serve):
    server = await serve()
    outbox = outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.settings = outbox.settings.model_copy(update={"operator": "operator@alerts.example.org"})
    outbox.fill(READERS[0])
    past = outbox.now - timedelta(days=1)
    outbox.run("UPDATE deliveries SET state = 'sending', doubts = 4, lease = 'dead', leased_until = :past", past=past)
    for _ in range(3):
        await go(outbox)
    assert [to for _, to, _ in server.taken] == ["operator@alerts.example.org"]
    assert outbox.states() == {"uncertain": 1, "sent": 1}


async def test_without_an_operator_nothing_is_noted_as_told(outbox, serve):
    server = await serve()
    outbox = outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.fill(READERS[0])
    outbox.run("UPDATE deliveries SET state = 'uncertain', doubts = 5")
    assert (await go(outbox)).total == 0
    assert outbox.rows("doubts") == [(5,)]
