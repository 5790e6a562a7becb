"""An outbox to work off, and an SMTP server that behaves as a test says."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, text

from alerts.publish.email import Body, Letter, Sender, render
from alerts.settings import Settings
from alerts.store.engine import reading, writing
from alerts.store.installation import start
from alerts.store.tables import DeliveryRow, EditionRow
from subscribers.tables import InterestSetRow, SubscriberRow
from subscribers.tokens import Keyring

HANG = "hang"
DROP = "drop"
STEPS = ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", ".", "QUIT")
GOOD = {
    "CONNECT": "220 ready",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    ".": "250 2.0.0 taken",
    "QUIT": "221 bye",
    "RSET": "250 ok",
}

Script = Mapping[str, Any]


@dataclass
class FaultServer:
    """Speaks SMTP as scripted: a step's answer is a reply, HANG, DROP, or a function of (line, how often asked)."""

    script: dict[str, Any] = field(default_factory=dict)
    extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME")
    tls: ssl.SSLContext | None = None
    wait: float = 0.0
    taken: list[tuple[str, str, bytes]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    connections: int = 0
    open_now: int = 0
    most_open: int = 0
    port: int = 0
    asked: dict[str, int] = field(default_factory=dict)
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self.talk, "127.0.0.1", 0, limit=2**20)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        self._writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._session(reader, writer)
        self.open_now -= 1
        writer.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:  # noqa: C901
        sender = recipient = ""
        if not await self._say(writer, "CONNECT", ""):
            return
        while line := (await reader.readline()).decode("utf-8", "surrogateescape").rstrip("\r\n"):
            self.lines.append(line)
            verb = line.split(" ", 1)[0].upper()
            if verb in ("EHLO", "HELO"):
                good = "\r\n".join(["250-test", *(f"250-{one}" for one in self.extensions), "250 HELP"])
            elif verb == "STARTTLS" and self.tls:
                writer.write(b"220 go\r\n")
                await writer.start_tls(self.tls)
                self.extensions = tuple(one for one in self.extensions if one != "STARTTLS")
                continue
            else:
                good = GOOD.get(verb, "250 ok" if verb != "AUTH" else "235 2.7.0 welcome")
            if verb == "MAIL":
                sender, recipient = line[10:].split(">")[0].strip("<"), ""
            said = await self._say(writer, verb, line, good)
            if not said:
                return
            if verb == "RCPT" and said.startswith("2"):
                recipient = line[8:].split(">")[0].strip("<")
            if verb == "QUIT":
                return
            if verb == "DATA" and said.startswith("354"):
                body = await self._body(reader)
                fallback = GOOD["."] if recipient else "554 5.5.1 no valid recipients"
                said = await self._say(
                    writer,
                    ".",
                    recipient,
                    fallback,
                    before=lambda answer, body=body, to=recipient, by=sender: self._keep(answer, by, to, body),
                )
                if not said:
                    return

    def _keep(self, answer: str, sender: str, recipient: str, body: bytes) -> None:
        if answer.startswith("2") or answer in (DROP, HANG):
            self.taken.append((sender, recipient, body))

    async def _body(self, reader: asyncio.StreamReader) -> bytes:
        got = bytearray()
        while (line := await reader.readline()) != b".\r\n":
            if not line:
                raise asyncio.IncompleteReadError(bytes(got), None)
            got += line[1:] if line.startswith(b".") else line
        return bytes(got)

    async def _say(
        self,
        writer: asyncio.StreamWriter,
        step: str,
        line: str,
        good: str = "",
        before: Callable[[str], None] | None = None,
    ) -> str:
        self.asked[step] = self.asked.get(step, 0) + 1
        answer = self.script.get(step)
        answer = answer(line, self.asked[step]) if callable(answer) else answer
        answer = answer or good or GOOD[step]
        if before:
            before(answer)
        if answer == DROP:
            return ""
        if answer == HANG:
            await asyncio.Event().wait()
        if self.wait:
            await asyncio.sleep(self.wait)
        writer.write(f"{answer}\r\n".encode())
        await writer.drain()
        return "" if answer.startswith("421") else answer


