"""What `alerts poll` says: whom it asked and whom not, and why alerts are held back."""

RSS = '<rss version="2.0"><channel><title>Invented Journal</title>{}</channel></rss>'
ITEM = "<item><title>Optic neuritis, part {0}</title><link>{2}</link><guid>{0}</guid>{1}<description>Seen.</description></item>"


def feed(count: int, dated: str = "", link: str = "") -> str:
    return RSS.format("".join(ITEM.format(number, dated and f"<pubDate>{dated}</pubDate>", link) for number in range(count)))


def test_it_says_why_alerts_go_into_no_mail(alerts, web) -> None:
    alerts("source", "add", web.put("/old", feed(3, "Mon, 02 Jan 2023 06:00:00 GMT")), "--slug", "old", "--allow-private")
    alerts("source", "add", web.put("/undated", feed(25)), "--slug", "undated", "--allow-private")
    *_, summary, held = alerts("poll").splitlines()
    assert summary == "2 sources asked, 28 alerts released."
    assert held == (
        "Held back: in feeds and pages but not mailed: 3 older than the --max-age of their source, "
        "5 undated beyond the first 20 of a first poll."
    )
    assert alerts("poll", "--all").splitlines()[-1] == "2 sources asked, 0 alerts released."


def test_what_is_new_is_not_counted_as_changed_for_what_the_operator_says_of_the_source(alerts, web) -> None:
    alerts("source", "add", web.put("/feed", feed(3)), "--slug", "x", "--allow-private", "--about", "ms")
    assert alerts("poll").splitlines()[0] == "x: 3 new, 0 changed, 0 seen before"


def test_it_says_that_a_teaser_waits(alerts, web) -> None:
    entry = "<item><title>Optic neuritis in winter</title><link>https://doi.org/10.1000/x.1</link><guid>a</guid><description>We ...</description></item>"
    alerts("source", "add", web.put("/feed", RSS.format(entry)), "--slug", "x", "--allow-private", "--gives", "paper")
    assert alerts("poll").splitlines()[1:] == [
        "1 source asked, 0 alerts released.", "Held back: 1 new item may wait up to 24 hours for a fuller text.",
    ]  # fmt: skip


def test_it_counts_whom_it_asked_and_names_the_rest(alerts, web) -> None:
    for name in ("a", "b", "c"):
        alerts("source", "add", web.put(f"/{name}", feed(1)), "--slug", name, "--allow-private")
    alerts("source", "pause", "c")
    web.put("/a", 410)
    said = alerts("poll", "--all", exits=1).splitlines()
    assert "c: not asked: it is paused (alerts source resume c)" in said
    assert "2 sources asked, 1 not asked, 1 alert released." in said
    assert "1 of 2 sources failed: a" in said
    assert alerts("poll").splitlines() == ["No source is due; to ask all now: alerts poll --all. 0 alerts released."]
    assert alerts("poll", "c").splitlines() == [
        "c: not asked: it is paused (alerts source resume c)", "0 sources asked, 1 not asked, 0 alerts released.",
    ]  # fmt: skip


def test_a_host_that_asks_to_be_left_alone_is_named_for_each_of_its_sources(alerts, web) -> None:
    for name in ("a", "b"):
        alerts("source", "add", web.put(f"/{name}", feed(1)), "--slug", name, "--allow-private")
        web.put(f"/{name}", 429)
    said = alerts("poll", "--all", exits=1)
    assert said.count("not asked: its host wants to be left alone") == 1
    assert "1 source asked, 1 not asked" in said
    assert "1 of 1 source failed" in said
