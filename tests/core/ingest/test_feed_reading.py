"""Feeds of every make, well and ill: what is read, what is cut out, what is refused and why."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.errors import ReadError
from alerts.ingest import feed
from alerts.ingest.identity import fingerprint
from alerts.model import Document, Entry, Key, Kind, Link, Page, PartialDate, PollState, Source

SOURCE = Source(slug="journal", url="https://journal.example/feed")
NAMESPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
)


def rss(*items: str, head: str = "<title>Journal</title>") -> bytes:
    body = "".join(f"<item>{item}</item>" for item in items)
    return f'<?xml version="1.0"?><rss version="2.0" {NAMESPACES}><channel>{head}{body}</channel></rss>'.encode()


def item(number: int, title: str = "Myelin repair in mice", **more: str) -> str:
    fields = {"title": f"{title} {number}", "link": f"https://journal.example/{number}", "guid": f"g{number}", **more}
    return "".join(f"<{name.replace('_', ':')}>{value}</{name.replace('_', ':')}>" for name, value in fields.items() if value)


def read(body: bytes, source: Source = SOURCE, *, known: Page | None = None, url: str = SOURCE.url, **headers: str) -> Page:
    state = PollState(known={entry.locator: entry.raw_hash for entry in known.entries} if known else {})
    return feed.read(source, state, Document(url=url, body=body, headers=headers))


def one(body: bytes, source: Source = SOURCE, **options) -> Entry:
    (entry,) = read(body, source, **options).entries
    return entry


RSS1 = f"""<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" {NAMESPACES}>
<channel rdf:about="https://preprints.example/"><title>Preprints</title><sy:updatePeriod>hourly</sy:updatePeriod>
<sy:updateFrequency>2</sy:updateFrequency></channel>
<item rdf:about="https://www.medrxiv.org/content/10.1101/2026.05.01.26000001v1?rss=1">
<title>Relapses after vaccination: a cohort</title>
<link>https://www.medrxiv.org/content/10.1101/2026.05.01.26000001v1?rss=1</link>
<description> We followed people with NMOSD for a year. </description>
<dc:creator>Rossi, M., Silva, A. B., Weiss, C.</dc:creator><dc:date>2026-05-01</dc:date>
<dc:identifier>doi:10.1101/2026.05.01.26000001</dc:identifier></item></rdf:RDF>""".encode()

ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://news.example/a/"><title type="html">News &amp;amp; views</title>
<entry><id>tag:news.example,2026:1</id><title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">A <b>bold</b> trial</div></title>
<link rel="enclosure" href="x.mp3"/><link href="../story?utm_source=feed"/><updated>2026-05-01T23:30:00-04:00</updated>
<author><name>Ada Rossi</name></author><content type="html">&lt;p&gt;One.&lt;/p&gt;&lt;p&gt;Two.&lt;/p&gt;</content></entry></feed>"""

RSS091 = b"""<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">
<rss version="0.91"><channel><title>Old</title><item><title>Caf&eacute; study</title><link>http://old.example/1</link></item>
</channel></rss>"""

RSS090 = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://my.netscape.com/rdf/simple/0.9/">
<channel><title>Oldest</title></channel><item><title>First</title><link>http://oldest.example/1</link></item></rdf:RDF>"""

JSON = b"""{"version": "https://jsonfeed.org/version/1.1", "title": "Lab news", "items": [
{"id": 7, "url": "https://lab.example/7", "title": "B cells in MOGAD", "content_html": "<p>Six people.</p>",
 "date_published": "2026-05-01T08:00:00Z", "authors": [{"name": "Ada Rossi"}], "language": "en"}, "no item"]}"""


def test_rss_1_of_a_preprint_server() -> None:
    page = read(RSS1)
    (entry,) = page.entries
    assert entry.content.kind is Kind.PREPRINT
    assert entry.content.authors == ("Rossi, M.", "Silva, A. B.", "Weiss, C.")
    assert entry.content.published == PartialDate(2026, 5, 1)
    assert Key("doi", "10.1101/2026.05.01.26000001") in entry.keys
    assert entry.content.url == "https://www.medrxiv.org/content/10.1101/2026.05.01.26000001v1"
    assert (page.title, page.ttl) == ("Preprints", timedelta(minutes=30))


