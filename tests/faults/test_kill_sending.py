"""Kills the sender with signal 9 at random moments: nothing may be lost, and few mails come twice."""

import asyncio
import contextlib
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import outbox_run
from sqlalchemy import Engine

PROGRAM = Path(__file__).with_name("outbox_run.py")
CONNECTIONS = 16
LEASE = "2"
REPLY_AFTER = 0.02
MESSAGE_ID = re.compile(rb"^Message-ID: (<[^>]+>)\r\n", re.MULTILINE)


class Met(NamedTuple):
    """What a kill met: open connections and bodies in flight; and how many mails came again for it."""

    connections: int
    bodies: int
    repeats: int


@dataclass
class Sink:
    """Keeps every message for good and waits 20 ms before each reply."""

    kills: int = 0
    port: int = 0
    open_now: int = 0
    bodies: int = 0  # whole bodies whose reply the sender has not got
    kept: dict[str, list[tuple[int, bytes]]] = field(default_factory=lambda: defaultdict(list))
    some: asyncio.Event = field(default_factory=asyncio.Event)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_now += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._session(reader, writer)
        self.open_now -= 1
        writer.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipient = ""
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"RCPT":
                recipient = line.decode().split("<")[1].split(">")[0]
            await asyncio.sleep(REPLY_AFTER)
            writer.write(
                {b"EHLO": b"250-sink\r\n250 PIPELINING\r\n", b"DATA": b"354 go\r\n"}.get(verb, b"250 2.0.0 ok\r\n")
            )
            if verb == b"DATA":
                await self._keep(recipient, await reader.readuntil(b"\r\n.\r\n"))
                writer.write(b"250 2.0.0 kept\r\n")

    async def _keep(self, recipient: str, body: bytes) -> None:
        found = MESSAGE_ID.search(body)
        assert found
        self.kept[recipient].append((self.kills, found[1]))
        self.some.set()
        self.bodies += 1
        try:
            await asyncio.sleep(REPLY_AFTER)
        finally:
            self.bodies -= 1


async def program(*arguments: object) -> asyncio.subprocess.Process:
    words = [str(one) for one in arguments]
    return await asyncio.create_subprocess_exec(sys.executable, PROGRAM, *words, stdout=asyncio.subprocess.DEVNULL)


async def killed_in_mid_run(sink: Sink, where: str, after: float) -> tuple[int, int] | None:
    """Start a sender and kill it so long after its first mail: (open connections, bodies in flight) or None if done."""
    sink.some.clear()
    sender = await program("send", where, sink.port, CONNECTIONS, LEASE)
    ended = asyncio.create_task(sender.wait())
    mail = asyncio.create_task(sink.some.wait())
    await asyncio.wait({ended, mail}, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait({ended}, timeout=after)
    await in_flight(sink, ended)
    mail.cancel()
    if ended.done():
        return None
    seen = sink.open_now, sink.bodies
    sender.kill()
    await ended
    while sink.open_now:  # noqa: ASYNC110  what the sender wrote before it died still arrives
        await asyncio.sleep(REPLY_AFTER)
    sink.kills += 1
    return seen


async def in_flight(sink: Sink, ended: asyncio.Task[int]) -> None:
    """Move a random moment on to the next one at which a body is in flight, if that comes soon."""
    for _ in range(100):
        if sink.bodies or ended.done():
            return
        await asyncio.sleep(REPLY_AFTER / 10)


def repeats_by_kill(sink: Sink) -> Counter[int]:
    """Count the mails that came again, by the kill that followed the earlier copy."""
    pairs = (pair for copies in sink.kept.values() for pair in pairwise(copies))
    return Counter(earlier + 1 for (earlier, _), _ in pairs)


async def run_with_kills(where: str, people: int, kills: int, dice: random.Random) -> list[Met]:
    """Work off one outbox, killing the sender on the way; check what arrived. Returns what each kill met."""
    sink = Sink()
    server = await asyncio.start_server(sink.talk, "127.0.0.1", 0, limit=2**20)
    sink.port = server.sockets[0].getsockname()[1]
    assert await (await program("seed", where, people)).wait() == 0
    met = []
    while len(met) < kills and (seen := await killed_in_mid_run(sink, where, dice.uniform(0.05, 1.2))):
        met.append(seen)
    while set(await asyncio.to_thread(outbox_run.states, where)) - {"sent"}:
        await (await program("send", where, sink.port, CONNECTIONS, LEASE)).wait()
    server.close()
    check(sink, people, met)
    repeats = repeats_by_kill(sink)
    return [Met(*seen, repeats[kill]) for kill, seen in enumerate(met, 1)]


def counted(met: list[Met]) -> dict[str, Any]:
    """Return the kills as a line of the table; that nothing is lost was checked with every run."""
    twice, allowed = sum(one.repeats for one in met), sum(one.connections for one in met)
    return {"trials": len(met), "lost": 0, "twice": twice, "allowed": allowed}


def check(sink: Sink, people: int, met: list[tuple[int, int]]) -> None:
    lost = people - len(sink.kept)
    assert lost == 0, f"{lost} lost"
    repeats = repeats_by_kill(sink)
    for kill, (connections, bodies) in enumerate(met, 1):
        print(f"kill {kill}: {connections} connections open, {bodies} bodies in flight, {repeats[kill]} came twice")
        assert repeats[kill] <= connections
    assert sum(repeats.values()) == sum(repeats[kill] for kill in range(1, len(met) + 1)), "repeats without a kill"
    assert all(len({message_id for _, message_id in copies}) == 1 for copies in sink.kept.values())


async def test_a_killed_sender_loses_nothing_and_repeats_at_most_its_open_connections(
    engine: Engine, many: Callable, dice: random.Random, told: Callable
) -> None:
    where, people, kills = engine.url.render_as_string(hide_password=False), many(400, 5_000), many(3, 100)
    met: list[Met] = []
    while len(met) < kills:
        met += await run_with_kills(where, people, kills - len(met), dice)
    in_flight = sum(one.bodies > 0 for one in met)
    print(f"{kills} kills, {in_flight} with a body in flight, lost 0")
    assert in_flight >= many(1, 90)
    assert told(f"sender killed, {people:,} mails", on=engine, **counted(met)).holds
