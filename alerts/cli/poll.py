"""`alerts poll`: what is due, these sources, or all, now."""

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from alerts.cli.common import at_option, json_option, moment, opened, print_json
from alerts.errors import AlertsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.pipeline.outcome import PollOutcome


@click.command("poll")
@click.argument("slugs", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All sources, due or not.")
@at_option
@json_option
def command(slugs: tuple[str, ...], at: datetime | None, *, everything: bool, as_json: bool) -> None:
    """Poll what is due (or these, or all) and release what is news. Exit code 1 when a source failed.

    \b
    Examples:
      alerts poll                  what is due
      alerts poll medrxiv --json   one source, due or not
    """  # noqa: D301
    import asyncio

    from alerts.pipeline import poll, release
    from alerts.wiring import make_fetch

    world = opened(works=True)
    now = moment(world, at)

    async def work() -> "Sequence[PollOutcome]":
        async with make_fetch(world.settings, world.engine) as fetch:
            return await poll.poll_due(world.engine, fetch, now, slugs=slugs, everything=everything)

    outcomes = asyncio.run(work())
    numbers = release.release(world.engine, now)
    if as_json:
        print_json([asdict(outcome) for outcome in outcomes])
    else:
        for outcome in outcomes:
            click.echo(line(outcome))
        asked = sum(outcome.state != "waiting" for outcome in outcomes)
        click.echo(f"{asked} sources asked, {len(numbers)} alerts released.")
    failed = [outcome.slug for outcome in outcomes if outcome.failed]
    if failed:
        raise AlertsError(f"{len(failed)} of {len(outcomes)} sources failed: {', '.join(failed)}")


def line(outcome: "PollOutcome") -> str:
    """Say how the poll of one source went."""
    if outcome.state == "waiting":
        until = f" until {outcome.next_poll_at:%H:%M} UTC" if outcome.next_poll_at else ""
        return f"{outcome.slug}: not asked: its host wants to be left alone{until}"
    if outcome.error:
        return f"{outcome.slug}: {outcome.state}: {outcome.error}"
    said = f"{outcome.slug}: {outcome.new} new, {outcome.changed} changed, {outcome.seen} seen before"
    return "; ".join([said, *outcome.notes])
