"""What an operator states of a source on the command line, said the same way to `source add` and `source edit`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from alerts.errors import UsageError

if TYPE_CHECKING:
    from alerts.model import Source

Command = TypeVar("Command", bound=Callable[..., Any])

MAX_AGE = 90
OF_A_KIND: Mapping[str, tuple[str, str]] = {
    "item": ("page", "CSS selector of one item."),
    "date": ("page", "CSS selector of the date within an item."),
    "link": ("page", "CSS selector of the link within an item."),
    "follow": ("page", "read each new item's own page once."),
    "text": ("page", "CSS selector of the story on an item's own page."),
    "day_first": ("page", "read 1/5/2026 as the first of May."),
    "area": ("clinicaltrials", "where the query is searched: cond (the default), term, intr, titles, outc, spons ..."),
    "filter": ("clinicaltrials", "take only these, such as AREA[Phase]PHASE3."),
    "category": ("medrxiv, biorxiv", "read this category of the server only, such as neurology."),
}
FLAGS = frozenset({"follow", "day_first"})


def options(command: Command) -> Command:
    """Add the options that describe a source; those not given are None."""
    for name, (kinds, meaning) in reversed(list(OF_A_KIND.items())):
        spelled = name.replace("_", "-")
        flag = f"--{spelled}/--no-{spelled}" if name in FLAGS else f"--{spelled}"
        command = click.option(flag, name, default=None, help=f"{kinds}: {meaning}")(command)
    for option in reversed(_OF_ALL):
        command = option(command)
    return command


_OF_ALL = (
    click.option("--query", help="What to ask for, in the service's own language."),
    click.option("--name", help="Its name as readers see it; otherwise as the source calls itself."),
    click.option("--title", help="The same; but for a page: CSS selector of the title within an item."),
    click.option("--gives", help="The kind of its items (paper, preprint, record, news ...) or mixed."),
    click.option("--about", help="The topic of items that name none."),
    click.option(
        "--max-age", type=click.IntRange(0, 36_500),
        help=f"Older items, by their own date, are stored but not mailed; 0: no limit (at first {MAX_AGE} days).",
    ),
    click.option("--why", help="Why it is there."),
    click.option(
        "--allow-private/--no-allow-private", default=None, help="It may be on this machine or in a private network."
    ),
)  # fmt: skip


def new(url: str | None, said: Mapping[str, Any]) -> "Source":
    """Turn what was said into a source; UsageError where it does not fit together."""
    from alerts.ingest import APIS, KINDS
    from alerts.model import Source

    kind = said["kind"] or ("file" if url and _is_local(url) else "feed")
    if kind not in KINDS:
        raise UsageError(f"--kind {kind} is not known; the kinds are {', '.join(KINDS)}")
    url = _address(url, kind)
    if kind in APIS and not said["query"] and not said["category"]:
        raise UsageError(f'A {kind} source needs what to ask for: --query "..."')
    slug = said["slug"] or _slug(url, kind, said["query"] or said["category"] or "")
    start = Source(slug=slug, kind=kind, url=url, max_age=timedelta(days=MAX_AGE))
    return changed(start, said)


def changed(source: "Source", said: Mapping[str, Any]) -> "Source":
    """Return the source with what was said of it; UsageError where an option is not for its kind."""
    given = {name: value for name, value in said.items() if value is not None}
    if source.kind != "page":
        given.setdefault("name", given.pop("title", None))
    own = {name: value for name, value in given.items() if name in OF_A_KIND or name == "title"}
    values: dict[str, Any] = {
        name: given[name] for name in ("query", "gives", "about", "why", "allow_private") if name in given
    }
    if "url" in given:
        values["url"] = _address(given["url"], source.kind)
    if given.get("name") is not None:
        values["title"] = given["name"]
    if "max_age" in given:
        values["max_age"] = timedelta(days=given["max_age"]) or None
    if "about" in given:
        values["about"] = given["about"] or None
    _check_gives(values.get("gives", "mixed"))
    return replace(source, **values, options=_options(source, own))


def _check_gives(gives: str) -> None:
    from alerts.model import Kind

    if gives not in {"mixed", *Kind}:
        raise UsageError(f"--gives {gives} is not known; it is mixed or one of {', '.join(Kind)}")


def _options(source: "Source", said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of the source's kind; an empty text or a no ends one."""
    for name in said:
        kinds = OF_A_KIND.get(name, ("page", ""))[0]
        if source.kind not in kinds.split(", "):
            raise UsageError(f"--{name.replace('_', '-')} is for sources of kind {kinds.replace(', ', ' or ')}")
    return {name: value for name, value in {**source.options, **said}.items() if value not in ("", False)}


def _is_local(url: str) -> bool:
    """Tell whether what stands where an address is asked for is a file of this machine."""
    return url.startswith("file:") or ("://" not in url and Path(url).is_file())


def _address(url: str | None, kind: str) -> str:
    """Return an address as it is saved: of an API, which has its own, it may be missing."""
    from alerts.ingest import APIS

    if not url and kind in APIS:
        return ""
    if not url:
        raise UsageError(f"A {kind} source needs an address: alerts source add URL --kind {kind}")
    if kind == "file":
        path = Path(url.removeprefix("file://")).absolute()
        if not path.is_file():
            raise UsageError(f"There is no file {path}")
        return path.as_uri()
    full = url if "://" in url else f"https://{url}"
    parts = urlsplit(full)
    host = parts.hostname or ""
    known = re.fullmatch(r"(?!\.)[\w.-]*\w\.\w[\w.-]*|[0-9a-f:.]*:[0-9a-f:.]*|localhost", host)
    if parts.scheme not in {"http", "https"} or not known:
        raise UsageError(f"{url!r} is no web address; it must look like https://example.org/feed.xml")
    return full


def _slug(url: str, kind: str, query: str) -> str:
    """Make a short name: the file's, the host without its ornaments, or the kind and the first words of the query."""
    from alerts.ingest.opml import slug_of

    if kind == "file":
        url = f"//{Path(urlsplit(url).path).name}"
    parts = urlsplit(url)
    return slug_of(f"{(parts.hostname or '').removeprefix('www.')} {parts.path}" if url else f"{kind} {query}")
