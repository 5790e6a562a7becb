"""The invented examples that show the whole product without a network: a feed like any other."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache

from alerts.publish.lines import SAMPLE, xml_legal
from alerts.publish.templating import environment
from alerts.resources import resource_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One invented item; `days` counts back from the first start."""

    name: str
    kind: str
    days: int
    title: str
    text: str
    venue: str = ""
    authors: tuple[str, ...] = ()


@cache
def examples() -> tuple[Example, ...]:
    """Return the examples as they ship."""
    told = tomllib.loads((resource_folder("templates") / "feed" / "sample.toml").read_text(encoding="utf-8"))
    return tuple(_example(item) for item in told["item"])


def _example(item: dict[str, object]) -> Example:
    authors = item.pop("authors", [])
    text = str(item.pop("text")).strip()
    title = f"{SAMPLE} {item.pop('title')}"
    return Example(**item, title=title, text=text, authors=tuple(authors))  # type: ignore[arg-type]


def sample_feed(items: Sequence[Example], base_url: str, started_at: datetime) -> bytes:
    """Render the examples as RSS 2.0; the same installation gives the same bytes."""
    start = started_at.astimezone(UTC).replace(microsecond=0)
    text = environment("feed").get_template("sample.xml").render(
        items=items, base_url=base_url, built=format_datetime(start),
        dates={item.name: start - timedelta(days=item.days) for item in items}, rfc822=format_datetime,
    )
    return xml_legal(text).encode()
