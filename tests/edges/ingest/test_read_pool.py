"""Reading in processes of their own: what hangs or dies there harms nobody else."""

import asyncio
import os
import signal
from types import MappingProxyType

import pytest

from alerts.errors import ReadError
from alerts.ingest import feed
from alerts.ingest.identity import marked, marks
from alerts.ingest.pool import Pool
from alerts.model import Document, PollState, Source

SOURCE = Source(slug="journal", url="https://journal.example/feed", options=MappingProxyType({"a": 1}))
FEED = b"<rss version='2.0'><channel><title>J</title>%s</channel></rss>"
ITEM = b"<item><title>Myelin repair in mice %d</title><guid>g%d</guid></item>"


def document(items: int = 3, **options) -> Document:
    body = FEED % b"".join(ITEM % (number, number) for number in range(items))
    return Document(url=SOURCE.url, body=body, **options)


async def test_a_page_is_the_same_as_when_read_here_and_bears_its_marks() -> None:
    async with Pool(1) as pool:
        page = await pool.read(SOURCE, PollState(), document())
    assert page == marked(feed.read(SOURCE, PollState(), document()), SOURCE.slug)
    assert [entry.marks for entry in page.entries] == [marks(entry, SOURCE.slug) for entry in page.entries]
    assert len(page.entries) == 3


async def test_a_reader_s_own_refusal_comes_through() -> None:
    async with Pool(1) as pool:
        with pytest.raises(ReadError, match="a web page, not a feed"):
            await pool.read(SOURCE, PollState(), Document(url=SOURCE.url, body=b"<!DOCTYPE html><html>"))
        assert len((await pool.read(SOURCE, PollState(), document())).entries) == 3


async def test_a_document_that_takes_too_long_is_refused_and_the_next_is_read() -> None:
    async with Pool(1, deadline=2.0) as pool:
        await pool.read(SOURCE, PollState(), document())
        await _stop_the_worker(pool)
        with pytest.raises(ReadError, match=r"could not be read within 2 s"):
            await pool.read(SOURCE, PollState(), document())
        assert len((await pool.read(SOURCE, PollState(), document())).entries) == 3


async def _stop_the_worker(pool: Pool) -> None:
    worker = pool._idle.get_nowait()
    os.kill(worker.pid, signal.SIGSTOP)
    pool._idle.put_nowait(worker)


async def test_a_worker_that_died_is_replaced() -> None:
    async with Pool(1) as pool:
        await pool.read(SOURCE, PollState(), document())
        worker = pool._idle.get_nowait()
        os.kill(worker.pid, signal.SIGKILL)
        pool._idle.put_nowait(worker)
        assert len((await pool.read(SOURCE, PollState(), document())).entries) == 3


async def test_a_document_that_eats_all_memory_is_refused_and_the_next_is_read() -> None:
    deep = b"<rss><channel>" + b"<item><title>x</title><description>%s</description></item>" % (b"y" * 60_000_000)
    async with Pool(1, memory=300 * 1024**2) as pool:
        with pytest.raises(ReadError):
            await pool.read(SOURCE, PollState(), Document(url=SOURCE.url, body=deep + b"</channel></rss>"))
        assert len((await pool.read(SOURCE, PollState(), document())).entries) == 3


async def test_many_documents_share_few_workers() -> None:
    async with Pool(2) as pool:
        pages = await asyncio.gather(*(pool.read(SOURCE, PollState(), document(number)) for number in range(1, 21)))
    assert [len(page.entries) for page in pages] == list(range(1, 21))


async def test_a_cancelled_reading_leaves_the_pool_in_order() -> None:
    async with Pool(1) as pool:
        await pool.read(SOURCE, PollState(), document())
        await _stop_the_worker(pool)
        reading = asyncio.create_task(pool.read(SOURCE, PollState(), document()))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert len((await pool.read(SOURCE, PollState(), document(5))).entries) == 5


async def test_a_worker_gives_way_to_the_process_it_reads_for() -> None:
    async with Pool(1) as pool:
        await pool.read(SOURCE, PollState(), document())
        worker = pool._idle.get_nowait()
        pool._idle.put_nowait(worker)
        assert os.getpriority(os.PRIO_PROCESS, worker.pid) > os.getpriority(os.PRIO_PROCESS, 0)


async def test_secrets_of_the_environment_do_not_reach_a_worker(monkeypatch) -> None:
    monkeypatch.setenv("ALERTS_SECRET_KEY", "x" * 40)
    async with Pool(1) as pool:
        await pool.read(SOURCE, PollState(), document())
        worker = pool._idle.get_nowait()
        pool._idle.put_nowait(worker)
        with open(f"/proc/{worker.pid}/environ", "rb") as file:  # noqa: ASYNC230, PTH123  a file of the kernel
            assert b"ALERTS_SECRET_KEY" not in file.read()
