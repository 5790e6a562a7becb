"""Hands out claimed mail to connections and commits what became of it, many connections in one transaction (law 7)."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple, Protocol, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from alerts.deliver import retry
from alerts.deliver.carrier import Mail
from alerts.deliver.retry import Reply, Stage
from alerts.pipeline.bookkeeper import ON_HOLD, Batch, Bookkeeper
from alerts.pipeline.inbox import give_up, give_up_if_often
from alerts.pipeline.tally import Tally
from alerts.store import lanes, outbox
from alerts.store.books import Books
from alerts.store.engine import reading, writing
from alerts.store.installation import set_hold
from alerts.store.outbox import BY_ITSELF, Block, Claimed, Outcome

T = TypeVar("T")
Draft = Callable[[], Mail | None]  # gives a mail; None where none can be written for this recipient
STATES: Mapping[type, str] = MappingProxyType(
    {
        retry.Bounced: "bounced",
        retry.TryAgain: "deferred",
        retry.Expired: "expired",
        retry.Uncertain: "uncertain",
    }
)
AT_ONCE = 0.2  # seconds; a block that was sent sooner is followed by a larger one
HANDFUL = 16  # mails written in one go
GOLDEN = 0.6180339887498949
UNWRITABLE = retry.Bounced(Reply(553, "5.1.3", "5.1.3 no mail can be written for this recipient"), suppress=False)


class Writer(Protocol):
    """Makes mails of claimed deliveries."""

    def drafts(self, claimed: Sequence[Claimed]) -> Sequence[Draft]:
        """Return what gives the mail of each; reads the database and may take long, in a thread."""


class _InHand(NamedTuple):
    """A delivery between its claim and its outcome."""

    claimed: Claimed
    draft: Draft


class _Claim(NamedTuple):
    """What one claim brought: the suppressed among them are cancelled; `limited` are the domains that have a lane."""

    block: Block
    claimed: Sequence[Claimed]
    cancelled: int
    limited: frozenset[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """The terms of one run. `now()` moves on from the moment the run was started for.

    `block` deliveries are claimed at once (more, but not above `most`, where that many are sent at once), for as long
    as `lease`; `stop` ends the run.
    """

    now: Callable[[], datetime]
    stop: asyncio.Event
    block: int
    most: int
    lease: timedelta


class OutboxDesk:
    """The desk of one run; mails are written shortly before connections take them.

    Outcomes and permissions to leave are gathered while a transaction runs and go into the next one together.
    """

    def __init__(self, engine: Engine, writer: Writer, shift: Shift) -> None:
        self._engine = engine
        self._writer = writer
        self._shift = shift
        self._held: dict[int, _InHand] = {}
        self._ready: deque[_InHand] = deque()
        self._written: deque[Mail] = deque()
        self._writing = False
        self._refilling: asyncio.Task[None] | None = None
        self._dry = False
        self._block = shift.block // 2
        self._claimed_at = 0.0
        self._watch = retry.PolicyWatch()
        self._lanes: frozenset[bytes] = frozenset()
        self._database = ThreadPoolExecutor(1, "outbox")
        self._books = Books(engine)
        self._keeper = Bookkeeper(self._books, self._database, self)
        self.tally = Tally()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Keep books and leases while the block runs; at its end everything told is written, the rest given back."""
        async with asyncio.TaskGroup() as group:
            leases = group.create_task(self._keep_leases())
            try:
                yield
            finally:
                if self._refilling:
                    await self._refilling
                leases.cancel()
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
        if len(self._ready) < self._block and not self._dry:
            self._refill()
        if len(self._written) <= HANDFUL and self._ready and not self._writing:
            self._writing = True
            asyncio.get_running_loop().call_soon(self._write_ahead)
        while self._ready and not self._written:
            self._write_some()
        return self._written.popleft() if self._written else None

    def _write_ahead(self) -> None:
        """Write the next mails while the server is at work on those that have just left."""
        self._writing = False
        while self._ready and len(self._written) <= HANDFUL and not self._stopping():
            self._write_some()

    def _write_some(self) -> None:
        """Write a few mails in one go, which takes less time than each by itself between other work."""
        for _ in range(min(HANDFUL, len(self._ready))):
            one = self._ready.popleft()
            if mail := one.draft():
                self._written.append(mail)
            else:
                self._told(one.claimed, UNWRITABLE, self._shift.now())

    def ask(self, mail: Mail, answer: Callable[[bool], None]) -> None:
        self._keeper.ask(self._held[mail.id].claimed, answer)

    async def may_leave(self, mail: Mail) -> bool:
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.ask(mail, lambda leaves: None if answer.done() else answer.set_result(leaves))
        return await answer

    def settle(self, mail: Mail, reply: Reply | None, stage: Stage, *, fresh: bool = True) -> None:
        self._keeper.landed(mail.id)
        claimed = self._held[mail.id].claimed
        now = self._shift.now()
        if reply and retry.taken(reply, stage):
            self._taken(claimed, reply, now, mail.recipient)
            return
        decision = retry.decide(reply, stage, _try(claimed, now, fresh=fresh))
        match decision:
            case retry.GoBack():
                self.put_back(mail)
            case retry.StopSending(why, until):
                self.put_back(mail)
                self.halt(why, until - now)
            case _:
                self._told(claimed, decision, now, mail.recipient)

    def put_back(self, mail: Mail) -> None:
        self._written.appendleft(mail)

    def refused(self, reply: Reply, stage: Stage) -> None:
        now = self._shift.now()
        nobody = retry.Try(attempts=0, doubts=0, deadline=now, now=now, jitter=0.0)
        decision = retry.decide(reply, stage, nobody)
        if isinstance(decision, retry.StopSending):
            self.halt(decision.why, decision.until - now)

    # what becomes of it

    def _stopping(self) -> bool:
        return self._shift.stop.is_set() or bool(self.tally.stopped)

    def halt(self, why: str, pause: timedelta | None = None) -> None:
        self.tally.stopped = self.tally.stopped or why
        self._keeper.batch.pause = pause or self._keeper.batch.pause
        self._keeper.plan()

    def _taken(self, claimed: Claimed, reply: Reply, now: datetime, address: str) -> None:
        """Note what nearly every mail comes to: the hot path of sending."""
        of, lease, attempts, doubts = claimed.id, claimed.lease, claimed.attempts + 1, claimed.doubts
        outcome = Outcome(of, lease, "sent", str(reply), attempts, doubts, now, now, reply.key)
        del self._held[of]
        self._keeper.batch.outcomes.append(outcome)
        self.tally.count(outcome, address)
        if claimed.domain_hash in self._lanes:
            self._keeper.batch.eased.add(claimed.domain_hash)
        self._watch.note(None)
        self._keeper.plan()

    def _told(self, claimed: Claimed, decision: retry.Decision, now: datetime, address: str = "") -> None:
        outcome = _outcome(claimed, decision, now)
        del self._held[claimed.id]
        batch = self._keeper.batch
        batch.outcomes.append(outcome)
        if isinstance(decision, retry.Bounced) and decision.suppress:
            batch.dead.append(claimed)
        elif outcome.state in ("bounced", "expired"):
            batch.returned.append(claimed)
        self.tally.count(outcome, address)
        self._pace(claimed.domain_hash, decision)
        self._keeper.plan()

    def _pace(self, domain: bytes | None, decision: retry.Decision) -> None:
        """Slow a domain that asks for it, stop where three refuse us by policy."""
        later = decision if isinstance(decision, retry.TryAgain) else None
        if domain is not None and later and later.slow:
            self._keeper.batch.slow.add(domain)
        if self._watch.note(domain if later and later.policy else None) and not self.tally.stopped:
            self.tally.refused_by_policy = True
            self._keeper.batch.hold = f"{BY_ITSELF}three domains refused us by policy; see to SPF, DKIM and DMARC"
            self.halt(self._keeper.batch.hold)

    # the books

    def _refill(self) -> asyncio.Task[None]:
        """Claim the next block, one claim at a time."""
        if self._refilling is None or self._refilling.done():
            self._refilling = asyncio.create_task(self._claim())
        return self._refilling

    async def _claim(self) -> None:
        try:
            claim = await self._in_database(self._claim_block, self._next_block())
        except DBAPIError as trouble:
            self.halt(f"the database cannot be written: {trouble.orig}")
            return
        self._dry = not claim.block.ids
        self._lanes = claim.limited
        self.tally.states["cancelled"] += claim.cancelled
        if claim.block.held:
            self.halt(ON_HOLD)
        drafts = await asyncio.to_thread(self._writer.drafts, claim.claimed)
        brought = [_InHand(*one) for one in zip(claim.claimed, drafts, strict=True)]
        self._held.update((one.claimed.id, one) for one in brought)
        self._ready += brought

    def _next_block(self) -> int:
        """Return how many to claim: twice as many as the last time where those were sent at once."""
        begun, self._claimed_at = self._claimed_at, time.monotonic()
        quick = self._claimed_at - begun < AT_ONCE
        self._block = min(2 * self._block if quick else self._shift.block, self._shift.most)
        return self._block

    def _claim_block(self, size: int) -> _Claim:
        with writing(self._engine) as session:
            block = outbox.claim(session, self._shift.now(), size, lease=self._shift.lease)
        with reading(self._engine) as session:
            claimed, barred = outbox.in_hand(session, block)
            limited = lanes.limited(session)
        if barred:
            with writing(self._engine) as session:
                outbox.cancel(session, barred)
        return _Claim(block, claimed, len(barred), limited)

    def not_ours(self, claimed: Claimed) -> None:
        self._held.pop(claimed.id, None)

    def write_rare(self, session: Session, batch: Batch) -> None:
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
        """Write what is still told; give back what was not tried."""
        try:
            await self._keeper.close()
        finally:
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
    )
