"""`alerts feed`: print a feed, or build all public ones as files for any web server."""

import sys
from pathlib import Path

import click

from alerts.cli.common import opened
from alerts.errors import UsageError


@click.command("feed")
@click.argument("query", required=False, metavar="TOPIC")
@click.option("--format", "fmt", type=click.Choice(["rss", "atom", "json"]), default="rss", show_default=True)
@click.option(
    "--build",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write all public feeds and the OPML there.",
)
def command(query: str | None, fmt: str, folder: Path | None) -> None:
    """Print the feed of a TOPIC (or of an interest such as "nmosd?phase=3", or of all).

    \b
    Examples:
      alerts feed nmosd > nmosd.rss
      alerts feed "ms?phase=2,3" --format atom
      alerts feed --build /var/www/feeds
    """  # noqa: D301
    from alerts.pipeline import publish

    if (query is None) == (folder is None):
        raise UsageError("Name a TOPIC (or all), or a folder with --build.")
    world = opened()
    if folder is not None:
        written, kept = publish.build(world.engine, world.settings, folder, world.now())
        click.echo(f"{written} files written, {kept} unchanged, in {folder.absolute()}")
        return
    rendered = publish.feed(world.engine, world.settings, query or "", fmt, world.now())
    sys.stdout.buffer.write(rendered.body)
