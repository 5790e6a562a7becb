"""JSON Feed 1.0 and 1.1 in the shape that feedparser gives other feeds; pure."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from alerts.errors import ReadError
from alerts.ingest.known import Bone, FeedDocument, raw_hash

_VERSION = "https://jsonfeed.org/version/"


def is_json(body: bytes) -> bool:
    """Tell whether a document is JSON and no XML."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def read(body: bytes, hashes: Collection[str]) -> FeedDocument:
    """Return the feed without the items whose raw hash is known; ReadError if it is another JSON."""
    feed = _loaded(body)
    items = [item for item in feed["items"] if isinstance(item, dict)]
    bones = [_bone(item) for item in items]
    found = {number: _shaped(item) for number, item in enumerate(items) if bones[number].raw_hash not in hashes}
    return FeedDocument(bones=bones, found=found, known=len(items) - len(found), title=_text(feed, "title"))


def _loaded(body: bytes) -> dict[str, Any]:
    try:
        feed = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ReadError("answered with JSON that cannot be read") from error
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise ReadError("answered with JSON that is no JSON Feed")
    if not str(feed.get("version", _VERSION)).startswith((_VERSION, _VERSION.replace("https", "http"))):
        raise ReadError("answered with JSON that is no JSON Feed")
    return feed


def _bone(item: Mapping[str, Any]) -> Bone:
    return Bone(
        raw_hash=raw_hash(json.dumps(item, sort_keys=True, ensure_ascii=False).encode(errors="replace")),
        guid=_text(item, "id"),
        link=_text(item, "url") or _text(item, "external_url"),
        title=_text(item, "title"),
    )


def _shaped(item: Mapping[str, Any]) -> dict[str, Any]:
    listed = item.get("authors")
    authors = listed if isinstance(listed, list) else [item.get("author")]
    dates = {"published": _text(item, "date_published"), "updated": _text(item, "date_modified")}
    return {
        "title": _text(item, "title"),
        "summary": _text(item, "summary"),
        "content": [{"value": _text(item, "content_html") or _text(item, "content_text")}],
        "authors": [{"name": _text(one, "name")} for one in authors if isinstance(one, dict)],
        "language": _text(item, "language"),
        **{name: value for name, value in dates.items() if value},
    }


def _text(item: Mapping[str, Any], name: str) -> str:
    """Return a field as text: ids are numbers in some feeds, though the standard forbids it."""
    value = item.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(value)
