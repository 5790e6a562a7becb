"""From queued deliveries to a mail server and into files: each once, and what each kind of reply leaves behind."""

import asyncio
import socket
from datetime import timedelta

import pytest

from alerts.deliver.carrier import Deadlines
from alerts.deliver.smtp import Limits, SmtpCarrier
from alerts.pipeline.deliver import deliver_due, hold
from alerts.store import lanes
from alerts.store import outbox as store_outbox
from alerts.store.engine import reading, writing

DROP, HANG = "drop", "hang"
SHORT = Deadlines(connect=0.5, command=0.5, body=0.5, quit=0.2)


@pytest.fixture(params=["plain", "pipelined"])
def mode(request):
    return request.param


def carrier(outbox, mode, **limits):
    limits = {"deadlines": SHORT, "pipeline_from": 0 if mode == "pipelined" else 10**9} | limits
    return SmtpCarrier(outbox.settings.smtp, hello="alerts.example.org", limits=Limits(**limits))


async def go(outbox, **options):
    return await deliver_due(outbox.engine, outbox.keyring, outbox.settings, outbox.now, **options)


async def go_by(outbox, mode, **options):
    return await go(outbox, carrier=carrier(outbox, mode, **options))


def people(count, domain="inbox.example.net"):
    return [f"reader{number}@{domain}" for number in range(count)]


def only(address, answer):
    """Answer so for one recipient; all others are taken."""
    return lambda line, _: answer if f"<{address}>" in line or line == address else None


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


async def test_a_connection_carries_no_more_than_its_cap(outbox, serve, mode):
    server = await serve()
    outbox = outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.fill(*people(25))
    assert (await go_by(outbox, mode, cap=10)).sent == 25
    assert server.connections == 3
    assert len(server.taken) == 25


async def test_the_return_path_names_the_reader_to_us_alone(outbox, serve):
    server = await serve()
    outbox = outbox.at_smtp(server)
    outbox.settings = outbox.settings.model_copy(update={"bounce_address": "bounce@alerts.example.org"})
    outbox.fill("zoe@inbox.example.net")
    await go(outbox)
    local, _, domain = server.taken[0][0].partition("@")
    assert domain == "alerts.example.org"
    assert outbox.keyring.verify("bounce", local.removeprefix("bounce+"))


async def test_without_a_server_mail_lands_as_files_named_by_message_id(outbox):
    outbox.fill(*people(3))
    assert (await go(outbox)).sent == 3
    folder = outbox.settings.data_dir / "mail"
    assert len(list((folder / "new").iterdir())) == 3
    assert not list((folder / "tmp").iterdir())
    outbox.run("UPDATE deliveries SET state = 'queued', next_attempt_at = created_at")
    assert (await go(outbox)).sent == 3
    assert len(list((folder / "new").iterdir())) == 3


REFUSALS = [
    ("RCPT", "550 5.1.1 <bad@inbox.example.net>: no such user", "bounced", True),
    ("RCPT", "550 5.2.1 disabled", "bounced", True),
    ("RCPT", "552 5.2.2 full", "bounced", False),
    ("RCPT", "452 4.2.2 full", "deferred", False),
    ("RCPT", "450 4.2.0 greylisted", "deferred", False),
    ("RCPT", "421 4.7.0 closing", "deferred", False),
    ("RCPT", "550 5.7.515 not authenticated", "deferred", False),
    ("RCPT", DROP, "deferred", False),
    ("RCPT", HANG, "deferred", False),
    ("RCPT", "what is this", "deferred", False),
    (".", "550 5.1.1 no such user", "bounced", False),
    (".", "554 5.6.0 bad content", "bounced", False),
    (".", "452 4.3.1 no space", "deferred", False),
    (".", "421 4.3.0 closing", "deferred", False),
]


@pytest.mark.parametrize(
    ("step", "answer", "state", "suppressed"), REFUSALS, ids=[f"{s} {a[:9]}" for s, a, *_ in REFUSALS]
)
async def test_a_refused_mail_ends_in_its_state_and_the_others_are_sent(
    sqlite_outbox, serve, mode, step, answer, state, suppressed
):
    server = await serve({step: only("bad@inbox.example.net", answer)})
    outbox = sqlite_outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.fill(*people(3), "bad@inbox.example.net", *(f"later{one}@inbox.example.net" for one in range(3)))
    report = await go_by(outbox, mode)
    states = [row[0] for row in outbox.rows()]
    assert states == ["sent"] * 3 + [state] + ["sent"] * 3
    assert outbox.suppressed() == (["bounced"] if suppressed else [])
    assert (report.sent, report.stopped) == (6, "")
    assert sorted(to for _, to, _ in server.taken) == sorted(
        [*people(3), *(f"later{one}@inbox.example.net" for one in range(3))]
    )
    assert not any("@" in row[3] for row in outbox.rows())


