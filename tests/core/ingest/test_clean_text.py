"""Foreign text comes out plain, whatever it was."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.ingest import clean

MARKUP = st.sampled_from(
    ["<p>", "</p>", "<b>", "</b>", "<script>x()</script>", "<!--", "-->", "&lt;i&gt;", "&amp;lt;p&amp;gt;", "&#8238;", "<",
     ">", "&", ";", "<a href='javascript:x'>", "<img src=x onerror=y>", "<![CDATA[", "]]>", "\u202e", "\r\n", "\x00",
     "\u200b", "<h3>Methods</h3>", "<sup>2</sup>", "10", " ", "p<0.05", "\ud800", "\ufffe", "&#0;", "<br/>", "x", "Y."]
)  # fmt: skip
HOSTILE = st.lists(MARKUP | st.text(max_size=5), max_size=12).map("".join)


@given(HOSTILE)
def test_nothing_unseen_or_illegal_comes_through(text: str) -> None:
    out = clean.plain(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]", out)
    assert "\r" not in out
    assert out == unicodedata.normalize("NFC", out)


@given(HOSTILE)
def test_no_known_tag_comes_through(text: str) -> None:
    assert not re.search(r"<(?:script|img|p|b|a|br)[\s/>][^<]*>", clean.plain(text), re.IGNORECASE)


@given(HOSTILE)
def test_what_is_plain_stays_as_it_is(text: str) -> None:
    once = clean.plain(text)
    assert clean.plain(once) == once


@given(HOSTILE)
def test_a_title_is_one_line(text: str) -> None:
    line = clean.title(text)
    assert line == " ".join(line.split())
    assert len(line) <= 1_000


@given(st.text())
def test_xml_legal_text_can_stand_in_xml(text: str) -> None:
    out = clean.xml_legal(text)
    assert all(char in "\t\n" or char >= " " for char in out)
    out.encode("utf-8")


@pytest.mark.parametrize(
    ("given_", "plain"),
    [
        ("<p>One.</p><p>Two.</p>", "One.\nTwo."),
        ("&lt;p&gt;Escaped &amp;amp; twice&lt;/p&gt;", "Escaped & twice"),
        ("p<0.05 for IL-6<TNF, x<y and z>w", "p<0.05 for IL-6<TNF, x<y and z>w"),
        ("a < b & c > d", "a < b & c > d"),
        ("CO<sub>2</sub> and CD4<sup>+</sup> at 10<sup>-6</sup>", "CO2 and CD4+ at 10⁻⁶"),
        ("<script>alert(1)</script>Safe<style>p{}</style>", "Safe"),
        ("Safe<script>never closed", "Safe"),
        ("<!-- hidden -->Shown<!-- never closed", "Shown"),
        ("<![CDATA[<i>in</i>]]> side", "in side"),
        ("<img alt=it's src=x onerror=y>text", "text"),
        ('<a href="https://example.org/?a>b">link</a>', "link"),
        ("<jats:p>Words <jats:italic>in vitro</jats:italic></jats:p>", "Words in vitro"),
        ("one<br/>two<br>three", "one\ntwo\nthree"),
        ("first\u2028second\u0085third", "first\nsecond\nthird"),
        ("spaced\u00a0by\u2009odd\u3000spaces", "spaced by odd spaces"),
        ("phase\u200b 3 \u202etrial\u202c", "phase 3 trial"),
        ("De\u0301vic", "Dévic"),
        ("", ""),
    ],
)
def test_plain(given_: str, plain: str) -> None:
    assert clean.plain(given_) == plain


@pytest.mark.parametrize(
    "html",
    [
        "<h2>Abstract</h2><h3>Background</h3><p>Why.</p><h3>Methods</h3><p>How.</p>",
        "<p><b>Background:</b> Why.</p><p><b>Methods</b>: How.</p>",
        "<p><b>ABSTRACT</b></p><p>BACKGROUND: Why.</p><p>METHODS: How.</p>",
        "<jats:title>Background</jats:title><jats:p>Why.</jats:p><jats:title>Methods</jats:title><jats:p>How.</jats:p>",
        "<strong>Background</strong><br/>Why.<br/><strong>Methods</strong><br/>How.",
    ],
)
def test_sections_stand_on_lines_of_their_own(html: str) -> None:
    assert clean.plain(html) == "BACKGROUND: Why.\nMETHODS: How."


SIMPLE = st.sampled_from(
    ["<p>", "</p>", "<P class='x'>", "<b>", "</b>", "<h3>", "</h3>", "<em>", "</em>", "<sup>", "</sup>", "<br />", "<div>",
     "</jats:p>", "<jats:title>", "</jats:title>", "Methods", "Results:", "abstract", ". ", ":", "10", "-6", "word", " ", "\n"]
)  # fmt: skip


@given(st.lists(SIMPLE, max_size=12).map("".join))
def test_tags_are_taken_out_alike_in_the_company_of_a_lone_bracket(html: str) -> None:
    """Simple markup is cut by a quick look; where a bracket is no tag's, by one that is exact."""
    alone, beside = clean.plain(f"{html}<hr>End."), clean.plain(f"{html}<hr>End.<hr>a < b")
    assert beside == f"{alone}\na < b"


