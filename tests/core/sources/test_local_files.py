"""JSON Lines and feeds on this machine."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alerts.errors import FetchError, ReadError
from alerts.ingest import file
from alerts.ingest.local import read_local
from alerts.model import Key, Kind, Link, PartialDate, PollState, Request, Source

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
SOURCE = Source(slug="import", kind="file", url="file:///srv/works.jsonl")
Play = Callable[..., Any]


def lines(*rows: object) -> str:
    return "\n".join(json.dumps(row) for row in rows)


def test_a_line_is_a_work_with_all_its_fields(play: Play) -> None:
    row = {
        "id": "w1", "kind": "preprint", "title": "On <b>walking</b>", "text": "We walked.", "doi": "10.1000/Walk", "authors": ["Ferro A"], "venue": "Annals", "published": "2026-05",
        "phases": ["PHASE2"], "enrollment": 12, "has_results": False, "links": [["reports", "nct", "NCT07000001"]], "url": "https://e.example/w1",
    }  # fmt: skip
    (entry,) = play(SOURCE, lambda _: lines(row), NOW).entries
    assert entry.locator == "w1"
    assert entry.keys == (Key("doi", "10.1000/walk"), Key("guid", "import w1"))
    assert entry.links == (Link("reports", "nct", "NCT07000001"),)
    content = entry.content
    assert (content.kind, content.title, content.published, content.enrollment) == (Kind.PREPRINT, "On walking", PartialDate(2026, 5), 12)
    assert (content.authors, content.phases) == (("Ferro A",), ("PHASE2",))


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1003])
def test_long_files_come_in_pages_and_every_line_once(play: Play, count: int) -> None:
    body = "\n".join(f'{{"pmid": "{number}", "title": "T"}}' for number in range(1, count + 1)) or '{"pmid": "1", "title": "T"}'
    run = play(SOURCE, lambda _: body, NOW)
    assert len(run.locators) == len(set(run.locators)) == max(count, 1)
    assert len(run.requests) == max(1, -(-count // file.LINES))


def test_unchanged_lines_are_left_out(play: Play) -> None:
    body = lines({"pmid": "1", "title": "A"}, {"pmid": "2", "title": "B"})
    known = {entry.locator: entry.raw_hash for entry in play(SOURCE, lambda _: body, NOW).entries}
    run = play(SOURCE, lambda _: body.replace("B", "C"), NOW, known=known)
    assert (run.seen, run.locators) == (1, ["pmid:2"])


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('{"pmid": "1", "titel": "x"}', "line 2 has an unknown field 'titel'"), ('{"title": "x"}', "line 2 has none of"), ("{broken", "line 2 is not JSON"), ("[1]", "not a JSON object"),
        ('{"pmid": "1", "kind": "poem"}', "line 2: "), ('{"pmid": "1", "published": 2026}', "line 2: "), ('{"pmid": "1", "title": "T", "links": [["a"]]}', "line 2: a link is"),
        ('{"pmid": "1"}', "line 2 has neither a title nor a text"), ('{"pmid": "1", "title": "T", "published": "yesterday"}', "line 2: published: 'yesterday' is no date"),
        ('{"id": 5, "title": ["x"]}', "line 2: title is ['x'], which is no str"), ('{"id": 5, "title": "x"}', "line 2: id is 5, which is no str"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_named(play: Play, row: str, said: str) -> None:
    run = play(SOURCE, lambda _: '{"pmid": "7", "title": "T"}\n' + row, NOW)
    assert run.locators == ["pmid:7"]
    assert said in run.notes[0]


def test_a_file_without_one_good_line_cannot_be_read(play: Play) -> None:
    with pytest.raises(ReadError, match="2 lines were left out: line 1 is not JSON"):
        play(SOURCE, lambda _: '{broken\n{"title": "x"}', NOW)


def test_bad_lines_of_all_pages_are_told_at_the_end_ten_in_full(play: Play) -> None:
    body = "\n".join('{"pmid": "1", "published": "yesterday", "title": "T"}' if n % 100 == 0 else f'{{"pmid": "{n}", "title": "T"}}' for n in range(1, 1201))
    run = play(SOURCE, lambda _: body, NOW)
    assert len(run.locators) == 1188
    (note,) = run.notes
    assert note.startswith("12 lines were left out: line 100: published: 'yesterday' is no date")
    assert "line 1000: " in note
    assert "line 1100: " not in note
    assert note.endswith("; and 2 more")


def test_a_local_feed_is_read_as_a_feed(play: Play) -> None:
    rss = (
        '<?xml version="1.0"?><rss version="2.0"><channel><title>Mine</title><link>https://e.example/</link><description>d</description>'
        "<item><title>On walking</title><link>https://e.example/1</link><guid>g1</guid></item></channel></rss>"
    )
    assert [entry.content.title for entry in play(SOURCE, lambda _: rss, NOW).entries] == ["On walking"]


def test_an_address_that_is_no_file_is_refused() -> None:
    with pytest.raises(ReadError, match="file:///"):
        file.plan(Source(slug="s", kind="file", url="https://e.example/x"), PollState(), NOW)


def test_only_a_file_source_reads_files(tmp_path: Path) -> None:
    place = tmp_path / "works and more.jsonl"
    place.write_bytes(b'{"pmid": "1"}')
    source = Source(slug="s", kind="file", url=place.as_uri())
    assert read_local(source, Request(url=place.as_uri())).body == b'{"pmid": "1"}'
    with pytest.raises(FetchError, match="only a source of kind file"):
        read_local(Source(slug="s", kind="feed", url=place.as_uri()), Request(url=place.as_uri()))
    with pytest.raises(FetchError, match="only a source of kind file"):
        read_local(source, Request(url="file://otherhost/etc/passwd"))


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "missing", "."):
        url = (tmp_path / name).as_uri()
        with pytest.raises(FetchError):
            read_local(Source(slug="s", kind="file", url=url), Request(url=url))
