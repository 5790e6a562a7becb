"""Kept feeds are answered ahead of everything, and every rule of HTTP/1.1 still holds on their connection."""

import asyncio
import gzip
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from alerts.pipeline import publish
from alerts.web.app import create_app
from alerts.web.express import Express
from alerts.web.front import Front
from alerts.web.prepared import Prepared
from alerts.web.shelf import Shelf

FEED = "/topics/nmosd.rss"


class Watched(Front):
    """Knows which requests took the usual way."""

    def __init__(self, front: Front) -> None:
        super().__init__(front._app, front.shelf)
        self.usual: list[str] = []

    async def __call__(self, scope, receive, send) -> None:
        self.usual.append(f"{scope['method']} {scope['path']}")
        await super().__call__(scope, receive, send)


class Told(asyncio.Transport):
    """Takes one end, as a socket does."""

    def __init__(self) -> None:
        super().__init__()
        self.ends = 0

    def write(self, data: bytes) -> None:
        assert not self.ends

    def write_eof(self) -> None:
        self.ends += 1

    def close(self) -> None:
        self.ends += not self.ends


class Line:
    """One connection that is spoken to in raw bytes."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.file = self.socket.makefile("rb")

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def ask(self, *requests: str) -> None:
        self.socket.sendall("".join(one.replace("\n", "\r\n") + "\r\n\r\n" for one in requests).encode())

    def hear(self, *, head: bool = False) -> tuple[int, dict[str, str], bytes]:
        status = int(self.file.readline().split()[1])
        lines = iter(lambda: self.file.readline().strip().decode("latin-1"), "")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        return status, headers, b"" if head else self.file.read(int(headers.get("content-length", 0)))

    def ended(self) -> bool:
        return self.file.read(1) == b""


@pytest.fixture
def watched(world, release) -> Watched:
    release()
    return Watched(create_app(world, patience=3600))


@pytest.fixture
def line(watched, serve) -> Iterator[Line]:
    """A connection on which the feed was asked for once, so that it is kept."""
    with serve(watched) as browser, closing(Line(browser.port)) as line:
        line.ask(f"GET {FEED} HTTP/1.1\nHost: x")
        line.hear()
        watched.usual.clear()
        yield line


def get(path: str = FEED, *headers: str, method: str = "GET", version: str = "1.1") -> str:
    return "\n".join([f"{method} {path} HTTP/{version}", "Host: x", *headers])


def test_a_kept_feed_is_answered_as_the_usual_way_would(line, watched):
    for headers in ((), ("Accept-Encoding: gzip",), ("If-None-Match: *",)):
        line.ask(get(FEED, *headers))
        express = line.hear()
        assert watched.usual == []
        line.ask(get(FEED, *headers, "Content-Length: 0"))
        usual = line.hear()
        assert watched.usual.pop() == f"GET {FEED}"
        assert {**express[1], "date": ""} == {**usual[1], "date": ""}
        assert (express[0], express[2]) == (usual[0], usual[2])


def test_head_not_modified_and_gzip_are_told_apart(line, watched):
    line.ask(get(), get(method="HEAD"))
    status, headers, body = line.hear()
    assert (status, len(body)) == (200, int(headers["content-length"]))
    assert line.hear(head=True)[1] == headers
    line.ask(get(FEED, f"If-None-Match: {headers['etag']}"), get(FEED, "accept-encoding: br, gzip"))
    assert line.hear()[0] == 304
    assert gzip.decompress(line.hear()[2]) == body
    assert watched.usual == []


def test_answers_come_in_the_order_of_their_requests(line, watched):
    line.ask(get(), get("/about"), get(), get("/nowhere"), get(method="HEAD"), get())
    assert [line.hear(head=place == 4)[0] for place in range(6)] == [200, 200, 200, 404, 200, 200]
    assert watched.usual[0] == "GET /about"


@pytest.mark.parametrize("last", [get(FEED, "Connection: close"), get(version="1.0")])
def test_the_last_request_of_a_connection_ends_it(line, last):
    line.ask(get(), last)
    assert line.hear()[0] == 200
    status, headers, body = line.hear()
    assert (status, headers["connection"], len(body)) == (200, "close", int(headers["content-length"]))
    assert line.ended()


def test_a_request_with_a_body_does_not_confuse_the_next(line):
    line.ask(get(FEED, "Content-Length: 5") + "\n\nGET x" + get())
    assert [line.hear()[0], line.hear()[0]] == [200, 200]


def test_post_and_other_addresses_take_the_usual_way(line, watched):
    line.ask(get(method="POST", path=FEED) + "\nContent-Length: 0", get("/topics/nmosd.rss?phase=3"))
    assert [line.hear()[0], line.hear()[0]] == [405, 200]
    assert len(watched.usual) == 2


def test_a_new_alert_is_seen_as_soon_as_the_revision_is_asked_for(world, release, serve):
    release()
    with serve(create_app(world, patience=0)) as browser, closing(Line(browser.port)) as line:
        line.ask(get())
        first = line.hear()[1]["etag"]
        release(title="Another NMOSD study")
        line.ask(get())
        assert line.hear()[1]["etag"] != first


async def test_nothing_is_answered_at_once_after_the_revision_rose(world, release):
    release()
    revisions = [(1, {"nmosd": 1}), (2, {"nmosd": 1, "pml": 2}), (3, {"nmosd": 3, "pml": 2})]
    shelf = Shelf(lambda: revisions.pop(0), patience=-1)
    kept = Prepared(publish.feed(world.engine, world.settings, "nmosd", "rss"), ("nmosd",), "")
    await shelf.refresh()
    shelf.put(b"feed", kept, shelf.stamp(("nmosd",)))
    long_ago = float("-inf")
    assert shelf.at_once(b"feed", float("inf")) is None
    assert shelf.at_once(b"feed", long_ago) is kept
    await shelf.refresh()
    assert shelf.at_once(b"feed", long_ago) is kept
    await shelf.refresh()
    assert shelf.at_once(b"feed", long_ago) is None
    assert len(shelf) == 0


def test_a_reader_who_takes_nothing_holds_little_memory_and_nobody_up(watched, release, serve):
    for n in range(60):
        release(title=f"NMOSD study {n} " + "long " * 100)
    with serve(watched) as browser, closing(Line(browser.port)) as slow:
        size = len(browser.get(FEED).body)
        assert size > 100_000
        for _ in range(400):
            slow.ask(get())
        assert browser.get(FEED).status == browser.get("/about").status == 200
        waiting = [one.transport.get_write_buffer_size() for one in browser.connections()]
        assert max(waiting) < 3 * size
        assert [len(slow.hear()[2]) for _ in range(400)] == [size] * 400


@pytest.mark.parametrize(("sent", "status"), [
    (get("/search?q=" + "a" * 70_000), 414), (get(FEED, "X: " + "a" * 600_000), 431), ("\x16\x03\x01 GET", 400),
])
def test_what_is_too_long_or_no_http_is_told_so_in_plain_words(line, sent, status):
    line.ask(sent)
    found, headers, body = line.hear()
    assert (found, headers["content-type"]) == (status, "text/plain; charset=utf-8")
    assert (b"too long" in body) == (status != 400)
    assert line.ended()


def test_a_head_that_never_ends_is_refused(line):
    for _ in range(1_000):
        line.socket.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000)
    assert line.hear()[0] == 431


async def test_what_is_too_long_is_refused_once_however_its_parts_come(world):
    config = Config(create_app(world))
    config.load()
    told = Told()
    refused = Express(config, ServerState(), {})
    refused.connection_made(told)
    sent = get("/search?q=" + "a" * 200_000).replace("\n", "\r\n").encode() + b"\r\n\r\n"
    for part in (sent[:60_000], sent[60_000:], b"more"):
        refused.data_received(part)
    assert told.ends == 1
