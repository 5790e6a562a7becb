"""Successive polls of one search whose feed rewrites every link, with journals beside it: an invented series."""

from collections.abc import Callable
from datetime import datetime, timedelta
from xml.sax.saxutils import escape

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from alerts.ingest.fetch import Fetch
from alerts.model import Source, Topic
from alerts.pipeline import poll, release
from alerts.store import catalogue
from alerts.store.engine import reading, writing
from alerts.store.tables import AlertRow, HistoryRow, ItemRow, SightingRow, SourceRow

SLEEP = Topic(slug="narcolepsy", name="Narcolepsy", definition={"terms": ["narcolepsy"]})
WINDOW, STEP, POLLS = 15, 10, 6
WORKS = STEP * (POLLS - 1) + WINDOW
PLACES = ("Aberdeen", "Bergen", "Coimbra", "Dresden", "Esbjerg", "Freiburg", "Girona")


def title(n: int) -> str:
    return f"Sleep attacks and narcolepsy among {n + 20} night workers of {PLACES[n % 7]}"


def _search(at: int) -> bytes:
    """Return the window at a poll: newest first, every link stamped with the moment of fetching."""
    works = range(at * STEP + WINDOW - 1, at * STEP - 1, -1)
    stamp = f"utm_source=test&utm_medium=rss&fc=20260504090000&ff=202605{at + 4:02}093000&v=2.18.0.post9"
    entries = "".join(
        f"<item><title>{title(n)}</title><link>{escape(f'https://pubmed.ncbi.nlm.nih.gov/{9000 + n}/?{stamp}')}</link>"
        f"<description>Workers of {PLACES[n % 7]} kept diaries of their sleep.</description>"
        f'<guid isPermaLink="false">pubmed:{9000 + n}</guid><pubDate>Mon, 04 May 2026 06:00:00 -0400</pubDate>'
        f"<dc:identifier>pmid:{9000 + n}</dc:identifier><dc:identifier>doi:10.1000/night.{n}</dc:identifier></item>"
        for n in works
    )
    return f"""<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>
        <title>night work</title><link>https://pubmed.ncbi.nlm.nih.gov/</link><description>s</description>
        <lastBuildDate>Mon, 04 May 2026 0{at}:00:00 +0000</lastBuildDate>{entries}</channel></rss>""".encode()


def _journal(works: range) -> bytes:
    entries = "".join(
        f"<item><title>{title(n)}</title><link>https://journal.example/night/{n}</link><guid>night-{n}</guid>"
        f"<prism:doi>10.1000/night.{n}</prism:doi><description>Diaries of sleep.</description></item>" for n in works
    )
    return f"""<?xml version="1.0"?><rss version="2.0" xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/">
        <channel><title>Night</title><link>https://journal.example/</link><description>j</description>{entries}
        </channel></rss>""".encode()


@pytest.fixture
async def polled(engine: Engine, site, fetch: Fetch, now: datetime) -> Callable[[type], list[object]]:
    with writing(engine) as session:
        catalogue.add_topics(session, [SLEEP])
        catalogue.add_sources(session, [
            Source(slug=slug, url=site.url(f"/{slug}"), allow_private=True, gives="paper") for slug in ("pubmed", "journal")
        ], now)  # fmt: skip
    site.answers["/journal"] = (_journal(range(WORKS // 2)), 200, {})
    for at in range(POLLS):
        site.answers["/pubmed"] = (_search(at), 200, {})
        went = await poll.poll_due(engine, fetch, now + timedelta(hours=6 * at), everything=True)
        assert not [one.error for one in went if one.failed]
        release.release(engine, now + timedelta(hours=6 * at))
    release.release(engine, now + timedelta(days=4))  # what seemed a teaser waited a day

    def rows(table: type) -> list[object]:
        with reading(engine) as session:
            found = session.exec(select(table)).all()
            session.expunge_all()
        return list(found)

    return rows


async def test_a_series_of_polls_gives_each_work_once_and_no_false_change(polled) -> None:
    assert len([row for row in polled(ItemRow) if row.merged_into is None]) == WORKS
    assert len(polled(AlertRow)) == WORKS
    assert {row.reason for row in polled(AlertRow)} == {"new"}
    assert not polled(HistoryRow)
    assert {row.changes for row in polled(SightingRow)} == {0}
    assert len(polled(SightingRow)) == WORKS + WORKS // 2
    assert [row.gaps for row in polled(SourceRow)] == [0, 0]
