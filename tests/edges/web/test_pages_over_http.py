"""Pages as browsers get them: what they show, what they refuse, and the headers they carry."""

from datetime import UTC, datetime

import pytest
from sqlmodel import update

from alerts.settings import Settings
from alerts.store.engine import writing
from alerts.store.tables import ItemRow, SourceRow
from alerts.web.app import create_app
from alerts.wiring import World

HOSTILE = '<script>alert(1)</script><img src=x onerror=alert(2)>"\'& \u202e\x07 javascript:alert(3)'
PAGES = ["/", "/topics/nmosd", "/topics/nmosd/2026-W18", "/items/1"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_carries_the_headers_that_protect_its_readers(browser, release, path):
    release()
    answer = browser.get(path)
    assert answer.status == 200
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in answer.headers
    assert "style=" not in answer.text
    assert "<script" not in answer.text


@pytest.mark.parametrize("path", PAGES)
def test_a_page_that_did_not_change_is_not_sent_again(browser, release, path):
    release()
    first = browser.get(path)
    assert browser.get(path, If_None_Match=first.headers["etag"]).status == 304


def test_the_item_page_marks_the_words_of_each_label_and_links_to_them(browser, release):
    title = "Plasma exchange in NMOSD attacks"
    text = "In 57 patients, a phase 2 trial."
    release(title=title, text=text, labels=(
        ("size", "57", "is", [["text", 3, 14, "57 patients"]]), ("phase", "PHASE2", "own", [["text", 18, 25, "phase 2"]])))
    page = browser.get("/items/1").text
    assert ">57 patients</mark>" in page
    assert ">NMOSD</mark>" in page
    assert ">phase 2</mark>" in page
    anchor = page.split(">57 patients</mark>")[0].rsplit('id="', 1)[1].split('"')[0]
    assert f'href="#{anchor}"' in page


def test_hostile_text_is_shown_as_text_and_hostile_links_are_not_links(browser, release):
    release(title=HOSTILE, text=HOSTILE, content={"url": "javascript:alert(4)", "venue": HOSTILE, "authors": [HOSTILE]})
    for path in ("/", "/topics/nmosd", "/items/1", "/topics/nmosd.rss", "/topics/nmosd.atom"):
        page = browser.get(path).text
        assert "<script" not in page
        assert "<img" not in page
        assert 'href="javascript' not in page
        assert "\u202e" not in page.replace('class="own-text"', "").split("In its own words")[0]


def test_a_preview_shows_the_digest_in_the_page_and_nothing_to_leave_by(browser, world, release):
    release(title="A new NMOSD study", at=world.now())
    page = browser.get("/preview?topic=nmosd")
    assert "A new NMOSD study" in page.text
    assert "iframe" not in page.text
    assert "/unsubscribe/" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "Nothing new on these topics" in browser.get("/preview?topic=pml").text


@pytest.mark.parametrize("path", [*PAGES, "/topics", "/search", "/feeds", "/sources", "/glossary", "/about", "/privacy"])
def test_the_foot_says_what_was_read_and_what_could_not_be(browser, world, release, path):
    release()
    assert "<p>Read" not in browser.get(path).text
    with writing(world.engine) as session:
        read = {"last_ok_at": datetime(2026, 6, 1, tzinfo=UTC)}
        session.exec(update(SourceRow).where(SourceRow.slug == "journal").values(**read))
    assert "<p>Read 1 source.</p>" in browser.get(path).text
    with writing(world.engine) as session:
        broken = {"failures": 3, "failing_since": datetime(2026, 6, 12, tzinfo=UTC)}
        session.exec(update(SourceRow).where(SourceRow.slug == "journal").values(**broken))
    assert "<p>Read 0 sources; not readable since 12 June: Journal.</p>" in browser.get(path).text


def test_filtered_pages_name_the_whole_one_to_search_engines(browser, release):
    release(at=datetime(2026, 5, 1, 9, tzinfo=UTC))
    canonical = '<link rel="canonical" href="http://127.0.0.1:8000/topics/nmosd{}">'.format
    for asked, whole in (("?phase=2", ""), ("?after=0&upto=3", ""), ("/2026-W18?phase=2", "/2026-W18")):
        assert canonical(whole) in browser.get(f"/topics/nmosd{asked}").text
    for whole in ("", "/2026-W18"):
        assert 'rel="canonical"' not in browser.get(f"/topics/nmosd{whole}").text


def test_robots_may_fetch_what_tells_them_not_to_list_it(browser):
    assert browser.get("/robots.txt").text == "User-agent: *\nDisallow:\n"
    for path in ("/", "/preview", "/signup", "/signup/sent"):
        assert "x-robots-tag" not in browser.get(path).headers
    assert browser.get("/confirm/too-old").headers["x-robots-tag"] == "noindex, nofollow"


def test_a_merged_item_leads_to_the_one_that_survived(browser, world, release):
    first, second = release(), release()
    with writing(world.engine) as session:
        session.get(ItemRow, second).merged_into = first
    answer = browser.get(f"/items/{second}")
    assert (answer.status, answer.headers["location"]) == (301, f"/items/{first}")


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/items/99", 404), ("GET", "/items/x", 404), ("GET", "/topics/none-such", 404), ("GET", "/nowhere", 404),
    ("POST", "/", 405), ("DELETE", "/topics/nmosd.rss", 405), ("GET", "/topics/nmosd/2026-W60", 400),
    ("GET", "/topics/nmosd?page=1", 400), ("GET", "/topics/%00", 404), ("GET", "/items/99999999999999999999", 404),
    ("GET", "/topics/nmosd?upto=1e9", 400), ("GET", "/static/../pyproject.toml", 404), ("GET", "/sample/nothing", 404),
])
def test_what_cannot_be_answered_gets_a_plain_page_of_the_right_status(browser, release, method, path, status):
    release()
    answer = browser.ask(method, path)
    assert answer.status == status
    assert "Traceback" not in answer.text
    assert "<h1>" in answer.text


def test_a_window_of_numbers_shows_exactly_those_alerts(browser, release):
    for n in range(4):
        release(title=f"NMOSD study {n}")
    page = browser.get("/topics/nmosd?after=1&upto=3").text
    assert [f"study {n}" in page for n in range(4)] == [False, True, True, False]


def test_sample_items_are_shown_on_this_machine_only(world, release, browser, serve):
    release(title="[Sample] NMOSD", source="sample")
    assert "Invented example:" in browser.get("/items/1").text
    assert browser.get("/sample/feed.rss").status == 200
    public = Settings(_env_file=None, base_url="https://alerts.example.org", secret_key="x" * 40)
    with serve(create_app(World(public, world.engine, world.keyring), patience=0)) as elsewhere:
        assert "[Sample]" not in elsewhere.get("/").text
        assert "[Sample]" not in elsewhere.get("/topics/nmosd.rss").text
        assert elsewhere.get("/items/1").status == 404
        assert elsewhere.get("/sample/feed.rss").status == 404
