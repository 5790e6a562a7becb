"""Works off the outbox: claims what is due, splices each recipient into the edition, sends, and keeps the outcome."""

import asyncio
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import partial

from sqlalchemy import Engine

from alerts.deliver.carrier import Carrier, Mail
from alerts.deliver.dkim import DkimError, Signer
from alerts.deliver.mailbox import MailboxCarrier
from alerts.deliver.smtp import SmtpCarrier
from alerts.pipeline import mishaps
from alerts.pipeline.bookkeeper import ON_HOLD
from alerts.pipeline.desk import Draft, OutboxDesk, Shift
from alerts.pipeline.tally import DeliverReport
from alerts.publish.email import Recipient, Segments, Sender, recipient
from alerts.settings import Settings
from alerts.store import lanes, outbox
from alerts.store.engine import database_now, reading, writing
from alerts.store.installation import set_hold
from alerts.store.outbox import Claimed
from subscribers.tokens import Keyring

__all__ = ["DeliverReport", "deliver_due", "hold"]

PARSED_EDITIONS = 256
BLOCK_A_CONNECTION, LEAST_BLOCK, LARGEST_BLOCK = 20, 50, 400
QUICK_BLOCK, SIGNED_BLOCK = 1_000, 200  # at most so many at once where they go quickly; signed ones lie ready whole
GRACE = 30.0  # seconds that mail in flight gets after a stop
COUNT_UPTO = 1_000


async def deliver_due(  # noqa: PLR0913  the contract's four; all others by name
    engine: Engine,
    keyring: Keyring,
    settings: Settings,
    now: datetime,
    *,
    stop: asyncio.Event | None = None,
    carrier: Carrier | None = None,
    eager: bool = False,
    lease: timedelta = outbox.LEASE,
) -> DeliverReport:
    """Send every delivery that is due, until none is left, the server refuses us, or `stop` is set.

    After a stop what is in flight gets `GRACE` seconds to finish. `eager`: the operator asks, so the server is tried
    even where it told us to wait. Any number of processes may do this at once.
    """
    waiting, slowed, stopped = await asyncio.to_thread(_look, engine, now, eager=eager)
    if stopped or not waiting:
        await asyncio.to_thread(mishaps.tell_of_doubts, engine, keyring, settings, now)
        return DeliverReport(stopped=stopped, slowed=slowed)
    stop, carrier = stop or asyncio.Event(), carrier or carrier_of(settings)
    writer = _Writer(engine, keyring, settings, signer=signer_of(settings), wire=carrier.wire)
    shift = Shift(now=_moving(now), stop=stop, block=_block_size(settings), most=writer.block, lease=lease)
    desk = OutboxDesk(engine, writer, shift)
    async with desk.open():
        await _until_stopped(carrier.carry(desk, waiting=waiting), stop)
    if desk.tally.refused_by_policy and settings.operator:
        await asyncio.to_thread(mishaps.tell_of_policy, engine, keyring, settings, now)
    await asyncio.to_thread(mishaps.tell_of_doubts, engine, keyring, settings, now)
    return desk.tally.report(slowed=slowed)


def hold(engine: Engine, *, on: bool, reason: str = "") -> None:
    """Stop all mail at once, also what is claimed already, or let it go on; polling and feeds go on."""
    with writing(engine, durable=True) as session:
        set_hold(session, on=on, reason=reason)
        if not on:
            lanes.open_server(session)


def carrier_of(settings: Settings) -> Carrier:
    """Return what carries mail here: the SMTP server, or a Maildir in the data directory."""
    if settings.smtp is None:
        return MailboxCarrier(settings.data_dir / "mail")
    domain = _sender(settings).domain
    return SmtpCarrier(settings.smtp, hello=domain if "." in domain else "localhost")


def signer_of(settings: Settings) -> Signer | None:
    """Return what signs mail in the name of the sender's domain, if we do; DkimError if the key cannot be used."""
    if settings.dkim_key is None:
        return None
    try:
        pem = settings.dkim_key.read_bytes()
        return Signer.read(pem, domain=_sender(settings).domain, selector=settings.dkim_selector)
    except OSError as missing:
        raise DkimError(f"ALERTS_DKIM_KEY: {settings.dkim_key}: {missing.strerror}") from missing
    except DkimError as wrong:
        raise DkimError(f"ALERTS_DKIM_KEY: {settings.dkim_key}: {wrong}") from wrong


