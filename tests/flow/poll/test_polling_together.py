"""Several workers at once on one database: nothing twice, nothing missed, numbers without gap or repeat."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import select

from alerts.model import Source, Topic
from alerts.pipeline import poll, release
from alerts.store import catalogue, due
from alerts.store.engine import reading, writing
from alerts.store.tables import AlertRow, AlertTopicRow, IntentRow, ItemRow, SourceRow

SLEEP = Topic(slug="narcolepsy", name="Narcolepsy", definition={"terms": ["narcolepsy"]})


def works(source: int, count: int = 12) -> list[dict[str, object]]:
    return [{"id": f"{source}-{n}", "keys": [["pmid", str(source * 100 + n + 1)]],
             "title": f"Narcolepsy observed in village {source} and household {n}"} for n in range(count)]


@pytest.fixture
def sources(engine, site, now) -> list[str]:
    for n in range(8):
        site.put(f"/list{n}", *works(n))
    found = [Source(slug=f"s{n}", kind="lines", url=site.url(f"/list{n}"), allow_private=True) for n in range(8)]
    with writing(engine) as session:
        catalogue.add_topics(session, [SLEEP])
        return catalogue.add_sources(session, found, now)


async def test_two_pollers_share_the_sources_and_ask_each_once(engine, site, fetch, sources, now) -> None:
    went = await asyncio.gather(*(poll.poll_due(engine, fetch, now) for _ in range(3)))
    assert sorted(one.slug for each in went for one in each) == sorted(sources)
    assert len(site.asked) == len(sources)
    with reading(engine) as session:
        assert len(session.exec(select(ItemRow)).all()) == 96


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "BATCH", 5)


@pytest.mark.usefixtures("small_batches", "sources")
async def test_releasers_at_once_leave_no_gap_and_repeat_nothing(engine, fetch, now) -> None:
    await poll.poll_due(engine, fetch, now)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: release.release(engine, now), range(4)))
    with reading(engine) as session:
        numbers = sorted(session.exec(select(AlertRow.number)))
        assert numbers == list(range(1, 97))
        assert len(set(session.exec(select(AlertRow.item_id)))) == 96
        assert len(session.exec(select(AlertTopicRow)).all()) == 96
        assert not session.exec(select(IntentRow)).all()


@pytest.mark.usefixtures("small_batches", "sources")
async def test_polling_and_releasing_at_once_loses_nothing(engine, fetch, now) -> None:
    with ThreadPoolExecutor(2) as pool:
        loop = asyncio.get_running_loop()
        polling = asyncio.gather(*(poll.poll_due(engine, fetch, now) for _ in range(2)))
        while not polling.done():
            await loop.run_in_executor(pool, release.release, engine, now)
        await polling
    release.release(engine, now)
    with reading(engine) as session:
        assert sorted(session.exec(select(AlertRow.number))) == list(range(1, 97))


async def test_a_worker_that_lost_its_lease_writes_nothing(engine, site, fetch, sources, now) -> None:
    with writing(engine) as session:
        (ours, *_) = due.claim_due(session, now, limit=1)
        session.execute(text("UPDATE sources SET lease = 'another' WHERE id = :one"), {"one": ours.id})
        written = due.Outcome(source_id=ours.id, lease=ours.lease, values={"state": "ok"})
        assert due.write_ours(session, [(written, due.How.END)]) == set()
        row = session.get(SourceRow, ours.id)
        assert (row.state, row.lease) == ("new", "another")


async def test_a_lease_that_ran_out_is_taken_over(engine, site, fetch, sources, now) -> None:
    with writing(engine) as session:
        assert len(due.claim_due(session, now, limit=99)) == 8
        assert due.claim_due(session, now, limit=99) == []
        session.execute(text("UPDATE sources SET leased_until = '2000-01-01 00:00:00' WHERE slug = 's3'"))
        assert [one.source.slug for one in due.claim_due(session, now, limit=99)] == ["s3"]


async def test_sources_are_claimed_among_more_than_a_statement_has_parameters(engine, site, fetch, sources, now) -> None:
    with writing(engine) as session:
        among = range(1, 70_001)
        assert len(due.claim_due(session, now, limit=3, among=among)) == 3
        assert len(due.claim_due(session, now, limit=99, among=among)) == 5


async def test_a_poll_that_broke_off_goes_on_with_the_page_it_came_to(engine, site, fetch, now) -> None:
    with writing(engine) as session:
        catalogue.add_topics(session, [SLEEP])
        catalogue.add_sources(session, [Source(slug="long", kind="lines", url=site.url("/p1"))], now)
    site.put("/p1", *works(1), X_Next=site.url("/p2"))
    site.answer("/p2", 500)
    (went,) = await poll.poll_due(engine, fetch, now)
    assert went.failed
    site.put("/p2", *works(2))
    site.asked.clear()
    (went,) = await poll.poll_due(engine, fetch, now + timedelta(days=2))
    assert (went.state, went.new, [asked.path for asked in site.asked]) == ("ok", 12, ["/p2"])
    with reading(engine) as session:
        row = session.exec(select(SourceRow)).one()
        assert (row.resume, row.failures, row.last_error) == ({}, 0, "")
        assert len(session.exec(select(ItemRow)).all()) == 24


async def test_a_poll_that_is_called_off_gives_its_sources_back(engine, site, fetch, sources, now) -> None:
    began = asyncio.Event()

    async def hanging(*_: object) -> None:
        began.set()
        await asyncio.Event().wait()

    polling = asyncio.create_task(poll.poll_due(engine, hanging, now))
    await began.wait()
    polling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await polling
    with reading(engine) as session:
        assert set(session.exec(select(SourceRow.lease))) == {None}
    assert len(await poll.poll_due(engine, fetch, now)) == len(sources)
