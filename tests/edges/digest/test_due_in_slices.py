"""Thousands who are due at one moment are walked through in slices, none of which sorts or reads them all."""

from datetime import datetime, timedelta

from sqlalchemy import Engine, event, insert, text

from alerts.store.engine import reading, writing
from subscribers import store, turns
from subscribers.tables import SubscriberRow
from subscribers.tokens import Keyring

PEOPLE = 4_000


def _person(number: int, now: datetime, interests: int) -> dict[str, object]:
    return {
        **store.address_values(Keyring(b"k" * 40), f"reader{number}@mail.example.org"), "public_id": number.to_bytes(16),
        "status": "active", "interest_set_id": interests, "cadence": "daily", "hour": 7, "weekday": 0, "zone": "UTC",
        "format": "text", "language": "en", "no_notices": "", "seen": 0, "digest_no": 1, "next_digest_at": now,
        "last_digest_at": now, "consent": "", "confirmed_at": now, "created_at": now,
    }  # fmt: skip


def test_the_next_slice_is_found_by_the_index_alone(postgres_engine: Engine, now: datetime) -> None:
    engine, asked = postgres_engine, []
    with writing(engine) as session:
        [interests] = store.interest_sets(session, ["gout"]).values()
        session.connection().execute(
            insert(SubscriberRow.metadata.tables["subscribers"]), [_person(one, now, interests) for one in range(PEOPLE)]
        )
        session.execute(text("ANALYZE subscribers"))
    event.listen(engine, "before_cursor_execute", lambda _c, _cur, words, values, *_: asked.append((words, values)))
    wanted = turns.Due(upto=9, silent_since=now - timedelta(days=90), now=now, after=(now, PEOPLE // 2), limit=100)
    with reading(engine) as session:
        rows = turns.due(session, wanted)
        words, values = asked[-1]
        plan = "\n".join(row[0] for row in session.connection().exec_driver_sql(f"EXPLAIN {words}", values))
    assert [row.id for row in rows] == list(range(PEOPLE // 2 + 1, PEOPLE // 2 + 101))
    assert "ix_subscribers_due" in plan, plan
    assert "Sort" not in plan, plan
