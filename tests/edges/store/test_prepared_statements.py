"""Statements that are compiled once write what SQLAlchemy would write, on both databases."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, insert
from sqlmodel import select

from alerts.store.bulk import add, add_missing
from alerts.store.engine import reading, writing
from alerts.store.tables import HostRow, IntentRow, ItemRow

ITEM = {
    "kind": "paper", "title": "Ärzte – \U0001f9e0", "text": "100% of %s and :x", "url": "", "authors": ["Rossi M", "Wéiss"],
    "publication_types": [], "enrollment": None, "has_results": True,
}  # fmt: skip


def rows(engine: Engine, kind: type) -> list[dict[str, object]]:
    with reading(engine) as session:
        return [row.model_dump() for row in session.exec(select(kind).order_by(*kind.__table__.primary_key)).all()]


def test_rows_come_back_as_the_orm_would_have_written_them(engine: Engine, now: datetime) -> None:
    other = now.astimezone(UTC) + timedelta(microseconds=1)
    given = [ITEM | {"id": 1, "first_seen_at": now, "changed_at": now}, ITEM | {"id": 2, "first_seen_at": other, "changed_at": now}]
    with writing(engine) as session:
        add(session, ItemRow, given)
        session.execute(insert(ItemRow), [one | {"id": one["id"] + 2} for one in given])
    first, second, third, fourth = rows(engine, ItemRow)
    assert first | {"id": 3} == third
    assert second | {"id": 4} == fourth
    assert (first["first_seen_at"], second["first_seen_at"], first["authors"]) == (now, other, ["Rossi M", "Wéiss"])


def test_columns_that_are_left_out_take_their_defaults(engine: Engine, now: datetime) -> None:
    with writing(engine) as session:
        add(session, ItemRow, [ITEM | {"first_seen_at": now, "changed_at": now}])
        (item,) = session.exec(select(ItemRow.id)).all()
        add(session, IntentRow, [{"item_id": item, "reason": "new", "created_at": now}])
    (intent,) = rows(engine, IntentRow)
    assert (intent["quiet"], intent["detail"], intent["not_before"]) == (False, {}, None)


def test_what_is_there_already_stays(engine: Engine, now: datetime) -> None:
    with writing(engine) as session:
        add_missing(session, HostRow, [{"host": "a.example", "not_before": now}])
        add_missing(session, HostRow, [{"host": "a.example", "not_before": None}, {"host": "b.example", "not_before": None}])
    assert [(row["host"], row["not_before"]) for row in rows(engine, HostRow)] == [("a.example", now), ("b.example", None)]
