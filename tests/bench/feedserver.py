"""A web server of many feeds for benchmarks, with ETag and 304, on a hundred loopback addresses: nginx, or else our own."""

import asyncio
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ITEMS = 20
HOSTS = [f"127.0.0.{number}" for number in range(1, 101)]
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{ access_log off; default_type application/rss+xml; keepalive_requests 100000000; open_file_cache max=4096;
client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
scgi_temp_path {folder}/s; server {{ root {folder}/www; {listen} }} }}
"""
_WORDS = (
    "myelin", "relapse", "antibody", "cohort", "placebo", "lesion", "nerve", "serum", "mouse", "patient", "dose", "trial",
    "risk", "axon", "brain", "spinal", "optic", "fatigue", "cells", "response",
)  # fmt: skip
_ASKED = re.compile(rb"GET /(\d+)/feed ")


def feed(number: int, first: int = 0, items: int = ITEMS) -> bytes:
    """Return an RSS feed whose entries are `first` to `first + items - 1`, some 2.5 kB of HTML each, marked up like a journal's."""
    entries = "".join(_item(number, entry) for entry in range(first, first + items))
    head = f"<title>Journal {number}</title><link>http://journal.example/</link><description>x</description>"
    content = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    return f'<?xml version="1.0"?><rss version="2.0" {content}><channel>{head}{entries}</channel></rss>'.encode()


def _item(number: int, entry: int) -> str:
    chance = random.Random(number * 10_007 + entry)
    parts = "".join(
        f'<p style="color: #333"><b>{label}:</b> {" ".join(chance.choices(_WORDS, k=35))} <i>in vivo</i> at 10<sup>6</sup> '
        f'<a href="/ref/{entry}">[{entry}]</a>, {" ".join(chance.choices(_WORDS, k=35))} <span class="x">p = 0.04</span>.</p>'
        for label in ("BACKGROUND", "METHODS", "RESULTS", "CONCLUSIONS")
    )
    link = f"http://journal.example/{number}/{entry}"
    return (
        f"<item><title>{' '.join(chance.choices(_WORDS, k=11))} {number} {entry}</title><link>{link}</link>"
        f"<guid>{link}</guid><description>{' '.join(chance.choices(_WORDS, k=40))}</description>"
        f"<content:encoded><![CDATA[{parts}]]></content:encoded><pubDate>Mon, 04 May 2026 06:00:00 GMT</pubDate></item>"
    )


@contextmanager
def serving(feeds: int) -> Iterator[list[str]]:
    """Serve so many feeds and return their addresses, spread over the hosts."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as name, subprocess.Popen(_command(Path(name), feeds, port)) as process:
        try:
            _wait_for(port, process)
            yield [f"http://{HOSTS[number % len(HOSTS)]}:{port}/{number}/feed" for number in range(feeds)]
        finally:
            process.terminate()


def _command(folder: Path, feeds: int, port: int) -> list[str]:
    if shutil.which("nginx") is None:
        return [sys.executable, "-m", "tests.bench.feedserver", str(feeds), str(port)]
    folder.chmod(0o755)
    for number in range(feeds):
        (folder / "www" / str(number)).mkdir(parents=True)
        (folder / "www" / str(number) / "feed").write_bytes(feed(number))
    listen = " ".join(f"listen {host}:{port};" for host in HOSTS)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, listen=listen))
    return ["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOSTS[0], 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOSTS[-1], port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the server of feeds did not start")


class Server(asyncio.Protocol):
    """Answers `GET /FEED/feed`; the ETag is its number."""

    bodies: dict[bytes, bytes] = {}  # noqa: RUF012  shared on purpose

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
            self._transport.write(self._answer(head))

    def _answer(self, head: bytes) -> bytes:
        asked = _ASKED.match(head)
        if not asked:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        tag = b'"%s"' % asked[1]
        if b"If-None-Match: " + tag in head:
            return b"HTTP/1.1 304 Not Modified\r\nETag: %s\r\n\r\n" % tag
        body = self.bodies[tag]
        head = b"HTTP/1.1 200 OK\r\nETag: %s\r\nContent-Type: application/rss+xml\r\nContent-Length: %d\r\n\r\n"
        return head % (tag, len(body)) + body


async def main(feeds: int, port: int) -> None:
    for number in range(feeds):
        Server.bodies[b'"%d"' % number] = feed(number)
    server = await asyncio.get_running_loop().create_server(Server, HOSTS, port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
