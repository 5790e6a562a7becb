"""Source packs: TOML files of sources that ship with the project, each source with why it is there."""

import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from alerts.errors import NotFoundError, PackError
from alerts.ingest.options import LONGEST_AGE
from alerts.model import Kind, Source

_FIELDS: Mapping[str, type] = {
    "kind": str,
    "url": str,
    "query": str,
    "title": str,
    "gives": str,
    "about": str,
    "max_age": int,
    "why": str,
    "options": dict,
}
_SEARCHED = ("pubmed", "clinicaltrials", "europepmc")
_KINDS = ("feed", "page", "medrxiv", "biorxiv", *_SEARCHED)


def shipped(name: str) -> str:
    """Return the text of a pack that ships with the project."""
    folder = files("alerts.ingest") / "packs"
    found = folder / f"{name}.toml"
    if not re.fullmatch(r"[a-z0-9-]+", name) or not found.is_file():
        known = sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml"))
        raise NotFoundError(f"There is neither a file {name!r} nor a source pack of that name ({', '.join(known)})")
    return found.read_text(encoding="utf-8")


def load(text: str, name: str) -> tuple[Source, ...]:
    """Read a pack; PackError names it, the line and the reason."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise PackError(f"{name}: {wrong}") from wrong
    sources = table.get("sources")
    if not isinstance(sources, dict) or not sources:
        raise PackError(f"{name}: line 1: a source pack holds tables like [sources.medrxiv-neurology]")
    found = tuple(_source(slug, table, _Place(text, name, slug)) for slug, table in sources.items())
    _once(found, text, name)
    return found


class _Place:
    """Where in a pack a source stands, to say so when it is wrong."""

    def __init__(self, text: str, name: str, slug: str) -> None:
        header = re.compile(rf"^\s*\[sources\.\"?{re.escape(slug)}\"?\]")
        lines = (number for number, line in enumerate(text.splitlines(), 1) if header.match(line))
        self._start = f"{name}: line {next(lines, 1)}: {slug}"

    def wrong(self, reason: str) -> PackError:
        return PackError(f"{self._start} {reason}")


def _source(slug: str, table: object, place: _Place) -> Source:
    if not isinstance(table, dict):
        raise place.wrong("is not a table")
    if not re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", slug):
        raise place.wrong("is no slug: small letters, digits and single hyphens")
    for key, value in table.items():
        if key not in _FIELDS:
            raise place.wrong(f"has an unknown key {key!r}; known are {', '.join(_FIELDS)}")
        if not isinstance(value, _FIELDS[key]) or isinstance(value, bool):
            raise place.wrong(f"has {key} = {value!r}, which is no {_FIELDS[key].__name__}")
    _check(table, place)
    days = table.get("max_age", 90)
    rest: dict[str, Any] = {key: value for key, value in table.items() if key != "max_age"}
    return Source(slug=slug, max_age=timedelta(days=days) or None, **rest)


def _check(table: Mapping[str, Any], place: _Place) -> None:
    kind, url = table.get("kind", "feed"), table.get("url", "")
    if kind not in _KINDS:
        raise place.wrong(f"is of kind {kind!r}; known are {', '.join(_KINDS)}")
    if kind in _SEARCHED and not table.get("query", "").strip():
        raise place.wrong(f"is of kind {kind} and has no query")
    if (kind in ("feed", "page") or url) and not (urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname):
        raise place.wrong("needs url, a web address")
    if table.get("gives", "mixed") not in ("mixed", *Kind):
        raise place.wrong(f"gives {table['gives']!r}; known are mixed, {', '.join(Kind)}")
    if not 0 <= table.get("max_age", 90) <= LONGEST_AGE.days:
        raise place.wrong(f"has a max_age that is not between 0 (no limit) and {LONGEST_AGE.days} days")
    if not table.get("why", "").strip():
        raise place.wrong("does not say why it is there")


def _once(sources: tuple[Source, ...], text: str, name: str) -> None:
    asked: dict[tuple[str, ...], str] = {}
    for source in sources:
        if source.asks in asked:
            raise _Place(text, name, source.slug).wrong(f"asks the same as {asked[source.asks]}")
        asked[source.asks] = source.slug
