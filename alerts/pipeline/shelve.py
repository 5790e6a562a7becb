"""Stores one page in one transaction: identified, merged, labelled, with the news it holds and the state of its run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
from alerts.store.shelf import Draft, Seen, Shelf

PART = 200  # entries a transaction: a page that holds more is written in parts, its state with the last (law 14)

Memo = dict[tuple[Content, Hints], tuple[Label, ...]]


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
class Finish:
    """What the last part of a page also writes: the state of the run, and its end where this is the last page."""

    outcome: Outcome
    ends: bool
    window: tuple[str, ...]

    def write(self, session: Session) -> bool:
        return due.write(session, self.outcome, ends=self.ends)


class Shelver:
    """Stores pages for one poll."""

    def __init__(self, engine: Engine, classifier: Classifier, now: datetime) -> None:
        self._engine = engine
        self._classifier = classifier
        self._now = now

    def shelve(self, claimed: Claimed, page: Page, outcome: Outcome, *, ends: bool, undated: int = 0) -> Shelved | None:
        """Store a page with what the poll came to; None if another worker has taken the source over."""
        guard = FirstPoll(max_age=claimed.source.max_age, first=claimed.last_ok_at is None, undated=undated)
        done = Shelved(seen=page.seen, undated=undated)
        parts = list(_parts(Arrival.all(page.entries, claimed.source.slug)))
        for part in parts[:-1]:
            stored = self._store(claimed, part, replace(guard, undated=done.undated))
            if stored is None:
                return None
            done += stored
        finish = Finish(outcome=outcome, ends=ends, window=page.window)
        last = self._store(claimed, parts[-1], replace(guard, undated=done.undated), finish)
        return done + last if last else None

    def _store(
        self, claimed: Claimed, arrivals: Sequence[Arrival], guard: FirstPoll, finish: "Finish | None" = None
    ) -> Shelved | None:
        memo = self._foretell(claimed, arrivals) if arrivals else {}
        with writing(self._engine, exclusive=bool(arrivals)) as session:
            if not (finish.write(session) if finish else due.still_ours(session, claimed)):
                return None
            if finish:
                shown = set(finish.window).difference(one.entry.locator for one in arrivals)
                saving.saw(session, claimed.id, sorted(shown), self._now)
            return self._save(session, claimed, arrivals, guard, memo) if arrivals else Shelved()

    def _foretell(self, claimed: Claimed, arrivals: Sequence[Arrival]) -> Memo:
        """Classify what looks new before the transaction begins: most of it is stored just as it came."""
        seen: dict[str, Seen] = {}
        if claimed.last_ok_at is not None:
            with reading(self._engine) as session:
                seen = shelf.sightings(session, claimed.id, [one.entry.locator for one in arrivals])
        memo: Memo = {}
        for one in arrivals:
            known = seen.get(one.entry.locator)
            if known is None or known.fingerprint != one.fingerprint:
                given = Hints(about=_about(claimed), study_linked=study_linked(one.entry.links))
                memo[one.entry.content, given] = self._classifier.classify(one.entry.content, given)
        return memo

    def _save(
        self, session: Session, claimed: Claimed, arrivals: Sequence[Arrival], guard: FirstPoll, memo: Memo
    ) -> Shelved:
        seen = shelf.sightings(session, claimed.id, [one.entry.locator for one in arrivals])
        loaded = shelf.load(session, seen, *wanted(arrivals), RELATIONS)
        about = _about(claimed)
        draft = Desk(loaded, self._now, guard, about[0] if about else None).work(arrivals)
        return self._write(session, claimed.id, loaded, draft, memo)

    def _write(self, session: Session, source_id: int | None, loaded: Shelf, draft: Draft, memo: Memo) -> Shelved:
        self._label(session, loaded, draft, memo)
        saving.save_page(session, source_id, loaded, draft, self._now)
        completed = [one for one, old in draft.before.items()
                     if one > 0 and old.truncated and not loaded.items[one].content.truncated]
        saving.hurry(session, completed)
        return Shelved(new=len(draft.created), changed=len(draft.before), seen=len(draft.seen), undated=draft.undated)

    def add_to_held(self, entries: Sequence[Entry]) -> Shelved:
        """Add what a service knows of works we hold, outside of any source; it makes no new item."""
        done = Shelved()
        for arrivals in _parts(Arrival.all(entries)):
            with writing(self._engine, exclusive=True) as session:
                loaded = shelf.load(session, {}, *wanted(arrivals), RELATIONS)
                draft = Desk(loaded, self._now, FirstPoll(only_held=True)).work(arrivals)
                done += self._write(session, None, loaded, draft, {})
        return done

    def _label(self, session: Session, loaded: Shelf, draft: Draft, memo: Memo) -> None:
        draft.rules = self._classifier.version
        for one in dict.fromkeys([*draft.created, *draft.before]):
            held = loaded.items[one]
            at = (held.content, hints(held))
            draft.labels[one] = memo[at] if at in memo else self._classifier.classify(*at)
        grown = [one for one in draft.before if one > 0]
        old = labels.stored(session, grown)
        for one in grown:
            ruled = [label for label in old.get(one, ()) if label.by == labels.RULE]
            if not saving.same_labels(ruled, draft.labels[one]):
                draft.intents.append(_grown(loaded, one))


def _grown(loaded: Shelf, one: int) -> Intent:
    """An item whose labels changed because its content grew is matched anew, or new to those it never reached."""
    first = loaded.items[one].first_alert is None
    return Intent(item_id=one, reason=Reason.NEW if first else Reason.MATCHED)


def _about(claimed: Claimed) -> tuple[tuple[str, str], ...]:
    source = claimed.source
    return ((source.about, source.title),) if source.about else ()


def _parts(arrivals: Sequence[Arrival]) -> Iterator[Sequence[Arrival]]:
    """Cut the arrivals of a page into transactions; there is always a last one, for the state."""
    for at in range(0, max(len(arrivals), 1), PART):
        yield arrivals[at : at + PART]
