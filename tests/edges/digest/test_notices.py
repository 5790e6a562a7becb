"""A retraction reaches everyone who was sent the work or its thread, once, whatever they follow."""

import zlib
from datetime import timedelta

from alerts.pipeline import ledger, people


def notices(house) -> list[int]:
    return sorted(delivery.subscriber_id for delivery, _ in house.mails("notice"))


def retract(house, item: int, *topics: str, reason: str = "retracted", **values) -> int:
    return house.alert(item, *topics, reason=reason, **values)


def test_everyone_who_was_sent_the_work_is_told_and_nobody_else(house) -> None:
    item = house.item("A study that will fall")
    house.alert(item, "nmosd")
    a = house.person("a@example.org", "nmosd")
    b = house.person("b@example.org", "nmosd?kind=paper", rhythm="monthly", wishes={"format": "text"})
    house.person("c@example.org", "ms")
    house.compose()
    house.later(hours=5)
    number = retract(house, item, "nmosd", quiet=True, detail={"notice": "The images were not what they claimed to be."})
    assert house.compose().notices == 2
    assert house.compose().notices == 0
    assert notices(house) == [a.id, b.id]
    [(delivery, edition), (_, plain)] = house.mails("notice")
    assert (delivery.priority, delivery.ordinal, edition.format, plain.format) == (1, number, "html", "text")
    text = zlib.decompress(plain.parts).decode()
    assert "4 May 2026" in text
    assert "The images were not what they claimed to be." in text.replace("=\r\n", "")
    assert "fall" not in edition.subject
    joined = text.replace("=\r\n", "")
    assert "A work that we told you of has been retracted." in joined
    assert "=E2=80=9CThe images were not" in joined


def test_who_was_sent_only_the_news_story_is_told_what_that_was(house) -> None:
    paper = house.item("The paper behind it", keys=(("pmid", "1"),))
    story = house.item("A story in the paper", kind="news", links=(("news-about", "pmid", "1"),))
    house.alert(story, "nmosd", kind="news")
    reader = house.person()
    house.compose()
    retract(house, paper, "nmosd")
    house.compose()
    assert notices(house) == [reader.id]
    [(_, edition)] = house.mails("notice")
    text = zlib.decompress(edition.parts).decode().replace("=\r\n", "")
    assert "What we sent you was of the same study: A story in the paper" in text


def test_who_was_only_given_a_line_or_a_count_is_told_too(house) -> None:
    items = [house.item(source=f"s{place}") for place in range(70)]
    for item in items:
        house.alert(item, "nmosd")
    reader = house.person()
    house.compose()
    [(_, edition)] = house.mails()
    by_number = dict(enumerate(items, 1))
    for number in (edition.numbers[0], edition.listed[0], edition.listed[-1]):
        retract(house, by_number[number], "nmosd", reason="concern")
    house.compose()
    assert notices(house) == [reader.id] * 3


def test_opting_out_is_per_reason(house) -> None:
    item = house.item()
    house.alert(item, "nmosd")
    house.person(wishes={"no_notices": frozenset({"corrected"})})
    house.compose()
    retract(house, item, "nmosd", reason="corrected")
    house.compose()
    assert notices(house) == []
    retract(house, item, "nmosd")
    house.compose()
    assert len(notices(house)) == 1


def test_paused_readers_are_told_when_they_are_back(house) -> None:
    item = house.item()
    house.alert(item, "nmosd")
    reader = house.person()
    house.compose()
    people.pause(house.engine, house.keyring, reader.address, house.now)
    house.later(days=3)
    retract(house, item, "nmosd")
    house.compose()
    assert notices(house) == []
    people.allow(house.engine, house.keyring, reader.address, house.now)
    house.compose()
    assert notices(house) == [reader.id]
    assert house.find(reader.address).status == "active"


def test_who_left_is_not_told(house) -> None:
    item = house.item()
    house.alert(item, "nmosd")
    reader = house.person()
    house.compose()
    people.unsubscribe(house.engine, house.keyring, house.keyring.sign("unsubscribe", reader.public_id), house.now)
    retract(house, item, "nmosd")
    assert house.compose().notices == 0


def test_who_subscribed_after_the_retraction_gets_no_notice(house) -> None:
    item = house.item()
    house.alert(item, "nmosd")
    retract(house, item, "nmosd")
    house.person()
    house.compose()
    house.later(days=8)
    house.compose()
    assert notices(house) == []


def test_the_ledger_tells_who_was_sent_an_item_and_what_a_person_got(house) -> None:
    item = house.item(keys=(("pmid", "4711"),))
    house.alert(item, "nmosd")
    reader = house.person()
    house.person("b@example.org", "ms")
    house.compose()
    [line] = ledger.who(house.engine, house.keyring, "4711")
    assert (line.subscriber, line.kind, line.state) == ("a***@e***.org", "digest", "queued")
    assert ledger.who(house.engine, house.keyring, "4711", reveal=True)[0].subscriber == "anna@example.org"
    assert ledger.who(house.engine, house.keyring, f"e:{line.edition}") == [line]
    [mine] = ledger.of_person(house.engine, reader.id)
    assert (mine.message_id, mine.subscriber) == (line.message_id, str(reader.id))


def test_resending_keeps_the_message_id(house) -> None:
    house.news("nmosd")
    house.person()
    house.compose()
    before = house.mails()[0][0].message_id
    house.later(days=1)
    ledger.resend(house.engine, house.keyring, "anna@example.org", None, house.now)
    [(delivery, _)] = house.mails()
    assert (delivery.message_id, delivery.state) == (before, "queued")
    assert delivery.next_attempt_at == house.now
    assert delivery.deadline_at > house.now + timedelta(days=3)
