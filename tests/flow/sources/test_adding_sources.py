"""What `alerts source add` and `edit` refuse, say and save."""

import pytest

RSS = '<rss version="2.0"><channel><title>Invented Journal</title>{}</channel></rss>'
ITEM = "<item><title>{0}</title><link>http://journal.test/{1}</link><guid>{1}</guid><pubDate>{2}</pubDate><description>{0}</description></item>"
FEED = RSS.format(ITEM.format("Light in multiple sclerosis", "a", "Mon, 04 May 2026 06:00:00 GMT"))


def test_a_private_address_is_not_saved_and_says_how_it_would_be(alerts, web) -> None:
    url = web.put("/feed", FEED)
    said = alerts("source", "add", url, exits=2)
    assert "Nothing was saved" in said
    assert "private address. If that is meant, say --allow-private" in said
    assert alerts.sources == {}
    alerts("source", "add", url, "--slug", "journal", "--unchecked")
    assert "alerts source edit journal --allow-private" in alerts("poll", "journal", exits=1)
    assert "alerts source edit journal --allow-private" in alerts("source", "check", "journal", exits=1)
    assert "alerts source check journal" in alerts("source", "edit", "journal", "--allow-private")
    assert "journal: 1 new" in alerts("poll")


@pytest.mark.parametrize(
    ("page", "why"),
    [(404, "404"), (503, "503"), ("", "empty document"), ("{}", "no JSON Feed"), ("<opml></opml>", "<opml>")],
)
def test_what_cannot_be_read_is_saved_only_unchecked(alerts, web, page: str | int, why: str) -> None:
    call = ("source", "add", web.put("/feed", page), "--slug", "x", "--allow-private")
    said = alerts(*call, exits=2)
    assert "Nothing was saved" in said
    assert why in said
    assert said.strip().endswith("To save it all the same, say --unchecked.")
    assert alerts.sources == {}
    web.asked.clear()
    alerts(*call, "--unchecked")
    assert web.asked == []
    assert list(alerts.sources) == ["x"]


def test_a_page_without_a_feed_leads_to_the_kind_that_reads_it(alerts, web) -> None:
    url = web.put("/news", "<html><body><article><a href='/a'>Walking helps</a> May 1, 2026</article></body></html>")
    said = alerts("source", "add", url, "--allow-private", exits=2)
    advice = said.partition("such as: ")[2].strip().replace('"', "").split()
    assert advice == ["alerts", "source", "add", url, "--kind", "page", "--item", "article"]
    assert "[news] Walking helps" in alerts(*advice[1:], "--allow-private")


def test_of_a_page_with_feeds_the_first_that_can_be_read_is_taken_and_the_others_are_named(alerts, web) -> None:
    feeds = "".join(f'<link rel="alternate" type="application/rss+xml" href="/{name}" title="{name}">' for name in "abc")
    web.put("/b", FEED)
    said = alerts("source", "add", web.put("/page", f"<html><head>{feeds}</head></html>"), "--slug", "x", "--allow-private")
    assert f"another feed: {web.base}/c c" in said
    assert f"{web.base}/a" not in said
    assert alerts.sources["x"]["url"] == f"{web.base}/b"
    said = alerts("source", "add", web.put("/page", f"<html><head>{feeds}</head></html>"), "--slug", "y", "--allow-private", exits=2)
    assert "'x' polls this already" in said
    web.put("/b", 404)
    assert f"{web.base}/c (127.0.0.1 answered 404" in alerts("source", "add", web.base + "/page", "--slug", "y", "--allow-private", exits=2)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (["--kind", "pubmed"], "--query"),
        (["nowhere", "--kind", "pubmed", "--query", "x"], "no web address"),
        (["https://127.0.0.1/", "--kind", "pubmed"], "--query"),
        (["https://me:secret@example.org/", "--kind", "pubmed", "--query", "x"], "user name"),
        (["http://127.0.0.1:9/eutils", "--kind", "pubmed", "--query", "x"], "--allow-private"),
        (["--kind", "pubmed", "--query", "x", "--item", "li"], "kind page"),
        (["--kind", "pubmed", "--query", "x", "--gives", "opera"], "mixed"),
        (["--kind", "pubmed", "--query", "x", "--about", "opera"], "no topic"),
        (["--kind", "pubmed", "--query", "x", "--max-age", "-1"], "--max-age"),
        (["--kind", "clinicaltrials", "--query", "x", "--area", "opera"], "cond"),
        (["--kind", "medrxiv", "--query", "OR"], "lacks words"),
        (["--kind", "medrxiv", "--query", 'myelitis OR ""'], "lacks words"),
        (["--kind", "europepmc", "--query", ""], "--query"),
        (["--kind", "file", "nowhere.jsonl"], "no file"),
        (["--kind", "page", "https://example.org/"], "--item"),
    ],
)
def test_a_wrong_source_is_refused_with_what_to_say_instead(alerts, call: list[str], why: str) -> None:
    assert why in alerts("source", "add", *call, exits=2)
    assert alerts.sources == {}


def test_an_edit_takes_no_address_that_add_would_not(alerts, web) -> None:
    alerts("source", "add", web.put("/feed", FEED), "--slug", "x", "--allow-private")
    for url in ("nowhere", "ftp://example.org/", ""):
        assert "address" in alerts("source", "edit", "x", "--url", url, exits=2)
    assert alerts.sources["x"]["url"] == f"{web.base}/feed"


def test_a_source_that_starts_afresh_stays_paused_and_floods_nobody(alerts, web) -> None:
    undated = "".join(f"<item><title>Optic neuritis {n}</title><guid>{{}}{n}</guid><description>x</description></item>" for n in range(30))
    alerts("source", "add", web.put("/feed", RSS.format(undated.replace("{}", "a"))), "--slug", "x", "--allow-private")
    alerts("poll")
    alerts("source", "pause", "x")
    alerts("source", "edit", "x", "--url", web.put("/other", RSS.format(undated.replace("{}", "b"))))
    assert alerts.sources["x"]["state"] == "paused"
    alerts("source", "resume", "x")
    assert "10 undated beyond the first 20 of a first poll" in alerts("poll")
