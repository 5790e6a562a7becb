"""Stores one page in one transaction: identified, merged, labelled, with the news it holds and the state of its run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session

from alerts.classify import Classifier, Hints
from alerts.model import Content, Entry, Intent, Label, Page, Reason
from alerts.pipeline.identify import RELATIONS, Arrival, Desk, FirstPoll, wanted
from alerts.pipeline.rules import hints, study_linked
from alerts.store import due, labels, saving, shelf
from alerts.store.due import Claimed, Outcome
from alerts.store.engine import reading, writing
from alerts.store.shelf import At, Draft, Held, Seen, Shelf

PART = 200  # entries a transaction: a page that holds more is written in parts, its state with the last (law 14)

Memo = dict[tuple[str, str], tuple[tuple[Content, Hints], tuple[Label, ...]]]  # by title and text: their hash is quick


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """How many entries were new items, changed one, or said nothing new; `undated` counts for the first poll."""

    new: int = 0
    changed: int = 0
    seen: int = 0
    undated: int = 0

    def __add__(self, other: "Shelved") -> "Shelved":
        return Shelved(
            new=self.new + other.new,
            changed=self.changed + other.changed,
            seen=self.seen + other.seen,
            undated=max(self.undated, other.undated),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A page of a source, with what the poll came to by it; `ends` where it is the last one of its run."""

    claimed: Claimed
    page: Page
    outcome: Outcome
    ends: bool
    undated: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """As much of a page as one transaction holds; its last part writes the state of the run."""

    visit: Visit
    arrivals: Sequence[Arrival]
    guard: FirstPoll
    last: bool

    @property
    def source_id(self) -> int:
        return self.visit.claimed.id

    @property
    def about(self) -> tuple[str, str] | None:
        source = self.visit.claimed.source
        return (source.about, source.title or source.slug) if source.about else None

    @property
    def hints(self) -> tuple[tuple[str, str], ...]:
        return (self.about,) if self.about else ()

    def places(self) -> Iterator[At]:
        return (At(self.source_id, one.entry.locator) for one in self.arrivals)

    def still_shown(self) -> list[str]:
        """Return what the source still shows without saying anything new of it."""
        return sorted(set(self.visit.page.window).difference(one.entry.locator for one in self.arrivals))


