"""The content of digests: one for all who have the same interests, window, format and cadence, made once."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine
from sqlmodel import Session

from alerts.model import AlertedItem
from alerts.pipeline.windows import Window, load
from alerts.publish import notes, reach
from alerts.publish.blocks import Blocks
from alerts.publish.edition import Selection, select
from alerts.publish.email import Letter, Sender, pack, render
from alerts.publish.letters import Digest, First, Followed, digest, subject, told
from alerts.settings import Settings
from alerts.store import catalogue, items, trouble, windows
from alerts.store import engine as database
from alerts.store.editions import Edition, Mailing
from subscribers.cadence import Cadence
from subscribers.interest import Interest, parse_set
from subscribers.tokens import Keyring

KEPT: Final = 1024  # contents kept at once; compressed they are some 10 KB each
SHOWN: Final = 2048  # items kept loaded
YEAR: Final = timedelta(days=365)
SILENCE: Final = timedelta(days=90)  # after so long without a digest: one line, that there is nothing new


class Group(NamedTuple):
    """All that tells one content from another: who has the same gets the same."""

    interests: str
    seen: int
    format: str = "html"
    language: str = "en"
    rhythm: str = "weekly"
    weekday: int = 0
    first: bool = False
    silent: bool = False
    earlier: bool = True  # False: nobody's next digest

    @property
    def cadence(self) -> Cadence:
        return Cadence(rhythm=self.rhythm, weekday=self.weekday)


def sender(settings: Settings) -> Sender:
    """Return what mail of this installation says of where it comes from."""
    return Sender(
        base_url=settings.base_url,
        from_=settings.from_,
        bounce_address=settings.bounce_address,
        imprint=settings.imprint,
    )


def its_blocks(session: Session, settings: Settings) -> Blocks:
    """Return what renders blocks, with the names that topics and sources go by."""
    names = {topic.slug: topic.name for topic in catalogue.topics(session, retired=True)}
    return Blocks(settings.base_url, names, {source.slug: source.title for source in catalogue.sources(session)})


def short_edition(letter: Letter, settings: Settings, numbers: tuple[int, ...] = ()) -> Edition:
    """Return the edition of a short letter."""
    return Edition(
        kind=letter.kind,
        format="html" if letter.html else "text",
        subject=letter.subject,
        parts=render(letter, sender(settings)),
        language=letter.language,
        numbers=numbers,
    )


def mailing(  # noqa: PLR0913, PLR0917  what tells one mail from another
    keyring: Keyring, domain: str, recipient: int | str, kind: str, ordinal: int, edition_id: int, **own: Any  # noqa: ANN401
) -> Mailing:
    """Return one delivery: the mail `ordinal` of a kind to a recipient, under its Message-ID (law 7)."""
    to = str(recipient)
    return Mailing(to, kind, ordinal, edition_id, keyring.message_id(to, kind, ordinal, domain), **own)


@dataclass(slots=True)
class Contents:
    """Makes contents for windows that end at `upto`, and keeps those made last. Reads, never writes."""

    engine: Engine
    settings: Settings
    now: datetime
    upto: int
    _made: OrderedDict[Group, Edition | None] = field(default_factory=OrderedDict)
    _window: Window | None = None
    _blocks: Blocks | None = None
    _shown: dict[int, AlertedItem] = field(default_factory=dict)
    _reach: str | None = None

    def of(self, group: Group) -> Edition | None:
        """Return the edition for a group; None where there is nothing to tell."""
        if group not in self._made:
            self._made[group] = self._make(group)
            while len(self._made) > KEPT:
                self._made.popitem(last=False)
        self._made.move_to_end(group)
        return self._made[group]

    def told(self, group: Group) -> tuple[Digest, Blocks]:
        """Return what a group is told, and the blocks to tell it with."""
        interests = parse_set(group.interests)
        blocks, window = self._its_blocks(), self._window_from(group.seen)
        chosen = select(window.matching, interests, seen=group.seen, full=self.settings.digest_full)
        content = Digest(
            selection=chosen,
            shown=self._items(told(chosen)),
            interests=interests,
            cadence=group.cadence,
            window=(group.seen, self.upto),
            language=group.language,
            first=self._first(group, interests, chosen) if group.first else None,
            names=blocks.names,
            reach=self._its_reach(),
            earlier=group.earlier,
        )
        return content, blocks

    def _make(self, group: Group) -> Edition | None:
        content, blocks = self.told(group)
        if not content.selection.items and content.first is None:
            return self._nothing(group) if group.silent else None
        content, made = digest(content, blocks, sender(self.settings), html=group.format == "html")
        return Edition(
            kind="first" if group.first else "digest",
            format=group.format,
            subject=subject(content.selection),
            parts=pack(made),
            language=group.language,
            numbers=tuple(content.selection.numbers),
            listed=tuple(content.selection.listed),
        )

    def _nothing(self, group: Group) -> Edition:
        with database.reading(self.engine) as session:
            read = windows.read_since(session, self.now - SILENCE)
        note = notes.nothing_new(read, SILENCE.days)
        return short_edition(notes.letter(note, sender(self.settings), html=group.format == "html"), self.settings)

    def _window_from(self, seen: int) -> Window:
        if self._window is None or seen < self._window.start:
            with database.reading(self.engine) as session:
                self._window = load(session, self.settings, seen, self.upto)
        return self._window

    def _items(self, numbers: Sequence[int]) -> dict[int, AlertedItem]:
        """Load what is to be shown; windows overlap, so that most of it was loaded before."""
        missing = [number for number in numbers if number not in self._shown]
        if len(self._shown) + len(missing) > SHOWN:
            self._shown.clear()
            missing = list(numbers)
        if missing:
            with database.reading(self.engine) as session:
                self._shown |= {one.alert.number: one for one in items.alerted(session, missing)}
        return {number: self._shown[number] for number in numbers if number in self._shown}

    def _its_blocks(self) -> Blocks:
        if self._blocks is None:
            with database.reading(self.engine) as session:
                self._blocks = its_blocks(session, self.settings)
        return self._blocks

    def _its_reach(self) -> str:
        if self._reach is None:
            with database.reading(self.engine) as session:
                self._reach = reach.line(*trouble.reach(session, self.now))
        return self._reach

    def _first(self, group: Group, interests: Sequence[Interest], chosen: Selection) -> First:
        met = {topic for entry in chosen.entries for topic in entry.topics}
        slugs = list(dict.fromkeys(interest.topic for interest in interests))
        with database.reading(self.engine) as session:
            topics = tuple(self._followed(session, slugs, met))
        return First(days=group.cadence.first_window.days, topics=topics)

    def _followed(self, session: Session, slugs: Sequence[str], met: set[str]) -> Iterator[Followed]:
        counts = windows.items_under(session, slugs, self.now - YEAR)
        names = self._its_blocks().names
        for slug in slugs:
            newest = None if slug in met else windows.newest_under(session, slug, self.upto)
            shown = items.alerted(session, [newest]) if newest else []
            yield Followed(
                name=names.get(slug, slug),
                address=f"{self.settings.base_url}/topics/{slug}",
                year=counts.get(slug, 0),
                newest=shown[0] if shown else None,
            )