def test_atom_with_a_relative_link_and_a_day_as_written() -> None:
    page = read(ATOM)
    (entry,) = page.entries
    assert page.title == "News & views"
    assert entry.locator == "tag:news.example,2026:1"
    assert (entry.content.title, entry.content.text) == ("A bold trial", "One.\nTwo.")
    assert entry.content.url == "https://news.example/story"
    assert entry.content.published == PartialDate(2026, 5, 1)
    assert entry.content.authors == ("Ada Rossi",)


def test_json_feed() -> None:
    page = read(JSON)
    (entry,) = page.entries
    assert (entry.locator, entry.content.title, entry.content.text) == ("7", "B cells in MOGAD", "Six people.")
    assert (page.title, entry.content.language, entry.content.authors) == ("Lab news", "en", ("Ada Rossi",))
    assert read(JSON, known=page).seen == 1


@pytest.mark.parametrize(("body", "title"), [(RSS091, "Café study"), (RSS090, "First")])
def test_old_rss(body: bytes, title: str) -> None:
    assert one(body).content.title == title


PUBMED = """<title>Rituximab in {n} people</title><link>https://pubmed.ncbi.nlm.nih.gov/{n}/?utm_source=x&amp;fc=20260101010101&amp;ff={ff}&amp;v=2.18.0</link>
<description>BACKGROUND: Why we d...</description><content:encoded><![CDATA[<div><p style="color: #4aa564;">Mult Scler. 2026 Apr 30:{n}. doi: 10.1000/ms.{n}. Online ahead of print.</p>
<p><b>ABSTRACT</b></p><p xmlns:x="y">BACKGROUND: Why we did it.</p><p>METHODS: Six people; registered as NCT01234567.</p>
<p style="color: lightgray">PMID:<a href="https://pubmed.ncbi.nlm.nih.gov/{n}/?ff={ff}">{n}</a> | PMC:<a href="x">PMC{n}</a> | DOI:<a href=https://doi.org/10.1000/ms.{n}>10.1000/ms.{n}</a></p></div>]]></content:encoded>
<guid isPermaLink="false">pubmed:{n}</guid><dc:creator>Maria Rossi</dc:creator><dc:creator>Ana Silva</dc:creator>
<dc:identifier>pmid:{n}</dc:identifier><dc:identifier>doi:10.1000/ms.{n}</dc:identifier><pubDate>Mon, 04 May 2026 06:00:00 -0400</pubDate>"""


def pubmed(ff: int, *numbers: int) -> bytes:
    return rss(*(PUBMED.format(n=number, ff=ff) for number in numbers), head="<title>ms</title><ttl>120</ttl>")


def test_pubmed_gives_the_whole_abstract_and_all_identifiers() -> None:
    page = read(pubmed(20260504093000, 41000001))
    (entry,) = page.entries
    assert entry.content.text == "BACKGROUND: Why we did it.\nMETHODS: Six people; registered as NCT01234567."
    assert (entry.content.kind, entry.content.venue, entry.content.truncated) == (Kind.PAPER, "Mult Scler", True)
    assert entry.content.published == PartialDate(2026, 4, 30)
    assert entry.content.authors == ("Maria Rossi", "Ana Silva")
    assert set(entry.keys) >= {Key("pmid", "41000001"), Key("doi", "10.1000/ms.41000001"), Key("pmcid", "PMC41000001")}
    assert entry.links == (Link("mentions", "nct", "NCT01234567"),)
    assert page.ttl == timedelta(hours=2)


def test_pubmed_s_ever_changing_links_are_known_and_no_change() -> None:
    first = read(pubmed(20260504093000, *range(1, 21)))
    again = read(pubmed(20260504113000, *range(11, 31)), known=first)
    assert (again.seen, len(again.entries)) == (10, 10)
    assert again.window == tuple(f"pubmed:{number}" for number in range(11, 31))
    whole = read(pubmed(20260504113000, *range(1, 21)))
    assert [fingerprint(entry.content) for entry in whole.entries] == [fingerprint(entry.content) for entry in first.entries]


