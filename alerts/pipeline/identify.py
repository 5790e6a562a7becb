"""Finds out which works the entries of a page speak of: one work, one item (law 2); pure, on a loaded shelf."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.ingest import identity
from alerts.ingest.identity import contradict, merge_content
from alerts.model import Content, Entry, Intent, Key, Kind, Reason
from alerts.pipeline import decide
from alerts.pipeline.decide import News
from alerts.store.shelf import TITLE, At, Draft, Held, Shelf

_STRENGTH = {"pmid": 0, "doi": 1, "pmcid": 1, "guid": 3, "url": 4, TITLE: 5}
_SIGHTING = 3  # a locator is worth as much as a guid


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An entry on its way in: its fingerprint, its title as a key, and whether it alone bears its web address."""

    entry: Entry
    fingerprint: str
    keys: frozenset[Key]

    @classmethod
    def all(cls, entries: Sequence[Entry], source: str = "") -> "list[Arrival]":
        shared = _shared_addresses(entries)
        return [cls._of(entry, shared, source) for entry in entries]

    @classmethod
    def _of(cls, entry: Entry, shared: frozenset[Key], source: str) -> "Arrival":
        marks = entry.marks or identity.marks(entry, source)
        keys = {key for key in entry.keys if key not in shared} | ({Key(TITLE, marks.title)} if marks.title else set())
        return cls(entry=entry, fingerprint=marks.fingerprint, keys=frozenset(keys))

    @property
    def targets(self) -> frozenset[Key]:
        """The works that this entry marks, or whose publication it is."""
        return frozenset(Key(scheme, value) for relation, scheme, value in self.entry.links if relation in RELATIONS)


RELATIONS = frozenset(decide.MARKS_OTHER) | decide.PUBLISHES


def _shared_addresses(entries: Sequence[Entry]) -> frozenset[Key]:
    """An address or guid that two entries of one document bear identifies neither."""
    once: set[Key] = set()
    twice: set[Key] = set()
    for entry in entries:
        for key in {key for key in entry.keys if key.scheme in ("url", "guid")}:
            (twice if key in once else once).add(key)
    return frozenset(twice)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstPoll:
    """How the first alerts of a source are kept from flooding anyone; `only_held`: no new item is made at all."""

    max_age: timedelta | None = None
    first: bool = False
    undated: int = 0
    only_held: bool = False


