"""The end of a topic: its followers go on with its successor or lose it, and are told once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine
from sqlmodel import Session

from alerts.ingest.watch import purpose
from alerts.pipeline.contents import mailing, sender, short_edition
from alerts.publish import notes
from alerts.settings import Settings
from alerts.store import catalogue, editions
from alerts.store.editions import NOTICE, Edition
from alerts.store.engine import writing
from subscribers import store
from subscribers.interest import format_set, parse_set
from subscribers.store import Follower
from subscribers.tokens import Keyring


class Retired(NamedTuple):
    """How many followers get mail, and are told; and the sources that were paused."""

    told: int
    paused: tuple[str, ...]


class Retiring:
    """Ends topics."""

    def __init__(self, engine: Engine, keyring: Keyring, settings: Settings) -> None:
        self._engine = engine
        self._keyring = keyring
        self._settings = settings

    def retire(self, slug: str, now: datetime, *, into: str | None = None) -> Retired:
        """End a topic: its followers go on with `into` or lose it, and sources that only watch it pause.

        One transaction, however many follow: nobody may lose a topic without a word.
        """
        with writing(self._engine, durable=True) as session:
            catalogue.retire_topic(session, slug, now, into=into)
            held = store.sets_with(session, slug)
            followers = store.followers(session, held)
            self._tell(session, slug, followers, now)
            store.move_sets(session, {old: new for old in held if (new := _without(old, slug, into)) != old})
            return Retired(len(followers), tuple(catalogue.pause_watchers(session, purpose(slug))))

    def _tell(self, session: Session, slug: str, followers: Sequence[Follower], now: datetime) -> None:
        note = self._note(session, slug)
        made = {form: self._edition(note, form) for form in {one.format for one in followers}}
        ids = editions.keep(session, made.values(), now)
        ordinal = -catalogue.topic_id(session, slug)  # notices of works have the numbers of their alerts
        mailings = [
            mailing(
                self._keyring,
                sender(self._settings).domain,
                one.id,
                NOTICE,
                ordinal,
                ids[made[one.format].hash],
                subscriber_id=one.id,
                domain_hash=one.domain_hash,
            )
            for one in followers
        ]
        editions.enqueue(session, mailings, now)

    def _note(self, session: Session, slug: str) -> notes.Note:
        topics = {topic.slug: topic for topic in catalogue.topics(session, retired=True)}
        successor = topics[slug].successor
        return notes.topic_ended(sender(self._settings), topics[slug].name, topics[successor].name if successor else "")

    def _edition(self, note: notes.Note, form: str) -> Edition:
        return short_edition(notes.letter(note, sender(self._settings), html=form == "html"), self._settings)


def _without(interests: str, slug: str, into: str | None) -> str:
    """Return a set of interests with a topic renamed or left out; the last one stays, so that nobody is lost."""
    kept = parse_set(interests)
    renamed = [replace(one, topic=into) if one.topic == slug and into else one for one in kept]
    left = [one for one in renamed if one.topic != slug]
    return format_set(left) if left else interests