@pytest.mark.parametrize(
    ("html", "plain"),
    [
        ("<h3>Methods</h3><b>Design:</b> Ours.", "METHODS: Design: Ours."),
        ("Our <b>methods</b> failed.", "Our methods failed."),
        ("one<p <b>two", "one\n<p two"),
        ("<b>Dose</b> x<p><b>Methods</b> :.5 mg", "Dose x\nMETHODS: .5 mg"),
        ("<STRONG>Results</STRONG><BR>Good.", "RESULTS: Good."),
        ("x<sup>2</sup> and 10<SUP> 12 </SUP>", "x2 and 10¹²"),
    ],
)
def test_where_labels_and_lines_begin(html: str, plain: str) -> None:
    assert clean.plain(html) == plain


def test_an_emphasised_word_is_no_section() -> None:
    assert clean.plain("<p>We show the <em>results</em> of it.</p>") == "We show the results of it."


def test_hard_wrapped_lines_are_joined_and_paragraphs_are_not() -> None:
    text = "This line was wrapped by a mail program at some column\nand goes on here.\nA new one."
    assert clean.plain(text) == "This line was wrapped by a mail program at some column and goes on here.\nA new one."


def test_a_title_loses_its_line_breaks() -> None:
    assert clean.title("Harmless\r\nBcc: everybody@example.org") == "Harmless Bcc: everybody@example.org"


def test_a_title_without_end_is_cut() -> None:
    assert clean.title("word " * 1_000).endswith("…")


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "JAVASCRIPT:alert(1)", "java\nscript:alert(1)", " \x01javascript:x", "data:text/html,x",
     "vbscript:x", "file:///etc/passwd", "ftp://example.org/x", "//example.org/x", "example.org", "", "http://", "http://[",
     "mailto:a@example.org"],
)  # fmt: skip
def test_other_links_are_none(url: str) -> None:
    assert clean.safe_url(url) is None


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        (" https://example.org/a b\n", "https://example.org/a%20b"),
        ("HTTPS://Example.ORG:443/X", "https://example.org/X"),
        ("https://trusted.example@evil.example/", "https://evil.example/"),
        ('https://example.org/"onclick=x', "https://example.org/%22onclick=x"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
        ("http://[2001:db8::1]:8080/x", "http://[2001:db8::1]:8080/x"),
    ],
)
def test_safe_links(url: str, safe: str) -> None:
    assert clean.safe_url(url) == safe


@given(st.text())
def test_a_safe_link_is_http_and_stays_so(url: str) -> None:
    safe = clean.safe_url("https://example.org/" + url)
    assert safe is None or (safe.startswith(("http://", "https://")) and clean.safe_url(safe) == safe)
    assert safe is None or not re.search(r"[\s<>\"]", safe)


@pytest.mark.parametrize(
    "piece", ["<div>", "<span ", '<p "', "<script", "<!--", "&amp;", "<b>methods", "<![CDATA[", "<a b='", '<x y="1" ', "<h1> "]
)
def test_hostile_repetition_takes_linear_time(piece: str) -> None:
    """Half a megabyte of each is done at once; a quadratic step would take minutes and run into the suite's limit."""
    assert len(clean.plain(piece * (500_000 // len(piece)))) <= 1_000_000


@pytest.mark.parametrize(
    "name", ["b", "br", "body", "blockquote", "h1", "h6", "hr", "header", "s", "SUB", "sup", "Strong", "xref", "jats:p"]
)
def test_elements_whose_names_begin_alike_are_each_taken_out(name: str) -> None:
    assert " ".join(clean.plain(f"<{name}>seen</{name}> twice").split()) == "seen twice"


@pytest.mark.parametrize("name", ["h7", "hx", "bq", "sux", "ttt"])
def test_what_is_no_element_stays(name: str) -> None:
    assert clean.plain(f"where <{name}> stands") == f"where <{name}> stands"
