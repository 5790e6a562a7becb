"""Topics as an operator types them: what is refused, what is warned of, and what ends with a topic."""

from collections.abc import Callable
from pathlib import Path

import pytest

Type = Callable[..., str]


def test_an_acronym_that_names_an_illness_is_ambiguous_too(typed: Type) -> None:
    typed("topic", "add", "gout", "--name", "Gout", "--term", "gouty arthritis", "--illness", "GT")
    shown = typed("topic", "show", "gout")
    assert 'illness = ["GT"]' in shown
    assert 'ambiguous = ["GT"]' in shown
    typed("topic", "edit", "gout", "--illness", "GTA")
    assert 'ambiguous = ["GT", "GTA"]' in typed("topic", "show", "gout")


def test_an_ambiguous_acronym_without_company_is_no_definition(typed: Type) -> None:
    said = typed("topic", "add", "gout", "--name", "Gout", "--ambiguous", "GT", exits=2)
    assert "--company beside --ambiguous" in said
    typed("topic", "add", "gout", "--name", "Gout", "--ambiguous", "GT", "--company", "joint")


@pytest.mark.parametrize("command", ["add", "edit", "import"])
def test_what_lint_finds_is_said_at_once(typed: Type, command: str) -> None:
    typed("topic", "add", "gout", "--name", "Gout", "--term", "gouty arthritis")
    pack = Path("gout.toml")
    pack.write_text('[topics.gout]\nname = "Gout"\nacronyms = ["GT"]\n', encoding="utf-8")
    typing = {
        "add": ["add", "gout-2", "--name", "Gout", "--acronym", "GT"],
        "edit": ["edit", "gout", "--acronym", "GT"],
        "import": ["import", str(pack)],
    }
    assert "Warning: gout" in (said := typed("topic", *typing[command]))
    assert "acronyms: 'GT' has no company" in said


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_a_circle_of_parents_is_refused_before_anything_is_tried(typed: Type, dry: list[str]) -> None:
    said = typed("topic", "edit", "ms", "--parent", "cis-ris", *dry, exits=2)
    assert "would be its own ancestor (by way of 'cis-ris')" in said
    assert "stored items" not in said
    Path("circle.toml").write_text('[topics.ms]\nname = "MS"\nparent = "rrms"\n', encoding="utf-8")
    assert "its own ancestor" in typed("topic", "import", "circle.toml", *dry, exits=2)


def test_an_empty_pack_is_refused(typed: Type) -> None:
    Path("empty.toml").touch()
    assert "empty.toml:1: holds no topic" in typed("topic", "import", "empty.toml", exits=2)


def test_a_slug_that_ended_is_refused_with_what_to_do(typed: Type) -> None:
    typed("topic", "retire", "dmt")
    for typing in (["add", "dmt", "--name", "D", "--term", "dmt"], ["edit", "dmt", "--term", "dmt"]):
        said = typed("topic", *typing, exits=2)
        assert "has ended" in said
        assert "choose another slug" in said
    assert "Left out, since they have ended: dmt" in typed("topic", "import", "neuroimmunology")


def test_sources_that_watch_a_topic_pause_with_it(typed: Type) -> None:
    typed("topic", "add", "gout", "--name", "Gout", "--term", "gout", "--watch", "pubmed,europepmc")
    typed("source", "add", "--kind", "pubmed", "--query", "gout", "--slug", "mine")
    said = typed("topic", "retire", "gout")
    assert "Paused the source pubmed-gout, which watched it; remove it with: alerts source remove pubmed-gout" in said
    states = {line.split()[0]: line.split()[2] for line in typed("source", "list").splitlines() if "pubmed" in line or "epmc" in line}
    assert states == {"europepmc-gout": "paused", "pubmed-gout": "paused", "mine": "new"}
