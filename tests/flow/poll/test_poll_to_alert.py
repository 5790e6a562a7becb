"""From a source on the wire to a numbered alert, on both databases."""

import gc
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from alerts.ingest.fetch import Fetch
from alerts.model import Reason, Source, Topic
from alerts.pipeline import poll, release
from alerts.store import catalogue, intents, items, numberline, search
from alerts.store.engine import reading, writing
from alerts.store.tables import IntentRow, ItemRow, SightingRow, SourceRow

SLEEP = Topic(slug="narcolepsy", name="Narcolepsy", definition={"terms": ["narcolepsy"]})
FIRST = {"id": "a", "keys": [["pmid", "101"]], "title": "Orexin loss in adults with narcolepsy type one", "text": "Narcolepsy was studied in 40 adults."}
OTHER = {"id": "b", "keys": [["pmid", "102"]], "title": "Soil bacteria and the growth of wild barley", "text": "Barley grew."}


@pytest.fixture
def source(engine: Engine, site, now: datetime) -> Source:
    one = Source(slug="lines", kind="lines", url=site.url("/list"), allow_private=True)
    with writing(engine) as session:
        catalogue.add_topics(session, [SLEEP])
        catalogue.add_sources(session, [one], now)
    return one


async def test_a_polled_item_with_a_topic_becomes_one_numbered_alert(engine, site, fetch: Fetch, source, now) -> None:
    site.put("/list", FIRST, OTHER)
    (went,) = await poll.poll_due(engine, fetch, now)
    assert (went.state, went.new) == ("ok", 2)
    assert release.release(engine, now) == range(1, 2)
    with reading(engine) as session:
        (shown,) = items.alerted(session, [1])
        assert shown.item.content.title == FIRST["title"]
        assert shown.alert.reason is Reason.NEW
        assert shown.alert.facts.topics == ("narcolepsy",)
        assert not session.exec(select(IntentRow)).all()
        assert numberline.last(session) == 1


async def test_what_is_held_back_is_counted_by_why(engine, site, fetch, source, now) -> None:
    teaser = {**FIRST, "id": "c", "keys": [["pmid", "103"]], "truncated": True, "title": "Light and narcolepsy: a beginning"}
    entries = [{**FIRST, "published": "2020-01-01"}, teaser, OTHER]
    undated = [{**FIRST, "id": f"u{n}", "keys": [["pmid", f"2{n:02}"]], "published": "", "title": f"Narcolepsy, part {n}"} for n in range(23)]
    site.put("/list", *entries, *undated)
    await poll.poll_due(engine, fetch, now)
    numbers = release.release(engine, now)
    with reading(engine) as session:
        assert intents.held_back(session, numbers, now) == (1, 3, 0, 1)
        assert intents.held_back(session, range(0), now + timedelta(days=2)) == (0, 0, 0, 0)


async def test_an_unchanged_source_is_asked_with_its_validators_and_stores_nothing(engine, site, fetch, source, now) -> None:
    site.put("/list", FIRST, etag='"one"', last_modified="Mon, 04 May 2026 09:00:00 GMT")
    await poll.poll_due(engine, fetch, now)
    (went,) = await poll.poll_due(engine, fetch, now + timedelta(days=1))
    assert went.state == "unchanged"
    with reading(engine) as session:
        row = session.exec(select(SourceRow)).one()
        assert (row.state, row.lease, row.last_ok_at) == ("ok", None, now + timedelta(days=1))


async def test_a_new_item_is_found_by_its_words_at_once(engine, site, fetch, source, now) -> None:
    site.put("/list", FIRST, OTHER)
    await poll.poll_due(engine, fetch, now)
    with reading(engine) as session:
        (found,) = search.search(session, "wild barley", 5)
        assert items.item(session, found).content.title == OTHER["title"]


async def test_a_poll_leaves_the_garbage_collector_as_it_was(engine, fetch, now) -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    await poll.poll_due(engine, fetch, now)
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


async def test_a_second_source_with_the_same_work_adds_a_sighting_and_no_item(engine, site, fetch, source, now) -> None:
    site.put("/list", FIRST)
    site.put("/journal", {**FIRST, "id": "j1", "keys": [["doi", "10.1000/x1"], ["pmid", "101"]]})
    with writing(engine) as session:
        catalogue.add_sources(session, [Source(slug="journal", kind="lines", url=site.url("/journal"))], now)
    await poll.poll_due(engine, fetch, now)
    with reading(engine) as session:
        assert len(session.exec(select(ItemRow)).all()) == 1
        assert len(session.exec(select(SightingRow)).all()) == 2
        item = items.item(session, 1)
    assert item is not None
    assert item.sources == ("journal", "lines")
    assert len(release.release(engine, now)) == 1
