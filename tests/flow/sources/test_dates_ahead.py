"""An entry that a feed dates years ahead."""

from sqlalchemy import create_engine, text

ITEM = "<item><title>Optic neuritis, part {0}</title><guid>{0}</guid><pubDate>{1}</pubDate><description>Seen.</description></item>"


def test_it_is_news_without_that_date_and_does_not_stand_above_the_newest(alerts, web, tmp_path) -> None:
    items = ITEM.format("ahead", "Tue, 04 May 2100 06:00:00 GMT") + ITEM.format("now", "Thu, 19 Nov 2026 06:00:00 GMT")
    url = web.put("/feed", f'<rss version="2.0"><channel><title>J</title>{items}</channel></rss>')
    alerts("source", "add", url, "--slug", "j", "--allow-private", "--max-age", "0")
    alerts("poll", "j", "--at", "2026-11-20")
    shown = {row["title"]: row["published"] for row in alerts.json("item", "list")}
    assert shown == {"Optic neuritis, part ahead": None, "Optic neuritis, part now": "2026-11-19"}
    first = next(line for line in alerts("feed", "optic-neuritis").splitlines() if "part" in line and "<title>" in line)
    assert "part now" in first
    engine = create_engine(f"sqlite:///{tmp_path}/var/alerts.db")
    with engine.connect() as database:
        kept = database.execute(text("SELECT i.title, h.field, h.old, h.new FROM history h JOIN items i ON i.id = h.item_id")).all()
    engine.dispose()
    assert [tuple(row) for row in kept] == [("Optic neuritis, part ahead", "published", "2100-05-04", "")]