def test_an_address_that_is_a_new_ticket_at_every_poll_names_nothing() -> None:
    polls = [rss(*(item(n, guid="", link=f"https://n.example/x?v={t * 20}{n}") for n in (1, 2))) for t in ("ab", "cd")]
    first = read(polls[0])
    assert read(polls[1], known=first).seen == 2
    assert read(polls[1]).window == first.window


def test_a_title_that_now_begins_with_retracted_is_not_cut_out() -> None:
    first = read(rss(item(1), item(2)))
    again = read(rss(item(1), item(2, "RETRACTED: Myelin repair in mice")), known=first)
    assert [entry.content.title for entry in again.entries] == ["RETRACTED: Myelin repair in mice 2"]
    assert (again.seen, again.window) == (1, ("g1", "g2"))


def test_what_is_left_after_cutting_is_read_as_in_the_whole_document() -> None:
    body = rss(*(item(number, description=f"<![CDATA[<p>Words {number} &amp; more</p>]]>") for number in range(50)))
    whole = read(body)
    known = Page(entries=tuple(entry for number, entry in enumerate(whole.entries) if number not in (7, 31)))
    assert read(body, known=known).entries == (whole.entries[7], whole.entries[31])


REGISTRY = """<title>Rituximab for MOGAD</title><link>https://clinicaltrials.gov/study/NCT01234567?cond=MOGAD&amp;rank=1</link>
<guid isPermaLink="false">NCT01234567</guid><description>&lt;b&gt;Conditions&lt;/b&gt;: MOGAD&lt;br /&gt;&lt;b&gt;Sponsor&lt;/b&gt;:
A hospital, beside NCT07654321&lt;br /&gt;&lt;b&gt;Not yet recruiting&lt;/b&gt;</description><pubDate>Mon, 04 May 2026 12:00:00 EST</pubDate>"""


def test_a_registry_s_entry_is_a_record_with_its_own_number_and_state() -> None:
    entry = one(rss(REGISTRY))
    assert (entry.content.kind, entry.content.status) == (Kind.RECORD, "Not yet recruiting")
    assert Key("nct", "NCT01234567") in entry.keys
    assert entry.links == (Link("mentions", "nct", "NCT07654321"),)


def test_a_paper_that_names_a_trial_does_not_own_its_number() -> None:
    entry = one(rss(item(1, description="Results of NCT01234567.", dc_identifier="doi:10.1000/x")))
    assert all(key.scheme != "nct" for key in entry.keys)
    assert entry.links == (Link("mentions", "nct", "NCT01234567"),)


def test_news_name_the_paper_they_tell_of() -> None:
    story = "&lt;p&gt;See &lt;a href='https://doi.org/10.1000/X.1'&gt;the paper&lt;/a&gt;.&lt;/p&gt;"
    assert one(rss(item(1, description=story))).links == (Link("news-about", "doi", "10.1000/x.1"),)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, Kind.NEWS),
        ({"dc_identifier": "doi:10.1000/x"}, Kind.PAPER),
        ({"prism_doi": "10.1000/x"}, Kind.PAPER),
        ({"link": "https://journal.example/doi/full/10.1000/x?af=R"}, Kind.PAPER),
        ({"link": "https://www.thelancet.com/journals/x/article/PIIS0000-0000(26)00001-1/fulltext"}, Kind.PAPER),
        ({"link": "https://www.biorxiv.org/content/10.64898/2026.05.01.1v1"}, Kind.PREPRINT),
        ({"title": "Correction to: Myelin repair"}, Kind.NOTICE),
        ({"title": "Retraction: Myelin repair"}, Kind.NOTICE),
        ({"title": "Correction of gait by a brace"}, Kind.NOTICE),
        ({"title": "Retraction of the eyelid in MS: a case"}, Kind.NOTICE),
    ],
)
def test_a_mixed_source_s_entries_are_sorted_by_what_they_bear(fields, kind) -> None:
    assert one(rss(item(1, **fields))).content.kind is kind


def test_the_operator_s_word_on_the_kind_wins() -> None:
    news = Source(slug="n", url="https://n.example", gives="news")
    assert one(rss(item(1, dc_identifier="doi:10.1000/x")), news).content.kind is Kind.NEWS


