"""What is read of an entry without feedparser is what feedparser reads of it."""

import io
from html import escape

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from alerts.ingest import plainly

LINK = "https://journal.example/1"
FIELDS = (
    "title", "published", "updated", "language", "dc_type", "prism_publicationname", "prism_publicationdate",
    "prism_coverdate", "prism_doi", "summary", "content", "created",
)  # fmt: skip
SPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:dcterms="http://purl.org/dc/terms/"'
)
NAMES = st.sampled_from([
    "title", "pubDate", "PubDate", "language", "guid", "category", "comments", "enclosure", "author", "source", "summary",
    "dc:title", "dc:date", "dc:language", "dc:type", "dc:creator", "dc:identifier", "dc:source", "dc:publisher",
    "dc:rights", "dc:format", "dc:subject", "dc:description", "prism:publicationName", "prism:publicationDate",
    "prism:coverDate", "prism:doi", "prism:volume", "media:title", "dcterms:created", "issued", "created",
])  # fmt: skip
WORDS = st.lists(
    st.sampled_from(["Myelin", "repair", " ", "\n", "2026-05-04", "Mon, 04 May 2026 06:00:00 GMT", "&amp;", "<b>", "\xe9",
                     "\xc3\xa9", "\x92", "\u03b2", "\u2014", "x < y", "AT&T", "en"]), max_size=4,
).map("".join)  # fmt: skip
ATTRIBUTES = st.sampled_from(["", "", "", "", ' isPermaLink="false"', ' type="html"', ' domain="x"', ' xml:lang="de"'])


@st.composite
def items(draw: st.DrawFn) -> str:
    """Return the inside of an RSS item."""
    fields = draw(st.lists(st.tuples(NAMES, ATTRIBUTES, WORDS), max_size=6))
    return f"<link>{LINK}</link>" + "".join(f"<{name}{given}>{escape(said)}</{name}>" for name, given, said in fields)


def both(item: str) -> tuple[object, feedparser.FeedParserDict]:
    """Return what we read of an item, and what feedparser does."""
    body = f'<rss version="2.0" {SPACES}><channel><title>J</title><item>{item}</item></channel></rss>'.encode()
    (entry,) = etree.fromstring(body).iter("item")
    told = feedparser.parse(
        io.BytesIO(body), response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False, resolve_relative_uris=False,
    )  # fmt: skip
    return plainly.read(entry, LINK), told.entries[0]


@given(items())
def test_a_plain_entry_is_read_as_feedparser_reads_it(item: str) -> None:
    ours, theirs = both(item)
    if ours is not None:
        assert ours == {name: dict.__getitem__(theirs, name) for name in FIELDS if dict.__contains__(theirs, name)}


def test_the_common_elements_are_plain() -> None:
    ours, _ = both(
        f'<title>Myelin</title><link>{LINK}</link><guid isPermaLink="false">g</guid><category domain="x">a</category>'
        "<pubDate>Mon, 04 May 2026 06:00:00 GMT</pubDate><dc:creator>Rossi M</dc:creator><dc:date>2026-05-04</dc:date>"
        "<dc:source>J</dc:source><prism:publicationName>J</prism:publicationName><prism:volume>1</prism:volume>"
    )
    assert ours == {
        "title": "Myelin", "published": "Mon, 04 May 2026 06:00:00 GMT", "updated": "2026-05-04",
        "prism_publicationname": "J",
    }  # fmt: skip


@pytest.mark.parametrize("item", ["<title>a &lt;b&gt;</title>", "<title>a <b>c</b></title>", "<author>x</author>",
                                  "<title>a</title><title>b</title>", "<summary>x</summary>", "<pubDate a='b'>x</pubDate>"])
def test_what_leaves_something_to_interpret_is_feedparser_s(item: str) -> None:
    assert both(item)[0] is None


@pytest.mark.parametrize("link", ["", "/1", "javascript:x"])
def test_without_a_web_address_feedparser_looks_for_one(link: str) -> None:
    assert plainly.read(etree.fromstring("<item><title>a</title></item>"), link) is None
