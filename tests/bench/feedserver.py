"""A web server of many feeds for benchmarks: as fast as asyncio allows, with ETag and 304, on all of 127.0.0.0/8."""

import asyncio
import random
import re
import sys

ITEMS = 20
_WORDS = (
    "myelin", "relapse", "antibody", "cohort", "placebo", "lesion", "nerve", "serum", "mouse", "patient", "dose", "trial",
    "risk", "axon", "brain", "spinal", "optic", "fatigue", "cells", "response",
)  # fmt: skip
_ASKED = re.compile(rb"GET /(\d+)/(\d+)/feed ")


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


class Server(asyncio.Protocol):
    """Answers `GET /FEED/FIRST/feed`; the ETag is the path."""

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
        tag = b'"%s-%s"' % asked.groups()
        if b"If-None-Match: " + tag in head:
            return b"HTTP/1.1 304 Not Modified\r\nETag: %s\r\n\r\n" % tag
        if tag not in self.bodies:
            self.bodies[tag] = feed(int(asked[1]), int(asked[2]))
        body = self.bodies[tag]
        head = b"HTTP/1.1 200 OK\r\nETag: %s\r\nContent-Type: application/rss+xml\r\nContent-Length: %d\r\n\r\n"
        return head % (tag, len(body)) + body


async def main(feeds: int) -> None:
    for number in range(feeds):
        Server.bodies[b'"%d-0"' % number] = feed(number)
    server = await asyncio.get_running_loop().create_server(Server, "0.0.0.0", 0)  # noqa: S104  127.0.0.1 to 127.0.0.100
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
