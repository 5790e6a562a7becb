"""What goes wrong at a source stays with that source, with a reason and a later try."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from alerts.errors import FetchError, ReadError
from alerts.ingest import KINDS
from alerts.model import Document, Page, PollState, Request, Source
from alerts.pipeline import poll
from alerts.store import catalogue, trouble
from alerts.store.engine import reading, writing
from alerts.store.tables import SourceRow

GOOD = {"id": "a", "keys": [["pmid", "101"]], "title": "Orexin loss in adults with narcolepsy type one"}


def add(engine: Engine, now, *sources: Source) -> None:
    with writing(engine) as session:
        catalogue.add_sources(session, sources, now)


def lines(slug: str, url: str) -> Source:
    return Source(slug=slug, kind="lines", url=url, allow_private=True)


def row(engine: Engine, slug: str) -> SourceRow:
    with reading(engine) as session:
        found = session.exec(select(SourceRow).where(SourceRow.slug == slug)).one()
        session.expunge(found)
    return found


async def test_a_broken_source_gets_a_reason_and_the_others_are_polled(engine, site, fetch, now) -> None:
    site.answer("/broken", 500)
    site.answers["/html"] = (b"<html>hello</html>", 200, {})
    site.put("/good", GOOD)
    add(engine, now, *(lines(name, site.url(f"/{name}")) for name in ("broken", "html", "good")))
    went = {one.slug: one.state for one in await poll.poll_due(engine, fetch, now)}
    assert went == {"broken": "failed", "html": "failed", "good": "ok"}
    for slug in ("broken", "html"):
        assert row(engine, slug).last_error
        assert row(engine, slug).state == "failing"
        assert row(engine, slug).lease is None


async def test_failures_put_the_next_try_off_further_and_never_give_up(engine, site, fetch, now) -> None:
    site.answer("/list", 500)
    add(engine, now, lines("list", site.url("/list")))
    waits = []
    for _ in range(12):
        await poll.poll_due(engine, fetch, now)
        after = row(engine, "list").next_poll_at
        waits.append(after - now)
        now = after
    assert waits[0] < timedelta(hours=2)
    assert waits[-1] > waits[0]
    assert max(waits) <= timedelta(days=2)


async def test_recovery_clears_the_reason(engine, site, fetch, now) -> None:
    site.answer("/list", 500)
    add(engine, now, lines("list", site.url("/list")))
    await poll.poll_due(engine, fetch, now)
    assert row(engine, "list").failing_since == now
    site.put("/list", GOOD)
    await poll.poll_due(engine, fetch, now, ["list"])
    assert (row(engine, "list").state, row(engine, "list").failing_since) == ("ok", None)


async def test_a_host_that_asks_for_time_is_left_alone_with_all_its_sources(engine, site, fetch, now) -> None:
    site.answer("/busy", 429, Retry_After="3600")
    site.put("/good", GOOD)
    add(engine, now, lines("busy", site.url("/busy")), lines("good", site.url("/good")))
    await poll.poll_due(engine, fetch, now, ["busy"])
    (went,) = await poll.poll_due(engine, fetch, now, ["good"])
    assert went.state == "waiting"
    assert [asked.path for asked in site.asked] == ["/busy"]
    assert timedelta(minutes=58) < went.next_poll_at - now <= timedelta(hours=1)


async def test_why_a_source_fails_stays_told_while_its_host_is_left_alone(engine, site, fetch, now) -> None:
    site.answer("/broken", 500)
    site.answer("/busy", 429, Retry_After="3600")
    add(engine, now, lines("broken", site.url("/broken")), lines("busy", site.url("/busy")))
    for slug in ("broken", "busy", "broken"):
        await poll.poll_due(engine, fetch, now, [slug])
    assert row(engine, "broken").last_error == "127.0.0.1 answered 500 (its own error)"


async def test_a_source_that_says_gone_for_a_day_is_asked_no_more(engine, site, fetch, now) -> None:
    site.answer("/list", 410)
    add(engine, now, lines("list", site.url("/list")))
    for hours in (0, 6, 12, 23):
        await poll.poll_due(engine, fetch, now + timedelta(hours=hours), ["list"])
        assert row(engine, "list").state == "failing"
    await poll.poll_due(engine, fetch, now + timedelta(hours=25), ["list"])
    assert (row(engine, "list").state, row(engine, "list").next_poll_at) == ("gone", None)


async def test_a_permanent_move_is_adopted_when_it_repeats(engine, site, fetch, now) -> None:
    site.answer("/old", 301, Location=site.url("/new"))
    site.put("/new", GOOD)
    add(engine, now, lines("list", site.url("/old")))
    for n in range(3):
        assert row(engine, "list").url == site.url("/old")
        await poll.poll_due(engine, fetch, now + timedelta(days=n), ["list"])
    assert row(engine, "list").url == site.url("/new")


async def test_a_move_to_what_cannot_be_read_is_never_adopted(engine, site, fetch, now) -> None:
    site.answer("/old", 301, Location=site.url("/new"))
    site.answers["/new"] = (b"<html>sold</html>", 200, {})
    add(engine, now, lines("list", site.url("/old")))
    for n in range(5):
        (went,) = await poll.poll_due(engine, fetch, now + timedelta(days=n), ["list"])
        assert went.failed
    assert (row(engine, "list").url, row(engine, "list").moved_seen) == (site.url("/old"), 0)


async def test_a_move_that_is_not_repeated_or_leads_elsewhere_is_forgotten(engine, site, fetch, now) -> None:
    for path in ("/new", "/other"):
        site.put(path, GOOD)
    add(engine, now, lines("list", site.url("/old")))
    for n, target in enumerate(("/new", "/new", "/other", "/other", "", "/new", "/new")):
        if target:
            site.answer("/old", 301, Location=site.url(target))
        else:
            site.put("/old", GOOD)
        await poll.poll_due(engine, fetch, now + timedelta(days=n), ["list"])
    assert (row(engine, "list").url, row(engine, "list").moved_seen) == (site.url("/old"), 2)


class Offline:
    """A machine without a network: nothing but itself is reached."""

    def __init__(self, *reachable: str) -> None:
        self.reachable = reachable

    async def __call__(self, request: Request) -> Document:
        if request.url in self.reachable:
            return Document(url=request.url, body=b"")
        raise FetchError("cannot be reached", network=True)


async def test_when_everything_fails_at_once_nothing_counts_against_a_source(engine, now) -> None:
    add(engine, now, *(lines(slug, f"https://{slug}.example/f") for slug in "abc"))
    went = await poll.poll_due(engine, Offline(), now)
    assert [(one.failed, one.network) for one in went] == [(True, True)] * 3
    for slug in "abc":
        assert (row(engine, slug).failures, row(engine, slug).state) == (0, "new")
        assert "offline" in row(engine, slug).last_error
        assert row(engine, slug).next_poll_at <= now + timedelta(minutes=10)


async def test_when_another_host_answers_a_dead_one_is_its_own_fault(engine, now) -> None:
    add(engine, now, lines("a", "https://one.example/f"), lines("b", "https://two.example/f"),
        lines("c", "https://three.example/f"))
    await poll.poll_due(engine, Offline("https://three.example/f"), now)
    assert [row(engine, slug).failures for slug in "abc"] == [1, 1, 0]


async def test_a_window_without_overlap_is_told_as_a_gap(engine, site, fetch, now) -> None:
    site.put("/list", GOOD, {**GOOD, "id": "b", "keys": [["pmid", "102"]]})
    add(engine, now, lines("list", site.url("/list")))
    await poll.poll_due(engine, fetch, now)
    site.put("/list", {**GOOD, "id": "b", "keys": [["pmid", "102"]]}, {**GOOD, "id": "c", "keys": [["pmid", "103"]]})
    await poll.poll_due(engine, fetch, now, ["list"])
    assert row(engine, "list").gaps == 0
    site.put("/list", {**GOOD, "id": "x", "keys": [["pmid", "109"]]})
    (went,) = await poll.poll_due(engine, fetch, now, ["list"])
    assert row(engine, "list").gaps == 1
    assert any("missed" in note for note in went.notes)


async def test_a_reader_that_breaks_is_that_source_s_trouble(engine, site, fetch, now) -> None:
    async def broken(*_: object) -> None:
        raise RecursionError("too deep")

    site.put("/list", GOOD)
    add(engine, now, lines("list", site.url("/list")))
    (went,) = await poll.poll_due(engine, fetch, now, read=broken)
    assert went.failed
    assert "RecursionError" in row(engine, "list").last_error


async def test_an_items_page_that_breaks_its_reader_holds_up_no_other(engine, site, fetch, now) -> None:
    async def read(source: Source, state: PollState, document: Document) -> Page:
        if document.url.endswith("/a"):
            raise ReadError("made the reader crash")
        return KINDS[source.kind].read(source, state, document)

    site.answers["/news"] = (b'<li><a href="/a">One</a></li><li><a href="/b">Two</a></li>', 200, {})
    site.answers["/a"] = site.answers["/b"] = (b"<article><p>Whole.</p></article>", 200, {})
    options = {"item": "li", "follow": True}
    add(engine, now, Source(slug="news", kind="page", url=site.url("/news"), options=options, allow_private=True))
    (went,) = await poll.poll_due(engine, fetch, now, read=read)
    assert (went.error, went.new) == ("", 2)
    assert "made the reader crash" in went.notes[0]


async def test_an_unknown_slug_is_refused_before_anything_is_polled(engine, site, fetch, now) -> None:
    with pytest.raises(Exception, match="no source 'nothing'"):
        await poll.poll_due(engine, fetch, now, ["nothing"])


async def test_the_operator_is_told_once_of_a_source_that_stays_broken_and_once_of_its_recovery(
    engine, site, fetch, now
) -> None:
    site.answer("/list", 500)
    add(engine, now, lines("list", site.url("/list")))
    told: list[tuple[list[str], list[str]]] = []
    for hours in (0, 1, 2, 23, 25, 30):
        await poll.poll_due(engine, fetch, now + timedelta(hours=hours), ["list"])
        told.append(tell(engine, now + timedelta(hours=hours)))
    site.put("/list", GOOD)
    await poll.poll_due(engine, fetch, now + timedelta(hours=31), ["list"])
    told += [tell(engine, now + timedelta(hours=31)), tell(engine, now + timedelta(hours=32))]
    assert told == [([], [])] * 4 + [(["list"], []), ([], []), ([], ["list"]), ([], [])]


def tell(engine: Engine, now) -> tuple[list[str], list[str]]:
    with writing(engine) as session:
        said = trouble.trouble(session, now)
        trouble.told(session, said, now)
    return [one.source.slug for one in said.broken], [one.source.slug for one in said.recovered]
