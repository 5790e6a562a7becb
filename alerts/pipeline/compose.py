"""Who is due gets a digest: prepared in batches, one transaction each, the mail enqueued with the person moved on.

A batch is chosen and rendered outside any transaction; then those whom nobody else has moved on since are moved on
and their mails enqueued (law 6). A crash before loses nothing, a crash after has it all; two composers share the
work, since only one of them can move a person on.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine
from sqlmodel import Session

from alerts.errors import AlertsError, NotFoundError
from alerts.pipeline import notices
from alerts.pipeline.contents import SILENCE, Contents, Group, mailing, sender
from alerts.settings import Settings
from alerts.store import editions, numberline, runs
from alerts.store import engine as database
from alerts.store.editions import Edition, Mailing
from subscribers import store as people_store
from subscribers import turns
from subscribers.cadence import next_due
from subscribers.tokens import Keyring
from subscribers.turns import Move

BATCH: Final = 1000
CEILING: Final = 6  # mails in 24 hours to who wants them at once
SUPPRESSED: Final = "suppressed"
DAY: Final = timedelta(hours=24)
MOST_PLANS: Final = 2000


@dataclass(slots=True)
class ComposeReport:
    """One composing: prepared and all that was excluded, by reason, add up to the candidates."""

    upto: int = 0
    candidates: int = 0
    prepared: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    notices: int = 0

    @property
    def adds_up(self) -> bool:
        return self.candidates == self.prepared + self.excluded.total()

    def as_run(self, now: datetime) -> dict[str, Any]:
        """Return the row that stays of it."""
        return {
            "at": now,
            "upto": self.upto,
            "candidates": self.candidates,
            "prepared": self.prepared,
            "excluded": dict(self.excluded),
        }


def compose_due(  # noqa: PLR0913  what the faces may ask for
    engine: Engine,
    keyring: Keyring,
    settings: Settings,
    now: datetime,
    *,
    everyone: bool = False,
    only: str | None = None,
    dry_run: bool = False,
) -> ComposeReport:
    """Prepare a digest for everyone who is due, and the notices that wait.

    `everyone`: due or not; `only`: this address, due or not (NotFoundError if nobody has it); `dry_run` writes
    nothing and counts.
    """
    chosen = _only(engine, keyring, only) if only else None
    report = ComposeReport()
    if not dry_run:
        report.notices = notices.notify_due(engine, keyring, settings, now)
        report.notices += _wake(engine, keyring, settings, now)
    with database.reading(engine) as session:
        report.upto = numberline.last(session)
    work = _Work(engine, keyring, settings, now, report)
    for rows in work.slices(due=not everyone and chosen is None, only=chosen):
        work.compose(rows, dry_run=dry_run)
    return report


def _only(engine: Engine, keyring: Keyring, address: str) -> int:
    with database.reading(engine) as session:
        person = people_store.person_by_address(session, keyring, address)
    if person is None:
        raise NotFoundError("Nobody is subscribed with this address; see: alerts subscriber list --reveal")
    return person.id


def _wake(engine: Engine, keyring: Keyring, settings: Settings, now: datetime) -> int:
    """Make those active again whose pause is over, once the notices they missed are enqueued; return how many."""
    with database.reading(engine) as session:
        asleep = turns.pause_is_over(session, now)
    if not asleep:
        return 0
    count = notices.notify_woken(engine, keyring, settings, now, asleep)
    with database.writing(engine) as session:
        turns.wake(session, asleep)
    return count


class _Plan(NamedTuple):
    """What a batch will write for one person: an edition, or the reason why none; and when the next is due.

    `stays`: not even the window moves on.
    """

    next_at: datetime
    edition: Edition | None = None
    reason: str = ""
    stays: bool = False


class _Work:
    """One composing: a fixed end of all windows, and contents shared by all batches."""

    def __init__(
        self, engine: Engine, keyring: Keyring, settings: Settings, now: datetime, report: ComposeReport
    ) -> None:
        self._engine = engine
        self._keyring = keyring
        self._domain = sender(settings).domain
        self._now = now
        self._report = report
        self._contents = Contents(engine, settings, now, report.upto)
        self._plans: dict[Sequence[Any], _Plan] = {}
        self._ids: dict[str, int] = {}
        self._run: int | None = None
        self._overtaken = False

    def slices(self, *, due: bool, only: int | None) -> Iterator[Sequence[Any]]:
        """Return the candidates in the order they are due, up to 1,000 at a time.

        Where another composer was faster the next slice is left to it, and looked at again at the end: two that walk
        the same list would else do every slice twice.
        """
        wanted = turns.Due(
            upto=self._report.upto,
            silent_since=self._now - SILENCE,
            now=self._now if due else None,
            only=only,
            limit=BATCH,
        )
        left = False
        while True:
            if rows := self._slice(wanted):
                yield rows
                wanted = replace(wanted, after=wanted.place(rows[-1]))
                if due and self._overtaken and (others := self._slice(wanted)):
                    wanted, left = replace(wanted, after=wanted.place(others[-1])), True
            elif left:
                wanted, left = replace(wanted, after=None), False
            else:
                return

    def _slice(self, wanted: turns.Due) -> Sequence[Any]:
        with database.reading(self._engine) as session:
            return turns.due(session, wanted)

    def compose(self, rows: Sequence[Any], *, dry_run: bool) -> None:
        """Prepare one batch: render what is new in it, then write it in one transaction."""
        planned = list(self._planned(rows))
        if dry_run:
            self._count(planned, {row.id for row in rows})
            return
        with database.writing(self._engine) as session:
            held = self._move(session, planned)
            self._overtaken = 2 * len(held) < len(planned)
            mailed = [(row, plan.edition) for row, plan in planned if plan.edition and row.id in held]
            self._keep(session, [edition for _, edition in mailed])
            editions.enqueue(session, self._mailings(mailed), self._now)
            self._count(planned, held)
            self._run = runs.keep(session, self._run, self._report.as_run(self._now))

    def _planned(self, rows: Sequence[Any]) -> Iterator[tuple[Any, _Plan]]:
        """Plan for everyone; those whose rows are alike in all that matters get the same plan."""
        if len(self._plans) > MOST_PLANS:
            self._plans.clear()
        keyed = [(row, row[len(turns.OWN_COLUMNS) :]) for row in rows]
        at_once = [row.id for row in rows if row.cadence == "immediate"]
        unplanned = {row.interest_set_id for row, key in keyed if key not in self._plans}
        with database.reading(self._engine) as session:
            texts = people_store.interest_texts(session, unplanned) if unplanned else {}
            sent = editions.sent_since(session, at_once, self._now - DAY) if at_once else {}
        for row, key in keyed:
            plan = self._plans.get(key)
            if plan is None:
                plan = self._plans[key] = self._plan(row, texts[row.interest_set_id])
            if sent and len(sent.get(row.id, ())) >= CEILING and plan.edition:
                plan = _Plan(min(sent[row.id]) + DAY, reason="ceiling", stays=True)
            yield row, plan

    def _plan(self, row: Any, interests: str) -> _Plan:  # noqa: ANN401
        next_at = next_due(people_store.cadence_of(row), self._now)
        if row.suppressed:
            return _Plan(next_at, reason=SUPPRESSED, stays=True)
        if row.cadence == "immediate" and next_at > self._now:
            return _Plan(next_at, reason="quiet hours", stays=True)
        edition = self._contents.of(_group(row, interests))
        return _Plan(next_at, edition, "" if edition else "nothing new")

    def _keep(self, session: Session, wanted: Iterable[Edition]) -> None:
        if len(self._ids) > MOST_PLANS:
            self._ids.clear()
        missing = {edition.hash: edition for edition in wanted if edition.hash not in self._ids}
        self._ids |= editions.keep(session, missing.values(), self._now)

    def _move(self, session: Session, planned: Iterable[tuple[Any, _Plan]]) -> set[int]:
        """Move everyone on whom nobody else moved on; return who that was."""
        moves, barred = [], []
        for row, plan in planned:
            if plan.reason == SUPPRESSED:
                barred.append(row.id)
            else:
                seen = row.seen if plan.stays else self._report.upto
                moves.append(Move(row.id, row.digest_no, row.seen, plan.next_at, seen, int(plan.edition is not None)))
        people_store.bar(session, barred)
        return turns.advance(session, moves, self._now) | set(barred)

    def _mailings(self, mailed: Iterable[tuple[Any, Edition]]) -> list[Mailing]:
        """Return the deliveries, those of one edition together: what sends them has its bytes at hand then."""
        return sorted((self._mailing(*one) for one in mailed), key=attrgetter("edition_id"))

    def _mailing(self, row: Any, edition: Edition) -> Mailing:  # noqa: ANN401
        return mailing(
            self._keyring,
            self._domain,
            row.id,
            "digest",
            row.digest_no + 1,
            self._ids[edition.hash],
            subscriber_id=row.id,
            domain_hash=row.domain_hash,
            priority=editions.IMMEDIATE if row.cadence == "immediate" else editions.DIGEST,
        )

    def _count(self, planned: Sequence[tuple[Any, _Plan]], held: set[int]) -> None:
        report = self._report
        report.candidates += len(planned)
        for row, plan in planned:
            if row.id not in held:
                report.excluded["taken by another"] += 1
            elif plan.edition:
                report.prepared += 1
            else:
                report.excluded[plan.reason] += 1
        if not report.adds_up:
            raise AlertsError("composing does not add up: some candidate was neither prepared nor excluded")


def _group(row: Any, interests: str) -> Group:  # noqa: ANN401
    return Group(
        interests=interests,
        seen=row.seen,
        format=row.format,
        language=row.language,
        rhythm=row.cadence,
        weekday=row.weekday,
        first=bool(row.first),
        silent=bool(row.silent),
    )