@pytest.mark.parametrize("silence", [DROP, HANG])
async def test_a_reply_lost_after_the_dot_is_uncertain_and_tried_five_times_with_one_message_id(
    sqlite_outbox, serve, mode, silence
):
    server = await serve({".": only("bad@inbox.example.net", silence)})
    outbox = sqlite_outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.fill("bad@inbox.example.net", *people(3))
    for doubts in (1, 2, 3, 4, 5):
        await go_by(outbox, mode)
        assert outbox.rows("state, attempts, doubts")[0] == ("uncertain", doubts, doubts)
        outbox.now += timedelta(hours=1)
    copies = [body for _, to, body in server.taken if to == "bad@inbox.example.net"]
    assert outbox.states() == {"uncertain": 1, "sent": 3}
    assert len(copies) == 5
    assert len(set(copies)) == 1, "a repeat is the same message to the byte"
    with reading(outbox.engine) as session:
        assert store_outbox.counts(session)["unresolved"] == 1
    asked = server.connections
    assert (await go_by(outbox, mode)).total == 0
    assert server.connections == asked, "for what is given up no connection is opened"


async def test_a_doubt_ends_as_soon_as_a_reply_stands_and_waits_behind_all_others(sqlite_outbox, serve, mode):
    server = await serve({".": lambda _, asked: DROP if asked == 1 else None})
    outbox = sqlite_outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.fill("zoe@inbox.example.net")
    await go_by(outbox, mode)
    outbox.fill(*people(3))
    outbox.now += timedelta(hours=1)
    assert (await go_by(outbox, mode)).sent == 4
    assert outbox.rows("state, attempts, doubts")[0] == ("sent", 2, 1)
    assert [to for _, to, _ in server.taken][1:] == [*people(3), "zoe@inbox.example.net"]


OUR_FAULT = [
    ("CONNECT", "554 5.7.1 go away"),
    ("CONNECT", "421 busy"),
    ("CONNECT", DROP),
    ("CONNECT", HANG),
    ("EHLO", "421 no"),
    ("EHLO", HANG),
    ("MAIL", "450 4.7.1 too much mail"),
    ("MAIL", "550 5.7.1 sender refused"),
    ("MAIL", "421 4.7.0 too many"),
]


@pytest.mark.parametrize(("step", "answer"), OUR_FAULT, ids=[f"{s} {a[:9]}" for s, a in OUR_FAULT])
async def test_a_server_that_refuses_us_stops_the_sending_and_costs_no_recipient(
    sqlite_outbox, serve, mode, step, answer
):
    server = await serve({step: answer})
    outbox = sqlite_outbox.at_smtp(server, "starttls=never&connections=2")
    outbox.fill(*people(30))
    report = await go_by(outbox, mode)
    assert outbox.states() == {"queued": 30}
    assert {row[1] for row in outbox.rows()} == {0}
    assert ("cannot be reached" if (step, answer) == ("CONNECT", HANG) else "refused us at") in report.stopped
    assert report.total == 0
    asked = server.connections
    assert "tried again at" in (await go_by(outbox, mode)).stopped
    assert server.connections == asked, "the server is left alone for a while"
    server.script.clear()
    report = await go(outbox, carrier=carrier(outbox, mode), eager=True)
    assert report.sent == 30


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_server_that_is_not_there_is_named_with_its_port(sqlite_outbox, host):
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    sqlite_outbox.settings = sqlite_outbox.settings.model_copy(
        update={"smtp_url": type(sqlite_outbox.settings.smtp_url)(f"smtp://{host}:{port}?starttls=never")}
    )
    sqlite_outbox.fill("zoe@inbox.example.net")
    report = await go(sqlite_outbox)
    assert report.stopped == f"the mail server {host}:{port} cannot be reached (connection refused)"
    assert sqlite_outbox.states() == {"queued": 1}


