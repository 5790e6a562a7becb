"""Pages of several sources in one transaction: one work stays one item, and a bad page costs its own source only."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from sqlmodel import select

from alerts.model import Content, Entry, Key, Page, Source
from alerts.pipeline import index, outcome, rules
from alerts.pipeline.clerk import Clerk
from alerts.pipeline.shelve import Shelved, Shelver, Visit
from alerts.store import catalogue, due, search
from alerts.store.engine import reading, writing
from alerts.store.tables import ItemRow, KeyRow, SightingRow, SourceRow

PMID, DOI = Key("pmid", "4711"), Key("doi", "10.1000/lamps")


def entry(locator: str, *keys: Key, title: str = "Lamps and sleep") -> Entry:
    return Entry(locator=locator, keys=keys, content=Content(title=title, text="We dimmed lamps."), raw_hash=locator)


async def shelved(engine, now, pages: list[Page]) -> list[Shelved | BaseException | None]:
    with writing(engine) as session:
        known = {one.slug for one in catalogue.sources(session)}
        new = [Source(slug=f"s{n}", url=f"https://s{n}.example/") for n in range(len(pages)) if f"s{n}" not in known]
        catalogue.add_sources(session, new, now)
        claimed = {one.source.slug: one for one in due.claim_due(session, now, limit=99)}
        shelver = Shelver(engine, rules.current(session), now)
    with ThreadPoolExecutor(1) as threads:
        loop = asyncio.get_running_loop()
        clerk = Clerk(shelver, lambda call: loop.run_in_executor(threads, call))
        visits = [
            Visit(claimed=one, page=pages[n], outcome=outcome.of(one, **outcome.healthy(now)), ends=True)
            for n, one in ((n, claimed[f"s{n}"]) for n in range(len(pages)))
        ]
        return await asyncio.gather(*map(clerk.shelve, visits), return_exceptions=True)


async def test_one_work_on_two_pages_of_one_transaction_is_one_item_that_both_show(engine, now) -> None:
    pages = [Page(entries=(entry("a", PMID),)), Page(entries=(entry("a", PMID, DOI),)), Page(entries=(entry("b", DOI),))]
    done = await shelved(engine, now, pages)
    assert [one.new for one in done] == [1, 0, 0]
    with reading(engine) as session:
        (item,) = session.exec(select(ItemRow.id)).all()
        assert {(row.source_id, row.item_id) for row in session.exec(select(SightingRow))} == {(n, item) for n in (1, 2, 3)}


async def test_a_page_that_joins_what_two_others_brought_leaves_one_item(engine, now) -> None:
    pages = [Page(), Page(entries=(entry("a", PMID),)), Page(entries=(entry("b", DOI, title="Sleep"),)),
             Page(entries=(entry("c", PMID, DOI),))]
    await shelved(engine, now, pages)
    with reading(engine) as session:
        (item,) = session.exec(select(ItemRow.id)).all()
        assert set(session.exec(select(SightingRow.item_id))) == set(session.exec(select(KeyRow.item_id))) == {item}


async def test_a_page_that_cannot_be_stored_costs_its_own_source_only(engine, now) -> None:
    bad = Page(entries=(entry("x", Key("pmid", None)),))  # type: ignore[arg-type]
    done = await shelved(engine, now, [Page(), Page(entries=(entry("a", PMID),)), bad, Page(entries=(entry("b", DOI),))])
    assert isinstance(done[2], Exception)
    assert [one.new for one in (done[0], done[1], done[3])] == [0, 1, 1]
    with reading(engine) as session:
        held = session.exec(select(SourceRow.slug).where(SourceRow.state == "new")).all()
        assert held == ["s2"]


async def test_a_source_that_another_worker_took_over_writes_nothing_beside_others_that_do(engine, now) -> None:
    pages = [Page(entries=(entry("a", PMID),)), Page(entries=(entry("b", DOI),))]
    with writing(engine) as session:
        catalogue.add_sources(session, [Source(slug=f"s{n}", url=f"https://s{n}.example/") for n in range(2)], now)
        ours = {one.source.slug: one for one in due.claim_due(session, now, limit=9)}
        session.get(SourceRow, ours["s0"].id).lease = "another"
        shelver = Shelver(engine, rules.current(session), now)
    done = shelver.shelve_together(
        [Visit(claimed=ours[f"s{n}"], page=pages[n], outcome=outcome.of(ours[f"s{n}"], state="ok"), ends=True)
         for n in range(2)])
    assert done[0] is None
    assert done[1].new == 1
    with reading(engine) as session:
        assert session.exec(select(SightingRow.locator)).all() == ["b"]
        assert dict(session.exec(select(SourceRow.slug, SourceRow.lease)).all()) == {"s0": "another", "s1": None}


async def test_new_items_are_indexed_as_soon_as_there_is_a_batch_of_them(engine, now, monkeypatch) -> None:
    monkeypatch.setattr(index, "BATCH", 2)
    await shelved(engine, now, [Page(entries=(entry("a", PMID),)), Page(entries=(entry("b", DOI, title="Dimmed sleep"),))])
    with reading(engine) as session:
        assert not search.behind(session)
        assert len(search.search(session, "lamps", 9)) == 2
