"""What an entry of a `mixed` source is, where neither a DOI nor a known publisher tells it."""

import pytest

from alerts.ingest import feed, page
from alerts.model import Document, Kind, PollState, Source

ITEM = "<item><title>{title}</title><link>{link}</link><description>{text}</description></item>"


def kind(link: str, *, feed_title: str = "Lamps", title: str = "Dim lamps and sleep", text: str = "Words.", gives: str = "mixed") -> Kind:
    item = ITEM.format(title=title, link=link.replace("&", "&amp;"), text=text)
    body = f"<rss version='2.0'><channel><title>{feed_title}</title>{item}</channel></rss>"
    (entry,) = feed.read(Source(slug="s", gives=gives), PollState(), Document(url="https://e.example/", body=body.encode())).entries
    return entry.content.kind


@pytest.mark.parametrize(
    "link",
    [
        "https://lamps-quarterly.example/index.php/lq/article/view/4711",
        "https://journals.university.example/lamps/4711",
        "https://scielo.example.co/scielo.php?script=sci_arttext&pid=S0120-87482021000200020&lang=en",
        "https://press.example/doi/abs/lamps-2026-17",
        "https://lamps.example/content/17/2/e45",
        "https://scholar.university.example/lamps/vol12/iss3/5",
        "https://publisher.example/papers/lamps/detail/113/100635/Dim_lamps",
    ],
)
def test_addresses_as_journals_make_them_mean_a_paper(link: str) -> None:
    assert kind(link) is Kind.PAPER
    assert kind(link, gives="news") is Kind.NEWS, "the operator's word counts first"


@pytest.mark.parametrize(
    "link",
    [
        "https://news.example/content/2026/05/dim-lamps", "https://news.example/articles/dim-lamps", "https://journal.blogger.example/1",
        "https://news.example/view/12", "https://charity.example/about/articles/12",
    ],
)  # fmt: skip
def test_other_addresses_mean_news(link: str) -> None:
    assert kind(link) is Kind.NEWS


@pytest.mark.parametrize("title", ["Journal of Dim Lamps", "Annals of Sleep: Table of Contents", "Acta Lampadica", "Wiley: Lamps: Early View", "Sleep Science Journal"])
def test_a_journal_s_own_list_holds_papers(title: str) -> None:
    assert kind("https://e.example/1", feed_title=title) is Kind.PAPER


@pytest.mark.parametrize("title", ["My journal", "Journal", "The Journal of a Night Nurse", "News from the Journal of Dim Lamps", "Journal of Dim Lamps podcasts", "Practical lamps"])
def test_other_lists_do_not(title: str) -> None:
    assert kind("https://e.example/1", feed_title=title) is Kind.NEWS


def test_an_abstract_with_its_headings_is_a_paper_s() -> None:
    abstract = "&lt;p&gt;Background: Lamps.&lt;/p&gt;&lt;p&gt;Methods: We dimmed 40.&lt;/p&gt;&lt;p&gt;Results: All slept.&lt;/p&gt;"
    assert kind("https://e.example/1", text=abstract) is Kind.PAPER
    assert kind("https://e.example/1", text="&lt;p&gt;Results: the home team won.&lt;/p&gt;") is Kind.NEWS


@pytest.mark.parametrize(("link", "expected"), [("/article/view/7", Kind.PAPER), ("/story/7", Kind.NEWS)])
def test_a_page_of_mixed_items_is_sorted_alike(link: str, expected: Kind) -> None:
    source = Source(slug="p", kind="page", url="https://e.example/", options={"item": "li"})
    body = f'<ul><li><a href="{link}">Dim lamps and sleep</a> May 1, 2026</li></ul>'
    (entry,) = page.read(source, PollState(), Document(url="https://e.example/", body=body.encode())).entries
    assert entry.content.kind is expected


def test_a_followed_page_that_names_its_journal_is_a_paper_s() -> None:
    source = Source(slug="p", kind="page", url="https://e.example/", options={"item": "li", "follow": True})
    body = '<html><head><meta name="citation_journal_title" content="Lamps"><meta name="citation_title" content="Dim lamps"></head><body><p>Text.</p></body></html>'
    row = {"link": "https://e.example/story/7", "title": "Dim lamps", "date": "", "text": "Dim lamps", "locator": "x", "hash": "h"}
    state = PollState(resume={"queue": [row], "window": ["x"], "most": 1})
    (entry,) = page.read(source, state, Document(url="https://e.example/story/7", body=body.encode())).entries
    assert entry.content.kind is Kind.PAPER
