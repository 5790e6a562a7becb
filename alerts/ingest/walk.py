"""Walks JSON values that may hold anything: what is not there, or not of the kind asked for, is empty."""

from typing import Any

from alerts.ingest.clean import xml_legal


def strings(value: object) -> tuple[str, ...]:
    """Return the non-empty strings of a JSON list; anything else yields none."""
    legal = (xml_legal(one).strip() for one in rows(value) if isinstance(one, str))
    return tuple(one for one in legal if one)


def at(value: object, *path: str) -> Any:  # noqa: ANN401  a JSON value
    """Walk down JSON objects; None where a step is missing or is no object."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def texts(value: object, *path: str) -> str:
    """Return the text at a path of JSON objects without illegal characters, or an empty one."""
    found = at(value, *path)
    return xml_legal(found).strip() if isinstance(found, str) else ""


def rows(value: object, *path: str) -> list[Any]:
    """Return the list at a path of JSON objects, or an empty one."""
    found = at(value, *path)
    return found if isinstance(found, list) else []
