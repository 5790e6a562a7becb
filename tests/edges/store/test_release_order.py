"""The order in which one poll's news gets its numbers: the newest work ends on top of feeds and pages."""

from datetime import datetime

from sqlalchemy import Engine

from alerts.model import Intent, Reason
from alerts.store import intents
from alerts.store.engine import writing
from alerts.store.tables import IntentRow, ItemRow


def test_the_oldest_work_of_a_poll_is_told_first(engine: Engine, now: datetime) -> None:
    days = {1: "2026-05-04", 2: "2026-05-04", 3: "2026-05-02", 4: ""}
    with writing(engine) as session:
        for number, day in days.items():
            session.add(ItemRow(id=number, kind="paper", title=f"T{number}", url="", published=day, first_seen_at=now,
                                changed_at=now, authors=[], publication_types=[], mesh=[], phases=[]))
        session.flush()
        for number in days:
            session.add(IntentRow(item_id=number, reason="new", detail={}, created_at=now))
        session.add(IntentRow(item_id=2, reason="results", detail={}, created_at=now))
    with writing(engine) as session:
        order = [one.intent for one in intents.pending(session, now, 10)]
    assert order == [
        Intent(item_id=item, reason=reason, detail={})
        for item, reason in ((4, Reason.NEW), (3, Reason.NEW), (2, Reason.NEW), (2, Reason.RESULTS), (1, Reason.NEW))
    ]
