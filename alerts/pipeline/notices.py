"""Retractions, concerns and corrections are told to everyone who was sent the work or its thread (law 9 aside).

The number line tells how far this came: each such alert is worked off once for those active then; who was paused is
told when active again. A notice is unique by (recipient, alert), so that working it off twice sends nothing twice.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session

from alerts.model import AlertedItem
from alerts.pipeline.contents import its_blocks, mailing, sender, short_edition
from alerts.publish.blocks import Blocks
from alerts.publish.lines import headline
from alerts.publish.notes import Notice, notice
from alerts.settings import Settings
from alerts.store import editions, items, numberline, threads, told
from alerts.store.bulk import chunks
from alerts.store.editions import NOTICE, URGENT, Edition, Mailing
from alerts.store.engine import reading, writing
from alerts.store.told import Reader
from subscribers.people import NOTICES
from subscribers.tokens import Keyring

JOB: Final = "notices"
BATCH: Final = 1000
EDITIONS: Final = 5000  # in one question, which has room for some 32,000 values
LONGEST_PAUSE: Final = timedelta(days=400)


def notify_due(engine: Engine, keyring: Keyring, settings: Settings, now: datetime) -> int:
    """Enqueue the notices that wait; return how many."""
    with reading(engine) as session:
        start, upto = told.told_upto(session, JOB), numberline.last(session)
        waiting = told.alerts_with(session, NOTICES, start, upto)
    work = _Notices(engine, keyring, settings, now)
    count = sum(work.tell(number) for number in waiting)
    if upto > start and (waiting or upto - start > BATCH):
        with writing(engine) as session:
            told.tell_upto(session, JOB, upto, now)
    return count


def notify_woken(
    engine: Engine, keyring: Keyring, settings: Settings, now: datetime, people: Collection[int]
) -> int:
    """Tell those who come back from a pause what they missed."""
    with reading(engine) as session:
        missed = told.alerts_with(session, NOTICES, 0, numberline.last(session), since=now - LONGEST_PAUSE)
    work = _Notices(engine, keyring, settings, now)
    return sum(work.tell(number, only=people) for number in missed)


@dataclass(frozen=True, slots=True)
class _Story:
    """What a notice is about: the alert, and which item each edition had told of."""

    shown: AlertedItem
    own: frozenset[int]
    editions: dict[int, int]
    told: dict[int, AlertedItem]


class _Notices:
    """Works off notices; each distinct content is rendered once."""

    def __init__(self, engine: Engine, keyring: Keyring, settings: Settings, now: datetime) -> None:
        self._engine = engine
        self._keyring = keyring
        self._settings = settings
        self._sender = sender(settings)
        self._now = now

    def tell(self, number: int, only: Collection[int] = ()) -> int:
        """Enqueue the notice of one alert for all who were sent its work; return how many."""
        with reading(self._engine) as session:
            story = self._story(session, number)
            blocks = its_blocks(session, self._settings)
        if story is None:
            return 0
        made: dict[tuple[str, date, str], Edition] = {}
        before = self._told(number)
        for readers in self._readers(story, only):
            self._batch(readers, story, blocks, made)
        return self._told(number) - before

    def _told(self, number: int) -> int:
        with reading(self._engine) as session:
            return editions.count(session, NOTICE, number)

    def _story(self, session: Session, number: int) -> _Story | None:
        shown = items.alerted(session, [number])
        if not shown:
            return None
        home = shown[0].item.id
        thread = [other for _, other in threads.of(session, [home]).get(home, [])]
        numbers = {
            alert: item for alert, item in told.alerts_of(session, [home, *thread]).items() if alert < number
        }
        found = told.editions_with(session, numbers)
        before = {one.alert.number: one for one in items.alerted(session, sorted(set(found.values())))}
        own = frozenset(alert for alert, one in before.items() if one.item.id == home)
        return _Story(shown[0], own, found, before)

    def _readers(self, story: _Story, only: Collection[int]) -> Iterator[Sequence[Reader]]:
        for some in chunks(sorted(story.editions), EDITIONS):
            after = 0
            while found := self._slice(some, after, only):
                yield [one for one in found if story.shown.alert.reason.value not in one.no_notices.split()]
                after = found[-1].delivery

    def _slice(self, some: Sequence[int], after: int, only: Collection[int]) -> Sequence[Reader]:
        with reading(self._engine) as session:
            return told.readers(session, some, after=after, limit=BATCH, only=only)

    def _batch(
        self, readers: Sequence[Reader], story: _Story, blocks: Blocks, made: dict[tuple[str, date, str], Edition]
    ) -> None:
        by_edition: dict[str, list[Reader]] = defaultdict(list)
        for reader in readers:
            key = (reader.format, reader.at.date(), self._sent_as(reader, story))
            if key not in made:
                made[key] = self._edition(story.shown, blocks, *key)
            by_edition[made[key].hash].append(reader)
        wanted = {edition.hash: edition for edition in made.values() if edition.hash in by_edition}
        with writing(self._engine) as session:
            ids = editions.keep(session, wanted.values(), self._now)
            mailings = [
                self._mailing(reader, story.shown.alert.number, ids[hashed])
                for hashed, some in by_edition.items()
                for reader in some
            ]
            editions.enqueue(session, mailings, self._now)

    def _sent_as(self, reader: Reader, story: _Story) -> str:
        number = story.editions[reader.edition]
        return "" if number in story.own or number not in story.told else headline(story.told[number])

    def _edition(self, shown: AlertedItem, blocks: Blocks, form: str, on: date, sent_as: str) -> Edition:
        letter = notice(
            Notice(shown=shown, sent_on=on, sent_as=sent_as), blocks, self._sender, html=form == "html"
        )
        return short_edition(letter, self._settings, numbers=(shown.alert.number,))

    def _mailing(self, reader: Reader, number: int, edition_id: int) -> Mailing:
        return mailing(
            self._keyring,
            self._sender.domain,
            reader.subscriber_id,
            NOTICE,
            number,
            edition_id,
            subscriber_id=reader.subscriber_id,
            domain_hash=reader.domain_hash,
            priority=URGENT,
        )