def test_the_doi_of_an_address_is_read_without_its_tail() -> None:
    for tail in ("", "/full", "/abstract?x=1", ".full.pdf", "/fulltext#top", "v2"):
        link = f"https://www.medrxiv.org/content/10.1101/2026.05.01.26000001{tail}"
        assert Key("doi", "10.1101/2026.05.01.26000001") in one(rss(item(1, link=link))).keys


def test_labelled_lines_in_place_of_an_abstract() -> None:
    said = "&lt;p&gt;Publication date: March 2026&lt;/p&gt;&lt;p&gt;&lt;b&gt;Source:&lt;/b&gt; Brain, Volume 9&lt;/p&gt;&lt;p&gt;Author(s): Ada Rossi, Ben Silva&lt;/p&gt;"
    content = one(rss(item(1, description=said, link="https://www.sciencedirect.com/science/article/pii/S000000002600001X"))).content
    assert (content.text, content.venue, content.published) == ("", "Brain", PartialDate(2026, 3))
    assert (content.authors, content.truncated, content.kind) == (("Ada Rossi", "Ben Silva"), True, Kind.PAPER)


@pytest.mark.parametrize(
    ("text", "truncated"),
    [("We looked at mice...", True), ("We looked […]", True), ("We looked. [Read more]", True), ("We looked…", True),
     ("Continue reading about mice", True), ("We looked at mice.", False), ("Is it true? Read on below.", False)],
)  # fmt: skip
def test_teasers_are_known_as_such(text: str, truncated: bool) -> None:
    assert one(rss(item(1, description=text))).content.truncated is truncated


@pytest.mark.parametrize(
    ("date", "read_as"),
    [
        ("Mon, 04 May 2026 23:30:00 CET", PartialDate(2026, 5, 4)),
        ("Mon, 04 May 2026 23:30:00 BST", PartialDate(2026, 5, 4)),
        ("2026-05-04T23:30:00-11:00", PartialDate(2026, 5, 4)),
        ("May 4, 2036", PartialDate(2036, 5, 4)),
        ("2026-05", PartialDate(2026, 5)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("0001-01-01T00:00:00Z", None),
        ("yesterday", None),
        ("Mon, 99 Foo 2026", None),
        ("", None),
    ],
)
def test_dates(date: str, read_as: PartialDate | None) -> None:
    assert one(rss(item(1, pubDate=date))).content.published == read_as


def test_two_items_of_one_guid_stay_two() -> None:
    page = read(rss(item(1, guid="same"), item(2, guid="same")))
    assert [entry.locator for entry in page.entries] == ["https://journal.example/1", "https://journal.example/2"]
    assert all(key.scheme != "guid" for entry in page.entries for key in entry.keys)
    assert "2 entries share their guid" in page.notes[0]


def test_items_of_one_guid_and_one_link_are_told_apart_by_their_titles() -> None:
    page = read(rss(item(1, guid="same", link="https://n.example/"), item(2, guid="same", link="https://n.example/")))
    assert len({entry.locator for entry in page.entries}) == 2


def test_items_of_one_link_stay_two_and_own_no_address() -> None:
    page = read(rss(item(1, link="https://n.example/all"), item(2, link="https://n.example/all")))
    assert [entry.locator for entry in page.entries] == ["g1", "g2"]
    assert all(key.scheme != "url" for entry in page.entries for key in entry.keys)


def test_without_guid_and_link_the_title_tells_items_apart() -> None:
    page = read(rss(item(1, link="", guid=""), item(2, link="", guid="")))
    assert len({entry.locator for entry in page.entries}) == 2
    again = read(rss(item(3, link="", guid=""), item(1, link="", guid="")))
    assert again.window[1] == page.window[0]


def test_an_item_shown_twice_is_one() -> None:
    body = rss(item(1), item(2), item(1), item(1, description="other words"))
    first = read(body)
    assert [entry.locator for entry in first.entries] == ["g1", "g2"]
    assert Key("guid", "journal g1") in first.entries[0].keys
    assert (read(body, known=first).entries, first.notes) == ((), ())


def test_an_item_without_title_is_called_by_its_first_words() -> None:
    content = one(rss(item(1, title="").replace("<title> 1</title>", "") + "<description>Six people were treated.</description>")).content
    assert content.title == "Six people were treated."


def test_an_item_with_nothing_to_show_is_left_out_and_said() -> None:
    page = read(rss(item(1), "<guid>x</guid>"))
    assert len(page.entries) == 1
    assert page.notes == ("1 entries have neither title nor text and were left out.",)


def test_a_hostile_title_is_one_plain_line() -> None:
    title = "Line1&#13;&#10;Bcc: a@example.org &#8238;evil &lt;script&gt;x()&lt;/script&gt;"
    assert one(rss(item(1, title))).content.title == "Line1 Bcc: a@example.org evil 1"


def test_a_javascript_link_is_no_link() -> None:
    entry = one(rss(item(1, link="javascript:alert(1)")))
    assert entry.content.url == ""
    assert [key.scheme for key in entry.keys] == ["guid"]


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))


