"""The main job as an operator does it: from a feed on a web server to a mail on an SMTP server, and to a feed."""

import asyncio
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import feedparser
import pytest
from aiosmtpd.smtp import SMTP, Envelope
from serving import serving

from alerts.__main__ import main
from alerts.pipeline.presence import present
from alerts.store.engine import connect

ITEM = """<item><title>{title}</title><link>http://journal.test/{key}?utm_source=rss&amp;ff={poll}</link>
<guid isPermaLink="false">journal:{key}</guid><pubDate>Mon, 04 May 2026 06:00:00 GMT</pubDate>
<description>{text}</description></item>"""
NMOSD = {
    "key": "a1",
    "title": "Tolvamab in neuromyelitis optica spectrum disorder: a randomised phase 2 trial",
    "text": "BACKGROUND: Relapses disable. METHODS: We randomly assigned 84 adults with NMOSD to tolvamab or placebo. "
    "CONCLUSION: Tolvamab lowered the number of relapses in the first year.",
}
MS = {
    "key": "a2",
    "title": "Grey matter loss in mice with experimental autoimmune encephalomyelitis",
    "text": "Mice with EAE, a model of multiple sclerosis, lost grey matter within 30 days.",
}
OTHER = {"key": "a3", "title": "Hip fractures in winter", "text": "A survey of 300 wards."}


class Journal:
    """A feed on a loopback web server; its links change at every request, as those of real services do."""

    def __init__(self) -> None:
        self.items = [NMOSD, MS, OTHER]
        self.status = 200
        self.asked = 0

    def body(self) -> bytes:
        self.asked += 1
        items = "".join(ITEM.format(**item, poll=self.asked) for item in self.items)
        return f'<rss version="2.0"><channel><title>The Journal</title>{items}</channel></rss>'.encode()


@pytest.fixture
def journal() -> Iterator[tuple[Journal, str]]:
    served = Journal()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = served.body()
            self.send_response(served.status)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield served, f"http://127.0.0.1:{server.server_port}/feed.xml"
    server.shutdown()
    thread.join()
    server.server_close()


class Inbox:
    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.senders: list[str] = []

    async def handle_DATA(self, _server: SMTP, _session: object, envelope: Envelope) -> str:  # noqa: N802
        self.mails.append(BytesParser(policy=policy.default).parsebytes(envelope.content))  # type: ignore[arg-type]
        self.senders.append(envelope.mail_from or "")
        return "250 2.0.0 kept"


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    kept = Inbox()

    async def start() -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(lambda: SMTP(kept, enable_SMTPUTF8=True), "127.0.0.1", 0)

    with serving(start) as port:
        yield kept, port


class Operator:
    """Types commands in a folder of its own, as `alerts` runs them, in this process."""

    def __init__(self, folder: Path, typing: pytest.MonkeyPatch, screen: pytest.CaptureFixture[str]) -> None:
        self.typing = typing
        self.screen = screen
        for name in [name for name in os.environ if name.startswith("ALERTS_")]:
            typing.delenv(name)
        typing.chdir(folder)

    def set(self, **env: str) -> "Operator":
        for name, value in env.items():
            self.typing.setenv(name, value)
        return self

    def __call__(self, *args: str, exits: int = 0, given: str = "") -> str:
        self.typing.setattr(sys, "argv", ["alerts", *args])
        self.typing.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
        with pytest.raises(SystemExit) as end:
            main()
        out, err = self.screen.readouterr()
        assert "Traceback" not in err
        assert (end.value.code or 0) == exits, f"{args}: {end.value.code}\n{out}\n{err}"
        return out + (err if exits else "")

    def json(self, *args: str) -> Any:
        return json.loads(self(*args, "--json"))


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Operator:
    """An operator without any setting."""
    return Operator(tmp_path, monkeypatch, capsys)


@pytest.fixture
def operator(alone: Operator, inbox: tuple[Inbox, int]) -> Operator:
    return alone.set(
        ALERTS_SMTP_URL=f"smtp://127.0.0.1:{inbox[1]}?starttls=never",
        ALERTS_FROM="Research alerts <alerts@sender.test>",
        ALERTS_IMPRINT="The Test Clinic, 1 Main Road",
    )


WRONG = [
    ["topic", "show", "no-such"],
    ["topic", "add", "ms", "--name", "MS", "--term", "multiple sclerosis"],
    ["topic", "add", "all", "--name", "All", "--term", "all"],
    ["topic", "add", "Bad Slug", "--name", "B", "--term", "b"],
    ["topic", "add", "empty", "--name", "Empty"],
    ["source", "pause", "no-such"],
    ["source", "add", "ftp://example.org/x"],
    ["source", "add", "--kind", "telepathy", "--query", "x"],
    ["source", "add", "http://127.0.0.1:9/feed.xml", "--slug", "Bad Slug"],
    ["source", "add", "http://127.0.0.1:9/feed.xml", "--about", "no-such"],
    ["source", "add", "https://me:secret@example.org/feed.xml"],
    ["source", "add", "not-a-url"],
    ["poll", "no-such"],
    ["subscriber", "add", "not an address", "--topics", "ms", "--cadence", "daily", "--consent", "x"],
    ["subscriber", "add", "a@b.test", "--topics", "no-such", "--cadence", "daily", "--consent", "x"],
    ["subscriber", "add", "a@b.test", "--interest", "ms?phase=9", "--cadence", "daily", "--consent", "x"],
    ["subscriber", "add", "a@b.test", "--topics", "ms", "--cadence", "daily", "--zone", "Mars/Base", "--consent", "x"],
    ["subscriber", "show", "nobody@b.test"],
    ["item", "show", "NCT99999999"],
    ["feed", "no-such"],
    ["digest", "preview"],
]


