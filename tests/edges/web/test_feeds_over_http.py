"""Feeds as readers fetch them: conditional requests, compression, filters, retired topics."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import feedparser
import pytest

from alerts.pipeline import publish
from alerts.store import catalogue, installation
from alerts.store.engine import writing
from alerts.web.prepared import Prepared
from alerts.web.shelf import MAX_KEPT, Shelf

FIRST = datetime(2025, 1, 6, 9, tzinfo=UTC)
FEEDS = ["/topics/nmosd.rss", "/topics/nmosd.atom", "/topics/nmosd.json", "/feed.rss", "/feed.atom?topics=nmosd,pml"]


@pytest.mark.parametrize("path", FEEDS)
def test_a_feed_is_sent_once_and_then_confirmed_unchanged(browser, release, path):
    release()
    first = browser.get(path)
    assert first.status == 200
    assert first.headers["vary"] == "Accept-Encoding"
    assert browser.get(path, If_None_Match=first.headers["etag"]).status == 304
    assert browser.get(path, If_Modified_Since=first.headers["last-modified"]).status == 304
    assert browser.get(path, If_None_Match='"other"', If_Modified_Since=first.headers["last-modified"]).status == 200
    head = browser.ask("HEAD", path)
    assert (head.status, head.body) == (200, b"")
    differing = {"date"}
    assert {k: v for k, v in head.headers.items() if k not in differing} == {
        k: v for k, v in first.headers.items() if k not in differing}


def test_gzip_holds_the_same_bytes_under_its_own_strong_etag(browser, release):
    release()
    plain, packed = browser.get("/topics/nmosd.rss"), browser.get("/topics/nmosd.rss", Accept_Encoding="gzip")
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["etag"] != plain.headers["etag"]
    again = browser.get("/topics/nmosd.rss", Accept_Encoding="gzip", If_None_Match=packed.headers["etag"])
    assert again.status == 304
    refused = browser.get("/topics/nmosd.rss", Accept_Encoding="gzip;q=0")
    assert "content-encoding" not in refused.headers


def test_an_entry_has_the_same_id_in_every_feed_and_format(browser, release):
    release()
    ids = {entry.id for path in ("/topics/nmosd.rss", "/topics/demyelination.atom", "/feed.rss?topics=nmosd,pml")
           for entry in feedparser.parse(browser.get(path).body).entries}
    ids |= {item["id"] for item in json.loads(browser.get("/feed.json").body)["items"]}
    assert ids == {"tag:alerts.example.org,2026-05-01:alert/1"}


def test_a_new_alert_shows_at_the_next_request_and_other_topics_stay_as_they_are(browser, release):
    release()
    release(topics=("pml",), title="JC virus in blood")
    nmosd, pml = browser.get("/topics/nmosd.rss"), browser.get("/topics/pml.rss")
    release(title="A second NMOSD study")
    assert len(feedparser.parse(browser.get("/topics/nmosd.rss").body).entries) == 2
    assert browser.get("/topics/nmosd.rss", If_None_Match=nmosd.headers["etag"]).status == 200
    assert browser.get("/topics/pml.rss", If_None_Match=pml.headers["etag"]).status == 304


def test_filters_keep_what_they_ask_for(browser, release):
    release(title="Phase 3 of NMOSD drug", phases=("PHASE3",), phase_role="own", design="randomized-trial", size=200)
    release(title="Cells of NMOSD patients", design="lab", size=9)
    found = browser.get("/topics/nmosd.atom?phase=2,3&design=randomized-trial&min=50")
    assert [entry.title for entry in feedparser.parse(found.body).entries] == ["Phase 3 of NMOSD drug"]


@pytest.mark.parametrize(("asked", "named"), [
    ("phase=9", "phase"), ("flavour=sweet", "valid are"), ("size=many", "size"), ("week=2026-W99", "2026-W18"),
    ("design=rct", "randomized-trial"), ("&".join(f"a{n}=1" for n in range(8_000)), "filters"), ("phase=%ff", "read"),
])
def test_a_wrong_filter_is_told_what_is_valid(browser, release, asked, named):
    release()
    answer = browser.get(f"/topics/nmosd.rss?{asked}")
    assert answer.status == 400
    assert named in answer.text
    assert "Traceback" not in answer.text


def test_a_set_of_topics_shows_each_work_once(browser, release):
    release(topics=("nmosd", "mogad"), title="Scans tell MOGAD from NMOSD")
    found = feedparser.parse(browser.get("/feed.rss?topics=nmosd,mogad,pml").body)
    assert len(found.entries) == 1


def test_an_unknown_topic_is_not_found_and_a_retired_one_moves_or_is_gone(browser, world, release):
    release()
    assert browser.get("/topics/nothing.rss").status == 404
    with writing(world.engine) as session:
        catalogue.retire_topic(session, "mogad", world.now(), into="nmosd")
        catalogue.retire_topic(session, "pml", world.now())
        installation.raise_revisions(session, ["mogad", "pml"])
    moved = browser.get("/topics/mogad.atom?phase=3")
    assert moved.status == 301
    assert moved.headers["location"] == f"{world.settings.base_url}/topics/nmosd.atom?phase=3"
    assert browser.get("/topics/pml.rss").status == 410
    assert browser.get("/topics/pml").status == 410


def test_the_same_alerts_give_the_same_bytes_in_another_process(world, release):
    release()
    first = publish.feed(world.engine, world.settings, "nmosd", "rss")
    assert publish.feed(world.engine, world.settings, "nmosd", "rss") == first


def test_a_retraction_is_a_new_entry_and_changes_the_first(browser, world, release):
    item = release(title="A drug for NMOSD")
    before = browser.get("/topics/nmosd.rss")
    release(item=item, reason="retracted")
    found = feedparser.parse(browser.get("/topics/nmosd.rss", If_None_Match=before.headers["etag"]).body)
    assert [entry.id[-7:] for entry in found.entries] == ["alert/2", "alert/1"]
    assert found.entries[0].title == "Retracted: A drug for NMOSD"
    assert f"items/{item}#alert-1" in found.entries[0].content[0].value
    assert f"items/{item}#alert-2" in found.entries[1].content[0].value


def test_an_archive_changes_with_what_came_later(browser, release):
    item = release(title="A drug for NMOSD", at=FIRST)
    archive = "/topics/nmosd.rss?week=2025-W02"
    before = browser.get(archive)
    release(item=item, reason="retracted", at=FIRST + timedelta(weeks=9))
    assert browser.get(archive, If_Modified_Since=before.headers["last-modified"]).status == 200
    assert "Since then" in browser.get(archive).text


def test_older_alerts_are_reached_by_archive_links_each_once(browser, world, release):
    for n in range(70):
        release(title=f"NMOSD study {n}", at=FIRST + timedelta(weeks=n))
    seen, address = [], "/topics/nmosd.atom"
    while address:
        found = feedparser.parse(browser.get(address).body)
        seen += [entry.id for entry in found.entries]
        older = [link.href for link in found.feed.links if link.rel == "prev-archive"]
        address = older[0].removeprefix(world.settings.base_url) if older else ""
    assert len(set(seen)) == 70


def test_what_does_not_fit_into_a_megabyte_is_reached_by_archive_links(browser, world, release):
    for n in range(130):
        release(title=f"NMOSD study {n}", at=FIRST + timedelta(hours=5 * n), content={"venue": "v" * 8_000})
    seen, address = [], "/topics/nmosd.rss"
    while address:
        found = feedparser.parse(browser.get(address).body)
        seen.append([entry.id for entry in found.entries])
        older = [link.href for link in found.feed.links if link.rel == "prev-archive"]
        address = older[0].removeprefix(world.settings.base_url) if older else ""
    assert 50 <= len(seen[0]) < 130
    assert len({one for page in seen for one in page}) == 130


def test_ten_thousand_filters_do_not_grow_the_shelf(world, release):
    release()
    shelf = Shelf(lambda: (1, {}), max_bytes=1_000_000)
    document = publish.feed(world.engine, world.settings, "nmosd", "rss")
    for n in range(10_000):
        shelf.put(str(n).encode(), Prepared(document, ("nmosd",), ""), 1)
    assert len(shelf) <= MAX_KEPT
    assert shelf.size <= 1_000_000

