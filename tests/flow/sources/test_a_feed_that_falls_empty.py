"""A feed that shows nothing for a while, or breaks off: what it showed is not forgotten."""

import pytest

RSS = '<rss version="2.0"><channel><title>Invented Journal</title>{}'
ITEM = "<item><title>Optic neuritis, part {0}</title><guid>{0}</guid><description>Seen.</description></item>"


def feed(*numbers: int) -> str:
    return RSS.format("".join(map(ITEM.format, numbers)) + "</channel></rss>")


@pytest.mark.parametrize(("trouble", "said"), [(feed(), "shows nothing now"), (RSS.format(ITEM.format(3)) + "<item><ti", "cut off")])
def test_it_says_so_and_what_was_missed_meanwhile_is_noticed(alerts, web, trouble: str, said: str) -> None:
    alerts("source", "add", web.put("/feed", feed(1, 2, 3)), "--slug", "x", "--allow-private")
    alerts("poll")
    web.put("/feed", trouble)
    assert said in alerts("poll", "x")
    web.put("/feed", feed(7, 8, 9))
    assert "something may have been missed" in alerts("poll", "x")
    web.put("/feed", feed(8, 9))
    assert alerts("poll", "x").splitlines()[0] == "x: 0 new, 0 changed, 2 seen before"


def test_a_feed_that_became_a_web_page_says_what_to_do(alerts, web) -> None:
    alerts("source", "add", web.put("/feed", feed(1)), "--slug", "x", "--allow-private")
    alerts("poll")
    web.put("/feed", "<!DOCTYPE html><html><body>We have moved.</body></html>")
    assert "not a feed; if the feed has moved: alerts source edit x --url ADDRESS" in alerts("poll", "x", exits=1)
    alerts("source", "edit", "x", "--url", web.put("/new", feed(1, 2)))
    assert alerts("poll").splitlines()[0] == "x: 1 new, 0 changed, 1 seen before"