@pytest.mark.parametrize(
    "doctype",
    [
        f"<!DOCTYPE rss [{LAUGHS}]>",
        '<!DOCTYPE rss [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE rss [<!ENTITY l9 SYSTEM "http://127.0.0.1:9/x">]>',
        f'<!DOCTYPE rss [<!ENTITY l9 "{"a" * 100_000}">]>',
    ],
)
def test_a_document_made_of_entities_is_refused(doctype: str) -> None:
    body = doctype.encode() + rss(f"<title>{'&l9;' * 1000}</title>").partition(b"?>")[2]
    with pytest.raises(ReadError, match="declares entities"):
        one(body)


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE rss [<!ENTITY nbsp "&#160;"><!ENTITY % latin PUBLIC "-//X//Y" "http://127.0.0.1:9/l.ent">]>',
    ],
)
def test_entities_are_never_expanded(doctype: str) -> None:
    body = doctype.encode() + rss(f"<title>{'&l9;' * 1000}</title>").partition(b"?>")[2]
    title = one(body).content.title
    assert title.startswith("&l9;&l9;")
    assert len(title) <= 1_000


TITLE = "Sjögren – “NMOSD”"


TITLED = f"<rss version='2.0'><channel><item><title>{TITLE}</title></item></channel></rss>"


def declared(encoding: str) -> str:
    return f"<?xml version='1.0' encoding='{encoding}'?>{TITLED}"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param(declared("iso-8859-1").encode(), "", id="UTF-8 called Latin-1"),
        pytest.param(declared("utf-16").encode("utf-8-sig"), "", id="UTF-8 with a mark called UTF-16"),
        pytest.param(declared("utf-8").encode("cp1252"), "", id="Windows-1252 called UTF-8"),
        pytest.param(declared("iso-8859-1").encode("cp1252"), "", id="Windows-1252 called Latin-1"),
        pytest.param(TITLED.encode("cp1252"), "text/xml; charset=iso-8859-1", id="Windows-1252 called Latin-1 by HTTP"),
        pytest.param(declared("windows-1252").encode("cp1252"), "text/xml; charset=utf-8", id="HTTP is wrong"),
        pytest.param(TITLED.encode("utf-16"), "", id="UTF-16"),
        pytest.param(declared("utf-16").encode("utf-16-le"), "", id="UTF-16 without mark"),
        pytest.param(declared("utf-16").encode("utf-16-be"), "", id="UTF-16 without mark, the other way round"),
        pytest.param(declared("nonsense").encode(), "", id="an unknown encoding"),
        pytest.param(declared("zip").encode(), "", id="a codec that is no encoding"),
        pytest.param(f"\n\n  {declared('utf-8')}".encode(), "", id="blanks before"),
        pytest.param(f"<br />\n<b>Warning</b>: x.php\n{declared('utf-8')}".encode(), "", id="a server's warning before"),
    ],
)
def test_encodings(body: bytes, content_type: str) -> None:
    headers = {"content-type": content_type} if content_type else {}
    assert one(body, **headers).content.title == TITLE


