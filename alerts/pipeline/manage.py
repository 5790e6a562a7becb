"""What operators change: topics and sources, each change in one transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session

from alerts import ingest
from alerts.model import Source, Topic
from alerts.store import catalogue, installation, relabelling
from alerts.store.engine import reading, writing


def add_topics(engine: Engine, topics: Iterable[Topic], now: datetime, *, watchers: Sequence[Source] = ()) -> list[str]:
    """Add topics and the sources that ask for them, and order that the archive is labelled anew."""
    with writing(engine) as session:
        added = catalogue.add_topics(session, topics)
        catalogue.add_sources(session, watchers, now)
        _follow_up(session, added, now)
    return added


def edit_topics(engine: Engine, topics: Iterable[Topic], now: datetime, *, loud: bool = False) -> list[str]:
    """Change topics, and order that the archive is labelled anew; returns the slugs that differ now."""
    with writing(engine) as session:
        changed = catalogue.edit_topics(session, topics)
        _follow_up(session, changed, now, loud=loud)
    return changed


def _follow_up(session: Session, slugs: Sequence[str], now: datetime, *, loud: bool = False) -> None:
    if slugs:
        installation.raise_revisions(session, slugs)
        relabelling.place(session, now, loud=loud)


def import_topics(engine: Engine, topics: Sequence[Topic], now: datetime) -> tuple[list[str], list[str]]:
    """Add the topics of a pack whose slugs are new and change the living ones; returns both lists of slugs."""
    with writing(engine) as session:
        known, ended = catalogue.parents(session), catalogue.ended(session)
        topics = [topic for topic in topics if topic.slug not in ended]
        added = catalogue.add_topics(session, [topic for topic in topics if topic.slug not in known])
        changed = catalogue.edit_topics(session, [topic for topic in topics if topic.slug in known])
        _follow_up(session, added + changed, now)
    return added, changed


def check_new_source(engine: Engine, source: Source, now: datetime) -> None:
    """Raise UsageError where a source could not be added; nothing is written."""
    ingest.check(source, now)
    with reading(engine) as session:
        catalogue.check_new_sources(session, [source])


def add_sources(engine: Engine, sources: Iterable[Source], now: datetime) -> list[str]:
    """Add sources, due at once."""
    wanted = list(sources)
    for source in wanted:
        ingest.check(source, now)
    with writing(engine) as session:
        return catalogue.add_sources(session, wanted, now)


def edit_source(engine: Engine, source: Source, now: datetime, *, afresh: bool = False) -> None:
    """Change a source; where it then asks something else, or is told to, it starts afresh."""
    ingest.check(source, now)
    with writing(engine) as session:
        catalogue.edit_source(session, source.slug, source, now, afresh=afresh)


def pause_sources(engine: Engine, slugs: Iterable[str]) -> None:
    """Poll these no more until they are resumed."""
    with writing(engine) as session:
        for slug in slugs:
            catalogue.pause_source(session, slug)


def resume_sources(engine: Engine, slugs: Iterable[str], now: datetime) -> None:
    """Poll these again, at once."""
    with writing(engine) as session:
        for slug in slugs:
            catalogue.resume_source(session, slug, now)


def remove_source(engine: Engine, slug: str) -> None:
    """Remove a source; the sample source goes with everything that only it brought."""
    with writing(engine, exclusive=True) as session:
        catalogue.remove_source(session, slug)
