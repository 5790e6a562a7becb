"""Transactions on the real databases: writers begin as writers, one at a time, and roll back whole."""

import threading

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from alerts.store.engine import database_now, reading, writing
from alerts.store.tables import NumberLineRow


def synchronous(session: Session) -> int:
    found: int = session.execute(text("PRAGMA synchronous")).scalar_one()
    return found


def test_a_durable_transaction_waits_for_the_disk_and_the_next_does_not(sqlite_engine: Engine) -> None:
    with writing(sqlite_engine, durable=True) as session:
        assert synchronous(session) == 2
    with writing(sqlite_engine) as session:
        assert synchronous(session) == 1


def test_what_raises_is_rolled_back(engine: Engine) -> None:
    def write_and_fail() -> None:
        with writing(engine) as session:
            session.add(NumberLineRow(id=1, n=7))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    with reading(engine) as session:
        assert session.get(NumberLineRow, 1) is None


def test_read_then_write_by_many_loses_nothing(engine: Engine) -> None:
    with writing(engine) as session:
        session.add(NumberLineRow(id=1, n=0))

    def add_ten() -> None:
        for _ in range(10):
            with writing(engine, exclusive=True) as session:
                row = session.get_one(NumberLineRow, 1)
                row.n += 1

    threads = [threading.Thread(target=add_ten) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(engine) as session:
        assert session.get_one(NumberLineRow, 1).n == 40


def test_the_database_clock_is_aware(engine: Engine) -> None:
    with reading(engine) as session:
        first, second = database_now(session), database_now(session)
    assert first.utcoffset() is not None
    assert first <= second
