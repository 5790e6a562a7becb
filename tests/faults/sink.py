"""An SMTP server in a thread of its own that keeps every mail it gets, and behaves as its mood says."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack, suppress
from threading import Condition
from typing import Self

from serving import serving

MESSAGE_ID = re.compile(rb"^Message-ID: (<[^>]+>)\r\n", re.MULTILINE)
TEMPORARY = {"CONNECT": b"421 4.3.2 later\r\n", "MAIL": b"421 4.3.2 later\r\n", "RCPT": b"451 4.3.0 later\r\n",
             "DATA": b"451 4.3.0 later\r\n", ".": b"451 4.3.0 not taken\r\n"}  # fmt: skip
GOOD = {"CONNECT": b"220 sink\r\n", "EHLO": b"250-sink\r\n250 PIPELINING\r\n", "DATA": b"354 go\r\n"}


class Sink:
    """`mood(step)` is asked before each reply: `well`, `later` (a temporary refusal), `drop` or `stall`.

    `kept` holds the Message-IDs of every body that came whole and was not refused; `swallowed` counts those of them
    whose sender was never told.
    """

    def __init__(self) -> None:
        self.mood: Callable[[str], str] = lambda _: "well"
        self.kept: dict[str, list[bytes]] = defaultdict(list)
        self.swallowed = 0
        self.open_now = 0
        self.port = 0
        self._grown = Condition()
        self._end = ExitStack()

    def __enter__(self) -> Self:
        server = serving(lambda: asyncio.start_server(self._talk, "127.0.0.1", 0, limit=2**20))
        self.port = self._end.enter_context(server)
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()

    @property
    def count(self) -> int:
        return sum(map(len, self.kept.values()))

    def grows_to(self, count: int, patience: float = 60) -> bool:
        """Wait until so many bodies were kept; false where they do not come."""
        with self._grown:
            return self._grown.wait_for(lambda: self.count >= count, patience)

    @property
    def different(self) -> int:
        """Tell how many different mails arrived; a copy has the Message-ID of the first."""
        return sum(len(set(copies)) for copies in self.kept.values())

    @property
    def twice(self) -> int:
        return sum(len(copies) - len(set(copies)) for copies in self.kept.values())

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_now += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._session(reader, writer)
        self.open_now -= 1
        writer.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipient = ""
        if not await self._reply(reader, writer, "CONNECT"):
            return
        while line := await reader.readline():
            verb = line[:4].strip().upper().decode()
            if verb == "RCPT":
                recipient = line.decode().split("<")[1].split(">")[0]
            said = await self._reply(reader, writer, verb)
            if not said:
                return
            if said.startswith(b"354"):
                body = await reader.readuntil(b"\r\n.\r\n")
                if not await self._reply(reader, writer, ".", keep=lambda to=recipient, got=body: self._keep(to, got)):
                    return

    def _keep(self, recipient: str, body: bytes) -> None:
        found = MESSAGE_ID.search(body)
        assert found
        with self._grown:
            self.kept[recipient].append(found[1])
            self._grown.notify_all()

    async def _reply(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, step: str, keep: Callable[[], None] | None = None
    ) -> bytes:
        """Answer one step; empty where the conversation ends."""
        mood = self.mood(step) if step in TEMPORARY else "well"
        if keep and mood != "later":
            keep()
            self.swallowed += mood in ("drop", "stall")
        if mood == "stall":
            await reader.read()  # until the other side has had enough
        if mood in ("drop", "stall"):
            return b""
        said = TEMPORARY[step] if mood == "later" else GOOD.get(step, b"250 2.0.0 ok\r\n")
        writer.write(said)
        await writer.drain()
        return b"" if said.startswith(b"421") or step == "QUIT" else said
