"""Topic packs: TOML in, topics out and back, every fault named with file, line and reason."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import Any

from alerts.classify.spelling import acronym_pattern, term_pattern
from alerts.errors import PackError
from alerts.model import Topic

LISTS = ("terms", "acronyms", "ambiguous", "illness", "company", "exclude", "mesh")
FLAGS = ("strict",)
WORDS = ("group", "within")
RESERVED = frozenset({"all", "none", "new", "build", "search", "test"})
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_BAD_STAR = re.compile(r"(?:^|[\s/-])\*|(?<![^\W\d_]{4})\*$|\*\s|\*\*")
_LINE = re.compile(r"at line (\d+)")
_HEADER = re.compile(r"\s*\[\s*topics\s*\.\s*[\"']?([^\]\"'\s]+)[\"']?\s*\]")


def shipped(name: str) -> str:
    """Return the text of a pack that comes with the project."""
    file = resources.files("alerts.classify") / "packs" / f"{name}.toml"
    if not re.fullmatch(r"[a-z0-9-]+", name) or not file.is_file():
        raise PackError(f"no pack {name!r} ships with this version")
    return file.read_text(encoding="utf-8")


def load(text: str, name: str) -> tuple[Topic, ...]:
    """Read a pack; `name` is the file's name for messages. Raises PackError."""
    lines = _Lines(text, name)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _LINE.search(str(error))
        raise PackError(f"{name}:{found[1] if found else 1}: not TOML: {_reason(error)}") from error
    for key in document.keys() - {"pack", "topics"}:
        raise lines.error(f"unknown key {key!r} (a pack holds `pack` and tables `[topics.<slug>]`)", key=key)
    tables = document.get("topics", {})
    if not isinstance(tables, dict):
        raise lines.error("`topics` must be tables `[topics.<slug>]`", key="topics")
    if not tables:
        raise lines.error("holds no topic: a pack is tables `[topics.<slug>]`")
    topics = tuple(_topic(slug, table, lines) for slug, table in tables.items())
    _check_parents(topics, lines)
    return topics


def dump(topics: Iterable[Topic], pack: str = "export") -> str:
    """Write topics as a pack that `load` reads back as they are."""
    parts = [f"pack = {_quote(pack)}\n"]
    for topic in topics:
        parts.append(f"\n[topics.{topic.slug}]\nname = {_quote(topic.name)}\n")
        if topic.parent:
            parts.append(f"parent = {_quote(topic.parent)}\n")
        parts.extend(f"{key} = {_value(value)}\n" for key, value in topic.definition.items())
    return "".join(parts)


def check_topic(topic: Topic) -> None:
    """Raise PackError where a topic could not stand in a pack."""
    if not _SLUG.fullmatch(topic.slug):
        raise PackError(f"{topic.slug!r} is no slug: small letters, digits and hyphens, such as multiple-sclerosis")
    load(dump([topic]), f"topic {topic.slug}")


def check_definition(definition: Mapping[str, Any]) -> Iterator[str]:
    """Say what is wrong with a definition, key by key."""
    for key, value in definition.items():
        if key in FLAGS:
            if not isinstance(value, bool):
                yield f"`{key}` must be true or false"
        elif key in WORDS:
            if not isinstance(value, str) or not _SLUG.fullmatch(value):
                yield f"`{key}` must be a word in lower-case letters"
        elif key not in LISTS:
            yield f"unknown key {key!r} (known: {', '.join(('name', 'parent', *LISTS, *WORDS, *FLAGS))})"
        elif not isinstance(value, list | tuple) or not all(isinstance(term, str) for term in value):
            yield f"`{key}` must be a list of strings"
        else:
            yield from _bad_terms(key, value)


def _bad_terms(key: str, terms: Iterable[str]) -> Iterator[str]:
    cased = key in {"acronyms", "ambiguous", "illness"}
    for term in terms:
        pattern = acronym_pattern(term.strip()) if cased else term_pattern(term)
        if not pattern or not any(char.isalnum() for char in term):
            yield f"`{key}`: {term!r} holds nothing that could be matched"
        elif len(term) > 200:
            yield f"`{key}`: {term[:40]!r}... is longer than 200 characters"
        elif any(char in term for char in "?[]{}^$|\\") or _BAD_STAR.search(term):
            yield f"`{key}`: bad pattern {term!r}: plain words, and `*` only after four letters at the very end"


def _topic(slug: str, table: object, lines: "_Lines") -> Topic:
    if not _SLUG.fullmatch(slug) or slug in RESERVED:
        why = "is reserved" if slug in RESERVED else "must be lower-case letters, digits and hyphens"
        raise lines.error(f"slug {slug!r} {why}", slug=slug)
    if not isinstance(table, dict):
        raise lines.error(f"`topics.{slug}` must be a table", slug=slug)
    rest = dict(table)
    name, parent = rest.pop("name", None), rest.pop("parent", None)
    if not isinstance(name, str) or not name.strip():
        raise lines.error(f"topic {slug!r} needs a `name`", slug=slug, key="name")
    if parent is not None and not isinstance(parent, str):
        raise lines.error(f"topic {slug!r}: `parent` must be a slug", slug=slug, key="parent")
    for key, value in rest.items():
        for fault in check_definition({key: value}):
            raise lines.error(f"topic {slug!r}: {fault}", slug=slug, key=key)
    return Topic(slug=slug, name=name, parent=parent, definition=rest)


def _check_parents(topics: tuple[Topic, ...], lines: "_Lines") -> None:
    parents = {topic.slug: topic.parent for topic in topics}
    for slug in parents:
        chain = [slug]
        while (above := parents.get(chain[-1])) is not None:
            if above in chain:
                circle = " > ".join([*chain, above])
                raise lines.error(f"circular parent: {circle}", slug=slug, key="parent")
            chain.append(above)


class _Lines:
    """Finds the line of a key, which tomllib does not tell."""

    def __init__(self, text: str, name: str) -> None:
        self._lines = text.splitlines()
        self._name = name

    def error(self, reason: str, *, slug: str = "", key: str = "") -> PackError:
        return PackError(f"{self._name}:{self._line(slug, key)}: {reason}")

    def _line(self, slug: str, key: str) -> int:
        header = next((at for at, line in enumerate(self._lines, 1) if _is_header(line, slug)), 0)
        if not key:
            return max(header, 1)
        begins = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]")
        for at in range(header, len(self._lines)):
            if begins.match(self._lines[at]):
                return at + 1
            if slug and self._lines[at].lstrip().startswith("["):
                break
        return max(header, 1)


def _is_header(line: str, slug: str) -> bool:
    found = _HEADER.match(line)
    return bool(slug and found and found[1] == slug)


def _reason(error: tomllib.TOMLDecodeError) -> str:
    return f"duplicate slug or key: {error}" if "twice" in str(error) else str(error)


def _quote(text: str) -> str:
    escaped = "".join(_escape(char) for char in text)
    return f'"{escaped}"'


def _escape(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if ord(char) < 0x20 or ord(char) == 0x7F:
        return f"\\u{ord(char):04x}"
    return char


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quote(value)
    if not isinstance(value, list | tuple):
        raise PackError(f"cannot write {value!r} into a pack")
    return "[" + ", ".join(_quote(str(part)) for part in value) + "]"