async def test_a_wrong_password_stops_the_sending(sqlite_outbox, serve):
    server = await serve({"AUTH": "535 5.7.8 wrong"}, extensions=("AUTH PLAIN", "PIPELINING"))
    outbox = sqlite_outbox.at_smtp(server)
    outbox.settings = outbox.settings.model_copy(
        update={"smtp_url": type(outbox.settings.smtp_url)(f"smtp://me:wrong@127.0.0.1:{server.port}?starttls=never")}
    )
    outbox.fill(*people(2))
    assert (await go(outbox)).stopped == "the mail server refused us at auth: 535 5.7.8 wrong"
    assert outbox.states() == {"queued": 2}
    server.script.clear()
    assert (await go(outbox, eager=True)).sent == 2


async def test_a_server_without_tls_gets_no_mail_unless_it_was_allowed(sqlite_outbox, serve):
    server = await serve()
    outbox = sqlite_outbox.at_smtp(server, "starttls=require")
    outbox.fill(*people(2))
    assert "refused us at starttls" in (await go(outbox)).stopped
    assert server.taken == []
    assert (await go(outbox.at_smtp(server, "starttls=auto"), eager=True)).sent == 2


async def test_a_421_in_mid_run_costs_the_connection_and_no_mail(sqlite_outbox, serve, mode):
    server = await serve({"MAIL": lambda _, asked: "421 4.7.0 enough on this connection" if asked % 7 == 0 else None})
    outbox = sqlite_outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.fill(*people(30))
    report = await go_by(outbox, mode)
    assert (report.sent, report.stopped) == (30, "")
    assert {row[:2] for row in outbox.rows()} == {("sent", 1)}
    assert server.connections >= 5
    assert len(server.taken) == 30


async def test_a_server_that_ends_every_connection_is_not_asked_for_ever(sqlite_outbox, serve, mode):
    server = await serve({"MAIL": DROP})
    outbox = sqlite_outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.fill(*people(30))
    report = await go_by(outbox, mode)
    assert "ends every connection" in report.stopped
    assert server.connections == 3
    assert outbox.states() == {"queued": 27, "deferred": 3}


async def test_a_refused_recipient_whose_data_is_taken_gets_a_lone_dot(sqlite_outbox, serve):
    server = await serve({"RCPT": only("bad@inbox.example.net", "550 5.1.1 no"), "DATA": "354 go on"})
    outbox = sqlite_outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.fill("bad@inbox.example.net", "good@inbox.example.net")
    assert (await go_by(outbox, "pipelined")).sent == 1
    assert [row[0] for row in outbox.rows()] == ["bounced", "sent"]
    assert [to for _, to, _ in server.taken] == ["good@inbox.example.net"]


async def test_a_refused_recipient_whose_data_is_refused_too_is_reset(sqlite_outbox, serve):
    refuse = only("bad@inbox.example.net", "550 5.1.1 no")
    server = await serve(
        {"RCPT": refuse, "DATA": lambda _, asked: "554 5.5.1 no valid recipients" if asked == 2 else None}
    )
    outbox = sqlite_outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.fill("good@inbox.example.net", "bad@inbox.example.net", "other@inbox.example.net")
    assert (await go_by(outbox, "pipelined")).sent == 2
    assert server.lines.count("RSET") == 1
    assert server.connections == 1


async def test_an_address_beyond_ascii_needs_a_server_that_takes_it(sqlite_outbox, serve, mode):
    server = await serve()
    outbox = sqlite_outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.fill("zoë@inbox.example.net", "zoe@inbox.example.net")
    assert (await go_by(outbox, mode)).sent == 1
    assert [row[0] for row in outbox.rows()] == ["bounced", "sent"]
    assert outbox.suppressed() == []
    assert not any("SMTPUTF8" in line for line in server.lines)
    server.extensions = ("PIPELINING", "SMTPUTF8", "8BITMIME")
    outbox.fill("zoë@inbox.example.net", ordinal=2)
    assert (await go_by(outbox, mode)).sent == 1
    assert [to for _, to, _ in server.taken] == ["zoe@inbox.example.net", "zoë@inbox.example.net"]
    assert sum("SMTPUTF8" in line for line in server.lines) == 1


async def test_a_server_without_pipelining_gets_one_command_at_a_time(sqlite_outbox, serve):
    server = await serve(extensions=("8BITMIME",))
    outbox = sqlite_outbox.at_smtp(server)
    outbox.fill(*people(250))
    assert (await go(outbox)).sent == 250
    assert "QUIT" in server.lines


