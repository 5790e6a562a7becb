"""What an operator says of topics on the command line: definitions by option, and packs."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alerts.errors import UsageError

if TYPE_CHECKING:
    from alerts.model import Topic


def options(function: Any) -> Any:  # noqa: ANN401  click's decorators
    """Add the options that describe a topic."""
    for option in reversed(
        (
            click.option(
                "--term", "terms", multiple=True, help="A phrase; plurals, hyphens and spellings are matched too."
            ),
            click.option("--acronym", "acronyms", multiple=True, help="An acronym, matched in this spelling only."),
            click.option("--ambiguous", multiple=True, help="An acronym that counts only in company."),
            click.option(
                "--illness",
                multiple=True,
                help="An ambiguous acronym that counts also where people have it or are treated for it.",
            ),
            click.option("--company", multiple=True, help="A phrase that makes ambiguous acronyms count."),
            click.option("--exclude", multiple=True, help="A phrase in which the words mean something else."),
            click.option("--mesh", multiple=True, help="A MeSH heading."),
            click.option("--parent", help="The topic that includes this one."),
        )
    ):
        function = option(function)
    return function


def definition(said: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Put what was said in place of those parts of the old definition; what names an illness is ambiguous too."""
    names = ("terms", "acronyms", "ambiguous", "illness", "company", "exclude", "mesh")
    found: dict[str, Any] = {**(old or {}), **{name: list(said[name]) for name in names if said.get(name)}}
    if ill := found.get("illness"):
        found["ambiguous"] = list(dict.fromkeys([*found.get("ambiguous", ()), *ill]))
    return found


def checked(topic: "Topic") -> "Topic":
    """Refuse a topic that is none or can match nothing, and warn of what `topic lint` finds in it."""
    from alerts.classify import packs

    packs.check_topic(topic)
    ambiguous = topic.definition.get("ambiguous") and any(topic.definition.get(key) for key in ("company", "illness"))
    if not (ambiguous or any(topic.definition.get(name) for name in ("terms", "acronyms", "mesh"))):
        raise UsageError("It would match nothing: give a --term, --acronym or --mesh, or --company beside --ambiguous.")
    warn([topic])
    return topic


def warn(topics: "Sequence[Topic]") -> None:
    """Say on standard error what `topic lint` finds."""
    from alerts.classify.lint import lint

    for line in lint([replace(topic, parent=None) for topic in topics]):
        click.echo(f"Warning: {line}", err=True)


def pack_text(what: str) -> tuple[str, str]:
    """Return the name and the text of a pack: a file, standard input, or one that ships."""
    from alerts.classify import packs

    if what == "-":
        return "standard input", sys.stdin.read()
    path = Path(what)
    if path.suffix == ".toml" or path.is_file():
        try:
            return str(path), path.read_text(encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    return what, packs.shipped(what)