def test_broken_xml_is_read_as_far_as_it_goes() -> None:
    page = read(rss(item(1, "a & b"), item(2, "caf&eacute;"), item(3, "x&#0;&#x1F;y")))
    assert [entry.content.title for entry in page.entries] == ["a & b 1", "café 2", "xy 3"]
    assert page.notes == ()
    page = read(rss(item(1), "<title>x <b>y</title><guid>g2</guid>"))
    assert len(page.entries) == 2
    assert "not well-formed" in page.notes[0]


@pytest.mark.parametrize("char", ["\x00", "\x0b", "\x1b", "\x1f", "\ufffe", "\uffff"])
def test_characters_that_xml_forbids_break_nothing(char: str) -> None:
    page = read(rss(item(1, f"a{char}b")))
    assert (page.entries[0].content.title, page.notes) == ("ab 1", ())


def test_a_feed_that_was_cut_off_gives_its_whole_entries() -> None:
    whole = rss(*(item(number, description="words") for number in range(5)))
    page = read(whole[: whole.rindex(b"<description>") + 3])
    assert len(page.entries) == 4
    assert "cut off" in page.notes[0]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "an empty document"),
        (b" \n\0 ", "an empty document"),
        (b"<!DOCTYPE html><html><body>Hi</body></html>", "a web page, not a feed"),
        (b"<?xml version='1.0'?><html xmlns='x'><body/></html>", "a web page, not a feed"),
        (b"<html><title>Just a moment...</title><script src='/cdn-cgi/challenge-platform/x'></script></html>", "bot wall"),
        (b"<opml version='2.0'><body/></opml>", "answered with <opml>"),
        (b"%PDF-1.7 ...", "which is no feed"),
        (b'{"error": 1}', "JSON that is no JSON Feed"),
        (b'{"version": "2", "items": []}', "JSON that is no JSON Feed"),
        (b'{"items": [', "JSON that cannot be read"),
        (b"[" * 100_000, "JSON that cannot be read"),
        (b"<rss><channel><item><title>never", "cut off"),
    ],
)
def test_what_is_no_feed_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    with pytest.raises(ReadError, match=reason):
        read(body)


@pytest.mark.parametrize("body", [rss(), b"<feed xmlns='http://www.w3.org/2005/Atom'/>", b'{"items": []}'])
def test_an_empty_feed_is_no_error(body: bytes) -> None:
    assert read(body).entries == ()


def test_an_entry_that_feedparser_chokes_on_costs_only_itself() -> None:
    choking = item(2) + '<georss:where xmlns:georss="http://www.georss.org/georss" xmlns:gml="http://www.opengis.net/gml"><gml:Point srsName="urn:ogc:def:crs:EPSG::abc"><gml:pos>1 2</gml:pos></gml:Point></georss:where>'
    page = read(rss(item(1), choking, item(3)))
    assert [entry.locator for entry in page.entries] == ["g1", "g3"]
    assert page.notes == ("1 entries cannot be read by feedparser and were left out.",)


PIECES = st.sampled_from(
    [b"<rss>", b"<channel>", b"<item>", b"</item>", b"<title>", b"</title>", b"<link>", b"</link>", b"&", b"&#8238;", b"]]>",
     b"<![CDATA[", b"<guid>", b"</guid>", b"<!DOCTYPE x [", b"<!--", b"\x00", b"\xff\xfe", b"<?xml", b"http://x/", b"</rss>",
     b"<feed xmlns='http://www.w3.org/2005/Atom'>", b"<entry>", b"</entry>", b"{", b'"items": [', b"]}", b"<pubDate>2026",
     b"<description>&lt;p&gt;", b"\xe2\x80\xae", b"<content:encoded>"]
)  # fmt: skip


@given(st.lists(PIECES | st.binary(max_size=4), max_size=25).map(b"".join))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(ReadError):
        assert all(entry.locator for entry in read(body).entries)


def test_deep_nesting_and_long_lists_end() -> None:
    for piece in (b"<item>", b"<item><title>x</title></item>", b"<a><b>", b"<!DOCTYPE a [", b"&lt;p&gt;"):
        with suppress(ReadError):
            page = read(b"<rss><channel>" + piece * (200_000 // len(piece)) + b"</channel></rss>")
            assert all(entry.locator for entry in page.entries)
