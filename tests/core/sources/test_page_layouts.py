"""A page whose layout changes, wholly or by half: told apart from news, and from no news."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.errors import FetchError, PrivateError, ReadError
from alerts.ingest import page
from alerts.model import Document, PollState, Request, Source

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
LIST = "https://news.example/list"
SOURCE = Source(slug="news", kind="page", url=LIST, gives="news", options={"item": "li"})
Play = Callable[..., Any]
TITLES = [f"What the {word} study found" for word in ("first", "second", "third", "fourth", "fifth", "sixth")]


def row(number: int, *, title: str = "", link: str = "", date: str = "", form: str = "") -> str:
    form = form or '<li><h3><a href="{link}">{title}</a></h3><b>{date}</b></li>'
    return form.format(link=link or f"/story/{number}", title=title or TITLES[number], date=date or f"May {number + 1}, 2026")


def rows(*numbers: int, **how: str) -> str:
    return "".join(row(number, **how) for number in numbers)


ALL = rows(0, 1, 2, 3, 4)


def known(play: Play, body: str, source: Source = SOURCE) -> Mapping[str, str]:
    return {entry.locator: entry.raw_hash for entry in play(source, lambda _: body, NOW).entries}


HALF_CHANGED = {
    "titles say read more": ({}, ALL.replace("What the", "Read more").replace(" study found", "")),
    "the title selector finds nothing": ({"title": "h3"}, ALL.replace("h3", "h2")),
    "the title selector finds few": ({"title": "h3"}, rows(0) + rows(1, 2, 3, 4).replace("h3", "h2")),
    "the date selector finds nothing": ({"date": "b"}, ALL.replace("<b>", "<i>").replace("</b>", "</i>")),
    "dates are gone": ({}, "".join(row(number, date="lately") for number in range(5))),
    "links are gone": ({}, ALL.replace("href", "data-to")),
    "the link selector finds nothing": ({"link": "h3 a"}, ALL.replace("h3", "h2")),
    "links all lead to one place": ({}, rows(0, 1, 2, 3, 4, link="/share")),
    "the menu is matched": ({}, '<li><a href="/about">About us</a></li><li><a href="/help">Help</a></li><li><a href="/jobs">Jobs</a></li>'),
    "fewer, and these are others": ({}, '<li><a href="/top">Most read</a></li>'),
    "others without dates": ({}, "".join(row(n, title=f"Other {n}", link=f"/o/{n}", date="lately") for n in range(5)) + rows(0).replace("May", "Mai")),
    "others without links": ({}, "".join(row(n, title=f"Other {n}") for n in range(5)).replace("href", "data-to")),
    "nothing is matched": ({}, ALL.replace("li>", "div>")),
    "nothing is left": ({}, "<ul><li></li><li></li></ul>"),
}  # fmt: skip


@pytest.mark.parametrize(("options", "body"), HALF_CHANGED.values(), ids=HALF_CHANGED)
def test_a_half_changed_layout_is_an_error_that_says_what_to_do(play: Play, options: dict[str, str], body: str) -> None:
    source = replace(SOURCE, options={"item": "li", **options})
    before = known(play, ALL, source)
    with pytest.raises(ReadError, match=r"another layout.*source edit news --item .*source edit news --afresh"):
        play(source, lambda _: body, NOW, known=before)
    assert play(source, lambda _: ALL, NOW, known=before).seen == 5


@pytest.mark.parametrize(
    ("options", "body", "said"),
    [
        ({"item": "div.x"}, ALL, "no item matches 'div.x'"),
        ({"title": "h5"}, ALL, "--title 'h5' selects nothing in any of the 5 items"),
        ({"date": "time"}, ALL, "--date 'time' selects nothing in any of the 5 items"),
        ({"link": "p a"}, ALL, "--link 'p a' selects nothing in any of the 5 items"),
        ({}, rows(0, 1, 2, 3, 4, link="/share"), "5 items have 1 addresses among them"),
    ],
)
def test_at_first_sight_it_is_the_selectors_that_are_wrong(play: Play, options: dict[str, str], body: str, said: str) -> None:
    with pytest.raises(ReadError) as caught:
        play(replace(SOURCE, options=SOURCE.options | options), lambda _: body, NOW)
    assert str(caught.value).startswith(said)
    assert "layout" not in str(caught.value)


def test_news_is_news(play: Play) -> None:
    before = known(play, ALL)
    assert [entry.content.title for entry in play(SOURCE, lambda _: rows(5, 0, 1, 2, 3), NOW, known=before).entries] == [TITLES[5]]
    retitled = row(0, title="RETRACTED: first") + rows(1, 2, 3, 4)
    assert [entry.content.title for entry in play(SOURCE, lambda _: retitled, NOW, known=before).entries] == ["RETRACTED: first"]
    turned = "".join(row(0, title=f"A wholly other story, part {n}", link=f"/other/{n}") for n in range(5))
    assert len(play(SOURCE, lambda _: turned, NOW, known=before).entries) == 5


def test_dates_that_are_words_for_a_day_are_no_change_of_layout(play: Play) -> None:
    """Sites say "3 hours ago" of what is fresh, and the date of it a day later."""
    before = known(play, row(1, date="3 hours ago") + rows(2, 3, 4, 5))
    busy = row(0, date="one hour ago", link="/x") + row(0, date="5 minutes ago", title="Two more", link="/y") + row(1, date="5 hours ago") + rows(2, 3)
    assert len(play(SOURCE, lambda _: busy, NOW, known=before).entries) == 3


@given(st.sets(st.integers(0, 5), min_size=1), st.sets(st.integers(0, 5), min_size=3))
def test_a_list_of_one_layout_is_never_an_error(shown: set[int], before: set[int]) -> None:
    read = page.read(SOURCE, PollState(), Document(url=LIST, body=rows(*sorted(before)).encode()))
    state = PollState(known={entry.locator: entry.raw_hash for entry in read.entries})
    found = page.read(SOURCE, state, Document(url=LIST, body=rows(*sorted(shown)).encode()))
    assert {entry.locator for entry in found.entries} == {f"https://news.example/story/{n}" for n in shown - before}


def test_items_at_new_addresses_are_the_same_items(play: Play) -> None:
    before = known(play, ALL)
    moved = "".join(row(number, link=f"/stories/2026/{number}") for number in range(5))
    run = play(SOURCE, lambda _: moved, NOW, known=before)
    assert {entry.locator for entry in run.entries} == set(before)
    assert run.entries[0].content.url == "https://news.example/stories/2026/0"
    again = known(play, moved) | {entry.locator: entry.raw_hash for entry in run.entries}
    assert play(SOURCE, lambda _: moved, NOW, known={name: again[name] for name in before}).seen == 5


def test_an_item_of_the_same_name_at_another_address_is_another_item(play: Play) -> None:
    body = rows(0, 1, 2) + row(3, title="The week in brief")
    later = rows(0, 1, 2) + row(4, title="The week in brief")
    run = play(SOURCE, lambda _: later, NOW, known=known(play, body))
    assert [entry.locator for entry in run.entries] == ["https://news.example/story/4"]


def test_that_fewer_items_are_shown_is_noted_until_it_is_taken_as_it_is(play: Play) -> None:
    first = play(SOURCE, lambda _: ALL, NOW)
    few = play(SOURCE, lambda _: rows(3, 4), NOW, known=known(play, ALL), anchor=first.anchor)
    assert "Only 2 items are shown, and 5 were once" in few.notes[0]
    assert "alerts source edit news --afresh" in few.notes[0]
    assert play(SOURCE, lambda _: rows(3, 4), NOW, known=known(play, rows(3, 4)), anchor=few.anchor).notes == few.notes
    assert play(SOURCE, lambda _: rows(3, 4), NOW).notes == []


def test_items_without_a_title_are_left_out_and_counted(play: Play) -> None:
    body = ALL + '<li class="advert"><a href="/buy"><img></a></li>'
    source = replace(SOURCE, options={"item": "li", "title": "h3"})
    run = play(source, lambda _: body, NOW)
    assert len(run.entries) == 5
    assert run.notes == ["1 of 6 items have no title and were left out."]


def test_a_picture_that_links_is_no_title(play: Play) -> None:
    form = '<li><a href="{link}"><img src="x"></a><p><a href="{link}">{title}</a></p>{date}</li>'
    assert [entry.content.title for entry in play(SOURCE, lambda _: rows(0, 1, form=form), NOW).entries] == TITLES[:2]


FOLLOWED = replace(SOURCE, options={"item": "li", "follow": True})
LEADING = row(0, link="https://elsewhere.example/a") + rows(1)


@pytest.mark.parametrize(
    "trouble",
    [
        FetchError("takes no connection", network=True),
        FetchError("no valid certificate"),
        PrivateError("leads to a private address"),
        FetchError("404", status=404),
        "",
    ],
)
def test_an_items_page_that_cannot_be_read_stops_no_other(play: Play, trouble: Any) -> None:
    def answer(request: Request) -> str:
        if request.url == LIST:
            return LEADING
        if "elsewhere" not in request.url:
            return "<article><p>The whole story.</p></article>"
        if isinstance(trouble, Exception):
            raise trouble
        return str(trouble)

    run = play(FOLLOWED, answer, NOW)
    assert [(entry.content.title, entry.content.truncated) for entry in run.entries] == [(TITLES[0], True), (TITLES[1], False)]
    assert run.notes[0].startswith("The page of an item could not be read (")


def test_what_is_no_web_page_is_not_read_as_one() -> None:
    state = page.read(FOLLOWED, PollState(), Document(url=LIST, body=LEADING.encode())).state
    pdf = Document(url="https://elsewhere.example/a", headers={"content-type": "application/pdf"}, body=b"%PDF-1.7 words")
    read = page.read(FOLLOWED, PollState(resume=state), pdf)
    assert (read.entries[0].content.title, read.entries[0].content.truncated) == (TITLES[0], True)
    assert "it is no web page but application/pdf" in read.notes[0]


def test_what_a_comment_hides_is_not_read_and_what_follows_it_is(play: Play) -> None:
    (entry,) = play(SOURCE, lambda _: '<li><a href="/a">One <!-- draft --> story</a><p>May <!-- x -->4, 2026</p></li>', NOW).entries
    assert (entry.content.title, str(entry.content.published)) == ("One story", "2026-05-04")


def test_a_text_selector_that_finds_nothing_is_noted_and_the_article_taken(play: Play) -> None:
    source = replace(FOLLOWED, options={"item": "li", "follow": True, "text": "div.story"})
    story = {"/story/1": "<article><p>Whole.</p></article>", "/story/2": '<article><p>No.</p></article><div class="story"><p>Whole.</p></div>'}
    run = play(source, lambda request: story.get(request.url.removeprefix("https://news.example"), rows(1, 2)), NOW)
    assert [entry.content.text for entry in run.entries] == ["Whole.", "Whole."]
    assert run.notes == ["--text 'div.story' selects nothing on the page of an item: https://news.example/story/1"]


def test_an_items_page_that_breaks_its_reader_stops_no_other() -> None:
    first = page.read(FOLLOWED, PollState(), Document(url=LIST, body=LEADING.encode()))
    assert first.next is not None
    kept = page.recover(FOLLOWED, PollState(resume=first.state), first.next, ReadError("made the reader crash"))
    assert kept is not None
    assert (kept.entries[0].content.title, kept.next and kept.next.url) == (TITLES[0], "https://news.example/story/1")
    assert page.recover(FOLLOWED, PollState(), first.next, ReadError("made the reader crash")) is None, "the list itself"


def test_a_list_that_never_had_dates_and_shows_nothing_known_is_another_list(play: Play) -> None:
    undated = "".join(row(number, date="lately") for number in range(4))
    menu = "".join(row(number, title=f"Menu {number}", link=f"/menu/{number}", date="now") for number in range(4))
    with pytest.raises(ReadError, match="none of the 4 items was shown before, and most have no date"):
        play(SOURCE, lambda _: menu, NOW, known=known(play, undated))


@pytest.mark.parametrize("count", [1, 2])
def test_of_one_or_two_items_new_titles_are_news(play: Play, count: int) -> None:
    before, after = rows(*range(count)), "".join(row(number, title=f"RETRACTED: {number}") for number in range(count))
    assert len(play(SOURCE, lambda _: after, NOW, known=known(play, before)).entries) == count


def test_series_that_go_on_are_new_items(play: Play) -> None:
    later = "".join(row(number, link=f"/week/2/{number}", date=f"May {number + 8}, 2026") for number in range(3))
    run = play(SOURCE, lambda _: later, NOW, known=known(play, rows(0, 1, 2)))
    assert [entry.locator for entry in run.entries] == [f"https://news.example/week/2/{number}" for number in range(3)]
