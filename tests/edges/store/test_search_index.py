"""The index for search: written in batches, by whoever comes first, and never twice."""

from datetime import datetime

import pytest
from sqlalchemy import Engine, delete, insert, update

from alerts.pipeline import index
from alerts.store.engine import reading, writing
from alerts.store.search import behind, search
from alerts.store.search import index as index_some
from alerts.store.tables import ItemRow


@pytest.fixture
def put(engine: Engine, now: datetime):
    def putting(*titles: str, first: int = 1) -> None:
        seen = {"kind": "paper", "text": "", "url": "", "first_seen_at": now, "changed_at": now}
        with writing(engine) as session:
            session.execute(insert(ItemRow), [{"id": at, "title": title, **seen} for at, title in enumerate(titles, first)])

    return putting


def found(engine: Engine, said: str) -> list[int]:
    with reading(engine) as session:
        return search(session, said, 9_999)


def changed(engine: Engine, number: int, title: str) -> None:
    with writing(engine) as session:
        session.execute(update(ItemRow).where(ItemRow.id == number).values(title=title))


def removed(engine: Engine, number: int) -> None:
    with writing(engine) as session:
        session.execute(delete(ItemRow).where(ItemRow.id == number))


def whole(engine: Engine) -> bool:
    """Tell whether the index holds just the words that the items hold."""
    with writing(engine) as session:
        if engine.dialect.name == "sqlite":
            session.connection().exec_driver_sql("INSERT INTO item_words (item_words, rank) VALUES ('integrity-check', 1)")
        return not behind(session)


def test_items_are_found_once_they_are_indexed(engine: Engine, put) -> None:
    put(*(f"lamp {number}" for number in range(2 * index.BATCH + 3)))
    index.index(engine)
    assert len(found(engine, "lamp")) == 2 * index.BATCH + 3
    assert whole(engine)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)  # PostgreSQL indexes by itself
def test_what_one_process_left_another_indexes(engine: Engine, put) -> None:
    put("lamp one", "lamp two", "lamp three")
    with writing(engine) as session:
        assert index_some(session, 2)
    assert found(engine, "lamp") == [2, 1]
    with reading(engine) as session:  # rolled back, as in a crash
        assert index_some(session, 2)
    assert found(engine, "lamp") == [2, 1]
    index.index(engine)
    assert found(engine, "lamp") == [3, 2, 1]
    assert whole(engine)


def test_an_item_that_changes_before_it_is_indexed_is_indexed_as_it_is_then(engine: Engine, put) -> None:
    put("first words")
    changed(engine, 1, "second thoughts")
    index.index(engine)
    assert (found(engine, "first"), found(engine, "second")) == ([], [1])
    assert whole(engine)


def test_an_item_that_goes_before_it_is_indexed_leaves_nothing(engine: Engine, put) -> None:
    put("first words", "second words")
    removed(engine, 2)
    index.index(engine)
    assert found(engine, "words") == [1]
    assert whole(engine)


def test_a_number_that_is_given_again_is_indexed_anew(engine: Engine, put) -> None:
    put("first words", "second words")
    index.index(engine)
    removed(engine, 2)
    put("third thoughts", first=2)
    index.index(engine)
    assert (found(engine, "second"), found(engine, "third")) == ([], [2])
    assert whole(engine)


def test_an_indexed_item_that_changes_is_found_by_its_new_words_at_once(engine: Engine, put) -> None:
    put("first words")
    index.index(engine)
    changed(engine, 1, "second thoughts")
    assert (found(engine, "first"), found(engine, "second")) == ([], [1])
    assert whole(engine)
