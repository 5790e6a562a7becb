"""Entries and formats as pure values: ids that last, hostile texts made harmless, the same bytes for the same alerts."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from alerts.model import (
    Alert,
    AlertedItem,
    Content,
    Evidence,
    Facet,
    Item,
    Key,
    Kind,
    Label,
    PartialDate,
    Reason,
    Role,
    ThreadMember,
)
from alerts.publish.channel import MOST, NEWEST, channel, daily, fitting, part, recent, week_of
from alerts.publish.feed import Format, Outline, Site, entry, opml, render
from alerts.publish.lines import headline, safe_address, work_address
from alerts.publish.query import Query
from subscribers.interest import Facts

AT = datetime(2026, 5, 4, 9, tzinfo=UTC)
SITE = Site(authority="alerts.example.org", started_at=datetime(2026, 5, 1, tzinfo=UTC), base_url="https://a.example",
            topics={"nmosd": "NMOSD", "ms": "Multiple sclerosis"}, hub="https://hub.example/")
texts = st.text(st.characters(codec=None), max_size=80)


def shown(number=7, reason=Reason.NEW, mark="", thread=(), labels=None, **content):
    facts = Facts(kind="paper", topics=("nmosd",), under=("nmosd",), phases=("PHASE3",), design="randomized-trial",
                  cautions=("small-sample",))
    said = Content(**{"title": "Plasma exchange in NMOSD", "published": PartialDate(2026, 4), "venue": "A Journal",
                      "authors": ("A. Writer",), "url": "https://journal.example/1"} | content)
    about = Label(facet=Facet.TOPIC, value="nmosd", role=Role.ABOUT, evidence=(Evidence("title", 19, 24, "NMOSD"),))
    return AlertedItem(
        alert=Alert(number=number, item_id=3, reason=reason, at=AT + timedelta(hours=number), facts=facts),
        item=Item(id=3, content=said, first_seen=AT, keys=(Key("doi", "10.1000/x"), Key("pmid", "123"), Key("guid", "s g"))),
        labels=(about,) if labels is None else labels, thread=thread, mark=mark,
    )


def feed_of(fmt, *items, query=""):
    return render(channel(SITE, Query.parse(query), AT, None), [entry(one, SITE) for one in items], SITE, fmt)


def test_the_id_of_an_entry_hangs_on_installation_and_number_alone():
    moved = replace(SITE, base_url="https://elsewhere.example", title="Other")
    assert entry(shown(title="Changed"), moved).id == entry(shown(), SITE).id == "tag:alerts.example.org,2026-05-01:alert/7"


@pytest.mark.parametrize("fmt", [Format.RSS, Format.ATOM])
def test_xml_formats_hold_the_same_entries_with_their_evidence_and_identifiers(fmt):
    found = feedparser.parse(feed_of(fmt, shown()))
    assert not found.bozo
    (one,) = found.entries
    assert one.id == "tag:alerts.example.org,2026-05-01:alert/7"
    content = one.content[0].value
    assert "NMOSD" in content
    assert "not medical advice" in content
    assert [tag.label or tag.term for tag in one.tags] == ["NMOSD", "Paper", "Phase 3", "Randomised trial", "Fewer than 30 people"]
    assert all(tag.scheme.startswith("https://a.example/") for tag in one.tags)
    assert one.prism_doi == "10.1000/x"
    assert {link.rel for link in found.feed.links} >= {"self", "alternate", "hub"}


def test_json_feed_holds_the_same_entry():
    (item,) = json.loads(feed_of(Format.JSON, shown()))["items"]
    assert item["id"] == "tag:alerts.example.org,2026-05-01:alert/7"
    assert item["external_url"] == "https://journal.example/1"
    assert item["date_published"] == "2026-05-04T16:00:00Z"


@pytest.mark.parametrize("fmt", list(Format))
def test_the_same_alerts_give_the_same_bytes(fmt):
    assert feed_of(fmt, shown(), shown(6)) == feed_of(fmt, shown(), shown(6))


@pytest.mark.parametrize(("given", "said"), [
    (shown(kind=Kind.PREPRINT), "Preprint, not peer reviewed: Plasma exchange in NMOSD"),
    (shown(reason=Reason.RESULTS), "Results posted: Plasma exchange in NMOSD"),
    (shown(mark="retracted"), "Retracted: Plasma exchange in NMOSD"),
    (shown(mark="retracted", kind=Kind.PREPRINT), "Preprint, not peer reviewed: Retracted: Plasma exchange in NMOSD"),
    (shown(reason=Reason.MATCHED), "Plasma exchange in NMOSD"),
    (shown(title="A\r\nBcc: x\u202e"), "A Bcc: x"),
    (shown(title=""), "Untitled"),
])
def test_a_title_says_first_what_a_reader_must_know(given, said):
    assert headline(given) == said


def test_a_thread_is_linked_from_the_entry():
    record = Item(id=9, content=Content(kind=Kind.RECORD, title="The registration"), first_seen=AT)
    html = entry(shown(thread=(ThreadMember("registered-as", record),)), SITE).html
    assert '<a href="https://a.example/items/9">The registration</a> (trial record)' in html


def test_later_entries_link_the_first_and_the_first_says_what_came_since():
    history = [(7, Reason.NEW, AT), (8, Reason.MATCHED, AT), (9, Reason.RETRACTED, AT + timedelta(days=30))]
    first, last = entry(shown(7), SITE, history).html, entry(shown(9, Reason.RETRACTED), SITE, history).html
    assert 'Since then: <a href="https://a.example/items/3#alert-9">retracted</a>, 2026-06-03' in first
    assert first.count("Since then") == 1
    assert "told first" not in first
    assert '<a href="https://a.example/items/3#alert-7">What was told first</a>, 2026-05-04' in last
    assert "Since then" not in last


@given(title=texts, text=texts, venue=texts, author=texts, language=texts)
def test_no_foreign_text_breaks_a_feed(title, text, venue, author, language):
    one = shown(title=title, text=text, venue=venue, authors=(author,), language=language)
    for fmt in (Format.RSS, Format.ATOM):
        assert len(etree.fromstring(feed_of(fmt, one)))
    assert len(json.loads(feed_of(Format.JSON, one))["items"]) == 1


@given(st.one_of(texts, st.sampled_from(["javascript:alert(1)", "data:text/html,x", "//x", "http://", "https://[", "HTTPS://X/\r\n"])))
def test_an_address_is_http_or_nothing(address):
    found = safe_address(address)
    assert found == "" or found.lower().startswith(("http://", "https://"))
    assert not set(found) & set('"<> \r\n\\')


def test_a_work_without_a_link_of_its_own_is_reached_by_its_identifier():
    assert work_address(shown(url="javascript:alert(1)").item) == "https://doi.org/10.1000/x"


def test_markup_in_foreign_text_is_shown_not_run():
    hostile = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    body = feedparser.parse(feed_of(Format.RSS, shown(title=hostile, venue=hostile)), sanitize_html=False)
    html = body.entries[0].content[0].value
    assert "<script" not in html
    assert "<img" not in html


def test_the_newest_fifty_stand_in_a_feed_and_more_only_of_thirty_days():
    alerts = [shown(n).alert for n in range(1, 301)]
    newest = sorted((replace(one, at=AT - timedelta(days=300 - one.number)) for one in alerts), key=lambda one: -one.number)
    assert len(recent(newest)) == NEWEST
    busy = [replace(one, at=AT) for one in newest]
    assert len(recent(busy)) == MOST


def test_a_full_part_of_a_week_never_changes():
    alerts = [shown(n).alert for n in range(500, 0, -1)]
    assert part(alerts, 1) == part(alerts[50:], 1)
    assert [one.number for number in (1, 2, 3) for one in reversed(part(alerts, number))] == list(range(1, 501))


def test_a_feed_beyond_a_megabyte_is_cut_to_what_fits_but_never_below_fifty():
    long = [entry(shown(n, venue="v" * 9_000), SITE) for n in range(120)]
    body = fitting(lambda kept: render(channel(SITE, Query(), AT, None), kept, SITE, Format.RSS), long)
    assert len(body) <= 1_000_000
    assert NEWEST <= len(feedparser.parse(body).entries) < 120


def test_one_entry_a_day_waits_until_its_day_is_over():
    entries = [entry(shown(n), SITE) for n in (38, 30, 3, 2)]
    days = daily(entries, SITE, Query.parse("?daily=1"), date(2026, 5, 6))
    assert [one.title for one in days] == ["2026-05-05: 2 alerts", "2026-05-04: 2 alerts"]
    assert [one.title for one in daily(entries, SITE, Query(), date(2026, 5, 5))] == ["2026-05-04: 2 alerts"]


def test_a_week_is_named_by_iso_8601():
    assert week_of(datetime(2027, 1, 1, tzinfo=UTC)) == "2026-W53"


def test_the_list_of_feeds_is_well_formed_opml():
    tree = etree.fromstring(opml([Outline(title="A & B", feed="https://a.example/x.rss", page="https://a.example/x")], SITE))
    assert tree.find("body/outline").get("text") == "A & B"
