"""Teasers are completed and alerted works asked after, at stand-ins of the services."""

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import unquote

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from alerts.errors import FetchError
from alerts.model import Document, Key, Reason, Request, Source, Topic
from alerts.pipeline import care, poll, release
from alerts.store import catalogue, items, numberline
from alerts.store.engine import reading, writing
from alerts.store.tables import IntentRow, ItemRow

SLEEP = Topic(slug="narcolepsy", name="Narcolepsy", definition={"terms": ["narcolepsy"]})
TEASER = {"id": "a", "keys": [["pmid", "101"]], "title": "Orexin loss in adults with narcolepsy type one",
          "text": "We measured or...", "truncated": True}  # fmt: skip
WHOLE = "We measured orexin in 40 adults with narcolepsy and found less of it than in others."
RETRACTED = '<CommentsCorrections RefType="RetractionIn"><PMID>202</PMID></CommentsCorrections>'


class PubMed:
    """Answers efetch with one article; counts what it is asked."""

    def __init__(self, abstract: str = "", corrections: str = "") -> None:
        self.asked: list[Request] = []
        self.abstract, self.corrections = abstract, corrections
        self.fails = False

    async def __call__(self, request: Request) -> Document:
        self.asked.append(request)
        if self.fails:
            raise FetchError("answers 503", status=503)
        said = unquote(request.url) + (request.body or b"").decode()
        body = self.article() if "101" in said and "efetch" in said else "<PubmedArticleSet/>"
        return Document(url=request.url, body=body.encode())

    def article(self) -> str:
        return f"""<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>101</PMID><Article>
            <ArticleTitle>{TEASER["title"]}</ArticleTitle><Abstract><AbstractText>{self.abstract}</AbstractText></Abstract>
            </Article><CommentsCorrectionsList>{self.corrections}</CommentsCorrectionsList></MedlineCitation>
            </PubmedArticle></PubmedArticleSet>"""


@pytest.fixture
async def polled(engine: Engine, site, fetch, now: datetime) -> Callable[[], object]:
    site.put("/list", TEASER)
    with writing(engine) as session:
        catalogue.add_topics(session, [SLEEP])
        catalogue.add_sources(session, [Source(slug="list", kind="lines", url=site.url("/list"))], now)
    await poll.poll_due(engine, fetch, now)

    def item() -> ItemRow:
        with reading(engine) as session:
            found = session.exec(select(ItemRow)).one()
            session.expunge(found)
        return found

    return item


async def test_a_teaser_waits_is_completed_and_then_alerted(engine, polled, now) -> None:
    pubmed = PubMed(WHOLE)
    assert release.release(engine, now) == range(0)
    cared = await care.complete_due(engine, pubmed, now)
    assert (cared.requests, cared.changed) == (1, 1)
    assert (polled().text, polled().truncated, polled().complete_after) == (WHOLE, False, None)
    assert len(release.release(engine, now)) == 1
    assert (await care.complete_due(engine, pubmed, now + timedelta(days=30))).requests == 0
    with reading(engine) as session:
        assert items.item(session, 1).keys == (Key("pmid", "101"),)


async def test_a_teaser_that_nobody_completes_is_alerted_after_a_day_and_asked_for_ever_less(engine, polled, now) -> None:
    pubmed, waits = PubMed(), []
    for _ in range(9):
        if polled().complete_after is None:
            break
        at = polled().complete_after
        await care.complete_due(engine, pubmed, at)
        waits.append((polled().complete_after or at) - at)
    assert polled().complete_after is None
    assert waits[:-1] == sorted(waits[:-1])
    assert len(pubmed.asked) < 9
    assert len(release.release(engine, now + timedelta(hours=24))) == 1


async def test_a_service_that_fails_is_asked_again_later(engine, polled, now) -> None:
    pubmed = PubMed(WHOLE)
    pubmed.fails = True
    assert (await care.complete_due(engine, pubmed, now)).failed == 1
    pubmed.fails = False
    assert (await care.complete_due(engine, pubmed, now)).requests == 0
    assert polled().complete_after > now