class Shelver:
    """Stores pages for one poll."""

    def __init__(self, engine: Engine, classifier: Classifier, now: datetime) -> None:
        self.engine = engine
        self._classifier = classifier
        self._now = now

    def shelve(self, visit: Visit) -> Shelved | None:
        """Store a page with what the poll came to; None if another worker has taken the source over."""
        done = Shelved(seen=visit.page.seen, undated=visit.undated)
        pieces = list(_pieces(Arrival.all(visit.page.entries, visit.claimed.source.slug)))
        for number, arrivals in enumerate(pieces, 1):
            guard = _guard(visit, done.undated)
            (stored,) = self._store([Part(visit=visit, arrivals=arrivals, guard=guard, last=number == len(pieces))])
            if stored is None:
                return None
            done += stored
        return done

    def shelve_together(self, visits: Sequence[Visit]) -> list[Shelved | None]:
        """Store pages of several sources in one transaction: each with its own state, or none of them at all."""
        parts = [
            Part(
                visit=visit,
                arrivals=Arrival.all(visit.page.entries, visit.claimed.source.slug),
                guard=_guard(visit, visit.undated),
                last=True,
            )
            for visit in visits
        ]
        stored = self._store(parts)
        return [Shelved(seen=one.visit.page.seen, undated=one.visit.undated) + done if done else None
                for one, done in zip(parts, stored, strict=True)]

    def _store(self, parts: Sequence[Part]) -> list[Shelved | None]:
        arriving = any(part.arrivals for part in parts)
        memo = self._foretell(parts) if arriving else {}
        with writing(self.engine, exclusive=arriving) as session:
            ours = due.write_ours(session, [(part.visit.outcome, _how(part)) for part in parts])
            kept = [part for part in parts if part.source_id in ours]
            for part in kept:
                if part.last:
                    saving.saw(session, part.source_id, part.still_shown(), self._now)
            done = self._save(session, kept, memo) if arriving else [Shelved() for _ in kept]
        found = dict(zip((part.source_id for part in kept), done, strict=True))
        return [found.get(part.source_id) for part in parts]

    def _foretell(self, parts: Sequence[Part]) -> Memo:
        """Classify what looks new before the transaction begins: most of it is stored just as it came."""
        asked = [at for part in parts if part.visit.claimed.last_ok_at is not None for at in part.places()]
        seen: dict[At, Seen] = {}
        if asked:
            with reading(self.engine) as session:
                seen = shelf.sightings(session, asked)
        new = [
            (one.entry.content, Hints(about=part.hints, study_linked=study_linked(one.entry.links)))
            for part in parts
            for at, one in zip(part.places(), part.arrivals, strict=True)
            if at not in seen or seen[at].fingerprint != one.fingerprint
        ]
        classified = zip(new, self._classifier.classify_all(new), strict=True)
        return {(given[0].title, given[0].text): (given, labels) for given, labels in classified}

    def _save(self, session: Session, parts: Sequence[Part], memo: Memo) -> list[Shelved]:
        arrivals = [one for part in parts for one in part.arrivals]
        seen = shelf.sightings(session, [at for part in parts for at in part.places()])
        loaded = shelf.load(session, seen, *wanted(arrivals), RELATIONS)
        draft = Draft()
        done = [self._worked(part, loaded, draft) for part in parts]
        self._write(session, loaded, draft, memo)
        return done

    def _worked(self, part: Part, loaded: Shelf, draft: Draft) -> Shelved:
        desk = Desk(loaded, self._now, part.guard, part.about, source_id=part.source_id, draft=draft)
        made, grown = len(draft.created), _grown_by(draft)
        desk.work(part.arrivals)
        new, changed = max(0, len(draft.created) - made), max(0, _grown_by(draft) - grown)
        seen = max(0, len(part.arrivals) - new - changed)
        return Shelved(new=new, changed=changed, seen=seen, undated=desk.undated)

    def _write(self, session: Session, loaded: Shelf, draft: Draft, memo: Memo) -> None:
        self._label(session, loaded, draft, memo)
        saving.save(session, loaded, draft, self._now)
        completed = [one for one, old in draft.before.items()
                     if one > 0 and old.truncated and not loaded.items[one].content.truncated]
        saving.hurry(session, completed)

    def add_to_held(self, entries: Sequence[Entry]) -> Shelved:
        """Add what a service knows of works we hold, outside of any source; it makes no new item."""
        done = Shelved()
        for arrivals in _pieces(Arrival.all(entries)):
            with writing(self.engine, exclusive=True) as session:
                loaded = shelf.load(session, {}, *wanted(arrivals), RELATIONS)
                draft = Desk(loaded, self._now, FirstPoll(only_held=True)).work(arrivals)
                self._write(session, loaded, draft, {})
                done += Shelved(changed=len(draft.before))
        return done

    def _label(self, session: Session, loaded: Shelf, draft: Draft, memo: Memo) -> None:
        draft.rules = self._classifier.version
        for one in dict.fromkeys([*draft.created, *draft.before]):
            held = loaded.items[one]
            asked = (held.content, hints(held))
            given, labelled = memo.get((held.content.title, held.content.text), (None, ()))
            draft.labels[one] = labelled if given == asked else self._classifier.classify(*asked)
        grown = [one for one in draft.before if one > 0]
        old = labels.stored(session, grown)
        for one in grown:
            ruled = [label for label in old.get(one, ()) if label.by == labels.RULE]
            if not saving.same_labels(ruled, draft.labels[one]):
                draft.intents.extend(_grown(loaded.items[one]))


def _grown_by(draft: Draft) -> int:
    """Count the items held before that a draft changes; new ones are labelled without having been anything else."""
    return sum(one > 0 for one in draft.before)


def _grown(held: Held) -> Iterator[Intent]:
    """An item whose labels changed because its content grew is matched anew, or new to those it never reached.

    A retracted work is recommended to nobody further, whatever is done to its words later.
    """
    if held.first_alert is None:
        yield Intent(item_id=held.id, reason=Reason.NEW)
    elif held.mark != Reason.RETRACTED.value:
        yield Intent(item_id=held.id, reason=Reason.MATCHED)


def _how(part: Part) -> due.How:
    if not part.last:
        return due.How.HOLD
    return due.How.END if part.visit.ends else due.How.GO_ON


def _guard(visit: Visit, undated: int) -> FirstPoll:
    claimed = visit.claimed
    return FirstPoll(max_age=claimed.source.max_age, first=claimed.last_ok_at is None, undated=undated)


def _pieces(arrivals: Sequence[Arrival]) -> Iterator[Sequence[Arrival]]:
    """Cut the arrivals of a page into transactions; there is always a last one, for the state."""
    for at in range(0, max(len(arrivals), 1), PART):
        yield arrivals[at : at + PART]
