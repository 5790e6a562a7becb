"""What a source can be told: the same by command line, OPML and pack, and refused where it makes no sense."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import ingest
from alerts.cli import stated
from alerts.errors import UsageError
from alerts.ingest import opml, packs
from alerts.ingest.options import OPTIONS
from alerts.model import Kind, Source

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
words = st.text(st.characters(min_codepoint=32, max_codepoint=0xD7FF, exclude_categories=("Cc", "Cn")), max_size=30)
some = words.filter(lambda text: text.strip() == text != "")
titles = words.map(lambda text: " ".join(text.split()))


def test_every_option_of_every_kind_can_be_given_on_the_command_line() -> None:
    told = {(kind, name) for name, (kinds, _) in stated.OF_A_KIND.items() for kind in kinds.split(", ")}
    assert told | {("page", "title")} == {(kind, name) for kind, options in OPTIONS.items() for name in options}
    assert {name for kind in OPTIONS.values() for name, takes in kind.items() if takes is bool} == stated.FLAGS


@st.composite
def sources(draw: st.DrawFn) -> Source:
    """Draw any source that can be given to others: every kind but files, with any of its options."""
    kind = draw(st.sampled_from([kind for kind in ingest.KINDS if kind != "file"]))
    addressed, searched = kind in ("feed", "page"), kind in ("pubmed", "clinicaltrials", "europepmc")
    options = {name: some if takes is str else st.booleans() for name, takes in OPTIONS.get(kind, {}).items()}
    days = draw(st.none() | st.integers(1, 3650))
    return Source(
        slug="s",
        kind=kind,
        url=f"https://e.example/{draw(st.text('abc/?&=%1', max_size=12))}" if addressed else "",
        query=draw(some if searched else words) if not addressed else "",
        title=draw(titles),
        gives=draw(st.sampled_from(["mixed", *Kind])),
        about=draw(st.none() | st.sampled_from(["ms", "nmosd"])),
        max_age=None if days is None else timedelta(days=days),
        why=draw(words),
        options=draw(st.fixed_dictionaries({}, optional=options)),
    )


@given(sources())
def test_opml_holds_all_that_a_source_was_told(source: Source) -> None:
    assert opml.load(opml.dump([source])) == (source,)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (Source(slug="s", url="https://e.example/", options={"item": "li"}), "kind feed has no option 'item'; it knows none"),
        (Source(slug="s", kind="medrxiv", options={"category": True}), "must be a text"),
        (Source(slug="s", kind="page", url="https://e.example/", options={"item": "li", "follow": "yes"}), "must be true or false"),
        (Source(slug="s", kind="page", url="https://e.example/", options={"item": "li["}), "is not a CSS selector"),
        (Source(slug="s", kind="page", url="https://e.example/"), "needs the CSS selector"),
        (Source(slug="s", kind="clinicaltrials", query="ms", options={"area": "nowhere"}), "no search area 'nowhere'"),
        (Source(slug="s", kind="pubmed"), "no query"),
        (Source(slug="s", kind="gopher"), "the kinds are feed"),
    ],
)  # fmt: skip
def test_what_could_never_be_polled_is_refused(source: Source, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        ingest.check(source, NOW)


def test_the_shipped_pack_passes() -> None:
    shipped = packs.load(packs.shipped("neuroimmunology"), "neuroimmunology")
    assert shipped
    for source in shipped:
        ingest.check(source, NOW)


NOTHING: dict[str, Any] = dict.fromkeys(("slug", "kind", "query", "title", "gives", "about", *stated.OF_A_KIND))


def test_an_option_of_another_kind_is_refused_and_an_empty_one_ends_it() -> None:
    made = stated.new(None, NOTHING | {"kind": "medrxiv", "category": "neurology"})
    assert (made.slug, made.options) == ("medrxiv-neurology", {"category": "neurology"})
    assert stated.changed(made, {"category": ""}).options == {}
    with pytest.raises(UsageError, match="--day-first is for sources of kind page"):
        stated.changed(made, {"day_first": True})


def test_the_title_of_a_page_is_a_selector_and_its_name_is_its_name() -> None:
    page = stated.new("https://e.example/list", NOTHING | {"kind": "page", "item": "li", "title": "h3", "name": "List"})
    feed = stated.new("https://e.example/feed", NOTHING | {"title": "Feed"})
    assert (page.title, page.options) == ("List", {"item": "li", "title": "h3"})
    assert (feed.title, feed.options) == ("Feed", {})


@pytest.mark.parametrize("address", ["./works.jsonl", "..", "https://./feed", "https:///feed", "word", "ftp://e.example/x"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="is no web address"):
        stated.new(address, NOTHING)


def test_a_file_that_is_there_is_a_file(tmp_path) -> None:
    place = tmp_path / "works.jsonl"
    place.write_text('{"id": "1", "title": "One"}')
    made = stated.new(str(place), NOTHING)
    assert (made.kind, made.url, made.slug) == ("file", place.as_uri(), "works-jsonl")
    assert stated.new(place.as_uri(), NOTHING).url == place.as_uri()