def test_from_a_feed_to_the_inbox_and_the_feed(
    operator: Operator, journal: tuple[Journal, str], inbox: tuple[Inbox, int]
) -> None:
    _, url = journal
    operator("source", "add", url, "--slug", "journal", "--gives", "paper", "--allow-private", "--max-age", "0")
    operator("poll", "journal")

    items = {item["title"]: item for item in operator.json("item", "list")}
    assert len(items) == 3
    trial = items[NMOSD["title"]]
    assert trial["topics"] == ["nmosd"]
    assert (trial["phase"], trial["phase_role"], trial["design"], trial["size"]) == (
        ["PHASE2"], "own", "randomized-trial", 84,
    )
    assert items[OTHER["title"]]["topics"] == []
    labels = operator.json("item", "show", str(trial["id"]))["labels"]
    assert all(evidence["words"] for label in labels for evidence in label["evidence"])

    operator("subscriber", "add", "reader@inbox.test", "--topics", "nmosd,ms", "--cadence", "daily", "--consent", "yes")
    operator("digest", "send")
    kept, _ = inbox
    mail = kept.mails[0]
    assert [str(one["To"]) for one in kept.mails] == ["reader@inbox.test"]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text = mail.get_body(("plain",)).get_content()
    assert NMOSD["title"] in " ".join(text.split())
    assert OTHER["title"] not in text
    assert "nmosd" not in str(mail["Subject"]).lower()
    assert "The Test Clinic" in text

    feed = feedparser.parse(operator("feed", "nmosd").encode())
    assert not feed.bozo
    assert [entry.title for entry in feed.entries] == [NMOSD["title"]]


def test_nothing_is_told_twice_and_what_is_new_is_told(
    operator: Operator, journal: tuple[Journal, str], inbox: tuple[Inbox, int]
) -> None:
    served, url = journal
    kept, _ = inbox
    served.items = [NMOSD]
    operator("source", "add", url, "--slug", "journal", "--allow-private", "--max-age", "0")
    operator("subscriber", "add", "reader@inbox.test", "--topics", "nmosd,ms", "--cadence", "daily", "--consent", "yes")
    operator("run", "--once")
    assert len(kept.mails) == 1
    operator("poll", "--all")
    operator("digest", "send", "--all", "--yes")
    assert len(kept.mails) == 1
    served.items = [MS, NMOSD]
    operator("poll", "--all")
    operator("digest", "send", "--all", "--yes")
    assert len(kept.mails) == 2
    second = kept.mails[1].get_body(("plain",)).get_content()
    assert MS["title"] in " ".join(second.split())
    assert NMOSD["title"] not in " ".join(second.split())
    assert kept.mails[0]["Message-ID"] != kept.mails[1]["Message-ID"]


def test_a_source_that_fails_is_named_and_the_others_are_read(
    operator: Operator, journal: tuple[Journal, str]
) -> None:
    _, url = journal
    operator("source", "add", url, "--slug", "journal", "--allow-private", "--max-age", "0")
    operator("source", "add", f"{url}?second", "--slug", "second", "--allow-private", "--max-age", "0")
    operator("source", "edit", "second", "--url", "http://127.0.0.1:9/closed.xml")
    said = operator("poll", "--all", exits=1)
    assert "second" in said
    states = {source["slug"]: source for source in operator.json("source", "list")}
    assert states["journal"]["state"] == "ok"
    assert states["journal"]["items"] == 3
    assert states["second"]["state"] == "failing"
    assert states["second"]["last_error"]


def test_a_wrong_call_says_what_to_do_in_one_line(alone: Operator) -> None:
    for wrong in WRONG:
        said = alone(*wrong, exits=2).strip()
        assert said, wrong


def test_a_person_who_is_there_is_not_added_twice(operator: Operator) -> None:
    call = ["subscriber", "add", "reader@inbox.test", "--topics", "ms", "--cadence", "weekly", "--consent", "yes"]
    operator(*call)
    said = operator(*call, exits=2)
    assert "reader@" not in said
    shown = operator.json("subscriber", "list")
    assert len(shown) == 1
    assert "reader" not in shown[0]["email"]


def test_a_source_that_is_down_can_be_added_and_its_trouble_is_told(alone: Operator) -> None:
    alone("source", "add", "http://127.0.0.1:9/feed.xml", "--slug", "down", "--allow-private", "--unchecked")
    alone("poll", "down", exits=1)
    (shown,) = alone.json("source", "list")
    assert (shown["slug"], shown["items"]) == ("down", 0)
    assert "127.0.0.1" in shown["last_error"]


