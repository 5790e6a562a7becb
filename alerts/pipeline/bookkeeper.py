"""Commits what became of mails and which bodies may leave, many connections in one transaction (law 7).

What connections tell and ask while a transaction runs goes into the next one together. Where the database is on this
machine, free and quick, the transaction runs on the event loop itself: it takes less time than to hand it to a
thread and back, because the two would wait for the interpreter's lock at every statement. All else is done beside.

A commit costs the same for one row as for many, so it waits for a moment while bodies are under way: the connections
whose replies are about to come join it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Protocol

from sqlmodel import Session

from alerts.store.books import Books, BooksError, Leave
from alerts.store.outbox import Claimed, Outcome

WRITES_AT_CLOSE = 3
MOMENT = 0.001  # seconds that a commit waits for the connections still sending
MOST = 1.25  # times as many waiting for it as are still sending: then it does not wait
ON_HOLD = "all mail is on hold; alerts hold off lets it go on"


@dataclass(slots=True)
class Batch:
    """What the next transaction writes."""

    outcomes: list[Outcome] = field(default_factory=list)
    leaving: list[Claimed] = field(default_factory=list)
    answers: list[Callable[[bool], None]] = field(default_factory=list)  # to those leaving, in their order
    dead: list[Claimed] = field(default_factory=list)
    returned: list[Claimed] = field(default_factory=list)
    slow: set[bytes] = field(default_factory=set)
    eased: set[bytes] = field(default_factory=set)
    pause: timedelta | None = None
    hold: str = ""

    def rare(self) -> bool:
        return bool(self.dead or self.returned or self.slow or self.eased or self.pause or self.hold)

    def again(self, failed: "Batch") -> None:
        """Take over what could not be written; who wanted to leave is told no."""
        self.outcomes[:0] = failed.outcomes
        self.dead += failed.dead
        self.returned += failed.returned
        self.slow |= failed.slow
        self.pause = self.pause or failed.pause
        self.hold = self.hold or failed.hold

    def empty(self) -> bool:
        return not (self.outcomes or self.leaving or self.rare())


class Owner(Protocol):
    """Whose books are kept."""

    def write_rare(self, session: Session, batch: Batch) -> None:
        """Write what few batches hold, in the transaction of the batch."""

    def not_ours(self, claimed: Claimed) -> None:
        """Hear that a delivery must not leave: it is stopped, gone, or another's."""

    def halt(self, why: str) -> None:
        """Hear that sending must stop."""


class Bookkeeper:
    """Keeps the books of one run; `batch` takes what is told until the next transaction."""

    def __init__(self, books: Books, beside: Executor, owner: Owner) -> None:
        self._books = books
        self._beside = beside
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._planned = False
        self._later: asyncio.TimerHandle | None = None
        self._flying: set[int] = set()  # deliveries whose bodies left
        self._writing: asyncio.Task[None] | None = None
        self._broken: Exception | None = None
        self.batch = Batch()

    def plan(self) -> None:
        """Write the batch in a moment; at once (when all that has arrived is told) where few are still sending."""
        if self._planned or self._writing is not None:
            return
        if len(self.batch.leaving) >= MOST * len(self._flying) or self.batch.rare():
            self._planned = True
            self._loop.call_soon(self._write_soon)
        elif self._later is None:
            self._later = self._loop.call_later(MOMENT, self._write_soon)

    def landed(self, delivery: int) -> None:
        """Hear that a body is under way no more."""
        self._flying.discard(delivery)

    def ask(self, claimed: Claimed, answer: Callable[[bool], None]) -> None:
        """Answer whether this body may leave, once that and all that was told before is committed."""
        self.batch.leaving.append(claimed)
        self.batch.answers.append(answer)
        self.plan()

    async def close(self) -> None:
        """Write what is still told, thrice if need be; raise what was no trouble of the database, if anything."""
        for _ in range(WRITES_AT_CLOSE):
            if self._writing:
                await self._writing
            if not self.batch.empty():
                await self._write_beside(self._take())
        if self._broken:
            raise self._broken

    def _take(self) -> Batch:
        batch, self.batch = self.batch, Batch()
        return batch

    def _write_soon(self) -> None:
        self._planned = False
        if self._later:
            self._later.cancel()
            self._later = None
        if self._writing is not None or self.batch.empty():
            return
        batch = self._take()
        leave = None if batch.rare() else self._books.write_at_once(batch.outcomes, batch.leaving)
        if leave is not None:
            self._answer(batch, leave)
        else:
            self._writing = self._loop.create_task(self._write_beside(batch))

    async def _write_beside(self, batch: Batch) -> None:
        """Commit in the database's thread; on failure nothing leaves and the batch is tried again at the end."""
        more = partial(self._owner.write_rare, batch=batch) if batch.rare() else None
        try:
            leave = await self._loop.run_in_executor(
                self._beside, self._books.write, batch.outcomes, batch.leaving, more
            )
        except BooksError as trouble:
            self._fail(batch, trouble)
        except Exception as trouble:  # noqa: BLE001  raised by `close`: connections wait for their answer
            self._broken = trouble
            self._fail(batch, trouble)
        else:
            self._writing = None
            if leave.held:
                self._owner.halt(ON_HOLD)
            self._answer(batch, leave)
            self.plan()

    def _fail(self, batch: Batch, trouble: Exception) -> None:
        """Let nothing leave; what was told is tried again with what is told next, or at the end."""
        self._writing = None
        self.batch.again(batch)
        self._owner.halt(str(trouble))
        self._answer(batch, Leave())

    def _answer(self, batch: Batch, leave: Leave) -> None:
        for claimed, answer in zip(batch.leaving, batch.answers, strict=True):
            going = claimed.id in leave.going
            if going:
                self._flying.add(claimed.id)
            else:
                self._owner.not_ours(claimed)
            answer(going)
