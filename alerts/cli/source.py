"""`alerts source`: what we poll."""

import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from alerts.cli.common import json_option, opened, print_json, print_rows
from alerts.errors import SourceError, UsageError

if TYPE_CHECKING:
    from alerts.model import Source
    from alerts.pipeline.preview import Preview
    from alerts.store.catalogue import SourceHealth

COLUMNS = ("slug", "kind", "state", "items", "next_poll_at", "last_error")
SELECTORS = ("item", "title", "date", "link")


@click.group("source")
def command() -> None:
    """What we poll: feeds, pages, and queries to PubMed, ClinicalTrials.gov, Europe PMC, medRxiv and bioRxiv.

    \b
    Examples:
      alerts source add https://example.org/journal
      alerts source add --kind pubmed --query "myelitis[tiab]" --slug pubmed-myelitis
      alerts source check pubmed-myelitis
      alerts source import follow.opml
    """  # noqa: D301


def _row(health: "SourceHealth") -> dict[str, Any]:
    source = health.source
    return {
        "slug": source.slug,
        "kind": source.kind,
        "url": source.url or source.query,
        "state": health.state.value,
        "last_error": health.last_error,
        "items": health.items,
        "next_poll_at": health.next_poll_at,
    }


@command.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the sources and how they do."""
    from alerts.store import catalogue
    from alerts.store.engine import reading

    world = opened()
    with reading(world.engine) as session:
        rows = [_row(health) for health in catalogue.health(session)]
    print_rows(rows, COLUMNS, as_json=as_json, empty="No sources yet; add one with: alerts source add URL")


@command.command()
@click.argument("slug")
@json_option
def show(slug: str, *, as_json: bool) -> None:
    """Show one source: what it asks, how it does, why it is there."""
    from alerts.store import catalogue
    from alerts.store.engine import reading

    world = opened()
    with reading(world.engine) as session:
        health = catalogue.health(session, [slug])[0]
    source = health.source
    shown = _row(health) | {
        "query": source.query,
        "title": source.title,
        "gives": source.gives,
        "about": source.about,
        "max_age": source.max_age.days if source.max_age else 0,
        "allow_private": source.allow_private,
        "why": source.why,
        "options": dict(source.options),
        "notes": list(health.notes),
        "gaps": health.gaps,
        "failures": health.failures,
        "failing_since": health.failing_since,
        "last_polled_at": health.last_polled_at,
        "last_ok_at": health.last_ok_at,
        "interval_minutes": round(health.interval.total_seconds() / 60),
    }
    if as_json:
        print_json(shown)
        return
    for name, value in shown.items():
        click.echo(f"{name.replace('_', ' '):16}  {value if value not in (None, '', [], {}) else '-'}")


@command.command()
@click.argument("url", required=False)
@click.option("--slug", help="Its short name (made from the address where not given).")
@click.option("--title", default="", help="Its title; for a page: CSS selector of the title within an item.")
@click.option("--kind", default=None, help="feed, page, file, pubmed, clinicaltrials, europepmc, medrxiv or biorxiv.")
@click.option("--query", default="", help="What to ask for, in the service's own language.")
@click.option("--gives", default="mixed", help="The kind of its items (paper, preprint, record, news ...) or mixed.")
@click.option("--about", help="The topic of items that name none.")
@click.option(
    "--max-age",
    type=click.IntRange(min=0),
    default=90,
    show_default=True,
    help="Items older than so many days by their own date are stored but not mailed; 0: no limit.",
)
@click.option("--allow-private", is_flag=True, help="It may be on this machine or in a private network.")
@click.option("--item", help="page: CSS selector of one item.")
@click.option("--date", help="page: CSS selector of the date within an item.")
@click.option("--link", help="page: CSS selector of the link within an item.")
@click.option("--follow", is_flag=True, help="page: read each new item's own page once.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def add(url: str | None, **options: Any) -> None:  # noqa: ANN401
    """Add a source. A web page is searched for its feeds; what a page source finds is shown before it is saved."""
    from alerts.pipeline import manage

    world = opened()
    source = _described(url, options)
    manage.check_new_source(world.engine, source)
    if source.kind in {"feed", "page"}:
        source = _looked_at(world, source, ask=not options["yes"] and sys.stdin.isatty())
    manage.add_sources(world.engine, [source], world.now())
    click.echo(f"Added the source {source.slug} ({source.kind}). Read it now: alerts poll {source.slug}")


def _described(url: str | None, options: Mapping[str, Any]) -> "Source":
    """Turn the options into a source; UsageError where they do not fit together."""
    from alerts.ingest import KINDS
    from alerts.model import Kind, Source

    kind = options["kind"] or "feed"
    if kind not in KINDS:
        raise UsageError(f"--kind {kind} is not known; the kinds are {', '.join(KINDS)}")
    if kind in {"feed", "page", "file"}:
        url = _address(url, kind)
    elif not options["query"]:
        raise UsageError(f'A {kind} source needs what to ask for: --query "..."')
    if options["gives"] not in {"mixed", *Kind}:
        raise UsageError(f"--gives {options['gives']} is not known; it is mixed or one of {', '.join(Kind)}")
    page = kind == "page"
    if page and not options["item"]:
        raise UsageError("A page source needs the CSS selector of its items: --item CSS")
    chosen = {name: options[name] for name in SELECTORS if options.get(name)} if page else {}
    return Source(
        slug=options["slug"] or _slug(url, kind, options["query"]),
        kind=kind,
        url=url or "",
        query=options["query"],
        title="" if page else options["title"],
        gives=options["gives"],
        about=options["about"],
        max_age=timedelta(days=options["max_age"]) if options["max_age"] else None,
        allow_private=options["allow_private"],
        options=chosen | ({"follow": True} if page and options["follow"] else {}),
    )


def _address(url: str | None, kind: str) -> str:
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
    if parts.scheme not in {"http", "https"} or not ("." in host or ":" in host or host == "localhost"):
        raise UsageError(f"{url!r} is no web address; it must look like https://example.org/feed.xml")
    if parts.username or parts.password:
        raise UsageError("An address with a user name or password would be stored and shown; name one without.")
    return full


def _slug(url: str | None, kind: str, query: str) -> str:
    """Make a short name: the host without its ornaments, or the kind and the first words of the query."""
    parts = urlsplit(url or "")
    words = f"{(parts.hostname or '').removeprefix('www.')} {parts.path}" if url else f"{kind} {query}"
    slug = "-".join(re.findall(r"[a-z0-9]+", words.lower()))[:48].strip("-")
    return slug or kind


def _preview(world: Any, source: "Source") -> "Preview":  # noqa: ANN401
    import asyncio

    from alerts.pipeline.preview import preview

    return asyncio.run(preview(source, contact=world.settings.contact, now=world.now()))


def _looked_at(world: Any, source: "Source", *, ask: bool) -> "Source":  # noqa: ANN401
    """Show what a source brings; one that cannot be read now is added all the same, as it may come back."""
    try:
        found = _preview(world, source)
    except SourceError as error:
        click.echo(f"It cannot be read now: {error}", err=True)
        if ask:
            click.confirm("Add it all the same?", abort=True)
        return source
    _print_preview(found)
    if ask and source.kind == "page":
        click.confirm("Save it?", abort=True)
    return found.source


def _print_preview(found: "Preview", most: int = 5) -> None:
    click.echo(f"{found.source.url}: {found.source.title or 'no title'}, {len(found.page.entries)} items")
    for entry in found.page.entries[:most]:
        date = entry.content.published or "no date"
        click.echo(f"  {date}  [{entry.content.kind}] {entry.content.title[:90]}")
    for note in found.page.notes:
        click.echo(f"  note: {note}")


@command.command()
@click.argument("slug")
def check(slug: str) -> None:
    """Explain step by step what a poll of SLUG would do now; stores nothing."""
    from alerts.store import catalogue
    from alerts.store.engine import reading

    world = opened()
    with reading(world.engine) as session:
        health = catalogue.health(session, [slug])[0]
    source = health.source
    click.echo(
        f"1. {slug} is a {source.kind} source, state {health.state.value}; its next poll is due "
        f"{health.next_poll_at:%Y-%m-%d %H:%M} UTC."
        if health.next_poll_at
        else f"1. {slug} is {health.state.value}."
    )
    if health.last_error:
        click.echo(f"   Its last error, {health.failures} times in a row: {health.last_error}")
    click.echo(f"2. It asks {source.url or source.query}")
    found = _preview(world, source)
    click.echo("3. The answer can be read:")
    _print_preview(found)


@command.command()
@click.argument("slug")
@click.option("--url")
@click.option("--query")
@click.option("--title")
@click.option("--gives")
@click.option("--about", help="The topic of items that name none; an empty one ends it.")
@click.option("--max-age", type=click.IntRange(min=0))
@click.option("--allow-private/--no-allow-private", default=None)
def edit(slug: str, **options: Any) -> None:  # noqa: ANN401
    """Change a source; where it then asks something else, it starts afresh."""
    from alerts.pipeline import manage
    from alerts.store import catalogue
    from alerts.store.engine import reading

    world = opened()
    with reading(world.engine) as session:
        old = catalogue.source(session, slug)
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    if not given:
        raise UsageError("Say what to change; see: alerts source edit --help")
    if "max_age" in given:
        given["max_age"] = timedelta(days=given["max_age"]) if given["max_age"] else None
    if "about" in given:
        given["about"] = given["about"] or None
    manage.edit_source(world.engine, replace(old, **given), world.now())
    click.echo(f"Changed the source {slug}.")


@command.command()
@click.argument("slugs", nargs=-1, required=True)
def pause(slugs: tuple[str, ...]) -> None:
    """Poll these no more until they are resumed; what they gave stays."""
    from alerts.pipeline import manage

    world = opened()
    manage.pause_sources(world.engine, slugs)
    click.echo(f"Paused {', '.join(slugs)}.")


@command.command()
@click.argument("slugs", nargs=-1, required=True)
def resume(slugs: tuple[str, ...]) -> None:
    """Poll these again, at once."""
    from alerts.pipeline import manage

    world = opened()
    manage.resume_sources(world.engine, slugs, world.now())
    click.echo(f"Resumed {', '.join(slugs)}.")


@command.command()
@click.argument("slug")
def remove(slug: str) -> None:
    """Remove a source. Its items stay, but for those of the sample source, which go whole."""
    from alerts.pipeline import manage

    world = opened()
    manage.remove_source(world.engine, slug)
    click.echo(f"Removed the source {slug}.")


@command.command("import")
@click.argument("what")
@click.option("--dry-run", is_flag=True, help="Only say what would be added.")
def import_(what: str, *, dry_run: bool) -> None:
    """Add the sources of an OPML FILE, of - (standard input), or of a shipped pack (neuroimmunology)."""
    from alerts.pipeline import manage
    from alerts.store import catalogue
    from alerts.store.engine import reading

    sources = _read_sources(what)
    world = opened()
    with reading(world.engine) as session:
        known = {(source.kind, source.url, source.query) for source in catalogue.sources(session)}
    new = [source for source in sources if (source.kind, source.url, source.query) not in known]
    if not dry_run:
        manage.add_sources(world.engine, new, world.now())
    for source in new:
        click.echo(f"{'would add' if dry_run else 'added'} {source.slug} ({source.kind})")
    click.echo(f"{len(new)} {'to add' if dry_run else 'added'}, {len(sources) - len(new)} were there already.")


def _read_sources(what: str) -> "tuple[Source, ...]":
    from alerts.ingest import opml, packs

    if what == "-":
        return opml.load(sys.stdin.buffer.read())
    path = Path(what)
    if not path.is_file():
        return packs.load(packs.shipped(what), what)
    return (
        packs.load(path.read_text(encoding="utf-8"), what) if path.suffix == ".toml" else opml.load(path.read_bytes())
    )


@command.command()
def export() -> None:
    """Write all sources as OPML 2.0 to standard output (queries in attributes of our own)."""
    from alerts.ingest import opml
    from alerts.store import catalogue
    from alerts.store.engine import reading

    world = opened()
    with reading(world.engine) as session:
        sources = catalogue.sources(session)
    click.echo(opml.dump(sources), nl=False)