async def test_three_domains_that_refuse_us_by_policy_hold_all_mail(outbox, serve, mode):
    server = await serve({"RCPT": "550 5.7.1 not from you"})
    outbox = outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.fill(*(f"reader@example{number}.org" for number in range(10)))
    report = await go_by(outbox, mode)
    assert "refused us by policy" in report.stopped
    assert report.deferred == 3
    assert outbox.states() == {"deferred": 3, "queued": 7}
    asked = server.connections
    assert "on hold" in (await go(outbox, eager=True)).stopped
    assert server.connections == asked
    assert server.taken == []
    server.script.clear()
    hold(outbox.engine, on=False)
    assert (await go_by(outbox, mode)).sent == 7


async def test_the_operator_is_told_that_sending_stopped_by_itself_although_all_other_mail_waits(outbox, serve):
    server = await serve({"RCPT": lambda line, _: None if "operator@" in line else "550 5.7.1 not from you"})
    outbox = outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.settings = outbox.settings.model_copy(update={"operator": "operator@alerts.example.org"})
    outbox.fill(*(f"reader@example{number}.org" for number in range(10)))
    assert "refused us by policy" in (await go(outbox)).stopped
    assert server.taken == []
    assert (await go(outbox)).sent == 1
    assert [to for _, to, _ in server.taken] == ["operator@alerts.example.org"]
    assert b"hold off" in server.taken[0][2]
    assert (await go(outbox)).total == 0
    hold(outbox.engine, on=True, reason="the operator said so")
    outbox.run("UPDATE deliveries SET state = 'queued' WHERE kind = 'operator'")
    assert (await go(outbox)).total == 0


async def test_a_slow_domain_waits_and_the_rest_goes_on(outbox, serve, mode):
    slow = "slow.example.com"
    server = await serve({"RCPT": lambda line, _: "450 4.7.1 too fast" if slow in line else None})
    outbox = outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.fill(*people(60, slow), *people(60, "quick.example.com"))
    report = await go_by(outbox, mode)
    assert report.sent == 60
    assert server.asked["RCPT"] < 120, "mail claimed after the refusal was not even tried"
    with writing(outbox.engine) as session:
        assert lanes.limited(session) == {outbox.keyring.domain_hash(f"a@{slow}")}


async def test_hold_stops_what_is_claimed_already(sqlite_outbox, serve, mode):
    def hold_at_third(_, asked):
        if asked == 3:
            hold(outbox.engine, on=True, reason="wait")

    server = await serve({".": hold_at_third})
    outbox = sqlite_outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.fill(*people(20))
    report = await go_by(outbox, mode)
    assert "on hold" in report.stopped
    assert report.sent == len(server.taken) == 3
    assert outbox.states() == {"sent": 3, "queued": 17}
    hold(outbox.engine, on=False)
    assert (await go_by(outbox, mode)).sent == 17


async def test_the_suppressed_get_nothing_but_the_question_whether_they_want_it_again(outbox, serve):
    server = await serve()
    outbox = outbox.at_smtp(server)
    outbox.fill("a@inbox.example.net", "b@inbox.example.net")
    outbox.fill("a@inbox.example.net", "b@inbox.example.net", kind="confirm", priority=1)
    for address, reason in (("a@inbox.example.net", "unsubscribed"), ("b@inbox.example.net", "complained")):
        outbox.run(
            "INSERT INTO suppressions VALUES (:hash, :reason, :at)",
            hash=outbox.keyring.address_hash(address),
            reason=reason,
            at=str(outbox.now),
        )
    report = await go(outbox)
    assert (report.sent, report.cancelled) == (1, 3)
    assert [to for _, to, _ in server.taken] == ["a@inbox.example.net"]


async def test_who_unsubscribes_in_mid_run_gets_nothing_more(sqlite_outbox, serve, mode):
    last = "reader19@inbox.example.net"

    def unsubscribe(_, asked):
        if asked == 3:
            outbox.run(
                "INSERT INTO suppressions VALUES (:hash, 'unsubscribed', :at)",
                hash=outbox.keyring.address_hash(last),
                at=str(outbox.now),
            )
        if asked == 5:
            outbox.run("DELETE FROM deliveries WHERE message_id = :id", id=outbox.rows("message_id")[10][0])

    server = await serve({".": unsubscribe})
    outbox = sqlite_outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.fill(*people(20))
    assert (await go_by(outbox, mode)).sent == 18
    assert set(people(20)) - {to for _, to, _ in server.taken} == {last, "reader10@inbox.example.net"}
    assert outbox.states() == {"sent": 18, "cancelled": 1}


