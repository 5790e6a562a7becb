"""A web server on loopback that says exactly what a test wants, byte for byte."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import pytest

Answer = bytes | Callable[["Asked"], Awaitable[bytes]]


@dataclass(frozen=True)
class Asked:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass
class Site:
    """Answers by path; remembers what it was asked."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    open: int = 0
    most_open: int = 0

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            asked = await _read(reader)
            self.asked.append(asked)
            answer = self.answers.get(asked.path, http(404))
            writer.write(answer if isinstance(answer, bytes) else await answer(asked))
            await writer.drain()
        finally:
            self.open -= 1


async def _read(reader: asyncio.StreamReader) -> Asked:
    head, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
    method, target, _ = head.split(" ", 2)
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
    return Asked(method, target, headers, await reader.readexactly(int(headers.get("content-length", 0))))


def http(status: int = 200, body: bytes = b"", *, length: int | None = None, **headers: str) -> bytes:
    """Return a whole HTTP answer; `retry_after="5"` becomes `Retry-After: 5`."""
    lines = [f"HTTP/1.1 {status} Said"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body) if length is None else length}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode() + body


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Listen = Callable[..., Awaitable[int]]


@pytest.fixture
async def listen() -> AsyncIterator[Listen]:
    """Hand out a way to start servers; whatever they are still busy with ends with the test."""
    servers: list[asyncio.Server] = []
    busy: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(handler: Handler, host: str = "127.0.0.1") -> int:
        async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            busy[asyncio.current_task()] = writer
            try:
                await handler(reader, writer)
            except (asyncio.CancelledError, ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        servers.append(await asyncio.start_server(one, host, 0))
        return servers[-1].sockets[0].getsockname()[1]

    yield start
    for server in servers:
        server.close()
    for task, writer in busy.items():
        task.cancel()
        writer.transport.abort()
    await asyncio.gather(*busy, return_exceptions=True)
    await asyncio.gather(*(server.wait_closed() for server in servers))


@pytest.fixture
async def site(listen) -> Site:
    found = Site()
    found.port = await listen(found.serve)
    return found


@pytest.fixture
def answer() -> Callable[..., bytes]:
    return http