Serve = Callable[..., Awaitable[FaultServer]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    servers: list[tuple[FaultServer, asyncio.Server]] = []

    async def begin(script: Script | None = None, **options: Any) -> FaultServer:
        server = FaultServer(script=dict(script or {}), **options)
        servers.append((server, await server.start()))
        return server

    tasks_before = asyncio.all_tasks()
    yield begin
    for fault, server in servers:
        server.close()
        for writer in fault._writers:
            writer.transport.abort()
    left = asyncio.all_tasks() - tasks_before - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


@dataclass
class Outbox:
    """A database with an edition, people and deliveries, and the ways to look at them."""

    engine: Engine
    keyring: Keyring
    settings: Settings
    now: datetime

    def fill(self, *addresses: str, kind: str = "digest", priority: int = 5, ordinal: int = 1, **values: Any) -> None:
        """Queue one delivery for each address; the address may be known already."""
        with writing(self.engine) as session:
            edition = session.execute(text("SELECT id FROM editions WHERE kind = :kind"), {"kind": kind}).scalar()
            if edition is None:
                edition = session.execute(
                    insert(EditionRow).values(**self._edition(kind)).returning(EditionRow.id)
                ).scalar_one()
            people = {address: self._person(session, address) for address in addresses}
            session.execute(
                insert(DeliveryRow),
                [
                    self._delivery(address, one, kind, ordinal) | {"edition_id": edition, "priority": priority} | values
                    for address, one in people.items()
                ],
            )

    def _person(self, session: Any, address: str) -> int:
        found = session.execute(
            text("SELECT id FROM subscribers WHERE address_hash = :hash"), {"hash": self.keyring.address_hash(address)}
        ).scalar()
        if found:
            return int(found)
        row = SubscriberRow(
            public_id=self.keyring.address_hash(address)[:16],
            address_hash=self.keyring.address_hash(address),
            address_sealed=self.keyring.seal(address),
            domain_hash=self.keyring.domain_hash(address),
            status="active",
            interest_set_id=1,
            created_at=self.now,
        )
        session.add(row)
        session.flush()
        assert row.id is not None
        return row.id

    def _delivery(self, address: str, subscriber: int, kind: str, ordinal: int) -> dict[str, Any]:
        return {
            "recipient": str(subscriber),
            "kind": kind,
            "ordinal": ordinal,
            "subscriber_id": subscriber,
            "domain_hash": self.keyring.domain_hash(address),
            "message_id": self.keyring.message_id(str(subscriber), kind, ordinal, "alerts.example.org"),
            "created_at": self.now,
            "next_attempt_at": self.now,
            "deadline_at": self.now + timedelta(days=4),
        }

    def _edition(self, kind: str) -> dict[str, Any]:
        letter = Letter(
            subject="Your research digest", text=Body(frame="Hello.\n.dots at line starts\nBye.\n"), kind=kind
        )
        sender = Sender(base_url=self.settings.base_url, from_=self.settings.from_)
        return {
            "hash": kind,
            "kind": kind,
            "format": "text",
            "subject": letter.subject,
            "parts": render(letter, sender),
            "created_at": self.now,
        }

    def states(self) -> dict[str, int]:
        with reading(self.engine) as session:
            return {
                row[0]: row[1] for row in session.execute(text("SELECT state, count(*) FROM deliveries GROUP BY state"))
            }

    def rows(self, columns: str = "state, attempts, doubts, reply") -> list[tuple[Any, ...]]:
        query = text(f"SELECT {columns} FROM deliveries ORDER BY id")  # noqa: S608  our own words
        with reading(self.engine) as session:
            return [tuple(row) for row in session.execute(query)]

    def suppressed(self) -> list[str]:
        with reading(self.engine) as session:
            return [row[0] for row in session.execute(text("SELECT reason FROM suppressions"))]

    def run(self, sql: str, **values: Any) -> None:
        with writing(self.engine) as session:
            session.execute(text(sql), values)

    def at_smtp(self, server: FaultServer, options: str = "starttls=never") -> "Outbox":
        settings = self.settings.model_copy(
            update={"smtp_url": type(self.settings.smtp_url)(f"smtp://127.0.0.1:{server.port}?{options}")}
        )
        return Outbox(self.engine, self.keyring, settings, self.now)


@pytest.fixture
def outbox(engine: Engine, now: datetime, tmp_path: Path) -> Outbox:
    return _outbox(engine, now, tmp_path)


@pytest.fixture
def sqlite_outbox(sqlite_engine: Engine, now: datetime, tmp_path: Path) -> Outbox:
    return _outbox(sqlite_engine, now, tmp_path)


def _outbox(engine: Engine, now: datetime, folder: Path) -> Outbox:
    settings = Settings(
        data_dir=folder / "var", _env_file=None, ALERTS_FROM="Research alerts <digest@alerts.example.org>"
    )
    keyring = Keyring(b"a secret of the tests, long enough")
    with writing(engine) as session:
        start(session, authority="alerts.example.org", fingerprint=keyring.fingerprint, now=now)
        session.add(InterestSetRow(id=1, interests="ms"))
    return Outbox(engine, keyring, settings, now)
