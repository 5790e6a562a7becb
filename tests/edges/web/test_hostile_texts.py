"""One set of hostile texts in every foreign field, rendered harmless in page, feed and mail."""

import json
from datetime import timedelta
from email import message_from_bytes, policy

import feedparser
import pytest
from lxml import etree, html

from alerts.pipeline import previews
from alerts.publish.inpage import in_page

TEXTS = {
    "script": "<script>alert(1)</script>",
    "handler": '"><img src=x onerror=alert(1)>',
    "quotes": "' onmouseover='alert(1)' x=\"",
    "frame": "<iframe src=https://evil.example></iframe><svg/onload=alert(1)>",
    "twice encoded": "&lt;script&gt;alert(1)&lt;/script&gt; &amp;lt;b&amp;gt;",
    "end of CDATA": "]]><script>alert(1)</script><![CDATA[",
    "end of title": "</title></style></textarea><script>alert(1)</script>",
    "comment": "<!-- --!><script>alert(1)</script> -->",
    "template": "{{ 7 * 7 }}{% raw %}${7*7}",
    "headers": "Ends here\r\nBcc: all@example.org\r\n\r\nbody",
    "controls": "nul \x00 bell \x07 escape \x1b[31m del \x7f next \x85 noncharacter \ufffe lone \ud800",
    "bidi": "\u202egnp.exe \u2066hidden\u2069 \u200f",
    "link": "javascript:alert(1) data:text/html,<script>alert(1)</script> [x](javascript:alert(1))",
    "long": "W" * 5_000,
}
LINKS = ("javascript:alert(1)", "data:text/html,<script>alert(1)</script>", 'https://e.example/"onclick="alert(1)', "//e.example")
ALLOWED = ("http://", "https://", "/", "#", "mailto:", "?", "web:", "feed:")
BIDI = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@pytest.fixture(params=TEXTS, ids=str)
def hostile(request, release):
    """Release one work whose every foreign field holds the text; each link is another bad one."""
    text = TEXTS[request.param].encode("utf-8", "replace").decode() if "\ud800" in TEXTS[request.param] else TEXTS[request.param]
    link = LINKS[len(request.param) % len(LINKS)]
    fields = {"url": link, "venue": text, "authors": [text]}
    release(title=f"NMOSD {text}", text=f"{text} in NMOSD", content=fields, keys=(("doi", f"10.1000/{text[:80]}"),))
    return text


def assert_harmless(page: str) -> None:
    tree = html.fromstring(page)
    for element in tree.iter(etree.Element):
        assert not [name for name in element.attrib if name.lower().startswith("on")], element.attrib
        for name in ("href", "src", "action", "formaction"):
            address = element.get(name)
            assert address is None or (address or "/").startswith(ALLOWED), address
    assert not tree.xpath("//script | //img | //iframe | //object | //embed | //svg[@onload]")
    assert not BIDI & set("".join(tree.xpath("//title//text() | //h1//text() | //h2//text() | //h3//text()")))


@pytest.mark.parametrize("path", ["/", "/topics/nmosd", "/topics/nmosd/2026-W18", "/items/1", "/search?q=nmosd"])
def test_in_a_page(browser, hostile, path):
    answer = browser.get(path)
    assert answer.status == 200
    assert_harmless(answer.text)
    assert "7 * 7" in answer.text or "7 * 7" not in hostile


@pytest.mark.usefixtures("hostile")
def test_in_a_feed(browser):
    for fmt in ("rss", "atom"):
        body = browser.get(f"/topics/nmosd.{fmt}").body
        etree.fromstring(body, etree.XMLParser(resolve_entities=False))
        (one,) = feedparser.parse(body, sanitize_html=False).entries
        assert_harmless(f"<div>{one.content[0].value}</div>")
        assert not BIDI & set(one.title)
        assert all(link.href.startswith(("http://", "https://")) for link in one.links)
    (said,) = json.loads(browser.get("/topics/nmosd.json").body)["items"]
    assert_harmless(f"<div>{said['content_html']}</div>")
    assert not BIDI & set(said["title"])
    assert said["url"].startswith("http://127.0.0.1")


@pytest.mark.usefixtures("hostile")
def test_in_a_mail(world):
    now = world.now()
    shown = previews.digest(world.engine, world.keyring, world.settings, now, interests=["nmosd"], since=timedelta(weeks=5_000))
    message = message_from_bytes(shown.of("eml"), policy=policy.default)
    assert message["Bcc"] is None
    assert not BIDI & set(message["Subject"])
    assert_harmless(message.get_body(("html",)).get_content())
    assert_harmless(f"<div>{in_page(message.get_body(('html',)).get_content())}</div>")
    plain = message.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert not {sign for sign in plain if ord(sign) < 32 or 127 <= ord(sign) < 160} - {"\n", "\t"}
    assert not BIDI & set(plain)
