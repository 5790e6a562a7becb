"""The pure part of `alerts classify`: one JSON line in, what it proves out; a bad line is named and passed over."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from alerts.classify import Classifier, phase
from alerts.classify.reading import is_english
from alerts.model import Content, Evidence, Facet, Kind, Label, Role

_LISTS = ("publication_types", "mesh", "phases")
_TEXTS = ("title", "text", "kind", "source")
_FOREIGN = "not in English: labels that need its sentences are left out"
_HALVES = re.compile(r"[\ud800-\udfff]")
_KINDS = (
    (Kind.NOTICE, ("notice", "erratum", "correction", "retraction", "expression")),
    (Kind.PREPRINT, ("preprint", "rxiv", "ppr")),
    (Kind.RECORD, ("trial", "record", "regist", "nct", "ctis", "ictrp")),
    (Kind.ABSTRACT, ("abstract", "congress", "conference", "poster", "meeting")),
    (Kind.EXPLAINER, ("explain", "overview", "background", "guide", "patient_info")),
    (Kind.NEWS, ("news", "press", "story", "blog", "teaser", "media", "release", "magazine")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One line's answer: what to print, or why there is none; `note` is what its reader should know beside."""

    line: int
    output: Mapping[str, Any] | None = None
    error: str = ""
    note: str = ""


class _BadLineError(ValueError):
    """The line is not what the codebook describes."""


def classify_lines(classifier: Classifier, lines: Iterable[str]) -> Iterator[Result]:
    """Classify JSON lines, one item each (docs/accuracy.md); blank lines and keys we do not know are passed over."""
    for number, line in enumerate(lines, 1):
        if line.strip("\ufeff \t\r\n"):
            yield _result(classifier, number, line)


def _result(classifier: Classifier, number: int, line: str) -> Result:
    try:
        row = _row(line)
        item = content(row)
        labels = classifier.classify(item)
    except _BadLineError as error:
        return Result(line=number, error=f"line {number}: {error}")
    name = _whole(row["id"]) if isinstance(row["id"], str) else row["id"]
    foreign = not is_english(f"{item.title} {item.text}")
    return Result(line=number, output=output(name, labels), note=f"line {number}: {_FOREIGN}" if foreign else "")


def _row(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line.lstrip("\ufeff"), parse_constant=_no_number)
    except _BadLineError:
        raise
    except json.JSONDecodeError as error:
        raise _BadLineError(f"not JSON from character {error.pos + 1} on") from error
    except (ValueError, RecursionError) as error:
        raise _BadLineError(f"not JSON: {error}") from error
    if not isinstance(row, dict):
        raise _BadLineError("not a JSON object")
    _check(row)
    return row


def _check(row: Mapping[str, Any]) -> None:
    if not isinstance(row.get("id"), str | int) or isinstance(row.get("id"), bool):
        raise _BadLineError("`id` must be given, as a string or a number")
    for key in _TEXTS:
        if not isinstance(row.get(key), str | None):
            raise _BadLineError(f"`{key}` must be a string")
    for key in _LISTS:
        value = row.get(key)
        if value is not None and not (isinstance(value, list) and all(isinstance(part, str) for part in value)):
            raise _BadLineError(f"`{key}` must be a list of strings")
    people = row.get("enrollment")
    if people is not None and (isinstance(people, bool) or not isinstance(people, int) or people < 0):
        raise _BadLineError("`enrollment` must be a whole number")


def content(row: Mapping[str, Any]) -> Content:
    """Return what a checked line says of its item, its texts untouched so that offsets stay exact."""
    return Content(
        kind=kind(row.get("kind") or ""),
        title=_whole(row.get("title") or ""),
        text=_whole(row.get("text") or ""),
        publication_types=tuple(_whole(one) for one in row.get("publication_types") or ()),
        mesh=tuple(_whole(one) for one in row.get("mesh") or ()),
        phases=tuple(_whole(one) for one in row.get("phases") or ()),
        enrollment=row.get("enrollment"),
    )


def _no_number(word: str) -> None:
    raise _BadLineError(f"{word} is not JSON")


def _whole(text: str) -> str:
    """Put a mark in place of half a surrogate pair, which no encoding can write; offsets stay."""
    return _HALVES.sub("\ufffd", text)


def kind(word: str) -> Kind:
    """Return the kind that a kind's name, or the name of a sort of source (`pubmed_rss`, `press_release`), means."""
    plain = word.strip().lower().replace("-", "_")
    for known in Kind:
        if plain == known:
            return known
    return next((known for known, parts in _KINDS if any(part in plain for part in parts)), Kind.PAPER)


def output(identifier: str | int, labels: Iterable[Label]) -> dict[str, Any]:
    """Return the labels of one item in the form the codebook prints."""
    by_facet: dict[Facet, list[Label]] = {facet: [] for facet in Facet}
    for label in labels:
        by_facet[label.facet].append(label)
    topics = by_facet[Facet.TOPIC]
    return {
        "id": identifier,
        "topics": _slugs([label for label in topics if label.role is Role.ABOUT]),
        "mentions": [label.value for label in topics if label.role is Role.MENTION],
        "design": _one(by_facet[Facet.DESIGN], "unclear"),
        "phase": _phase(by_facet[Facet.PHASE]),
        "size": _size(by_facet[Facet.SIZE]),
        "subjects": _one(by_facet[Facet.SUBJECTS], "none"),
        "treatments": _slugs(by_facet[Facet.TREATMENT]),
        "cautions": [_valued(label) for label in by_facet[Facet.CAUTION]],
        "finding": _finding(by_facet[Facet.FINDING]),
    }


def _evidence(labels: Iterable[Label]) -> list[dict[str, Any]]:
    seen: dict[Evidence, None] = dict.fromkeys(one for label in labels for one in label.evidence)
    return [one._asdict() for one in seen]


def _slugs(labels: Iterable[Label]) -> list[dict[str, Any]]:
    return [{"slug": label.value, "evidence": _evidence([label])} for label in labels]


def _valued(label: Label) -> dict[str, Any]:
    return {"value": label.value, "evidence": _evidence([label])}


def _one(labels: list[Label], otherwise: str) -> dict[str, Any]:
    return _valued(labels[0]) if labels else {"value": otherwise, "evidence": []}


def _phase(labels: list[Label]) -> dict[str, Any]:
    role = phase.role(labels)
    studied = [label.value for label in labels if label.role is not Role.MENTION]
    return {"values": studied, "role": role.value if role else "none", "evidence": _evidence(labels)}


def _size(labels: list[Label]) -> dict[str, Any] | None:
    if not labels:
        return None
    return {"value": int(labels[0].value), "evidence": _evidence(labels[:1])}


def _finding(labels: list[Label]) -> dict[str, Any] | None:
    if not labels:
        return None
    words = labels[0].evidence[0]
    return {"words": words.words, "field": words.field, "start": words.start, "end": words.end}
