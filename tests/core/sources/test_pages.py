"""A web page with a list of items, and the items' own pages."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.errors import FetchError, ReadError
from alerts.ingest import page
from alerts.ingest.article import Article
from alerts.model import Document, Key, Kind, Link, PartialDate, PollState, Request, Source

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
LIST = "https://news.example/list"
SOURCE = Source(slug="news", kind="page", url=LIST, gives="news", title="Invented News", options={"item": "li.story"})
Play = Callable[..., Any]

LISTING = """<html><body><ul>
<li class="story"><a href="/a?utm_source=list">Walking helps, says a small study</a> <span class="on">5/1/2026</span></li>
<li class="story"><a href="/b">Tablets for <i>rare</i> myelitis</a> A first look. Read More 4/30/2026</li>
<li class="story"><a href="https://doi.org/10.1000/Story.3">The paper itself</a></li>
<li class="advert"><a href="/buy">Buy</a></li></ul></body></html>"""

STORY = """<html lang="en-US"><head><title>x | Invented News</title><meta property="og:title" content="Walking helps, says a small study">
<meta property="article:published_time" content="2026-05-01T08:00:00Z"></head><body><nav><p>Menu</p></nav><article>
<h1>Walking helps</h1><p>Twelve people walked in trial NCT07000001.</p><p>More is needed. <a href="https://doi.org/10.1000/Walk.9">The study</a></p>
<aside><p>Read also</p></aside></article><footer><p>Imprint</p></footer></body></html>"""

PAPER = """<html><head><meta name="citation_title" content="On walking"><meta name="citation_doi" content="10.1000/Walk.9">
<meta name="citation_author" content="Ferro, Anna"><meta name="citation_publication_date" content="2026/04/30">
<meta name="citation_journal_title" content="Annals of Invented Neurology"></head><body><main><p>We walked.</p></main></body></html>"""


def serve(pages: Mapping[str, str]) -> Callable[[Request], str]:
    def answer(request: Request) -> str:
        if request.url not in pages:
            raise FetchError("HTTP 404", status=404)
        return pages[request.url]

    return answer


def test_items_are_read_with_title_date_and_clean_link(play: Play) -> None:
    entries = play(SOURCE, serve({LIST: LISTING}), NOW).entries
    assert [entry.content.title for entry in entries] == ["Walking helps, says a small study", "Tablets for rare myelitis", "The paper itself"]
    assert [entry.content.published for entry in entries] == [PartialDate(2026, 5, 1), PartialDate(2026, 4, 30), None]
    assert entries[0].content.url == "https://news.example/a"
    assert entries[0].keys == (Key("url", "https://news.example/a"),)
    assert all(entry.content.truncated and entry.content.kind is Kind.NEWS for entry in entries)
    assert entries[2].links == (Link("news-about", "doi", "10.1000/story.3"),)
    assert entries[0].content.venue == "Invented News"


def test_a_list_of_papers_has_their_dois_as_keys(play: Play) -> None:
    source = replace(SOURCE, gives="paper")
    assert Key("doi", "10.1000/story.3") in play(source, serve({LIST: LISTING}), NOW).entries[2].keys


def test_selectors_choose_title_date_and_link(play: Play) -> None:
    body = '<div class=i><h3>Title</h3><b class=d>1/5/2026</b><a href="/share">Share</a><p class=m><a href="/t">More</a></p></div>'
    options = {"item": "div.i", "title": "h3", "date": ".d", "link": "p.m a", "day_first": True}
    (entry,) = play(replace(SOURCE, options=options), serve({LIST: body}), NOW).entries
    assert (entry.content.title, entry.content.url, entry.content.published) == ("Title", "https://news.example/t", PartialDate(2026, 5, 1))


def test_a_base_element_is_heeded_and_script_links_are_none(play: Play) -> None:
    body = '<base href="https://cdn.example/x/"><li class=story><a href="y">One</a></li><li class=story><a href="javascript:go()">Two</a></li>'
    entries = play(SOURCE, serve({LIST: body}), NOW).entries
    assert [entry.content.url for entry in entries] == ["https://cdn.example/x/y", ""]
    assert entries[1].keys == ()


def test_a_known_item_is_left_out_until_its_row_changes(play: Play) -> None:
    first = play(SOURCE, serve({LIST: LISTING}), NOW)
    known = {entry.locator: entry.raw_hash for entry in first.entries}
    assert play(SOURCE, serve({LIST: LISTING}), NOW, known=known).seen == 3
    changed = play(SOURCE, serve({LIST: LISTING.replace("The paper itself", "RETRACTED: The paper itself")}), NOW, known=known)
    assert [entry.content.title for entry in changed.entries] == ["RETRACTED: The paper itself"]


@pytest.mark.parametrize(
    "body", ["", "<html><body><p>We have a new website</p></body></html>", '<ul><li class="story"></li><li class="story"> </li></ul>']
)
def test_a_changed_layout_is_an_error_and_never_no_news(play: Play, body: str) -> None:
    with pytest.raises(ReadError):
        play(SOURCE, serve({LIST: body}), NOW)


@pytest.mark.parametrize("options", [{}, {"item": "li..story"}, {"item": "li", "date": ">>"}])
def test_wrong_selectors_are_told_before_anything_is_asked(options: dict[str, str]) -> None:
    with pytest.raises(ReadError, match="--"):
        page.plan(replace(SOURCE, options=options), PollState(), NOW)


FOLLOWED = replace(SOURCE, options={"item": "li.story", "follow": True})
PAGES = {LIST: LISTING, "https://news.example/a": STORY, "https://news.example/b": STORY.replace("Walking helps", "Tablets"), "https://doi.org/10.1000/Story.3": PAPER}


def test_following_reads_each_new_items_own_page_once(play: Play) -> None:
    run = play(FOLLOWED, serve(PAGES), NOW)
    assert [request.url for request in run.requests] == list(PAGES)
    story = run.entries[0]
    assert story.content.text == "Twelve people walked in trial NCT07000001.\nMore is needed. The study"
    assert story.content.truncated is False
    assert Link("news-about", "doi", "10.1000/walk.9") in story.links
    assert Link("mentions", "nct", "NCT07000001") in story.links
    assert not [key for key in story.keys if key.scheme == "doi"], "a story is not the paper"
    known = {entry.locator: entry.raw_hash for entry in run.entries}
    assert len(play(FOLLOWED, serve(PAGES), NOW, known=known).requests) == 1


def test_an_item_whose_page_is_gone_keeps_its_row_and_the_others_are_read(play: Play) -> None:
    pages = {url: body for url, body in PAGES.items() if url != "https://news.example/a"}
    run = play(FOLLOWED, serve(pages), NOW)
    assert len(run.entries) == 3
    assert [entry.content.truncated for entry in run.entries] == [True, False, False]
    assert "HTTP 404" in run.notes[0]


@pytest.mark.parametrize("error", [FetchError("429", status=429), FetchError("refused", network=True), FetchError("503", status=503, retry_after=timedelta(seconds=9))])
def test_trouble_that_passes_ends_the_run_so_that_it_goes_on_later(play: Play, error: FetchError) -> None:
    def answer(request: Request) -> str:
        if request.url == LIST:
            return LISTING
        raise error

    with pytest.raises(FetchError):
        play(FOLLOWED, answer, NOW)


def test_a_papers_own_page_gives_title_date_authors_and_key(play: Play) -> None:
    source = replace(FOLLOWED, gives="mixed")
    paper = play(source, serve(PAGES), NOW).entries[2]
    assert (paper.content.kind, paper.content.title, paper.content.text) == (Kind.PAPER, "On walking", "We walked.")
    assert paper.content.published == PartialDate(2026, 4, 30)
    assert (paper.content.authors, paper.content.venue) == (("Ferro, Anna",), "Annals of Invented Neurology")
    assert Key("doi", "10.1000/walk.9") in paper.keys


def test_json_ld_is_read_and_broken_json_ld_is_passed_over() -> None:
    body = (
        '<script type="application/ld+json">{broken</script><script type="application/ld+json">{"@graph": [{"@type": "NewsArticle", '
        '"headline": "A headline", "datePublished": "2026-05-01", "articleBody": "The whole story."}]}</script><body><p>Part</p></body>'
    )
    article = Article(Document(url="https://news.example/x", body=body.encode()))
    assert (article.title, article.text, article.published) == ("A headline", "The whole story.", PartialDate(2026, 5, 1))


def test_the_story_may_be_chosen_by_selector() -> None:
    body = b"<article><p>Long teaser of another story, longer than ours.</p></article><div class=body><p>Ours.</p></div>"
    assert Article(Document(url="https://e.example/", body=body), selector="div.body").text == "Ours."


def test_the_charset_of_the_header_is_heeded() -> None:
    body = "<p>Neuromiélitis óptica</p>".encode("latin-1")
    document = Document(url="https://e.example/", headers={"content-type": "text/html; charset=iso-8859-1"}, body=body)
    assert Article(document).text == "Neuromiélitis óptica"
