"""Which API is asked where a feed's window left a gap."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from alerts.ingest import KINDS
from alerts.ingest.backfill import anchor, stand_in
from alerts.model import PollState, Source

NOW = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "title", "kind", "query", "options"),
    [
        ("https://clinicaltrials.gov/api/rss?cond=rare+myelitis&dateField=LastUpdatePostDate", "T", "clinicaltrials", "rare myelitis", {"area": "cond"}),
        ("https://clinicaltrials.gov/api/rss?intr=zorbimab", "T", "clinicaltrials", "zorbimab", {"area": "intr"}),
        ("https://pubmed.ncbi.nlm.nih.gov/rss/search/1abc/?limit=15", "rare myelitis - Latest results from PubMed", "pubmed", "rare myelitis", {}),
        ("https://pubmed.ncbi.nlm.nih.gov/rss/search/1abc/", "MOGAD", "pubmed", "MOGAD", {}),
        ("https://connect.medrxiv.org/medrxiv_xml.php?subject=neurology", "T", "medrxiv", "", {"category": "neurology"}),
        ("http://connect.biorxiv.org/biorxiv_xml.php?subject=cell_biology", "T", "biorxiv", "", {"category": "cell biology"}),
        ("https://connect.medrxiv.org/medrxiv_xml.php?subject=all", "T", "medrxiv", "", {}),
        ("https://rss.sciencedirect.com/publication/science/22110348", "T", "pubmed", '"2211-0348"[is]', {}),
        ("https://clinicaltrials.gov/api/rss?intr=zorbimab&cond=rare+myelitis", "T", "clinicaltrials", "rare myelitis", {"area": "cond", "filter": "AREA[InterventionSearch](zorbimab)"}),
        ("https://europepmc.org/rss/search/rare%20myelitis", "T", "europepmc", "rare myelitis", {}),
        ("https://www.europepmc.org/rss?query=SRC:PPR+AND+myelitis", "T", "europepmc", "SRC:PPR AND myelitis", {}),
        ("https://www.ebi.ac.uk/europepmc/feed?term=myelitis", "T", "europepmc", "myelitis", {}),
        ("https://www.researchsquare.com/rss.xml", "T", "europepmc", 'SRC:PPR AND PUBLISHER:"Research Square"', {}),
        ("https://onlinelibrary.wiley.com/feed/1531824x/most-recent", "T", "pubmed", '"1531-824X"[is]', {}),
    ],
)
def test_a_feed_whose_api_is_known_has_a_stand_in(url: str, title: str, kind: str, query: str, options: dict[str, Any]) -> None:
    found = stand_in(Source(slug="s", url=url, title=title, gives="paper", about="ms", options={"x": 1}))
    assert found is not None
    assert (found.kind, found.query, found.options, found.url) == (kind, query, options, "")
    assert (found.slug, found.gives, found.about) == ("s", "paper", "ms")


def test_the_operators_query_goes_before_the_title() -> None:
    found = stand_in(Source(slug="s", url="https://pubmed.ncbi.nlm.nih.gov/rss/search/1/", title="My search", query="rare myelitis[tiab]"))
    assert found is not None
    assert found.query == "rare myelitis[tiab]"


@pytest.mark.parametrize(
    "source",
    [
        Source(slug="s", url="https://news.example/feed"), Source(slug="s", kind="page", url="https://clinicaltrials.gov/api/rss?cond=x"), Source(slug="s", url="https://clinicaltrials.gov/api/rss"), Source(slug="s", url="https://europepmc.org/RssFeeds"),
        Source(slug="s", url="https://pubmed.ncbi.nlm.nih.gov/rss/search/1/"), Source(slug="s", url="https://e.example/20260504/feed"),
    ],
)  # fmt: skip
def test_others_have_none(source: Source) -> None:
    assert stand_in(source) is None


@pytest.mark.parametrize("kind", ["pubmed", "clinicaltrials", "europepmc", "medrxiv"])
def test_the_anchor_makes_every_kind_read_on_from_that_day(kind: str) -> None:
    plan = KINDS[kind].plan(Source(slug="s", kind=kind, query="myelitis"), PollState(anchor=anchor(date(2026, 4, 20))), NOW)
    assert plan is not None
    assert any(day in plan.request.url for day in ("2026-04-18", "2026%2F04%2F18"))
    assert not plan.state.get("changed_due")