class Desk:
    """Works through the arrivals of one source, one after the other, into a draft that other sources may share."""

    def __init__(  # noqa: PLR0913  what a source is
        self,
        shelf: Shelf,
        now: datetime,
        guard: FirstPoll,
        about: tuple[str, str] | None = None,
        *,
        source_id: int | None = None,
        draft: Draft | None = None,
    ) -> None:
        self.shelf = shelf
        self.draft = draft or Draft()
        self.undated = guard.undated
        self._now = now
        self._guard = guard
        self._about = about
        self._source_id = source_id

    def work(self, arrivals: Iterable[Arrival]) -> Draft:
        for arrival in arrivals:
            at = At(self._source_id, arrival.entry.locator)
            seen = self.shelf.sightings.get(at)
            if seen and seen.fingerprint == arrival.fingerprint:
                self.draft.seen[at] = arrival.entry.raw_hash
            else:
                self._take(arrival, at, again=seen.item_id if seen else None)
        return self.draft

    def _take(self, arrival: Arrival, at: At, again: int | None) -> None:
        content = decide.recognised(decide.believed(arrival.entry.content, self._now), arrival.entry.links)
        entry = arrival.entry if content is arrival.entry.content else replace(arrival.entry, content=content)
        owners = self._owners(arrival, again)
        if not owners and self._guard.only_held:
            return
        held = self._joined(owners) if owners else self._create(entry)
        if owners:
            self._update(held, entry, again=again == held.id)
        if again is None and content.published != arrival.entry.content.published:
            self.draft.history.append((held.id, "published", str(arrival.entry.content.published), ""))
        self._claim(held, arrival)
        self._mark(held, entry)
        self._look_around(held, arrival)
        self.draft.sightings[at] = (held.id, entry.raw_hash, arrival.fingerprint, entry.content.url)

    def _owners(self, arrival: Arrival, again: int | None) -> list[int]:
        """Return the items that this entry can be, the surest first; none that contradicts it or another of them."""
        owned = sorted(filter(self.shelf.owners.__contains__, arrival.keys), key=_strength, reverse=True)
        if not owned and again is None:
            return []
        ranked = {self.shelf.owners[key]: _strength(key) for key in owned}
        if again is not None:
            ranked[again] = min(ranked.get(again, _SIGHTING), _SIGHTING)
        together, found = set(arrival.keys), []
        for item_id in sorted(ranked, key=lambda one: (ranked[one], one < 0, abs(one))):
            held = self.shelf.items[item_id]
            if not contradict(together, held.keys) and _alike(held.content, arrival.entry.content):
                found.append(item_id)
                together |= held.keys
        return found

    def _joined(self, owners: Sequence[int]) -> Held:
        """Merge items that turn out to be one work; the one with the lowest alert number survives (law 2)."""
        survivor, *others = sorted((self.shelf.items[one] for one in owners), key=_seniority)
        for loser in others:
            self._merge(loser, survivor)
        return survivor

    def _merge(self, loser: Held, survivor: Held) -> None:
        self._change(survivor, merge_content(survivor.content, loser.content))
        survivor.keys |= loser.keys
        survivor.links |= loser.links
        survivor.about = tuple(sorted({*survivor.about, *loser.about}))
        self._set_mark(survivor, loser.mark)
        self._rehome(loser.id, survivor.id)
        if loser.id < 0:
            self.draft.created.remove(loser.id)
        else:
            self.draft.merged.append((loser.id, survivor.id))
            loser.merged_into, loser.keys, loser.links = survivor.id, set(), set()

    def _rehome(self, old: int, new: int) -> None:
        """Let everything that leads to one item lead to another."""
        shelf, draft = self.shelf, self.draft
        shelf.owners |= {key: new for key, owner in shelf.owners.items() if owner == old}
        shelf.sightings |= {name: s._replace(item_id=new) for name, s in shelf.sightings.items() if s.item_id == old}
        shelf.pointing |= {key: [(how, new if one == old else one) for how, one in pairs]
                           for key, pairs in shelf.pointing.items()}
        draft.sightings |= {name: (new, *told[1:]) for name, told in draft.sightings.items() if told[0] == old}
        draft.history = [(new, *told[1:]) if told[0] == old else told for told in draft.history]
        draft.intents = [replace(one, item_id=new) if one.item_id == old else one for one in draft.intents
                         if one.item_id != old or one.reason is not Reason.NEW]
        for names in (draft.touched, draft.before, draft.marked):
            names.pop(old, None)

    def _create(self, entry: Entry) -> Held:
        self.draft.numbers += 1
        held = Held(id=-self.draft.numbers, content=entry.content, first_seen=self._now)
        self.shelf.items[held.id] = held
        self.draft.created.append(held.id)
        wait = decide.not_before(entry.content, entry.keys, self._now)
        quiet = self._quiet(entry.content)
        self.draft.intents.append(Intent(item_id=held.id, reason=Reason.NEW, quiet=quiet, not_before=wait))
        return held

    def _quiet(self, content: Content) -> bool:
        if decide.too_old(content, self._now, self._guard.max_age):
            return True
        if not self._guard.first or decide.dated(content, self._now):
            return False
        self.undated += 1
        return self.undated > decide.UNDATED

    def _update(self, held: Held, entry: Entry, *, again: bool) -> None:
        old = held.content
        self._change(held, merge_content(old, entry.content, corrects=again))
        if held.id > 0:
            self.draft.history.extend((held.id, *change) for change in decide.history(old, held.content, again=again))
        self._tell(held, decide.changes(old, held.content))
        self._tell(held, decide.publishing(held.content, held.links, entry.links))

    def _change(self, held: Held, content: Content) -> None:
        if content != held.content:
            self.draft.before.setdefault(held.id, held.content)
            held.content = content
            self.draft.touched[held.id] = None

    def _tell(self, held: Held, news: Iterable[News]) -> None:
        """Note news of an item; one that nobody was told of yet is simply told as it is now."""
        if held.id > 0:
            self.draft.intents.extend(one.intent(held.id) for one in news)

    def _claim(self, held: Held, arrival: Arrival) -> None:
        """Give the item the keys that nobody else owns, the links, and what the operator says of the source."""
        for key in arrival.keys:
            if self.shelf.owners.setdefault(key, held.id) == held.id:
                held.keys.add(key)
        held.links |= set(arrival.entry.links)
        for relation, scheme, value in arrival.entry.links:
            if relation in decide.MARKS_OTHER:
                self.shelf.pointing.setdefault(Key(scheme, value), []).append((relation, held.id))
        if self._about and self._about not in held.about:
            held.about = tuple(sorted({*held.about, self._about}))
            self.draft.before.setdefault(held.id, held.content)
        self.draft.touched[held.id] = None

    def _mark(self, held: Held, entry: Entry) -> None:
        self._set_mark(held, decide.mark(held.content, held.links))
        if entry.content.kind is Kind.NOTICE or not self.shelf.pointing:
            return
        for key in sorted(held.keys):
            for relation, notice in self.shelf.pointing.get(key, ()):
                self._notice(self.shelf.items[notice], relation, held)

    def _set_mark(self, held: Held, mark: str, notice: str = "") -> None:
        news = list(decide.marking(held.mark, mark, notice))
        if news:
            self._tell(held, news)
            held.mark = mark
            self.draft.marked[held.id] = None

    def _look_around(self, held: Held, arrival: Arrival) -> None:
        """Follow the links that say something of another work we hold: a notice marks it, a paper publishes it."""
        for relation, scheme, value in sorted(arrival.entry.links):
            other = self.shelf.items.get(self.shelf.owners.get(Key(scheme, value), 0))
            if other is None or other.id == held.id:
                continue
            if relation in decide.MARKS_OTHER:
                self._notice(held, relation, other)
            elif relation in decide.PUBLISHES and _publishes(held, other):
                self._tell(other, [News(reason=Reason.PUBLISHED, detail=_name(held))])

    def _notice(self, notice: Held, relation: str, work: Held) -> None:
        """Let a notice mark the work it is about; it is no second item but leads to the work."""
        if relation not in decide.MARKS_OTHER or notice.id == work.id:
            return
        self._set_mark(work, decide.MARKS_OTHER[relation], notice.content.text or notice.content.title)
        if notice.content.kind is Kind.NOTICE and notice.merged_into is None:
            notice.merged_into = work.id
            self.draft.marked[notice.id] = None
            self.draft.intents = [one for one in self.draft.intents if one.item_id != notice.id]


