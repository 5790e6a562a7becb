"""What the API kinds share: asking with parameters, and reading JSON or XML or saying what came instead."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from lxml import etree
from lxml.etree import _Element

from alerts.errors import ReadError
from alerts.model import Document, Entry, Link, PollState, Request, Source

LONGEST_GET = 2000  # bytes of parameters; E-utilities ask for POST above this, and proxies cut long addresses
BATCH = 200  # records in one page: what efetch takes, and few enough for one short transaction


def ask(source: Source, url: str, parameters: Mapping[str, str], *, may_post: bool = False) -> Request:
    """Build the request for `url` with `parameters`: a GET, or a form POST where they are too long for one."""
    form = urlencode(parameters)
    if may_post and len(form) > LONGEST_GET:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return Request(url=url, method="POST", headers=headers, body=form.encode(), allow_private=source.allow_private)
    return Request(url=f"{url}?{form}" if form else url, allow_private=source.allow_private)


def query_of(source: Source) -> str:
    """Return what a source asks for; ReadError where that is nothing."""
    if not source.query.strip():
        raise ReadError(f"this source has no query; give one with: alerts source edit {source.slug} --query QUERY")
    return source.query.strip()


def json_object(document: Document, service: str) -> dict[str, Any]:
    """Parse the document as a JSON object; ReadError names what it is instead."""
    if not document.body.strip():
        raise ReadError(f"{service} answered with an empty document, which is a failure on its side")
    try:
        found = json.loads(document.body)
    except (ValueError, RecursionError) as wrong:
        raise ReadError(f"{service} answered with {shape(document.body)} instead of JSON") from wrong
    if not isinstance(found, dict):
        raise ReadError(f"{service} answered with a JSON {type(found).__name__} instead of an object")
    return found


def xml_root(document: Document, service: str) -> _Element:
    """Parse the document as XML without entities, DTD or network; ReadError names what it is instead."""
    if not document.body.strip():
        raise ReadError(f"{service} answered with an empty document, which is a failure on its side")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(document.body, parser)
    except (etree.XMLSyntaxError, ValueError) as wrong:
        raise ReadError(f"{service} answered with {shape(document.body)} instead of whole XML") from wrong


def shape(body: bytes) -> str:
    """Say what a document looks like that is not what was asked for."""
    start = body[:400].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    if start.startswith(b"<"):
        return "broken or other XML"
    if start.startswith((b"{", b"[")):
        return "broken JSON"
    return "plain text"


def raw_hash(value: object) -> str:
    """Return the SHA-256 (hex) of bytes, or of a JSON value in canonical form."""
    raw = value if isinstance(value, bytes) else json.dumps(value, sort_keys=True).encode()
    return hashlib.sha256(raw).hexdigest()


def unknown(entries: Iterable[Entry], state: PollState) -> tuple[tuple[Entry, ...], int]:
    """Split off the entries whose raw hash is known; return the others and how many were left out."""
    every = list(entries)
    fresh = tuple(entry for entry in every if state.known.get(entry.locator) != entry.raw_hash)
    return fresh, len(every) - len(fresh)


def window_start(source: Source, reached: str | None, now: datetime, overlap: timedelta) -> date:
    """Return the first day to ask for: where the last run began less the overlap, or the source's greatest age."""
    if reached:
        return date.fromisoformat(reached) - overlap
    return now.date() - source.max_age if source.max_age else date(1800, 1, 1)


def words_of(node: _Element) -> str:
    """Return the text of a node and all in it, on one line."""
    return " ".join("".join(str(part) for part in node.itertext()).split())


def distinct(links: Iterable[Link | None]) -> tuple[Link, ...]:
    """Return the links that exist, each once, in order."""
    return tuple(dict.fromkeys(link for link in links if link is not None))
