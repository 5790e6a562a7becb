"""Hands out claimed mail to connections and commits what became of it, many connections in one transaction (law 7)."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import NamedTuple, Protocol, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from alerts.deliver import retry
from alerts.deliver.carrier import Mail
from alerts.deliver.retry import Reply, Stage
from alerts.pipeline.inbox import give_up, give_up_if_often
from alerts.pipeline.tally import Tally
from alerts.publish.email import Segments
from alerts.store import lanes, outbox
from alerts.store.books import Books, BooksError, Leave
from alerts.store.engine import writing
from alerts.store.installation import set_hold
from alerts.store.outbox import BY_ITSELF, Block, Claimed, Outcome

T = TypeVar("T")
STATES: Mapping[type, str] = MappingProxyType(
    {
        retry.Sent: "sent",
        retry.Bounced: "bounced",
        retry.TryAgain: "deferred",
        retry.Expired: "expired",
        retry.Uncertain: "uncertain",
    }
)
WRITES_AT_CLOSE = 3
ON_HOLD = "all mail is on hold; alerts hold off lets it go on"
GOLDEN = 0.6180339887498949
UNWRITABLE = retry.Bounced(Reply(553, "5.1.3", "5.1.3 no mail can be written for this recipient"), suppress=False)


class Writer(Protocol):
    """Makes mails of claimed deliveries: `letters` reads the database, `write` only splices."""

    def letters(self, claimed: Sequence[Claimed]) -> Sequence[Segments]:
        """Return the edition of each."""

    def write(self, one: Claimed, letter: Segments) -> Mail | None:
        """Return the mail; None where none can be written for this recipient."""


class _InHand(NamedTuple):
    """A delivery between its claim and its outcome."""

    claimed: Claimed
    letter: Segments


@dataclass(slots=True)
class _Batch:
    """What the next transaction writes."""

    outcomes: list[Outcome] = field(default_factory=list)
    leaving: list[tuple[Claimed, asyncio.Future[bool]]] = field(default_factory=list)
    dead: list[Claimed] = field(default_factory=list)
    returned: list[Claimed] = field(default_factory=list)
    slow: set[bytes] = field(default_factory=set)
    eased: set[bytes] = field(default_factory=set)
    pause: timedelta | None = None
    hold: str = ""

    def rare(self) -> bool:
        return bool(self.dead or self.returned or self.slow or self.eased or self.pause or self.hold)

    def again(self, failed: "_Batch") -> None:
        """Take over what could not be written; who wanted to leave is told no."""
        self.outcomes[:0] = failed.outcomes
        self.dead += failed.dead
        self.returned += failed.returned
        self.slow |= failed.slow
        self.pause = self.pause or failed.pause
        self.hold = self.hold or failed.hold

    def empty(self) -> bool:
        return not (self.outcomes or self.leaving or self.rare())


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """The terms of one run. `now()` moves on from the moment the run was started for.

    `block` deliveries are claimed at once, for as long as `lease`; `stop` ends the run.
    """

    now: Callable[[], datetime]
    stop: asyncio.Event
    block: int
    lease: timedelta


class OutboxDesk:
    """The desk of one run; each mail is written when a connection takes it.

    Outcomes and permissions to leave are gathered while a transaction runs and go into the next one together.
    """

    def __init__(self, engine: Engine, writer: Writer, shift: Shift) -> None:
        self._engine = engine
        self._writer = writer
        self._shift = shift
        self._held: dict[int, _InHand] = {}
        self._ready: deque[_InHand] = deque()
        self._refilling: asyncio.Task[None] | None = None
        self._dry = False
        self._batch = _Batch()
        self._wake = asyncio.Event()
        self._closing = False
        self._watch = retry.PolicyWatch()
        self._lanes: frozenset[bytes] = frozenset()
        self._books = Books(engine)
        self._database = ThreadPoolExecutor(1, "outbox")
        self.tally = Tally()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Keep books and leases while the block runs; at its end everything told is written, the rest given back."""
        async with asyncio.TaskGroup() as group:
            books, leases = group.create_task(self._keep_books()), group.create_task(self._keep_leases())
            try:
                yield
            finally:
                if self._refilling:
                    await self._refilling
                leases.cancel()
                self._closing = True
                self._wake.set()
                await books
                await self._close()

    # what connections ask for

    async def take(self) -> Mail | None:
        while not self._stopping():
            if mail := self.take_now():
                return mail
            if self._dry:
                return None
            await self._refill()
        return None

    def take_now(self) -> Mail | None:
        if self._stopping():
            return None
        if len(self._ready) < self._shift.block // 2 and not self._dry:
            self._refill()
        while self._ready:
            one = self._ready.popleft()
            if mail := self._writer.write(*one):
                return mail
            self._told(one.claimed, UNWRITABLE, self._shift.now())
        return None

    async def may_leave(self, mail: Mail) -> bool:
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._batch.leaving.append((self._held[mail.id].claimed, answer))
        self._wake.set()
        return await answer

    def settle(self, mail: Mail, reply: Reply | None, stage: Stage, *, fresh: bool = True) -> None:
        claimed = self._held[mail.id].claimed
        now = self._shift.now()
        decision = retry.decide(reply, stage, _try(claimed, now, fresh=fresh))
        match decision:
            case retry.GoBack():
                self.put_back(mail)
            case retry.StopSending(why, until):
                self.put_back(mail)
                self._halt(why, until - now)
            case _:
                self._told(claimed, decision, now, mail.recipient)

    def put_back(self, mail: Mail) -> None:
        self._ready.appendleft(self._held[mail.id])

    def refused(self, reply: Reply, stage: Stage) -> None:
        now = self._shift.now()
        nobody = retry.Try(attempts=0, doubts=0, deadline=now, now=now, jitter=0.0)
        decision = retry.decide(reply, stage, nobody)
        if isinstance(decision, retry.StopSending):
            self._halt(decision.why, decision.until - now)

    # what becomes of it

    def _stopping(self) -> bool:
        return self._shift.stop.is_set() or bool(self.tally.stopped)

    def _halt(self, why: str, pause: timedelta | None = None) -> None:
        self.tally.stopped = self.tally.stopped or why
        self._batch.pause = pause or self._batch.pause
        self._wake.set()

    def _told(self, claimed: Claimed, decision: retry.Decision, now: datetime, address: str = "") -> None:
        outcome = _outcome(claimed, decision, now)
        del self._held[claimed.id]
        self._batch.outcomes.append(outcome)
        if isinstance(decision, retry.Bounced) and decision.suppress:
            self._batch.dead.append(claimed)
        elif outcome.state in ("bounced", "expired"):
            self._batch.returned.append(claimed)
        self.tally.count(outcome, address)
        self._pace(claimed.domain_hash, decision)
        self._wake.set()

    def _pace(self, domain: bytes | None, decision: retry.Decision) -> None:
        """Slow a domain that asks for it, let one go faster that takes mail, stop where three refuse us by policy."""
        later = decision if isinstance(decision, retry.TryAgain) else None
        if domain is not None and later and later.slow:
            self._batch.slow.add(domain)
        elif domain in self._lanes and isinstance(decision, retry.Sent):
            self._batch.eased.add(domain)
        if self._watch.note(domain if later and later.policy else None) and not self.tally.stopped:
            self.tally.refused_by_policy = True
            self._batch.hold = f"{BY_ITSELF}three domains refused us by policy; see to SPF, DKIM and DMARC"
            self._halt(self._batch.hold)

    # the books

    def _refill(self) -> asyncio.Task[None]:
        """Claim the next block, one claim at a time."""
        if self._refilling is None or self._refilling.done():
            self._refilling = asyncio.create_task(self._claim())
        return self._refilling

    async def _claim(self) -> None:
        try:
            block, limited = await self._in_database(self._claim_block)
        except DBAPIError as trouble:
            self._halt(f"the database cannot be written: {trouble.orig}")
            return
        self._dry = not block.claimed
        self._lanes = limited
        self.tally.states["cancelled"] += block.cancelled
        if block.held:
            self._halt(ON_HOLD)
        letters = await asyncio.to_thread(self._writer.letters, block.claimed)
        brought = [_InHand(*one) for one in zip(block.claimed, letters, strict=True)]
        self._held.update((one.claimed.id, one) for one in brought)
        self._ready += brought

    def _claim_block(self) -> tuple[Block, frozenset[bytes]]:
        with writing(self._engine) as session:
            block = outbox.claim(session, self._shift.now(), self._shift.block, lease=self._shift.lease)
            return block, lanes.limited(session)

    async def _keep_books(self) -> None:
        while not self._closing:
            await self._wake.wait()
            self._wake.clear()
            await self._write_batch()

    async def _write_batch(self) -> None:
        """Commit what was told since the last time and answer who asked to leave; on failure nothing leaves."""
        batch, self._batch = self._batch, _Batch()
        if batch.empty():
            return
        try:
            leave = await self._in_database(self._commit, batch)
        except BooksError as trouble:
            self._halt(str(trouble))
            self._batch.again(batch)
            leave = Leave()
        if leave.held:
            self._halt(ON_HOLD)
        for claimed, answer in batch.leaving:
            if claimed.id not in leave.going:
                self._held.pop(claimed.id, None)
            if not answer.done():
                answer.set_result(claimed.id in leave.going)

    def _commit(self, batch: _Batch) -> Leave:
        more = partial(self._write_rare, batch=batch) if batch.rare() else None
        return self._books.write(batch.outcomes, [claimed for claimed, _ in batch.leaving], more)

    def _write_rare(self, session: Session, batch: _Batch) -> None:
        now = self._shift.now()
        for one in batch.dead:
            if one.address_hash is not None:
                give_up(session, int(one.recipient), one.address_hash, now)
        for one in batch.returned:
            if one.address_hash is not None:
                give_up_if_often(session, int(one.recipient), one.address_hash, now)
        lanes.slow(session, batch.slow)
        lanes.ease(session, batch.eased)
        if batch.pause:
            lanes.close_server(session, batch.pause)
        if batch.hold:
            set_hold(session, on=True, reason=batch.hold)

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(self._shift.lease.total_seconds() / 4)
            held = self._leases()
            with suppress(DBAPIError):  # a lease that could not be put off runs out, and the work is dropped
                await self._in_database(self._renew, held)

    def _renew(self, held: Sequence[tuple[int, str]]) -> None:
        with writing(self._engine) as session:
            outbox.renew(session, held, lease=self._shift.lease)

    async def _close(self) -> None:
        """Write what is still told, thrice if need be; give back what was not tried."""
        for _ in range(WRITES_AT_CLOSE):
            await self._write_batch()
        with suppress(DBAPIError):
            await self._in_database(self._give_back)
        self._database.shutdown()

    def _give_back(self) -> None:
        self._books.close()
        with writing(self._engine) as session:
            outbox.give_back(session, self._leases())

    def _leases(self) -> list[tuple[int, str]]:
        return [(one, held.claimed.lease) for one, held in self._held.items()]

    async def _in_database(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._database, work, *arguments)


def spread(claimed: Claimed) -> float:
    """Return a number in [0, 1) that lies evenly over deliveries and tries: jitter that can be told in advance."""
    return (claimed.id * GOLDEN + claimed.attempts * GOLDEN**2) % 1.0


def _try(claimed: Claimed, now: datetime, *, fresh: bool) -> retry.Try:
    return retry.Try(claimed.attempts, claimed.doubts, claimed.deadline_at, now, spread(claimed), fresh)


def _outcome(claimed: Claimed, decision: retry.Decision, now: datetime) -> Outcome:
    """Return the row's new values for a decision that ends this try."""
    reply = getattr(decision, "reply", None)
    return Outcome(
        id=claimed.id,
        lease=claimed.lease,
        state=STATES[type(decision)],
        reply=str(reply or "no reply"),
        reply_key=reply.key if reply else "no reply",
        attempts=claimed.attempts + 1,
        doubts=claimed.doubts + isinstance(decision, retry.Uncertain),
        next_attempt_at=decision.at if isinstance(decision, retry.TryAgain | retry.Uncertain) else now,
        sent_at=now if isinstance(decision, retry.Sent) else None,
    )
