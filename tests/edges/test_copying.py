"""Moving an installation between the two kinds of database: everything arrives, counting goes on."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, insert, select

from alerts.errors import UsageError
from alerts.store.copying import copy
from alerts.store.engine import reading, writing
from alerts.store.tables import AlertRow, ItemRow, NumberLineRow, metadata

WHEN = datetime(2026, 5, 4, 9, 30, 1, 250, tzinfo=UTC)


def fill(engine: Engine) -> None:
    with writing(engine) as session:
        for number in range(1, 5):
            session.add(
                ItemRow(
                    id=number,
                    kind="paper",
                    title=f"Title {number} \u2013 ä",
                    url="",
                    first_seen_at=WHEN,
                    changed_at=WHEN,
                    authors=["A", "B"],
                )
            )
        session.flush()
        session.get_one(ItemRow, 1).merged_into = 4
        session.add(NumberLineRow(id=1, n=7))
        session.flush()
        session.add(AlertRow(number=7, item_id=4, reason="new", at=WHEN, facts={"kind": "paper", "topics": ["ms"]}))


@pytest.mark.parametrize("way", ["sqlite to postgresql", "postgresql to sqlite"])
def test_everything_arrives_and_ids_go_on(way: str, sqlite_engine: Engine, postgres_engine: Engine) -> None:
    source, target = (sqlite_engine, postgres_engine) if way.startswith("sqlite") else (postgres_engine, sqlite_engine)
    fill(source)
    seen: list[tuple[int, int]] = []
    counts = copy(source, target, lambda done, total: seen.append((done, total)))
    assert counts["items"] == 4
    assert set(counts) == set(metadata.tables)
    assert seen[-1] == (6, 6)
    with reading(source) as one, reading(target) as other:
        for table in metadata.sorted_tables:
            rows = select(table).order_by(*table.primary_key.columns)
            assert one.execute(rows).all() == other.execute(rows).all()
    with writing(target) as session:
        added = session.execute(
            insert(ItemRow)
            .values(
                kind="news",
                title="One more",
                text="",
                url="",
                first_seen_at=WHEN,
                changed_at=WHEN,
                authors=[],
                publication_types=[],
                mesh=[],
                phases=[],
            )
            .returning(ItemRow.id)
        ).scalar_one()
    assert added == 5


def test_a_target_that_holds_anything_is_refused(sqlite_engine: Engine, postgres_engine: Engine) -> None:
    fill(sqlite_engine)
    fill(postgres_engine)
    with pytest.raises(UsageError, match="not empty"):
        copy(sqlite_engine, postgres_engine)
