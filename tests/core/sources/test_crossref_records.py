"""Crossref's records become entries."""

import json
from typing import Any

import pytest

from alerts.errors import ReadError
from alerts.ingest import crossref
from alerts.model import Document, Entry, Key, Kind, Link, PartialDate


def work(**more: Any) -> dict[str, Any]:
    return {
        "DOI": "10.1000/Walk.1",
        "type": "journal-article",
        "title": ["On <i>walking</i>"],
        "abstract": "<jats:title>Abstract</jats:title><jats:sec><jats:title>Methods</jats:title><jats:p>We walked.</jats:p></jats:sec>",
        "author": [{"given": "Anna B.", "family": "Ferro"}, {"name": "WALK Group"}, {"affiliation": []}],
        "container-title": ["Annals of Invented Neurology"],
        "published": {"date-parts": [[2026, 5]]},
        "published-print": {"date-parts": [[2026]]},
        "issued": {"date-parts": [[None]]},
        "language": "en",
    } | more


def read(*works: object) -> tuple[Entry, ...]:
    body = {"status": "ok", "message-type": "work-list", "message": {"items": list(works)}}
    return crossref.entries(Document(url="u", body=json.dumps(body).encode()))


def one(**more: Any) -> Entry:
    (entry,) = read(work(**more))
    return entry


def test_a_work_is_read_without_markup() -> None:
    entry = one()
    assert entry.keys == (Key("doi", "10.1000/walk.1"),)
    assert (entry.content.title, entry.content.text) == ("On walking", "METHODS: We walked.")
    assert entry.content.authors == ("Ferro AB", "WALK Group")
    assert (entry.content.venue, entry.content.published) == ("Annals of Invented Neurology", PartialDate(2026, 5))


@pytest.mark.parametrize(
    ("kind", "by", "of"),
    [
        ("retraction", "retracted-by", "retracts"), ("withdrawal", "retracted-by", "retracts"), ("correction", "corrected-by", "corrects"),
        ("erratum", "corrected-by", "corrects"), ("expression_of_concern", "concern-by", "concerns"), ("Expression-of-Concern", "concern-by", "concerns"),
    ],
)  # fmt: skip
def test_updates_are_links_from_both_ends_and_a_notice_is_a_notice(kind: str, by: str, of: str) -> None:
    row = {"DOI": "10.1000/OTHER", "type": kind, "source": "publisher"}
    assert one(**{"updated-by": [row]}).links == (Link(by, "doi", "10.1000/other"),)
    notice = one(**{"update-to": [row]})
    assert notice.links == (Link(of, "doi", "10.1000/other"),)
    assert notice.content.kind is Kind.NOTICE
    assert one(**{"updated-by": [row]}).content.kind is Kind.PAPER


def test_an_update_of_itself_or_of_unknown_kind_is_none() -> None:
    rows = [{"DOI": "10.1000/walk.1", "type": "retraction"}, {"DOI": "10.1000/x", "type": "crossmark"}, {"type": "retraction"}, "odd"]
    assert one(**{"updated-by": rows}).links == ()


def test_a_preprint_names_its_paper_and_a_paper_its_preprint() -> None:
    other = {"id-type": "doi", "id": "10.1101/2026.01.01.26300001", "asserted-by": "subject"}
    preprint = one(type="posted-content", relation={"is-preprint-of": [other]})
    assert (preprint.content.kind, preprint.links) == (Kind.PREPRINT, (Link("published-as", "doi", other["id"]),))
    assert one(relation={"has-preprint": [other, {"id-type": "uri", "id": "x"}]}).links == (Link("version-of", "doi", other["id"]),)


def test_deposited_registry_numbers_are_links() -> None:
    rows = [{"clinical-trial-number": "nct07000001", "registry": "10.18810/clinical-trials-gov"}]
    assert one(**{"clinical-trial-number": rows}).links == (Link("registered-as", "nct", "NCT07000001"),)


def test_the_raw_hash_follows_updates_and_not_counts() -> None:
    assert one(**{"is-referenced-by-count": 4}).raw_hash == one().raw_hash
    assert one(**{"updated-by": [{"DOI": "10.1000/r", "type": "retraction"}]}).raw_hash != one().raw_hash


def test_a_single_work_is_read_too() -> None:
    body = json.dumps({"status": "ok", "message-type": "work", "message": work()})
    assert len(crossref.entries(Document(url="u", body=body.encode()))) == 1


@pytest.mark.parametrize("body", ["", "Resource not found.", '{"status": "failed", "message": []}', '{"status": "ok", "message-type": "work-list", "message": {}}', '{"status": "ok", "message": {"items": [{}]}}'])
def test_anything_else_is_a_read_error(body: str) -> None:
    with pytest.raises(ReadError):
        crossref.entries(Document(url="u", body=body.encode()))


def test_dois_are_asked_for_in_groups_and_odd_ones_alone() -> None:
    dois = [f"10.1000/{number}" for number in range(45)] + ["10.1002/(sici)1,2<3:x>4.0.co;2-a"]
    asked = list(crossref.requests(dois))
    assert [len(part) for _, part in asked] == [1, 20, 20, 5]
    assert asked[0][0].url == "https://api.crossref.org/works/10.1002%2F%28sici%291%2C2%3C3%3Ax%3E4.0.co%3B2-a"
    assert sorted(doi for _, part in asked for doi in part) == sorted(dois)
    assert max(len(request.url) for request, _ in asked) < 2000