async def test_the_urgent_goes_first(sqlite_outbox, serve):
    server = await serve()
    outbox = sqlite_outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.fill("digest@inbox.example.net")
    outbox.fill("notice@inbox.example.net", kind="notice", priority=1)
    outbox.fill("soon@inbox.example.net", ordinal=2, priority=3)
    await go(outbox)
    assert [to.partition("@")[0] for _, to, _ in server.taken] == ["notice", "soon", "digest"]


async def test_a_stop_finishes_what_is_in_flight_and_gives_the_rest_back(sqlite_outbox, serve, mode):
    stop = asyncio.Event()

    def stop_at_third(_, asked):
        if asked == 3:
            stop.set()

    server = await serve({".": stop_at_third})
    outbox = sqlite_outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.fill(*people(20))
    report = await go(outbox, carrier=carrier(outbox, mode), stop=stop)
    assert 3 <= report.sent <= 4
    assert len(server.taken) == report.sent
    assert outbox.states() == {"sent": report.sent, "queued": 20 - report.sent}


async def test_two_senders_at_once_deliver_each_mail_once(outbox, serve):
    server = await serve()
    outbox = outbox.at_smtp(server)
    outbox.fill(*people(600))
    reports = await asyncio.gather(go(outbox), go(outbox), go(outbox))
    assert sum(report.sent for report in reports) == 600
    assert sorted(to for _, to, _ in server.taken) == sorted(people(600))


async def test_leases_of_the_dead_come_back_claimed_without_doubt_and_sending_with(outbox, serve):
    server = await serve()
    outbox = outbox.at_smtp(server)
    outbox.fill(*people(3))
    outbox.run(
        "UPDATE deliveries SET state = 'claimed', lease = 'dead', leased_until = :past WHERE id = 1",
        past=outbox.now - timedelta(days=1),
    )
    outbox.run(
        "UPDATE deliveries SET state = 'sending', lease = 'dead', leased_until = :past WHERE id = 2",
        past=outbox.now - timedelta(days=1),
    )
    outbox.run(
        "UPDATE deliveries SET state = 'sending', lease = 'alive', leased_until = :later WHERE id = 3",
        later=outbox.now + timedelta(days=9999),
    )
    assert (await go(outbox)).sent == 2
    assert outbox.rows("state, attempts, doubts") == [("sent", 1, 0), ("sent", 2, 1), ("sending", 0, 0)]
    assert [to for _, to, _ in server.taken] == ["reader0@inbox.example.net", "reader1@inbox.example.net"]


async def test_an_outcome_is_not_written_when_the_lease_went_to_another(sqlite_outbox, serve, mode):
    def steal(_, asked):
        outbox.run("UPDATE deliveries SET lease = 'another'")

    server = await serve({".": steal})
    outbox = sqlite_outbox.at_smtp(server, "starttls=never&connections=1")
    outbox.fill(*people(2))
    await go_by(outbox, mode)
    assert outbox.rows("state, lease") == [("sending", "another"), ("claimed", "another")]
    assert len(server.taken) == 1


async def test_a_server_that_vanishes_loses_nothing(sqlite_outbox, serve, mode):
    server = await serve(
        {
            "RCPT": lambda _, asked: DROP if 10 <= asked < 14 else None,
            "CONNECT": lambda _, asked: DROP if asked > 3 else None,
        }
    )
    outbox = sqlite_outbox.at_smtp(server, "starttls=never&connections=2")
    outbox.fill(*people(40))
    assert (await go_by(outbox, mode)).stopped
    server.script.clear()
    outbox.now += timedelta(hours=5)
    await go(outbox, eager=True)
    assert outbox.states() == {"sent": 40}
    assert sorted(to for _, to, _ in server.taken) == sorted(people(40))


async def test_a_reply_counts_by_provider_and_code(sqlite_outbox, serve):
    server = await serve({"RCPT": only("a@gmail.com", "550 5.1.1 no")})
    outbox = sqlite_outbox.at_smtp(server)
    outbox.fill("a@gmail.com", "b@gmail.com", "c@example.org")
    report = await go(outbox)
    assert report.by_reply == {
        ("google", "bounced", "550 5.1.1"): 1,
        ("google", "sent", "250 2.0.0"): 1,
        ("other", "sent", "250 2.0.0"): 1,
    }


async def test_replies_are_forgotten_and_the_record_of_sending_stays(outbox, serve):
    server = await serve()
    outbox = outbox.at_smtp(server)
    outbox.fill("zoe@inbox.example.net")
    await go(outbox)
    with writing(outbox.engine) as session:
        store_outbox.forget_replies(session, outbox.now + timedelta(days=1))
    assert outbox.rows("state, attempts, reply") == [("sent", 0, "")]
