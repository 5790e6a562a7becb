"""`alerts source check` says what a poll would do, step by step, and changes nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlmodel import select

from alerts.errors import FetchError
from alerts.model import Source
from alerts.pipeline import checkup, poll
from alerts.store import catalogue, due
from alerts.store.engine import reading, writing
from alerts.store.tables import HostRow, ItemRow, SourceRow

ONE = "<item><title>Dim lamps and sleep {n}</title><guid>g{n}</guid><link>https://e.example/{n}</link></item>"


def feed(*numbers: int) -> bytes:
    items = "".join(ONE.format(n=n) for n in numbers)
    return f"<rss version='2.0'><channel><title>Lamps</title>{items}</channel></rss>".encode()


@pytest.fixture
def lamps(engine: Engine, site, now) -> None:
    site.answers["/feed"] = (feed(1, 2), 200, {"etag": '"one"'})
    with writing(engine) as session:
        catalogue.add_sources(session, [Source(slug="lamps", url=site.url("/feed"), allow_private=True)], now)


async def said(engine: Engine, fetch, now) -> str:
    before = everything(engine)
    lines = []
    try:
        async for line in checkup.steps(engine, fetch, "lamps", now):
            lines.append(line)  # noqa: PERF401  what came before a failure counts
    except FetchError:
        lines.append("FAILED")
    assert everything(engine) == before, "nothing is stored"
    return "\n".join(lines)


def everything(engine: Engine) -> list[object]:
    with reading(engine) as session:
        return [tuple(row) for table in ("sources", "items", "sightings", "hosts") for row in session.execute(text(f"SELECT * FROM {table}"))]  # noqa: S608


async def test_a_first_poll(engine, fetch, lamps, now) -> None:
    told = await said(engine, fetch, now)
    for words in ("lamps is a feed source, state new", "It asks GET http://127.0.0.1", "It answers 200 with", "Lamps, 2 items; 2 were never seen here", "[news] Dim lamps and sleep 1", "the next would be due"):
        assert words in told


async def test_what_is_known_and_what_a_window_lost(engine, fetch, site, lamps, now) -> None:
    await poll.poll_due(engine, fetch, now)
    told = await said(engine, fetch, now)
    assert "if it changed since the last poll (If-None-Match)" in told
    assert "304: nothing changed" in told
    site.answers["/feed"] = (feed(2, 3), 200, {})
    assert "2 items; 1 were never seen here, 0 changed" in await said(engine, fetch, now)
    site.answers["/feed"] = (feed(7, 8), 200, {})
    assert "something may have been missed: no service can say what" in await said(engine, fetch, now)


async def test_a_failure_says_what_follows_of_it(engine, fetch, site, lamps, now) -> None:
    site.answer("/feed", 503)
    await poll.poll_due(engine, fetch, now)
    told = await said(engine, fetch, now)
    assert "At the last try (1 in a row failed): 127.0.0.1 answered 503" in told
    assert "That fails: 127.0.0.1 answered 503 (out of service). A poll would count failure 2 in a row and ask again" in told
    assert told.endswith("FAILED")


async def test_a_move_and_how_often_it_was_seen(engine, fetch, site, lamps, now) -> None:
    site.answers["/new"] = (feed(1), 200, {})
    site.answer("/feed", 301, Location=site.url("/new"))
    assert "/new: seen 1 of 3 times" in await said(engine, fetch, now)
    for days in range(2):
        await poll.poll_due(engine, fetch, now + timedelta(days=days), ["lamps"])
    assert "/new, which the next poll adopts" in await said(engine, fetch, now)


async def test_what_keeps_a_poll_from_asking(engine, fetch, site, lamps, now) -> None:
    with writing(engine) as session:
        host = site.base.removeprefix("http://")
        session.add(HostRow(host=host))
        session.flush()
        due.leave_alone(session, {host: timedelta(hours=2)})
        due.claim_due(session, now, limit=1)
    told = await said(engine, fetch, now)
    assert "Another process polls it at this moment" in told
    assert "Its host wants to be left alone until" in told
    with writing(engine) as session:
        catalogue.pause_source(session, "lamps")
    assert "alerts source resume lamps" in await said(engine, fetch, now)


async def test_a_run_that_broke_off_is_gone_on_with(engine, fetch, site, now) -> None:
    entry = {"id": "a", "keys": [["pmid", "101"]], "title": "Orexin loss"}
    site.put("/p1", entry, X_Next=site.url("/p2"))
    site.answer("/p2", 500)
    with writing(engine) as session:
        catalogue.add_sources(session, [Source(slug="lamps", kind="lines", url=site.url("/p1"), allow_private=True)], now)
    await poll.poll_due(engine, fetch, now)
    site.put("/p2", {**entry, "id": "b", "keys": [["pmid", "102"]]})
    told = await said(engine, fetch, now)
    assert f"It asks GET {site.url('/p2')}" in told
    with reading(engine) as session:
        assert len(session.exec(select(ItemRow)).all()) == 1
        assert session.exec(select(SourceRow.failures)).one() == 1
