"""What `alerts source import`, `export` and `edit` take, refuse and leave out."""

from pathlib import Path

import pytest

ONE = '<outline text="{}" xmlUrl="{}" type="rss" {}/>'
OURS = 'xmlns:ra="urn:research-alerts:source"'


def opml(folder: Path, *outlines: str) -> str:
    place = folder / "follow.opml"
    place.write_text(f'<opml version="2.0" {OURS}><body>{"".join(outlines)}</body></opml>', encoding="utf-8")
    return str(place)


def test_a_name_that_is_taken_gets_a_number_and_accents_are_no_gaps(alerts, tmp_path: Path) -> None:
    alerts("source", "add", "https://example.org/a", "--slug", "lancet", "--unchecked")
    said = alerts("source", "import", opml(tmp_path, ONE.format("Lancet", "https://example.org/b", ""), ONE.format("Ünïcode", "https://example.org/c", "")))
    assert "added lancet-2 (feed)" in said
    assert "added unicode (feed)" in said
    assert "2 added, 0 were there already." in said
    assert "0 added, 2 were there already." in alerts("source", "import", str(tmp_path / "follow.opml"))


@pytest.mark.parametrize(
    ("outline", "why"),
    [
        (ONE.format("x", "https://me:secret@example.org/", ""), "user name or password"),
        (ONE.format("x", "https://example.org:99999/", ""), "no web address"),
        (ONE.format("x", "https://example.org/", 'ra:maxAge="99999999999999999999"'), "maxAge"),
        (ONE.format("x", "https://example.org/", 'ra:maxAge="99999"'), "greatest age"),
        (ONE.format("x", "https://example.org/", 'ra:about="opera"'), "no topic 'opera'"),
        ("", "no source in"),
    ],
)
def test_what_could_not_stand_is_refused_whole(alerts, tmp_path: Path, outline: str, why: str) -> None:
    good = ONE.format("good", "https://example.org/good", "") if outline else ""
    assert why in alerts("source", "import", opml(tmp_path, good, outline), exits=2)
    assert alerts.sources == {}


@pytest.mark.parametrize("what", ["missing.opml", ".", "nothing"])
def test_what_is_neither_file_nor_pack_is_said_so(alerts, what: str) -> None:
    assert "neither a file" in alerts("source", "import", what, exits=2)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (["https://example.org/", "--max-age", "99999999999"], "not in the range 0<=x<=36500"),
        (["https://example.org:99999/"], "is no web address"),
        (["https://example.org/", "--slug", "all"], "is a reserved word"),
    ],
)
def test_add_refuses_the_same(alerts, call: list[str], why: str) -> None:
    assert why in alerts("source", "add", *call, "--unchecked", exits=2)


def test_an_edit_keeps_to_topics_that_exist_and_to_one_source_for_each_question(alerts) -> None:
    alerts("source", "add", "https://example.org/a", "--slug", "a", "--unchecked")
    alerts("source", "add", "https://example.org/b", "--slug", "b", "--unchecked")
    assert "no topic 'opera'" in alerts("source", "edit", "a", "--about", "opera", exits=2)
    assert "'b' polls this already" in alerts("source", "edit", "a", "--url", "https://example.org/b", exits=2)
    assert "'a' polls this already" in alerts("source", "add", "https://example.org/a", "--slug", "a", "--unchecked", exits=2)
    assert "polls something else" in alerts("source", "add", "https://example.org/c", "--slug", "a", "--unchecked", exits=2)
    assert alerts.sources["a"]["url"] == "https://example.org/a"


def test_an_export_says_what_it_left_out(alerts, tmp_path: Path) -> None:
    (tmp_path / "works.jsonl").write_text('{"pmid": "1", "title": "Light"}')
    alerts("source", "add", "works.jsonl", "--slug", "works")
    assert "works" not in alerts("source", "export")
    assert alerts.told == "Left out, for they read files of this machine: works\n"