async def test_the_day_s_budget_is_kept(engine, polled, now) -> None:
    pubmed = PubMed(WHOLE)
    assert (await care.complete_due(engine, pubmed, now, budget=0)).requests == 0
    assert pubmed.asked == []
    assert (await care.complete_due(engine, pubmed, now + timedelta(days=1), budget=1)).requests == 1


async def test_a_small_budget_is_spent_on_the_longest_waiting_and_the_rest_waits_for_tomorrow(engine, site, fetch, now) -> None:
    teasers = [{"id": f"t{n}", "keys": [["doi", f"10.1000/w{n}"]], "title": f"Narcolepsy in village {n}", "truncated": True} for n in range(45)]
    site.put("/list", *teasers)
    with writing(engine) as session:
        catalogue.add_topics(session, [SLEEP])
        catalogue.add_sources(session, [Source(slug="list", kind="lines", url=site.url("/list"))], now)
    await poll.poll_due(engine, fetch, now)
    for days, requests, works in ((0, 2, 40), (0, 0, 0), (1, 2, 25)):  # 20 works a question; then 5 left, and 20 again
        cared = await care.complete_due(engine, Unknowing(), now + timedelta(days=days), budget=2)
        assert (cared.requests, cared.items) == (requests, works)


class Unknowing:
    """A service that knows nothing; `status` is what it answers."""

    def __init__(self, status: int = 404) -> None:
        self.status, self.asked = status, list[Request]()

    async def __call__(self, request: Request) -> Document:
        self.asked.append(request)
        if self.status == 200:
            return Document(url=request.url, body=b'{"resultList": {"result": []}}')
        raise FetchError(f"answers {self.status}", status=self.status)


@pytest.mark.parametrize(("status", "requests"), [(404, 3), (429, 1), (503, 1)])
async def test_a_service_that_fails_is_not_asked_for_the_others_too(engine, site, fetch, now, status: int, requests: int) -> None:
    works = [{"id": f"t{n}", "keys": [["doi", f"10.1000/odd,{n}"]], "title": f"Narcolepsy in village {n}", "text": "Whole."} for n in range(3)]
    site.put("/list", *works)
    with writing(engine) as session:
        catalogue.add_topics(session, [SLEEP])
        catalogue.add_sources(session, [Source(slug="list", kind="lines", url=site.url("/list"))], now)
    await poll.poll_due(engine, fetch, now)
    release.release(engine, now)
    crossref = Unknowing(status)
    cared = await care.ask_after_due(engine, crossref, now + timedelta(days=31))
    assert (cared.items, cared.requests, len(crossref.asked)) == (3, requests, requests)


async def test_an_alerted_work_is_asked_after_monthly_and_its_retraction_told_once(engine, polled, now) -> None:
    pubmed = PubMed(WHOLE)
    await care.complete_due(engine, pubmed, now)
    release.release(engine, now)
    assert (await care.ask_after_due(engine, pubmed, now + timedelta(days=1))).requests == 0
    pubmed.corrections = RETRACTED
    later = now + timedelta(days=31)
    assert (await care.ask_after_due(engine, pubmed, later)).requests == 1
    (number,) = release.release(engine, later)
    with reading(engine) as session:
        assert numberline.alerts(session, [number])[number].reason is Reason.RETRACTED
        assert items.alerted(session, [1])[0].mark == "retracted"
    again = later + timedelta(days=31)
    assert (await care.ask_after_due(engine, pubmed, again)).requests == 1
    assert len(release.release(engine, again)) == 0


async def test_an_answer_about_a_work_we_do_not_hold_makes_no_item(engine, polled, now) -> None:
    with writing(engine) as session:
        session.exec(select(IntentRow)).one()
    other = PubMed(WHOLE)
    other.article = lambda: PubMed(WHOLE).article().replace("101", "555")  # type: ignore[method-assign]
    await care.complete_due(engine, other, now)
    assert polled().id == 1
