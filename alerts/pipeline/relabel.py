"""Labels the archive anew after rules or topics changed, tries a change before it is saved, and takes corrections."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Engine

from alerts.errors import NotFoundError
from alerts.model import Facet, Intent, Label, Reason, Role, Topic
from alerts.pipeline import crew, rules
from alerts.store import archive, catalogue, labels, saving
from alerts.store.archive import Stored
from alerts.store.engine import reading, writing
from alerts.store.installation import raise_revisions

BATCH = 100  # items a transaction: about a thousand labels (law 14)
READ = 500

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relabelled:
    """How many items were read again, and how many of them bear other labels now."""

    items: int = 0
    changed: int = 0


def _silent(_done: int, _total: int) -> None: ...


def relabel(engine: Engine, now: datetime, progress: Progress = _silent, *, loud: bool = False) -> Relabelled:
    """Label every item anew that other rules labelled; an interrupted pass goes on where it was.

    Items that gain a topic or other facts so make quiet alerts, unless `loud` (law 4).
    """
    with reading(engine) as session:
        topics = catalogue.topics(session)
        version = rules.classifier(topics).version
        which = archive.outdated(version)
        total = archive.count(session, which)
    items = changed = 0
    progress(0, total)
    for batch, told in crew.labelled(topics, _walk(engine, which), total):
        for at in range(0, len(batch), BATCH):
            changed += _write(engine, batch[at : at + BATCH], told, version, now, loud=loud)
        items += len(batch)
        progress(items, max(total, items))
    return Relabelled(items=items, changed=changed)


def outdated(engine: Engine) -> int:
    """Return how many items were labelled by other rules than today's."""
    with reading(engine) as session:
        return archive.count(session, archive.outdated(rules.current(session).version))


def _walk(engine: Engine, which: ColumnElement[bool]) -> Iterator[list[Stored]]:
    after = 0
    while True:
        with reading(engine) as session:
            batch = archive.batch(session, which, after, READ)
        if not batch:
            return
        yield batch
        after = batch[-1].id


def _write(engine: Engine, batch: Sequence[Stored], told: crew.Told, version: str, now: datetime, *, loud: bool) -> int:  # noqa: PLR0913
    with writing(engine, exclusive=True) as session:
        same = archive.unchanged(session, batch)
        old = labels.stored(session, [one.id for one in same])
        ruled = {one.id: [label for label in old.get(one.id, ()) if label.by == labels.RULE] for one in same}
        differ = [one for one in same if set(ruled[one.id]) != set(told[one.id])]
        labels.replace_rules(session, {one.id: told[one.id] for one in differ}, now)
        archive.labelled(session, [one.id for one in same], version)
        news = [one for one in differ if not saving.same_labels(ruled[one.id], told[one.id])]
        saving.put_intents(session, [_intent(one, quiet=not loud) for one in news], now)
        return len(news)


def _intent(one: Stored, *, quiet: bool) -> Intent:
    return Intent(item_id=one.id, reason=Reason.NEW if one.first_alert is None else Reason.MATCHED, quiet=quiet)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A topic that an item would gain or lose, with the words that decide it."""

    slug: str
    item_id: int
    title: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a changed definition would do to the archive."""

    items: int
    added: tuple[Change, ...]
    dropped: tuple[Change, ...]


def trial(
    engine: Engine, topics: Iterable[Topic], *, since: datetime | None = None, progress: Progress = _silent
) -> Trial:
    """Try definitions on the stored items, those first seen from `since` on, before anything is saved (law 12)."""
    changed = {topic.slug: topic for topic in topics}
    which = archive.since(since)
    with reading(engine) as session:
        today = {topic.slug: topic for topic in catalogue.topics(session)}
        total = archive.count(session, which)
    tried, added, dropped = 0, [], []
    progress(0, total)
    for batch, told in crew.labelled(list((today | changed).values()), _walk(engine, which), total):
        with reading(engine) as session:
            held = labels.stored(session, told)
        for one in batch:
            old = _topics((label for label in held.get(one.id, ()) if label.by == labels.RULE), changed)
            new = _topics(told[one.id], changed)
            added += [_change(one, new[slug]) for slug in sorted(new.keys() - old.keys())]
            dropped += [_change(one, old[slug]) for slug in sorted(old.keys() - new.keys())]
        tried += len(batch)
        progress(tried, max(total, tried))
    return Trial(items=tried, added=tuple(added), dropped=tuple(dropped))


def _topics(given: Iterable[Label], among: Mapping[str, Topic]) -> dict[str, Label]:
    return {label.value: label for label in given
            if label.facet is Facet.TOPIC and label.role is Role.ABOUT and label.value in among}


def _change(one: Stored, label: Label) -> Change:
    words = tuple(proof.words for proof in label.evidence)
    return Change(slug=label.value, item_id=one.id, title=one.content.title, words=words)


def correct(engine: Engine, item: int, said: Sequence[Label], now: datetime) -> None:
    """Write an operator's corrections of one item; they win over rules and survive them (the item may be news now).

    Raises NotFoundError for a topic that does not exist.
    """
    with writing(engine, exclusive=True) as session:
        known = catalogue.parents(session)
        for label in said:
            if label.facet is Facet.TOPIC and label.value not in known:
                raise NotFoundError(f"There is no topic {label.value!r}; see: alerts topic list")
        labels.correct(session, item, said, now)
        (stored,) = archive.these(session, [item])
        saving.put_intents(session, [_intent(stored, quiet=False)], now)
        raise_revisions(session, saving.topics_of(session, [item]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Where today's rules say something else than an operator once did."""

    item_id: int
    facet: str
    value: str
    said: str
    ruled: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """How many corrections there are, and those with which the rules disagree."""

    corrections: int
    disagreements: tuple[Disagreement, ...]


def check_corrections(engine: Engine) -> Replay:
    """Replay every correction against today's rules: a regression set that operators wrote."""
    with reading(engine) as session:
        classifier = rules.current(session)
        said = list(labels.corrections(session))
        stored = {one.id: one for one in archive.these(session, {item for item, _ in said})}
    ruled = crew.classify(classifier, list(stored.values()))
    wrong = (_disagreement(item, label, ruled[item]) for item, label in said if item in ruled)
    return Replay(corrections=len(said), disagreements=tuple(one for one in wrong if one))


def _disagreement(item: int, said: Label, ruled: Iterable[Label]) -> Disagreement | None:
    ours = [label for label in ruled if label.facet is said.facet]
    same = next((label for label in ours if label.value == said.value), None)
    if said.role is Role.NOT:
        agrees = same is None or (said.facet is Facet.TOPIC and same.role is Role.MENTION)
    else:
        agrees = same is not None and same.role is said.role
    if agrees:
        return None
    told = same.role.value if same else ", ".join(label.value for label in ours) or "nothing"
    return Disagreement(item_id=item, facet=said.facet.value, value=said.value, said=said.role.value, ruled=told)