def _look(engine: Engine, now: datetime, *, eager: bool) -> tuple[int, int, str]:
    """Return how many deliveries may go, how many wait for their lanes, and why none may go at all, if so."""
    if eager:
        with writing(engine) as session:
            lanes.open_server(session)
    with reading(engine) as session:
        hold, closed = outbox.hold_of(session), lanes.server_closed_until(session)
        due = outbox.waiting(session, now, COUNT_UPTO, hold=hold)
        shut = lanes.closed(session, database_now(session)) if due else []
        waiting = outbox.waiting(session, now, COUNT_UPTO, hold=hold, closed_to=shut) if shut else due
        if hold is not outbox.Hold.NONE and not due:
            return 0, 0, ON_HOLD if outbox.waiting(session, now, 1) else ""
        stopped = f"the mail server is tried again at {closed:%H:%M:%S} UTC" if closed else ""
        return waiting, due - waiting, stopped


def _block_size(settings: Settings) -> int:
    connections = settings.smtp.connections if settings.smtp else 1
    return min(max(connections * BLOCK_A_CONNECTION, LEAST_BLOCK), LARGEST_BLOCK)


def _moving(start: datetime) -> Callable[[], datetime]:
    """Return a clock that begins at `start`: a long run sees what falls due meanwhile, whatever `--at` said."""
    begun = time.monotonic()
    return lambda: start + timedelta(seconds=time.monotonic() - begun)


async def _until_stopped(work: Coroutine[None, None, None], stop: asyncio.Event) -> None:
    """Do the work to its end; after a stop it has `GRACE` seconds to finish what is in flight."""
    task, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({task}, timeout=GRACE)
    finally:
        stopped.cancel()
        task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _sender(settings: Settings) -> Sender:
    return Sender(base_url=settings.base_url, from_=settings.from_, bounce_address=settings.bounce_address)


class _Writer:
    """Makes the mails of claimed deliveries, keeping the editions it parsed last.

    `wire`: carriers want them as DATA takes them; what is signed they make so themselves.
    """

    def __init__(
        self, engine: Engine, keyring: Keyring, settings: Settings, *, signer: Signer | None, wire: bool
    ) -> None:
        self._engine = engine
        self._keyring = keyring
        self._operator = settings.operator or parseaddr(settings.from_)[1]
        self._sender = _sender(settings)
        self._from = self._sender.address
        self._signer = signer
        self._wire = wire and signer is None
        self.block = SIGNED_BLOCK if signer else QUICK_BLOCK
        self._parsed: OrderedDict[int, Segments] = OrderedDict()

    def drafts(self, claimed: Sequence[Claimed]) -> list[Draft]:
        """Return what gives the mail of each; what is signed is made now, on all processors: a signature takes long."""
        drafts: list[Draft] = [partial(self._write, *one) for one in zip(claimed, self._letters(claimed), strict=True)]
        if self._signer is None:
            return drafts
        with ThreadPoolExecutor(os.cpu_count(), "signing") as pool:
            return [partial(_itself, mail) for mail in pool.map(_made, drafts)]

    def _letters(self, claimed: Sequence[Claimed]) -> list[Segments]:
        """Return the edition of each, read and parsed where it is not kept."""
        wanted = {one.edition_id for one in claimed}
        missing = wanted - self._parsed.keys()
        if missing:
            with reading(self._engine) as session:
                parts = outbox.parts(session, missing)
            self._parsed.update((one, Segments.parse(held, wire=self._wire)) for one, held in parts.items())
        for one in wanted:
            self._parsed.move_to_end(one)
        found = [self._parsed[one.edition_id] for one in claimed]
        while len(self._parsed) > PARSED_EDITIONS:
            self._parsed.popitem(last=False)
        return found

    def _write(self, one: Claimed, letter: Segments) -> Mail | None:
        """Return the mail; None where the recipient's address cannot stand in one."""
        to = self._recipient(one)
        try:
            message = letter.pieces(to)
        except ValueError:
            return None
        if self._signer:
            message = [self._signer.sign(b"".join(message))]
        return Mail(one.id, one.message_id, self._return_path(one), to.address, message, self._wire)

    def _return_path(self, one: Claimed) -> str:
        """Return the envelope sender: it names the reader to us alone, where bounces are read (VERP)."""
        if self._sender.bounce_address and one.public_id:
            return self._sender.verp(self._keyring.sign("bounce", one.public_id))
        return self._from

    def _recipient(self, one: Claimed) -> Recipient:
        ring = self._keyring
        private = ring.open(one.private) if one.private else ""
        if one.public_id is None or one.address_sealed is None:
            return Recipient(self._operator, one.message_id, one.created_at, private=private)
        to = recipient(ring, one.public_id, ring.open(one.address_sealed), one.message_id, one.created_at)
        return to._replace(private=private) if private else to


def _made(draft: Draft) -> Mail | None:
    return draft()


def _itself(mail: Mail | None) -> Mail | None:
    return mail
