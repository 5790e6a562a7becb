"""`alerts hold`: stop all mail at once; polling and feeds go on."""

import click

from alerts.cli.common import opened


@click.command("hold")
@click.argument("state", type=click.Choice(["on", "off"]))
@click.option("--why", default="", help="Shown by alerts status.")
def command(state: str, why: str) -> None:
    """Stop all mail at once (on), or let it go again (off). What waits stays in the outbox."""
    from alerts.pipeline import deliver

    world = opened()
    deliver.hold(world.engine, on=state == "on", reason=why)
    click.echo("All mail is held; let it go with: alerts hold off" if state == "on" else "Mail goes again.")