def _publishes(paper: Held, other: Held) -> bool:
    return (paper.content.kind, other.content.kind) == (Kind.PAPER, Kind.PREPRINT)


def _strength(key: Key) -> int:
    return _STRENGTH.get(key.scheme, 2)


def _seniority(held: Held) -> tuple[bool, int, bool, int]:
    return held.first_alert is None, held.first_alert or 0, held.id < 0, abs(held.id)


_WEB = frozenset({Kind.NEWS, Kind.EXPLAINER})


def _alike(one: Content, other: Content) -> bool:
    """A notice, a record or a story is never the same work as something of another kind, whatever they share."""
    return _family(one.kind) == _family(other.kind)


def _family(kind: Kind) -> str:
    if kind in (Kind.NOTICE, Kind.RECORD):
        return kind.value
    return "story" if kind in _WEB else "work"


def _name(held: Held) -> dict[str, str]:
    return {key.scheme: key.value for key in sorted(held.keys, reverse=True) if key.scheme in ("doi", "pmid")}


def wanted(arrivals: Iterable[Arrival]) -> tuple[set[Key], set[Key]]:
    """Return the keys that arrivals own, and those they point at in ways that matter here."""
    keys: set[Key] = set()
    targets: set[Key] = set()
    for arrival in arrivals:
        keys |= arrival.keys
        targets |= arrival.targets
    return keys, targets
