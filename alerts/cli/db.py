"""`alerts db`: the database of this installation."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerts.cli.common import opened, progress
from alerts.errors import UsageError

if TYPE_CHECKING:
    from alerts.pipeline.restoring import Restored


@click.group("db")
def command() -> None:
    """Create, upgrade, check, back up, restore and move the database.

    \b
    Examples:
      alerts db upgrade
      alerts db backup
      alerts db copy sqlite:///var/alerts.db postgresql://alerts@localhost/alerts
    """  # noqa: D301


@command.command()
def upgrade() -> None:
    """Create the tables, or bring them to this program's schema."""
    opened(upgrade=True)
    click.echo("The database is at this program's schema.")


@command.command()
def check() -> None:
    """Say whether the database has this program's schema and belongs to this key."""
    world = opened()
    click.echo(f"{world.engine.url.render_as_string()} is as this program needs it.")


@command.command()
@click.option(
    "--to", "folder", type=click.Path(file_okay=False, path_type=Path), help="Default: backups in the data directory."
)
def backup(folder: Path | None) -> None:
    """Write a backup while everything runs; the newest seven are kept. It does not hold the secret key."""
    from alerts.pipeline import moving

    world = opened()
    with progress("Backing up") as told:
        made = moving.backup(world.engine, folder or world.settings.data_dir / moving.FOLDER, world.now(), told)
    click.echo(f"{made.path.absolute()}: {sum(made.rows.values())} rows.")
    click.echo(f"It can be read only with the key {world.keyring.fingerprint}: keep that key apart from it.")


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Take the place of the installation that is there; it is saved first.")
def restore(file: Path, *, replace: bool) -> None:
    """Put a backup FILE in the place of this database; mail is then on hold until: alerts hold off.

    Refused while processes run. Who left, bounced or was erased since the backup stays gone.
    """
    from alerts.pipeline.restoring import restore as put_back
    from alerts.settings import load
    from alerts.store import schema
    from alerts.wiring import open_world

    if not file.is_file():
        raise UsageError(f"There is no backup {file}")
    world = open_world(load())
    schema.upgrade(world.engine)
    with progress("Restoring") as told:
        done = put_back(
            file,
            world.engine,
            data_dir=world.settings.data_dir,
            fingerprint=world.keyring.fingerprint,
            now=world.now(),
            replace=replace,
            progress=told,
        )
    opened()
    click.echo(f"Restored {sum(done.rows.values())} rows from {file}.")
    if done.replaced:
        click.echo(f"What was here before is kept in {done.replaced.absolute()}")
    _tell(done)


def _tell(done: "Restored") -> None:
    repeats = done.repeats
    click.echo(f"People who left since and stay gone: {done.stayed_gone}")
    click.echo(f"Waiting mails: {repeats.waiting}, of which people got already: {repeats.waiting_sent}")
    click.echo(f"Digests due now: {repeats.due}; people whose last digests would come again: {repeats.digests_again}")
    click.echo("Mail is on hold. See what would go out: alerts digest send --dry-run. Let it go: alerts hold off")


@command.command()
@click.argument("source")
@click.argument("target")
def copy(source: str, target: str) -> None:
    """Move a whole installation FROM one database address TO another, empty one; counted and compared."""
    from alerts.pipeline import moving
    from alerts.settings import load
    from alerts.store.engine import connect

    there, here = (connect(load(database_url=url).database) for url in (source, target))
    with progress("Copying") as told:
        rows = moving.move(there, here, told)
    for table, count in rows.items():
        if count:
            click.echo(f"{count:>9}  {table}")
    click.echo("Every table was counted and compared. Set ALERTS_DATABASE_URL to the new address.")
