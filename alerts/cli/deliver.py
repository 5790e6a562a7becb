"""`alerts deliver`: work off the outbox once."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from alerts.cli.common import at_option, moment, opened
from alerts.errors import AlertsError

if TYPE_CHECKING:
    from alerts.pipeline.tally import DeliverReport
    from alerts.wiring import World


@click.command("deliver")
@at_option
def command(at: datetime | None) -> None:
    """Send what waits in the outbox (to the SMTP server, or into the Maildir without one), once."""
    world = opened(works=True)
    report = delivered(world, moment(world, at))
    if report.stopped:
        raise AlertsError(f"Sending stopped: {report.stopped}")


def delivered(world: "World", now: datetime) -> "DeliverReport":
    """Work off the outbox and say what became of it."""
    import asyncio

    from alerts.pipeline.deliver import deliver_due

    report = asyncio.run(deliver_due(world.engine, world.keyring, world.settings, now, eager=True))
    click.echo(
        f"{report.sent} sent, {report.deferred} deferred, {report.bounced} bounced, {report.uncertain} uncertain, "
        f"{report.cancelled} cancelled, {report.expired} expired."
    )
    for (provider, state, reply), count in sorted(report.by_reply.items()):
        if state != "sent":
            click.echo(f"  {provider}: {count} {state} ({reply})")
    if report.slowed:
        click.echo(f"{report.slowed} wait some minutes more: their mail servers asked us to slow down.")
    elif not report.total and not report.stopped:
        click.echo("Nothing was waiting.")
    return report
