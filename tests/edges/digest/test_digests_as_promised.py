"""What a reader was promised of digests, read from the mails themselves as they lie in the outbox."""

import email
import email.policy
from datetime import timedelta

from sqlalchemy import select

from alerts.pipeline import compose
from alerts.publish.email import Segments, recipient
from alerts.store.engine import reading
from alerts.store.tables import RunRow


def texts(house, kind: str = "digest") -> list[str]:
    """Return the plain text of every mail, in the order enqueued, its lines joined by single spaces."""
    found = []
    for delivery, edition in house.mails(kind):
        to = recipient(house.keyring, bytes(16), "anna@example.org", delivery.message_id, house.now)
        mail = email.message_from_bytes(Segments.parse(edition.parts).splice(to), policy=email.policy.default)
        found.append(" ".join(mail.get_body(("plain",)).get_content().split()))
    return found


def test_the_first_digest_names_cadence_topics_counts_and_the_newest_where_nothing_is_new(house) -> None:
    for days in (400, 200, 100):
        house.alert(house.item(f"Study of {days} days ago"), "ms", at=house.now - timedelta(days=days))
    house.alert(house.item("Fresh study"), "nmosd")
    house.person(interests="nmosd ms", rhythm="monthly", weekday=2)
    house.compose()
    [text] = texts(house)
    assert "the next ones come on the first Wednesday of each month" in text
    assert "It holds what was new to us in the last 31 days" in text
    assert "- MS: 2 http" in text
    assert "- NMOSD: 1 http" in text
    assert text.index("Fresh study") < text.index("Nothing new here yet; the newest we have") < text.index("Study of 100 days ago")
    assert "Study of 200 days ago" not in text


def test_a_topic_without_any_item_is_named_with_none(house) -> None:
    house.person(interests="mogad")
    house.compose()
    [text] = texts(house)
    assert "- MOGAD: 0 http" in text


def test_what_the_filters_held_back_is_counted_and_linked_to_exactly_that_window(house) -> None:
    for _ in range(9):
        house.news("nmosd")
    for _ in range(3):
        house.news("nmosd", phases=("PHASE1",), phase_role="own")
    house.news("nmosd", phases=("PHASE3",), phase_role="own")
    house.person(interests="nmosd?phase=3")
    house.compose()
    [text] = texts(house)
    assert "12 about NMOSD: 9 without a stated phase: see all about NMOSD without your filters http://127.0.0.1:8000/topics/nmosd?after=0&upto=13" in text


def test_the_line_after_ninety_days_says_how_much_was_read(house) -> None:
    house.person()
    house.compose()
    house.later(days=91)
    house.news("ms")
    house.alert(house.item(source="other"), "ms")
    house.compose()
    assert "Nothing new on your topics in 90 days; 2 items read from 2 sources." in texts(house)[-1]


def test_composing_for_everyone_asks_each_person_once_though_they_are_moved_on(house, monkeypatch) -> None:
    monkeypatch.setattr(compose, "BATCH", 2)
    for place in range(5):
        house.person(f"p{place}@example.org", rhythm="daily")
    house.news("nmosd")
    report = house.compose(everyone=True)
    assert (report.candidates, report.prepared) == (5, 5)
    with reading(house.engine) as session:
        assert session.execute(select(RunRow.candidates)).scalars().all() == [5]


def test_a_dry_run_for_everyone_counts_each_once(house) -> None:
    for place in range(3):
        house.person(f"p{place}@example.org", rhythm="daily")
    house.compose()
    house.news("nmosd")
    assert house.compose(everyone=True, dry_run=True).prepared == 3
    assert house.compose(everyone=True).prepared == 3
    assert house.compose(everyone=True).excluded == {"nothing new": 3}


def test_more_contents_than_are_kept_at_hand_lose_nobody(house, monkeypatch) -> None:
    monkeypatch.setattr(compose, "BATCH", 2)
    monkeypatch.setattr(compose, "MOST_PLANS", 1)
    for place, interests in enumerate(["nmosd", "ms", "nmosd", "mogad", "ms", "nmosd"]):
        house.person(f"p{place}@example.org", interests)
    house.news("nmosd")
    assert house.compose().prepared == 6
    assert len({edition.id for _, edition in house.mails()}) == 3
