"""Who followed a topic that ends is told once, in words that give nothing away outside."""

from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from alerts.errors import UsageError
from alerts.pipeline import people
from alerts.pipeline.retiring import Retiring
from alerts.publish.email import Segments, recipient


@pytest.fixture
def retire(house):
    return lambda slug, **into: Retiring(house.engine, house.keyring, house.settings).retire(slug, house.now, **into)


def test_followers_are_told_once_what_became_of_their_topic(house, retire) -> None:
    told = [house.person("a@example.org", "mogad?phase=3 ms"), house.person("b@example.org", "mogad")]
    house.person("c@example.org", "ms")
    paused = house.person("d@example.org", "mogad")
    people.pause(house.engine, house.keyring, paused.address, house.now, until=house.now + timedelta(days=9))
    assert retire("mogad", into="nmosd").told == 2
    retire("mogad", into="nmosd")
    mails = house.mails("notice")
    assert [delivery.subscriber_id for delivery, _ in mails] == [one.id for one in told]
    for _, edition in mails:
        assert "MOGAD" not in edition.subject
        assert "“MOGAD” has become “NMOSD”" in text(house, edition)


def test_who_loses_a_topic_is_told_that_too(house, retire) -> None:
    house.person("a@example.org", "mogad ms")
    assert retire("mogad").told == 1
    ((_, edition),) = house.mails("notice")
    assert "no longer followed here" in text(house, edition)
    assert house.find("a@example.org").wishes.set_text == "ms"


def test_nobody_is_told_where_the_successor_is_none(house, retire) -> None:
    house.person("a@example.org", "mogad")
    with pytest.raises(UsageError, match="no living topic"):
        retire("mogad", into="mogad")
    assert house.mails("notice") == []


def text(house, edition) -> str:
    mail = Segments.parse(edition.parts).splice(recipient(house.keyring, b"x" * 16, "a@example.org", "<1@x>", house.now))
    found = message_from_bytes(mail, policy=policy.default).get_body(("plain",))
    return " ".join(found.get_content().split())