def test_a_missing_key_is_told_and_no_other_takes_its_place(alone: Operator, tmp_path: Path) -> None:
    alone("topic", "list")
    (tmp_path / "var" / "secret.key").unlink()
    assert "secret.key is missing" in alone("subscriber", "list", exits=2)
    assert not (tmp_path / "var" / "secret.key").exists()


def test_a_broken_smtp_address_stops_before_anything(alone: Operator, tmp_path: Path) -> None:
    alone.set(ALERTS_SMTP_URL="mail.example.org")
    assert "ALERTS_SMTP_URL" in alone("deliver", exits=2)
    assert not (tmp_path / "var").exists()


def test_a_missing_database_is_made_and_its_path_told(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ALERTS_")}
    done = subprocess.run(
        [sys.executable, "-m", "alerts", "topic", "list"], cwd=tmp_path, env=kept, capture_output=True, text=True,
        check=True,
    )
    assert str(tmp_path / "var" / "alerts.db") in done.stderr
    assert "neuromyelitis" in done.stdout.lower()


def test_labelled_lines_need_no_database(alone: Operator, tmp_path: Path) -> None:
    line = json.dumps({"id": "x", "title": NMOSD["title"], "text": NMOSD["text"]})
    lines = tmp_path / "lines.jsonl"
    lines.write_text(f"{line}\nnot json\n{line}\n")
    said = alone("classify", str(lines), exits=1)
    printed = [json.loads(one) for one in said.splitlines() if one.startswith("{")]
    assert [row["id"] for row in printed] == ["x", "x"]
    assert printed[0]["topics"][0]["slug"] == "nmosd"
    assert "line 2" in said
    assert not (tmp_path / "var").exists()


def test_a_changed_topic_is_shown_then_saved_then_read_into_the_archive(alone: Operator, tmp_path: Path) -> None:
    rows = [{"id": "1", "title": "Light in narcolepsy", "text": "We lit 40 rooms."}, {"id": "2", "title": "Tea", "text": ""}]
    (tmp_path / "items.jsonl").write_text("\n".join(map(json.dumps, rows)))
    alone("source", "add", str(tmp_path / "items.jsonl"), "--kind", "file", "--slug", "shelf", "--yes")
    alone("poll", "shelf")
    told = alone("topic", "add", "sleep", "--name", "Sleep", "--term", "narcolepsy", "--dry-run")
    assert "+ sleep  item" in told
    assert "[narcolepsy]" in told
    assert "Nothing was saved" in told
    alone("topic", "show", "sleep", exits=2)
    assert "1 item of 2 changed" in alone("topic", "add", "sleep", "--name", "Sleep", "--term", "narcolepsy")
    assert "<title>Light in narcolepsy</title>" in alone("feed", "sleep")
    assert "drop 1" in alone("topic", "edit", "sleep", "--term", "tea", "--dry-run")
    assert [row["topics"] for row in alone.json("item", "list", "--topic", "sleep")] == [["sleep"]]
    (tmp_path / "pack.toml").write_text('[topics.sleep]\nname = "Sleep"\nterms = ["narcolepsy", "tea"]\n')
    assert "+ sleep  item" in alone("topic", "import", "pack.toml", "--dry-run")
    assert "1 item of 2 changed" in alone("topic", "import", "pack.toml")
    assert len(alone.json("item", "list", "--topic", "sleep")) == 2


async def test_a_running_service_labels_the_archive_by_itself(alone: Operator, tmp_path: Path) -> None:
    alone("topic", "list")
    engine = connect(f"sqlite:///{tmp_path}/var/alerts.db")
    async with present(engine, ["scheduler"]):
        told = await asyncio.to_thread(alone, "topic", "add", "sleep", "--name", "Sleep", "--term", "narcolepsy")
        status = await asyncio.to_thread(alone.json, "status")
    engine.dispose()
    assert "The running service labels the archive anew" in told
    assert status["labelling"] == [0, 0]


def test_a_retraction_notice_is_told_where_its_work_is_shown(alone: Operator, tmp_path: Path) -> None:
    rss = '<rss version="2.0"><channel><title>J</title>{}</channel></rss>'
    paper = ITEM.format(**NMOSD, poll=1).replace("<title>", "<identifier>doi:10.1000/a1</identifier><title>", 1)
    paper = paper.replace("identifier>", "dc:identifier>").replace("<item>", '<item xmlns:dc="http://purl.org/dc/elements/1.1/">')
    notice = {"key": "a9", "title": f"Retraction: {NMOSD['title']}", "text": "Retraction of doi:10.1000/a1"}
    feed = tmp_path / "feed.xml"
    feed.write_text(rss.format(paper))
    alone("source", "add", str(feed), "--kind", "file", "--slug", "f", "--max-age", "0", "--yes")
    alone("poll", "f")
    feed.write_text(rss.format(paper + ITEM.format(**notice, poll=1)))
    alone("poll", "f")
    assert "\nRetracted.\n" in alone("item", "show", "10.1000/a1")
