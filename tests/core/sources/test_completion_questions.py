"""Teasers are completed, and alerted works are asked after, by as few questions as can be."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.errors import FetchError, ReadError
from alerts.ingest import aftercare, completion
from alerts.model import Content, Document, Item, Key, Kind, Link

NOW = datetime(2026, 5, 4, tzinfo=UTC)
PMID, DOI, PMC = Key("pmid", "41"), Key("doi", "10.1000/a"), Key("pmcid", "PMC7")


def item(number: int, *keys: Key, kind: Kind = Kind.PAPER) -> Item:
    return Item(id=number, content=Content(kind=kind, title="T"), first_seen=NOW, keys=keys)


@pytest.mark.parametrize("text", ["", "  ", "We walked and ...", "We walked…", "We walked […]", "We walked [...]"])
def test_a_missing_or_cut_abstract_is_a_teaser(text: str) -> None:
    assert completion.is_teaser(Content(title="T", text=text))
    assert not completion.is_teaser(Content(kind=Kind.NEWS, title="T", text=text))
    assert not completion.is_teaser(Content(kind=Kind.NOTICE, title="T", text=text))


def test_a_whole_abstract_is_none_unless_its_source_says_it_cut_it() -> None:
    assert not completion.is_teaser(Content(title="T", text="We walked."))
    assert completion.is_teaser(Content(title="T", text="We walked.", truncated=True))


def test_the_best_service_is_asked_first_and_each_attempt_asks_the_next() -> None:
    both = item(1, DOI, PMID)
    asked = [[question.service for question in completion.questions([both], {1: attempts})] for attempts in range(4)]
    assert asked == [["pubmed"], ["europepmc"], ["crossref"], ["pubmed"]]
    assert [question.service for question in completion.questions([item(2, DOI)], {})] == ["europepmc"]
    assert list(completion.questions([item(3, Key("url", "https://e.example/"))], {})) == []


def test_waits_grow_and_end() -> None:
    waits = [completion.next_try(attempts) for attempts in range(6)]
    known = [wait for wait in waits if wait is not None]
    assert known == sorted(known)
    assert waits[0] == timedelta(0)
    assert waits[-1] is None


def test_many_items_make_few_questions() -> None:
    items = [item(number, Key("pmid", str(number))) for number in range(1, 451)]
    assert [len(question.keys) for question in completion.questions(items, {})] == [200, 200, 50]
    items = [item(number, Key("doi", f"10.1000/{number}")) for number in range(45)]
    asked = list(completion.questions(items, {}))
    assert [len(question.keys) for question in asked] == [20, 20, 5]
    assert "DOI%3A%2210.1000%2F0%22" in asked[0].request.url


@given(st.lists(st.sets(st.sampled_from([PMID, DOI, PMC, Key("url", "u")])), max_size=6), st.integers(0, 4))
def test_every_item_with_a_key_is_asked_for(keys: list[set[Key]], attempts: int) -> None:
    items = [item(number, *sorted(some)) for number, some in enumerate(keys)]
    asked = {key for question in completion.questions(items, dict.fromkeys(range(6), attempts)) for key in question.keys}
    able = [one for one in items if completion.services(one.keys)]
    assert all(asked & set(one.keys) for one in able)


def question(service: str, *keys: Key) -> completion.Question:
    (found,) = completion.ASK[service](keys)
    return found


def test_answers_are_those_asked_for() -> None:
    rows = [{"id": "41", "source": "MED", "pmid": "41", "doi": "10.1000/A", "title": "T", "abstractText": "Whole."}, {"id": "9", "source": "MED", "pmid": "9", "title": "Other"}]
    body = json.dumps({"hitCount": 2, "resultList": {"result": rows}}).encode()
    (entry,) = completion.answers(question("europepmc", DOI), Document(url="u", body=body))
    assert entry.content.text == "Whole."
    assert completion.answers(question("pubmed", PMID), Document(url="u", body=b"<PubmedArticleSet/>")) == ()


def test_refused_answers_are_errors() -> None:
    with pytest.raises(ReadError, match="404"):
        completion.answers(question("europepmc", DOI), Document(url="u", body=b'{"errCode":404,"errMsg":"No"}'))
    with pytest.raises(FetchError):
        completion.answers(question("pubmed", PMID), Document(url="u", body=b'{"error":"API rate limit exceeded","api-key":"x"}'))


def test_only_a_whole_abstract_completes() -> None:
    held = Content(title="T", text="We walked and ...")
    assert completion.is_better(held, Content(title="T", text="We walked and sat."))
    assert not completion.is_better(held, Content(title="T", text="We walked and sat, for ..."))
    assert not completion.is_better(held, Content(title="T", text="Short."))


def test_works_are_asked_after_by_both_roads() -> None:
    asked = list(aftercare.questions([item(1, PMID, DOI), item(2, Key("doi", "10.1000/b")), item(3, Key("pmid", "9"), kind=Kind.NEWS)]))
    assert [(one.service, one.keys) for one in asked] == [("pubmed", (PMID,)), ("crossref", (DOI, Key("doi", "10.1000/b")))]


def test_asking_is_monthly_for_five_years() -> None:
    asked: datetime | None = None
    times = []
    while following := aftercare.next_asking(NOW, asked):
        times.append(following)
        asked = following
    assert max(later - earlier for earlier, later in zip([NOW, *times], times, strict=False)) <= timedelta(days=31)
    assert timedelta(days=5 * 365 - 31) <= times[-1] - NOW <= timedelta(days=5 * 365)


def test_what_befell_a_work_is_told_once() -> None:
    retracted, cited = Link("retracted-by", "pmid", "99"), Link("mentions", "doi", "10.1000/z")
    assert aftercare.changes([cited], [cited, retracted]) == (retracted,)
    assert aftercare.changes([retracted], [retracted]) == ()
