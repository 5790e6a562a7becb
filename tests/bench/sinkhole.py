"""An SMTP server that keeps nothing but Message-IDs, for counting what came, what came twice, and when."""

import asyncio
import json
import re
import signal
import sys
import time
from collections import Counter

import uvloop

_ID = re.compile(rb"\r\nMessage-ID: <([^>]+)>", re.IGNORECASE)
_END = b"\r\n.\r\n"
_SAID = {b"EHLO": b"250-sink\r\n250 PIPELINING\r\n", b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n"}
IDS: Counter[bytes] = Counter()
LAST = [0.0]


class Sinkhole(asyncio.Protocol):
    """Takes every mail."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._got = bytearray()
        self._body = False
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._got += data
        answers = []
        while (said := self._next()) is not None:
            answers.append(said)
        if answers:
            self._transport.write(b"".join(answers))

    def _next(self) -> bytes | None:
        end = self._got.find(_END if self._body else b"\r\n")
        if end < 0:
            return None
        if self._body:
            found = _ID.search(self._got, 0, end)
            IDS[found[1] if found else b"none"] += 1
            LAST[0] = time.monotonic()
            del self._got[: end + len(_END)]
            self._body = False
            return b"250 2.0.0 kept\r\n"
        verb = bytes(self._got[:4]).upper()
        del self._got[: end + 2]
        self._body = verb == b"DATA"
        return _SAID.get(verb, b"250 2.0.0 ok\r\n")


async def main() -> None:
    """Tell the port; at SIGUSR1 and at the end tell how many mails came, how many different ones, and how long ago."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    server = await loop.create_server(Sinkhole, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    loop.add_signal_handler(signal.SIGUSR1, _tell)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()


def _tell() -> None:
    told = {"came": IDS.total(), "different": len(IDS), "idle": time.monotonic() - LAST[0]}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main())
