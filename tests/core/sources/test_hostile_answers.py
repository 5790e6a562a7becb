"""Whatever a service sends, a kind reads it or says why not: no other exception, and nothing that cannot be stored."""

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.errors import SourceError
from alerts.ingest import KINDS, crossref, medline
from alerts.ingest.article import Article
from alerts.ingest.discover import feeds
from alerts.model import Document, Page, PollState, Source

NOW = datetime(2026, 5, 4, tzinfo=UTC)

STUDY = {
    "protocolSection": {
        "identificationModule": {"nctId": "NCT07000001", "briefTitle": "T", "secondaryIdInfos": [{"id": "ISRCTN12345678"}], "nctIdAliases": ["NCT07000002"]},
        "statusModule": {"overallStatus": "RECRUITING", "startDateStruct": {"date": "2026-02"}, "whyStopped": "x"},
        "descriptionModule": {"briefSummary": "S"}, "conditionsModule": {"conditions": ["C"], "keywords": ["K"]},
        "designModule": {"phases": ["PHASE1"], "enrollmentInfo": {"count": 4, "type": "ACTUAL"}, "designInfo": {"maskingInfo": {"masking": "NONE"}}},
        "armsInterventionsModule": {"interventions": [{"type": "DRUG", "name": "Z"}]}, "outcomesModule": {"primaryOutcomes": [{"measure": "M"}]},
        "referencesModule": {"references": [{"pmid": "1", "type": "RESULT"}]},
    },
    "derivedSection": {"conditionBrowseModule": {"meshes": [{"term": "X"}]}}, "hasResults": True,
}  # fmt: skip
RESULT = {
    "id": "1", "source": "MED", "pmid": "1", "doi": "10.1000/a", "pmcid": "PMC1", "title": "T", "abstractText": "<h4>A</h4>b", "authorList": {"author": [{"fullName": "F"}]},
    "journalInfo": {"journal": {"title": "J"}}, "pubTypeList": {"pubType": ["Journal Article"]}, "meshHeadingList": {"meshHeading": [{"descriptorName": "M"}]},
    "firstPublicationDate": "2026-01-01", "commentCorrectionList": {"commentCorrection": [{"type": "Erratum in", "source": "MED", "id": "2", "reference": "doi: 10.1000/x"}]},
}  # fmt: skip
PREPRINT = {"title": "T", "abstract": "A", "authors": "F, A.", "doi": "10.1101/2026.01.01.26300001", "date": "2026-05-01", "version": "1", "published": "10.1000/b", "server": "s"}
WORK = {
    "DOI": "10.1000/a", "type": "journal-article", "title": ["T"], "abstract": "<p>A</p>", "author": [{"given": "A B", "family": "F"}], "container-title": ["J"],
    "published": {"date-parts": [[2026, 5, 1]]}, "updated-by": [{"DOI": "10.1000/r", "type": "retraction"}], "relation": {"has-preprint": [{"id-type": "doi", "id": "10.1000/p"}]},
    "clinical-trial-number": [{"clinical-trial-number": "NCT07000001"}], "language": "en",
}  # fmt: skip

ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**12), 10**12), st.floats(allow_nan=False), st.text(max_size=12), st.just([]), st.just({}), st.just([None]), st.just([[]]),
    st.just({"id": []}), st.lists(st.text(max_size=5), max_size=2), st.sampled_from(["\x00", "\ud800x", "<script>", "9999-99-99", "10.1/", "NCT0", "\u202e"]),
)  # fmt: skip


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


def spoiled(value: Any, path: tuple[Any, ...], odd: object) -> Any:
    if not path:
        return odd
    made = copy.deepcopy(value)
    inner = made
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = odd
    return made


def read(kind: str, body: bytes, **options: Any) -> Page | None:
    source = Source(slug="s", kind=kind, url="file:///x" if kind == "file" else "https://e.example/", query="t", options=options)
    plan = KINDS[kind].plan(source, PollState(), NOW)
    assert plan is not None
    try:
        page = KINDS[kind].read(source, PollState(resume=plan.state), Document(url="https://e.example/", body=body))
    except SourceError:
        return None
    json.dumps(page.state)
    for entry in page.entries:
        assert entry.locator
        hash(entry.content)
    return page


ANSWERS = {
    "clinicaltrials": {"studies": [STUDY], "nextPageToken": "x"},
    "europepmc": {"hitCount": 1, "nextCursorMark": "x", "resultList": {"result": [RESULT]}},
    "medrxiv": {"messages": [{"status": "ok"}], "collection": [PREPRINT]},
    "pubmed": {"esearchresult": {"count": "1", "idlist": ["1"], "errorlist": {"phrasesnotfound": []}, "warninglist": {"quotedphrasesnotfound": []}}},
    "file": {"id": "a", "kind": "paper", "title": "T", "authors": ["F"], "published": "2026", "doi": "10.1000/a", "enrollment": 3, "links": [["reports", "nct", "NCT07000001"]]},
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_what_is_spoiled_is_whole_to_begin_with(kind: str) -> None:
    page = read(kind, json.dumps(ANSWERS[kind]).encode())
    assert page is not None
    assert page.entries or page.next


@pytest.mark.parametrize("kind", ANSWERS)
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_an_answer_with_any_part_of_another_kind(kind: str, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(list(places(ANSWERS[kind]))))
    page = read(kind, json.dumps(spoiled(ANSWERS[kind], path, data.draw(ODD))).encode())
    assert page is None or all(entry.locator for entry in page.entries)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_crossref_work_with_any_part_of_another_kind(data: st.DataObject) -> None:
    answer = {"status": "ok", "message-type": "work", "message": WORK}
    body = json.dumps(spoiled(answer, data.draw(st.sampled_from(list(places(answer)))), data.draw(ODD))).encode()
    with suppress(SourceError):
        assert all(entry.locator for entry in crossref.entries(Document(url="u", body=body)))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300))
def test_any_bytes(kind: str, body: bytes) -> None:
    page = read(kind, body, item="li")
    assert page is None or all(entry.locator for entry in page.entries)


ARTICLE = (
    b"<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article><Journal><JournalIssue><PubDate><Year>2026</Year><Month>May</Month></PubDate></JournalIssue></Journal>"
    b"<ArticleTitle>T <sup>2</sup></ArticleTitle><Abstract><AbstractText Label='A'>x</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>"
)
PAGE = b"<html><head><base href='/x'><meta property='og:title' content='T'><link rel=alternate type='application/rss+xml' href='/f'></head><body><li><a href='/a'>T</a> 5/1/2026</li><article><p>P</p></article></body></html>"


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(ARTICLE)), st.integers(0, 30), st.binary(max_size=12))
def test_records_with_any_bytes_replaced(start: int, length: int, odd: bytes) -> None:
    with suppress(SourceError):
        found = medline.entries(Document(url="u", body=ARTICLE[:start] + odd + ARTICLE[start + length :]))
        assert all(entry.locator for entry in found)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(PAGE)), st.integers(0, 30), st.binary(max_size=12))
def test_pages_with_any_bytes_replaced(start: int, length: int, odd: bytes) -> None:
    document = Document(url="https://e.example/", body=PAGE[:start] + odd + PAGE[start + length :])
    assert all(found.url for found in feeds(document))
    read("page", document.body, item="li")
    try:
        Article(document).content(None)
    except SourceError:
        return
