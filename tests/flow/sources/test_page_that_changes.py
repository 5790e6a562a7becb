"""A page source in an operator's hands: previewed as it is stored, and a changed layout noticed, told and mended."""

import pytest

WORDS = ("first", "second", "third", "fourth", "fifth", "sixth")
GOOD = '<li><h3><a href="/story/{0}">Optic neuritis, the {1} study</a></h3><b>May {0}, 2026</b></li>'
HALF = '<li><h3>Optic neuritis, the {1} study</h3><b>May {0}, 2026</b><a href="/story/{0}">Read more</a></li>'
OTHER = '<div class="card"><h2>Optic neuritis, the {1} study</h2><a href="/story/{0}"></a><time>May {0}, 2026</time></div>'


def listing(form: str, count: int = 5) -> str:
    return "<html>" + "".join(form.format(number + 1, WORDS[number]) for number in range(count)) + "</html>"


@pytest.fixture
def news(alerts, web) -> str:
    url = web.put("/news", listing(GOOD))
    alerts("source", "add", url, "--kind", "page", "--item", "li", "--slug", "news", "--gives", "news", "--allow-private", "--max-age", "0")
    assert alerts("poll").splitlines() == ["news: 5 new, 0 changed, 0 seen before", "1 source asked, 5 alerts released."]
    return url


@pytest.mark.parametrize("form", [HALF, OTHER, GOOD.replace("href", "data-to"), GOOD.replace("<li>", "<li>x").replace("/story/{0}", "#")])
def test_a_changed_layout_is_told_and_costs_and_brings_nothing(alerts, web, news, form: str) -> None:
    web.put("/news", listing(form, 6))
    said = alerts("poll", "news", exits=1)
    assert "another layout" in said
    assert "alerts source edit news --afresh" in said
    assert "1 source asked, 0 alerts released." in said
    assert "another layout" in alerts("source", "check", "news", exits=1)
    assert (alerts.sources["news"]["state"], alerts.sources["news"]["items"]) == ("failing", 5)
    assert len(alerts.json("item", "list")) == 5
    web.put("/news", listing(GOOD, 6))
    assert alerts("poll", "news").splitlines() == ["news: 1 new, 0 changed, 5 seen before", "1 source asked, 1 alert released."]
    assert alerts.sources["news"]["gaps"] == 0


def test_mended_selectors_find_the_same_items_and_no_gap(alerts, web, news) -> None:
    web.put("/news", listing(OTHER, 6))
    alerts("poll", "news", exits=1)
    alerts("source", "edit", "news", "--item", "div.card", "--title", "h2")
    said = alerts("poll").splitlines()
    assert said == ["news: 1 new, 0 changed, 5 seen before", "1 source asked, 1 alert released."]
    assert (alerts.sources["news"]["gaps"], alerts.sources["news"]["items"]) == (0, 6)


def test_a_layout_taken_as_it_is_brings_what_is_new(alerts, web, news) -> None:
    web.put("/news", listing(GOOD.replace("May {0}, 2026", ""), 6))
    assert "5 of 5 known items have no date any more" in alerts("poll", "news", exits=1)
    alerts("source", "edit", "news", "--afresh")
    assert alerts("poll").splitlines() == ["news: 1 new, 0 changed, 5 seen before", "1 source asked, 1 alert released."]


STORY = '<html><head><meta name="citation_doi" content="10.1000/{0}"></head><article><p>Optic neuritis in whole.</p></article></html>'


@pytest.mark.parametrize(("gives", "kind"), [((), "paper"), (("--gives", "news"), "news")])
def test_the_preview_shows_the_kind_that_is_stored(alerts, web, gives: tuple[str, ...], kind: str) -> None:
    url = web.put("/news", listing(GOOD))
    for number in range(1, 6):
        web.put(f"/story/{number}", STORY.format(number))
    call = ("--kind", "page", "--item", "li", "--follow", "--slug", "news", "--allow-private", "--max-age", "0", *gives)
    assert alerts("source", "add", url, *call).count(f"[{kind}]") == 5
    assert alerts("source", "check", "news").count(f"[{kind}]") == 5
    alerts("poll")
    assert [row["kind"] for row in alerts.json("item", "list")] == [kind] * 5
