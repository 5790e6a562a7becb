"""Classifies a long row of stored items in several processes, in order, a few batches ahead of who writes them."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

from sqlalchemy import ColumnElement, Engine

from alerts.classify import Classifier, Hints
from alerts.collector import collect_seldom
from alerts.model import Label, Topic
from alerts.pipeline import rules
from alerts.store import archive
from alerts.store.archive import Stored
from alerts.store.engine import reading

READ = 500  # items a batch
ALONE = 2_000  # items up to which starting processes takes longer than the work
_AHEAD = 2  # batches that wait for each process

Told = Mapping[int, tuple[Label, ...]]
Progress = Callable[[int, int], None]


def silent(_done: int, _total: int) -> None:
    """Tell nobody how far it is."""


def classify(classifier: Classifier, batch: Sequence[Stored]) -> Told:
    """Return the rules' word on each item of a batch."""
    told = classifier.classify_all([(one.content, _hints(one)) for one in batch])
    return dict(zip((one.id for one in batch), told, strict=True))


def _hints(one: Stored) -> Hints:
    return Hints(about=one.about, study_linked=one.study_linked)


def labelled(
    engine: Engine, topics: Sequence[Topic], which: ColumnElement[bool], progress: Progress = silent
) -> Iterator[tuple[list[Stored], Told]]:
    """Yield the stored items of a condition in batches with their labels; tells (done, total) as they are taken."""
    with reading(engine) as session:
        total = archive.count(session, which)
    progress(0, total)
    done = 0
    for batch, told in _told(topics, _walk(engine, which), total):
        yield batch, told
        done += len(batch)
        progress(done, max(total, done))


def _walk(engine: Engine, which: ColumnElement[bool]) -> Iterator[list[Stored]]:
    after = 0
    while True:
        with reading(engine) as session:
            batch = archive.batch(session, which, after, READ)
        if not batch:
            return
        yield batch
        after = batch[-1].id


def _told(
    topics: Sequence[Topic], batches: Iterable[list[Stored]], total: int
) -> Iterator[tuple[list[Stored], Told]]:
    if total <= ALONE:
        classifier = rules.classifier(topics)
        yield from ((batch, classify(classifier, batch)) for batch in batches)
        return
    workers = min(os.cpu_count() or 1, 8)
    # Fresh processes: a fork would copy the locks of threads that it does not copy.
    with ProcessPoolExecutor(workers, get_context("spawn"), _begin, (tuple(map(rules.plain, topics)),)) as crew:
        yield from _ahead(crew, batches, workers * _AHEAD)


def _ahead(
    crew: ProcessPoolExecutor, batches: Iterable[list[Stored]], most: int
) -> Iterator[tuple[list[Stored], Told]]:
    waiting: deque[tuple[list[Stored], Future[Told]]] = deque()
    for batch in batches:
        waiting.append((batch, crew.submit(_work, batch)))
        if len(waiting) >= most:
            first, told = waiting.popleft()
            yield first, told.result()
    while waiting:
        first, told = waiting.popleft()
        yield first, told.result()


_classifiers: list[Classifier] = []  # of this process: made once, for it costs as much as a batch


def _begin(topics: Sequence[Topic]) -> None:
    _classifiers[:] = [rules.classifier(topics)]
    collect_seldom()


def _work(batch: list[Stored]) -> Told:
    return classify(_classifiers[0], batch)
