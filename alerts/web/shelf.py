"""Rendered feeds kept by address, bounded in bytes, fresh as long as their revision stands (law 15)."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping

from alerts.web.prepared import Prepared

MAX_BYTES = 64_000_000
MAX_KEPT = 4_096
Revisions = tuple[int, Mapping[str, int]]


class Shelf:
    """Keeps documents by raw address, the least used dropped; asks for revisions at most every `patience` seconds."""

    def __init__(self, ask: Callable[[], Revisions], patience: float = 0.25, max_bytes: int = MAX_BYTES) -> None:
        self._ask = ask
        self._patience = patience
        self._max_bytes = max_bytes
        self._kept: OrderedDict[bytes, Prepared] = OrderedDict()
        self._bytes = 0
        self._revisions: Revisions = (-1, {})
        self._next_ask = float("-inf")
        self._asking = asyncio.Lock()
        self.rendering = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """Return the bytes kept."""
        return self._bytes

    async def get(self, address: bytes) -> Prepared | None:
        """Return the document kept under an address, if nothing it shows has changed since."""
        if address in self._kept and asyncio.get_running_loop().time() >= self._next_ask:
            await self.refresh()
        return self._fresh(address)

    def at_once(self, address: bytes, now: float) -> Prepared | None:
        """Return the same as `get`, or nothing where revisions must be asked for first; `now` is the loop's."""
        return self._fresh(address) if now < self._next_ask else None

    def _fresh(self, address: bytes) -> Prepared | None:
        kept = self._kept.get(address)
        if kept is None:
            return None
        if kept.seen is not self._revisions:
            if kept.revision != self.stamp(kept.topics):
                self.drop(address)
                return None
            kept.seen = self._revisions
        self._kept.move_to_end(address)
        return kept

    async def refresh(self) -> None:
        """Ask for the revisions anew, once for all who wait."""
        async with self._asking:
            now = asyncio.get_running_loop().time()
            if now >= self._next_ask:
                found = await asyncio.to_thread(self._ask)
                if found != self._revisions:
                    self._revisions = found
                self._next_ask = now + self._patience

    def stamp(self, topics: tuple[str, ...]) -> object:
        """Return what a document of these topics hangs on."""
        public, by_topic = self._revisions
        return tuple(by_topic.get(slug, -1) for slug in topics) if topics else public

    def put(self, address: bytes, document: Prepared, revision: object) -> None:
        """Keep a document that was rendered while `revision` stood."""
        self.drop(address)
        document.revision = revision
        self._kept[address] = document
        self._bytes += document.size
        while len(self._kept) > MAX_KEPT or self._bytes > self._max_bytes:
            self.drop(next(iter(self._kept)))

    def drop(self, address: bytes) -> None:
        """Forget a document."""
        gone = self._kept.pop(address, None)
        if gone is not None:
            self._bytes -= gone.size
