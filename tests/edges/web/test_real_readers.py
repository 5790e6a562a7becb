"""Programs that people read feeds with follow a topic through ten releases: each alert once, a retraction seen."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import feedparser
import pytest
from sqlmodel import update

from alerts.store.engine import writing
from alerts.store.tables import ItemRow
from alerts.web.app import create_app
from alerts.web.front import Front

SFEED = """sfeedpath="$HOME"
fetch() { curl -fsS --etag-save "$HOME/etag.new" --etag-compare "$HOME/etag" "$2" && mv "$HOME/etag.new" "$HOME/etag"; }
feeds() { feed one '%s'; }
"""
READER = """
import sys
from reader import make_reader
reader = make_reader(sys.argv[1])
reader.add_feed(sys.argv[2], exist_ok=True)
reader.update_feed(sys.argv[2])
for entry in list(reader.get_entries(read=False)):
    print(entry.id)
    reader.mark_entry_as_read(entry)
"""


class Heard(Front):
    """Knows the status of every answer to a feed reader."""

    def __init__(self, front: Front) -> None:
        super().__init__(front._app, front.shelf)
        self.statuses: list[int] = []

    async def __call__(self, scope, receive, send) -> None:
        async def hearing(message) -> None:
            if message["type"] == "http.response.start":
                self.statuses.append(message["status"])
            await send(message)

        await super().__call__(scope, receive, hearing)


Poll = Callable[[], list[str]]  # what is unread since the last time, by alert number


def needed(*names: str) -> None:
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed")


def ran(home: Path, *command: str) -> str:
    home.mkdir(exist_ok=True)
    environ = os.environ | {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_DATA_HOME": str(home)}
    done = subprocess.run(command, env=environ, cwd=home, capture_output=True, text=True, timeout=60, check=True,
                          stdin=subprocess.DEVNULL)
    return done.stdout


def with_feedparser(_home: Path, address: str) -> Poll:
    seen: set[str] = set()
    told = {"etag": None, "modified": None}

    def poll() -> list[str]:
        found = feedparser.parse(address, **told)
        told.update(etag=found.get("etag"), modified=found.get("modified"))
        new = [entry.id for entry in found.entries if entry.id not in seen]
        seen.update(new)
        return new

    return poll


def with_newsboat(home: Path, address: str) -> Poll:
    needed("newsboat")

    def poll() -> list[str]:
        home.mkdir(exist_ok=True)
        (home / "urls").write_text(f"{address}\n")
        ran(home, "newsboat", "-C", "/dev/null", "-u", str(home / "urls"), "-c", str(home / "cache.db"), "-x", "reload")
        cache = sqlite3.connect(home / "cache.db")
        new = [guid for (guid,) in cache.execute("SELECT guid FROM rss_item WHERE unread = 1")]
        cache.execute("UPDATE rss_item SET unread = 0")
        cache.commit()
        cache.close()
        return new

    return poll


def with_sfeed(home: Path, address: str) -> Poll:
    needed("sfeed_update", "curl")
    seen: set[str] = set()

    def poll() -> list[str]:
        home.mkdir(exist_ok=True)
        (home / "sfeedrc").write_text(SFEED % address)
        ran(home, "sfeed_update", str(home / "sfeedrc"))
        ids = {line.split("\t")[5] for line in (home / "one").read_text().splitlines()}
        new = sorted(ids - seen)
        seen.update(ids)
        return new

    return poll


def with_rss2email(home: Path, address: str) -> Poll:
    needed("r2e")
    base = ("r2e", "-c", str(home / "r2e.cfg"), "-d", str(home / "r2e.json"))

    def poll() -> list[str]:
        if not home.exists():
            ran(home, *base, "new", "reader@example.org")
            settings = (home / "r2e.cfg").read_text().replace("email-protocol = sendmail", "email-protocol = maildir")
            (home / "r2e.cfg").write_text(settings.replace("maildir-path = ~/Maildir", f"maildir-path = {home}/mail"))
            for part in ("cur", "new", "tmp"):
                (home / "mail" / "INBOX" / part).mkdir(parents=True)
            ran(home, *base, "add", "one", address)
        ran(home, *base, "run")
        mails = sorted((home / "mail").rglob("new/*"))
        new = [line.removeprefix("X-RSS-ID: ") for mail in mails for line in mail.read_text().splitlines()
               if line.startswith("X-RSS-ID: ")]
        for mail in mails:
            mail.unlink()
        return new

    return poll


def with_reader(home: Path, address: str) -> Poll:
    python = os.environ.get("ALERTS_BENCH_READER", "")
    if not python:
        pytest.skip("ALERTS_BENCH_READER names no Python that has the reader library")
    return lambda: ran(home, python, "-c", READER, str(home / "reader.db"), address).split()


def retract(world, item: int) -> None:
    with writing(world.engine) as session:
        session.exec(update(ItemRow).where(ItemRow.id == item).values(mark="retracted"))


@pytest.mark.parametrize("fmt", ["rss", "atom"])
@pytest.mark.parametrize("client", [with_feedparser, with_newsboat, with_sfeed, with_rss2email, with_reader],
                         ids=lambda one: one.__name__[5:])
def test_a_reader_follows_a_topic_through_ten_releases(world, release, serve, tmp_path, client, fmt):
    heard = Heard(create_app(world, patience=0))
    with serve(heard) as browser:
        poll = client(tmp_path / "home", f"http://127.0.0.1:{browser.port}/topics/nmosd.{fmt}")
        items: list[int] = []
        for number in range(1, 11):
            told = {6: ("results", 0), 7: ("corrected", 1), 9: ("retracted", 2)}.get(number)
            if told is None:
                items.append(release(title=f"NMOSD study {number}"))
            else:
                release(item=items[told[1]], reason=told[0])
                if told[0] == "retracted":
                    retract(world, items[told[1]])
            assert [one.rsplit("/", 1)[1] for one in poll()] == [str(number)], heard.statuses
            assert heard.statuses[-1] == 200
            assert poll() == []
            assert heard.statuses[-1] == 304 or client is with_newsboat  # it sends no validator on an early reload
