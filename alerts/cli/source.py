"""`alerts source`: what we poll."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alerts.cli import stated
from alerts.cli.common import cell, counted, json_option, opened, print_json, print_rows
from alerts.errors import PrivateError, SourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alerts.model import Source
    from alerts.pipeline.preview import Preview
    from alerts.store.catalogue import SourceHealth
    from alerts.wiring import World

COLUMNS = ("slug", "kind", "state", "items", "last_ok_at", "next_poll_at", "trouble")


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
        "last_ok_at": health.last_ok_at,
        "next_poll_at": health.next_poll_at,
        "gaps": health.gaps,
        "trouble": health.last_error or " ".join(health.notes),
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
    if rows and not as_json:
        click.echo(_in_all(rows), err=True)


def _in_all(rows: "Sequence[Mapping[str, Any]]") -> str:
    states = Counter(row["state"] for row in rows)
    gaps = sum(row["gaps"] > 0 for row in rows)
    lost = f"; in {gaps} of them something may have been missed between two polls" if gaps else ""
    return f"{len(rows)} sources: {', '.join(f'{count} {state}' for state, count in states.most_common())}{lost}."


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
        "failures": health.failures,
        "failing_since": health.failing_since,
        "last_polled_at": health.last_polled_at,
        "interval_minutes": round(health.interval.total_seconds() / 60),
    }
    if as_json:
        print_json(shown)
        return
    for name, value in shown.items():
        click.echo(f"{name.replace('_', ' '):16}  {'-' if value == {} else cell(value)}")


@command.command()
@click.argument("url", required=False)
@click.option("--slug", help="Its short name (made from the address where not given).")
@click.option("--kind", help="feed, page, file, pubmed, clinicaltrials, europepmc, medrxiv or biorxiv.")
@stated.options
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--unchecked", is_flag=True, help="Save it without looking at it: it may be away for now.")
def add(url: str | None, **options: Any) -> None:  # noqa: ANN401
    """Add a source. A web page is searched for its feeds; what a source brings is shown before it is saved.

    \b
    Examples:
      alerts source add https://example.org/journal
      alerts source add https://example.org/news --kind page --item "li.story" --date ".date" --follow
      alerts source add --kind pubmed --query "myelitis[tiab]" --slug pubmed-myelitis
    """  # noqa: D301
    from alerts.pipeline import manage

    world = opened()
    source = stated.new(url, options)
    manage.check_new_source(world.engine, source, world.now())
    looked = bool(source.url) and not options["unchecked"]
    if looked:
        source = _looked_at(world, source, ask=not options["yes"] and sys.stdin.isatty())
    manage.add_sources(world.engine, [source], world.now())
    look = "" if looked else f" See what it brings: alerts source check {source.slug}."
    click.echo(f"Added the source {source.slug} ({source.kind}).{look} Read it now: alerts poll {source.slug}")


def _preview(world: "World", source: "Source") -> "Preview":
    import asyncio

    from alerts.pipeline.preview import preview
    from alerts.wiring import make_fetch

    async def look() -> "Preview":
        async with make_fetch(world.settings, world.engine) as fetch:
            return await preview(source, fetch, world.now())

    return asyncio.run(look())


def _looked_at(world: "World", source: "Source", *, ask: bool) -> "Source":
    """Show what a source brings; UsageError where it cannot be read."""
    try:
        found = _preview(world, source)
    except SourceError as error:
        private = isinstance(error, PrivateError) and not source.allow_private
        advice = "If that is meant, say --allow-private" if private else "To save it all the same, say --unchecked"
        raise UsageError(f"Nothing was saved, for it cannot be read: {error}. {advice}.") from error
    _print_preview(found)
    if ask and source.kind == "page":
        click.confirm("Save it?", abort=True)
    return found.source


def _print_preview(found: "Preview") -> None:
    from alerts.pipeline.preview import SHOWN

    items = counted(len(found.page.entries), "item")
    click.echo(f"{found.source.url}: {found.source.title or 'no title'}, {items}")
    for entry in found.page.entries[:SHOWN]:
        date = entry.content.published or "no date"
        click.echo(f"  {date}  [{entry.content.kind}] {entry.content.title[:90]}")
    for other in found.others:
        click.echo(f"  the page names another feed: {other.url} {other.title}".rstrip())
    for note in found.page.notes:
        click.echo(f"  note: {note}")


@command.command()
@click.argument("slug")
def check(slug: str) -> None:
    """Explain step by step what a poll of SLUG would do now; stores nothing. Exit code 1 where it would fail."""
    import asyncio

    from alerts.pipeline import checkup
    from alerts.wiring import make_fetch

    world = opened()

    async def explain() -> None:
        async with make_fetch(world.settings, world.engine) as fetch:
            async for line in checkup.steps(world.engine, fetch, slug, world.now()):
                click.echo(line)

    asyncio.run(explain())


@command.command()
@click.argument("slug")
@click.option("--url", help="Its address.")
@stated.options
@click.option("--afresh", is_flag=True, help="Forget how it looked and where its last poll ended; its items stay.")
def edit(slug: str, *, afresh: bool, **options: Any) -> None:  # noqa: ANN401
    """Change a source; where it then asks something else, it starts afresh. An empty text ends an option."""
    from alerts.pipeline import manage
    from alerts.store import catalogue
    from alerts.store.engine import reading

    world = opened()
    with reading(world.engine) as session:
        old = catalogue.source(session, slug)
    new = stated.changed(old, options)
    if new == old and not afresh:
        raise UsageError("That changes nothing; see: alerts source edit --help")
    manage.edit_source(world.engine, new, world.now(), afresh=afresh)
    click.echo(f"Changed the source {slug}. See what a poll would bring now: alerts source check {slug}")


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
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(slug: str, *, yes: bool) -> None:
    """Remove a source. Its items stay, but for those of the sample source, which go whole."""
    from alerts.pipeline import manage

    world = opened()
    if not yes and sys.stdin.isatty():
        click.confirm(f"Remove the source {slug}?", abort=True)
    manage.remove_source(world.engine, slug)
    click.echo(f"Removed the source {slug}.")


@command.command("import")
@click.argument("what")
@click.option("--dry-run", is_flag=True, help="Only say what would be added.")
def import_(what: str, *, dry_run: bool) -> None:
    """Add the sources of an OPML FILE, of - (standard input), or of a shipped pack (neuroimmunology)."""
    from alerts.ingest import opml
    from alerts.pipeline import manage
    from alerts.store import catalogue
    from alerts.store.engine import reading

    sources = _read_sources(what)
    if not sources:
        raise UsageError(f"There is no source in {what}")
    world = opened()
    with reading(world.engine) as session:
        new = list(opml.distinct(sources, catalogue.sources(session)))
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
    if kept := [source.slug for source in sources if source.kind == "file"]:
        click.echo(f"Left out, for they read files of this machine: {', '.join(kept)}", err=True)
