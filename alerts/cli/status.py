"""`alerts status`: one screen: sources, queue, next digests, troubles."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from alerts.cli.common import json_option, opened, print_json

if TYPE_CHECKING:
    from alerts.wiring import World


@click.command("status")
@json_option
def command(*, as_json: bool) -> None:
    """Show how the installation does."""
    world = opened()
    found = gathered(world)
    if as_json:
        print_json(found)
        return
    sources = ", ".join(f"{count} {state}" for state, count in found["sources"].items()) or "none"
    mail = ", ".join(f"{count} {state}" for state, count in found["mail"].items()) or "nothing"
    people = ", ".join(f"{count} {status}" for status, count in found["subscribers"].items()) or "none"
    click.echo(f"Sources      {sources}")
    click.echo(f"Items        {found['items']}, alerts {found['alerts']}")
    click.echo(f"Subscribers  {people}")
    click.echo(f"Outbox       {mail}")
    for trouble in found["troubles"]:
        click.echo(f"! {trouble}")
    if not found["troubles"]:
        click.echo("No troubles.")


def gathered(world: "World") -> dict[str, Any]:
    """Count what stands in the database and name what needs a person."""
    from alerts.model import SourceState
    from alerts.store import catalogue, installation, items, lanes, numberline, outbox
    from alerts.store.engine import reading
    from subscribers import store as people

    with reading(world.engine) as session:
        sources = catalogue.health(session)
        here = installation.installation(session)
        closed = lanes.server_closed_until(session)
        found: dict[str, Any] = {
            "sources": dict(Counter(health.state.value for health in sources)),
            "items": items.count(session),
            "alerts": numberline.count(session),
            "subscribers": dict(people.counts(session)),
            "mail": dict(outbox.counts(session)),
        }
    troubles = [
        f"{health.source.slug}: {health.last_error} (see: alerts source check {health.source.slug})"
        for health in sources
        if health.state in (SourceState.FAILING, SourceState.GONE)
    ]
    if here and here.hold:
        troubles.append(f"All mail is on hold: {here.hold_reason or 'alerts hold off lets it go'}")
    if closed:
        troubles.append(f"The mail server told us to wait until {closed:%Y-%m-%d %H:%M} UTC")
    return found | {"troubles": troubles}
