"""`alerts run`: everything, or some of its roles."""

from datetime import datetime

import click

from alerts.cli.common import at_option, moment, opened
from alerts.errors import UsageError

ROLES = ("scheduler", "poll", "deliver", "web")


@click.command("run")
@click.option("--once", is_flag=True, help="Poll what is due, release, compose, deliver, publish, and end.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where the pages are served.")
@click.option("--port", type=click.IntRange(1, 65535), help="Default: 8000, or the next free one.")
@click.option("--only", help="Some roles only: scheduler,poll,deliver,web.")
@click.option(
    "--sample", is_flag=True, help="Add the invented examples, so that there is something to see without a network."
)
@at_option
def command(host: str, port: int | None, only: str | None, at: datetime | None, *, once: bool, sample: bool) -> None:
    """Run the service: poll sources, release and deliver what is news, serve pages and feeds.

    \b
    Examples:
      alerts run
      alerts run --once
      alerts run --only scheduler,poll,deliver     on one machine, and
      alerts run --only web --host 0.0.0.0         on another
    """  # noqa: D301
    from alerts.cli.service import run_forever, run_once

    roles = _roles(only)
    world = opened(upgrade=True, works=once)
    if once:
        run_once(world, moment(world, at))
    elif at is not None:
        raise UsageError("--at goes with --once: a running service lives in the present.")
    else:
        run_forever(world, host=host, port=port, roles=roles, sample=sample)


def _roles(only: str | None) -> frozenset[str]:
    wanted = frozenset(only.replace(" ", "").split(",")) if only else frozenset(ROLES)
    if unknown := sorted(wanted - set(ROLES)):
        raise UsageError(f"--only does not know {unknown[0]!r}; the roles are {', '.join(ROLES)}")
    return wanted
