"""Feeds found on pages, OPML in and out, source packs, spacing."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.errors import NotFoundError, PackError, UsageError
from alerts.ingest import KINDS, opml, packs, spacing
from alerts.ingest.discover import feeds
from alerts.model import Document, PollState, Source

PAGE = """<html><head><base href="https://journal.example/home/">
<link rel="alternate" type="application/rss+xml" title="Current  issue" href="/rss/current.xml">
<link rel="ALTERNATE nofollow" type="application/atom+xml; charset=utf-8" href="ahead.atom#top">
<link rel="alternate" hreflang="de" href="/de"><link rel="alternate" type="application/json" href="/wp-json/posts/1">
<link rel="stylesheet" type="text/xml" href="/style"><link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">
</head><body><a href="/rss/current.xml">RSS</a> <a href="feed://other.example/feed">Other <b>feed</b></a><a href="/feedback">Feedback</a>
<a href="mailto:x@e.example">Mail</a><a href="?feed=rss2">Query feed</a></body></html>"""


def test_the_feeds_of_a_page_are_found_declared_ones_first() -> None:
    found = feeds(Document(url="https://journal.example/x", body=PAGE.encode()))
    assert [(one.url, one.title, one.declared) for one in found] == [
        ("https://journal.example/rss/current.xml", "Current issue", True),
        ("https://journal.example/home/ahead.atom", "", True),
        ("http://other.example/feed", "Other feed", False),
        ("https://journal.example/home/?feed=rss2", "Query feed", False),
    ]


@pytest.mark.parametrize("body", [b"", b"   ", b"%PDF-1.7", b"<html><body>none</body></html>"])
def test_a_page_without_feeds_has_none(body: bytes) -> None:
    assert feeds(Document(url="https://e.example/", body=body)) == ()


FULL = (
    Source(slug="a", url="https://e.example/feed?x=1&y=2", title="A & <B>", gives="paper", about="ms", max_age=None, why="Because."),
    Source(slug="b", kind="pubmed", query='"rare myelitis"[tiab] OR x', title="PubMed", max_age=timedelta(days=30)),
    Source(slug="c", kind="page", url="https://e.example/list", title="List", gives="news", options={"item": "li > a", "follow": True}),
    Source(slug="d", kind="medrxiv", query="", title="All", options={"category": "neurology"}),
)


def test_what_is_written_is_read_again() -> None:
    assert opml.load(opml.dump(FULL)) == FULL


text = st.text(st.characters(min_codepoint=32, max_codepoint=0xFFFD, exclude_categories=("Cs", "Cc")), min_size=1, max_size=30).map(str.strip).filter(bool)


@given(st.lists(text, min_size=1, max_size=6, unique=True), text)
def test_any_query_survives_the_journey(queries: list[str], why: str) -> None:
    sources = [Source(slug=f"s{number}", kind="pubmed", query=query, title="T", why=why) for number, query in enumerate(queries)]
    read = opml.load(opml.dump(sources))
    assert [(one.slug, one.why) for one in read] == [(one.slug, opml.xml_legal(one.why)) for one in sources]
    assert [one.query for one in read] == [opml.xml_legal(one.query) for one in sources]


def test_files_of_this_machine_samples_and_leaves_stay_here() -> None:
    sources = (Source(slug="f", kind="file", url="file:///x"), Source(slug="s", url="https://e.example/", sample=True), Source(slug="p", url="http://127.0.0.1/x", allow_private=True))
    (only,) = opml.load(opml.dump(sources))
    assert (only.slug, only.allow_private) == ("p", False)


def test_a_foreign_reader_sees_plain_feeds() -> None:
    body = opml.dump(FULL).decode()
    assert '<opml xmlns:ra="urn:research-alerts:source" version="2.0">' in body
    assert 'type="rss" xmlUrl="https://e.example/feed?x=1&amp;y=2"' in body


FOREIGN = b"""<?xml version="1.0" encoding="UTF-8"?><opml version="1.1"><head><title>Mine</title></head><body>
<outline text="Neurology"><outline text="Journal of X" type="rss" xmlUrl="https://x.example/rss" htmlUrl="https://x.example"/>
<outline text="Journal of X" type="rss" xmlUrl="https://x.example/rss2"/><outline text="Again" xmlUrl="https://x.example/rss"/></outline>
<outline text="Bare" xmlurl="https://z.example/?a=1&b=2"/><outline text="" xmlUrl="feed://www.y.example/feed.xml"/><outline text="Just a note"/></body></opml>"""


def test_foreign_opml_is_read_with_folders_doubles_and_bare_addresses() -> None:
    found = opml.load(FOREIGN)
    assert [(one.slug, one.url) for one in found] == [
        ("journal-of-x", "https://x.example/rss"), ("journal-of-x-2", "https://x.example/rss2"), ("bare", "https://z.example/?a=1&b=2"), ("y-example-feed-xml", "http://www.y.example/feed.xml"),
    ]  # fmt: skip
    assert {one.kind for one in found} == {"feed"}


@pytest.mark.parametrize(
    ("outline", "said"),
    [
        ('ra:kind="file" url="file:///etc/passwd"', "kind 'file'"), ('xmlUrl="file:///etc/passwd"', "must begin with https"), ('ra:kind="pubmed"', "has no query"),
        ('xmlUrl="https://e.example/" ra:gives="poems"', "poems"), ('xmlUrl="https://e.example/" ra:maxAge="-1"', "maxAge"), ('xmlUrl="https://e.example/" ra:options="[1]"', "JSON object"),
        ('ra:kind="magic" url="https://e.example/"', "magic"),
    ],
)  # fmt: skip
def test_a_wrong_outline_is_named(outline: str, said: str) -> None:
    body = f'<opml version="2.0" xmlns:ra="{opml.NAMESPACE}"><body><outline text="Odd one" {outline}/></body></opml>'
    with pytest.raises(UsageError, match=said) as caught:
        opml.load(body.encode())
    assert "Odd one" in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"<rss/>", b"<opml>", b'<!DOCTYPE o [<!ENTITY a "x">]><o>&a;</o>'])
def test_what_is_no_opml_is_refused(body: bytes) -> None:
    with pytest.raises(UsageError, match="not OPML"):
        opml.load(body)


def test_the_shipped_pack_says_of_each_source_why_and_covers_every_road() -> None:
    sources = packs.load(packs.shipped("neuroimmunology"), "neuroimmunology")
    assert len({one.slug for one in sources}) == len(sources) >= 25
    assert all(len(one.why) > 20 and one.title for one in sources)
    assert {one.kind for one in sources} >= {"feed", "pubmed", "clinicaltrials", "europepmc", "medrxiv"}
    assert {one.gives for one in sources} >= {"paper", "record", "preprint", "news", "mixed"}
    assert not [one for one in sources if one.allow_private or one.kind not in KINDS]
    assert opml.load(opml.dump(sources)) == sources


def test_no_shipped_pubmed_query_breaks_when_a_phrase_is_unknown() -> None:
    """A phrase that PubMed does not know costs nothing only between ORs."""
    queries = [one.query for one in packs.load(packs.shipped("neuroimmunology"), "n") if one.kind == "pubmed"]
    assert not [query for query in queries if " AND " in query or " NOT " in query or " OR " not in query]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('[sources.a]\nurl = "https://e.example"\nwhy = "x"\nurk = 1', "line 2: a has an unknown key 'urk'"), ('[sources.A]\nurl = "https://e.example"\nwhy = "x"', "is no slug"),
        ('[sources.a]\nkind = "pubmed"\nwhy = "x"', "has no query"), ('[sources.a]\nurl = "e.example"\nwhy = "x"', "web address"), ('[sources.a]\nurl = "https://e.example"', "why"),
        ('[sources.a]\nurl = "https://e.example"\nwhy = "x"\nmax_age = "9"', "is no int"), ('[sources.a]\nurl = "https://e.example"\nwhy = "x"\ngives = "poem"', "poem"),
        ('[sources.a]\nkind = "file"\nurl = "file:///x"\nwhy = "x"', "kind 'file'"), ('[sources.a]\nurl = "https://e.example"\nwhy = "x"\n[sources.b]\nurl = "https://e.example"\nwhy = "y"', "line 5: b asks the same as a"),
        ("[sources", "declaration"), ("x = 1", "holds tables"), ('[sources.a]\nurl = "https://e.example"\nwhy = "x"\nmax_age = -1', "between 0"),
    ],
)  # fmt: skip
def test_a_wrong_pack_is_refused_with_name_line_and_reason(table: str, said: str) -> None:
    with pytest.raises(PackError, match=said) as caught:
        packs.load(f"# first line\n{table}", "mine.toml")
    assert str(caught.value).startswith("mine.toml")


@pytest.mark.parametrize("name", ["alchemy", "../packs", "neuroimmunology.toml"])
def test_an_unknown_pack_names_those_that_exist(name: str) -> None:
    with pytest.raises(NotFoundError, match="neuroimmunology"):
        packs.shipped(name)


def test_hosts_are_spaced_as_they_ask_and_closer_with_a_key() -> None:
    assert spacing()["eutils.ncbi.nlm.nih.gov"] >= 1 / 3
    assert 1 / 10 <= spacing(["eutils.ncbi.nlm.nih.gov"])["eutils.ncbi.nlm.nih.gov"] < 1 / 3
    assert spacing(["clinicaltrials.gov"])["clinicaltrials.gov"] == 1.0


def test_every_plan_can_be_stored_as_json() -> None:
    for source in packs.load(packs.shipped("neuroimmunology"), "n"):
        if source.kind != "feed":
            plan = KINDS[source.kind].plan(source, PollState(), datetime(2026, 5, 4, tzinfo=UTC))
            assert plan is not None
            assert json.loads(json.dumps(plan.state)) == plan.state
