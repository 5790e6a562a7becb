"""Cares for works we hold: completes teasers, and asks after alerted ones, for most retractions come late."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Engine

from alerts.errors import FetchError, SourceError
from alerts.ingest import aftercare, completion
from alerts.ingest.completion import Question
from alerts.model import Document, Entry
from alerts.pipeline import rules
from alerts.pipeline.run import FetchOne
from alerts.pipeline.shelve import Shelver
from alerts.store import care
from alerts.store.care import Alerted, Teaser
from alerts.store.engine import reading, writing

BATCH = 200  # items asked for at once: one request to PubMed
BUDGET = 500  # requests a day for completions, where the settings do not say otherwise

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cared:
    """How many works were asked for, the requests made, how many failed, the items that know more now."""

    items: int = 0
    requests: int = 0
    changed: int = 0
    failed: int = 0


async def complete_due(
    engine: Engine, fetch: FetchOne, now: datetime, *, budget: int = BUDGET
) -> Cared:
    """Ask PubMed, Europe PMC or Crossref, each once and ever more rarely, for what our teasers lack."""
    asked, count = await asyncio.to_thread(_teasers, engine, now, budget)
    return await _ask(Asking(engine, fetch, now, completion.answers), asked, count)


def _teasers(engine: Engine, now: datetime, budget: int) -> tuple[list[Question], int]:
    """Take the teasers that are due, as many as the day's budget allows, and write down the next try before asking."""
    with writing(engine) as session:
        due = care.teasers(session, now, BATCH)
        attempts = {one.item.id: one.attempts for one in due}
        lacking = [one.item for one in due if completion.is_teaser(one.item.content)]
        wished = list(completion.questions(lacking, attempts))
        granted = care.spend(session, "completion", now, len(wished), budget)
        put_off = {key for question in wished[granted:] for key in question.keys}
        taken = [one for one in due if put_off.isdisjoint(one.item.keys)]
        care.tried(session, {one.item.id: _next_try(one, now) for one in taken})
        return wished[:granted], len(taken)


def _next_try(one: Teaser, now: datetime) -> datetime | None:
    """Return when to ask again if this attempt is in vain; an item that lacks nothing is asked for no more."""
    wait = completion.next_try(one.attempts + 1)
    return now + wait if wait is not None and completion.is_teaser(one.item.content) else None


async def ask_after_due(engine: Engine, fetch: FetchOne, now: datetime) -> Cared:
    """Ask after works we alerted, monthly for five years: were they corrected, doubted, retracted or published."""
    due = await asyncio.to_thread(_alerted, engine, now)
    asked = list(aftercare.questions(one.item for one in due))
    return await _ask(Asking(engine, fetch, now, aftercare.read), asked, len(due))


def _alerted(engine: Engine, now: datetime) -> list[Alerted]:
    with writing(engine) as session:
        due = care.alerted(session, now, BATCH)
        care.asked(session, {one.item.id: aftercare.next_asking(one.at, now) for one in due})
        return due


@dataclass(frozen=True, slots=True)
class Asking:
    """What asking takes: where answers are stored, and how they are fetched and read."""

    engine: Engine
    fetch: FetchOne
    now: datetime
    read: Callable[[Question, Document], Iterable[Entry]]


async def _ask(asking: Asking, questions: Sequence[Question], items: int) -> Cared:
    """Ask one question after the other; a service that fails is left alone until its items are due again."""
    found: list[Entry] = []
    away: set[str] = set()
    asked = failed = 0
    for question in questions:
        if question.service in away:
            continue
        asked += 1
        try:
            found += asking.read(question, await asking.fetch(question.request))
        except SourceError as error:
            failed += 1
            if not (isinstance(error, FetchError) and error.status == 404):  # one work that it does not know
                away.add(question.service)
            log.warning("care.failed", service=question.service, reason=str(error))
    changed = await asyncio.to_thread(_add, asking, found) if found else 0
    return Cared(items=items, requests=asked, changed=changed, failed=failed)


def _add(asking: Asking, entries: Sequence[Entry]) -> int:
    with reading(asking.engine) as session:
        classifier = rules.current(session)
    return Shelver(asking.engine, classifier, asking.now).add_to_held(entries).changed
