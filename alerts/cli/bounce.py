"""`alerts bounce`: read one bounce or complaint from standard input."""

import sys

import click

from alerts.cli.common import opened
from alerts.errors import UsageError


@click.command("bounce")
@click.argument("source", metavar="-")
def command(source: str) -> None:
    """Read one bounce (RFC 3464), complaint (RFC 5965) or unsubscribe mail from standard input.

    \b
    In a mail server's pipe, for instance in /etc/aliases:
      bounces: "|alerts bounce -"
    """  # noqa: D301
    from alerts.pipeline import inbox

    if source != "-":
        raise UsageError("Give the mail on standard input: alerts bounce - < mail.eml")
    world = opened(works=True)
    outcome = inbox.take(world.engine, world.keyring, sys.stdin.buffer.read(), world.now())
    click.echo(str(outcome))
