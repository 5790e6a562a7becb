"""`alerts poll`: what is due, these sources, or all, now."""

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from alerts.cli.common import at_option, counted, json_option, moment, opened, print_json
from alerts.errors import AlertsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alerts.pipeline.outcome import PollOutcome
    from alerts.wiring import World


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
    if slugs or everything:
        outcomes = [*outcomes, *_left_out(world, slugs, {outcome.slug for outcome in outcomes})]
    numbers = release.release(world.engine, now)
    if as_json:
        print_json([asdict(outcome) for outcome in outcomes])
    else:
        for said in (*map(line, outcomes), _summary(outcomes, numbers), *held_back(world, numbers, now)):
            click.echo(said)
    if failures := failed(outcomes):
        raise AlertsError(failures)


def _left_out(world: "World", slugs: "Sequence[str]", asked: set[str]) -> "Iterator[PollOutcome]":
    """Yield the sources that were to be asked and were not, with the reason."""
    from alerts.model import SourceState
    from alerts.pipeline.outcome import PollOutcome
    from alerts.store import catalogue
    from alerts.store.engine import reading

    with reading(world.engine) as session:
        rest = [health for health in catalogue.health(session, slugs) if health.source.slug not in asked]
    for health in rest:
        slug = health.source.slug
        why = {
            SourceState.PAUSED: f"it is paused (alerts source resume {slug})",
            SourceState.GONE: f"it was withdrawn (to try it again: alerts source resume {slug})",
        }.get(health.state, "another process polls it at this moment")
        yield PollOutcome(slug=slug, state="waiting", error=why)


def _summary(outcomes: "Sequence[PollOutcome]", numbers: range) -> str:
    if not outcomes:
        return f"No source is due; to ask all now: alerts poll --all. {counted(len(numbers), 'alert')} released."
    asked = sum(outcome.asked for outcome in outcomes)
    rest = f", {len(outcomes) - asked} not asked" if asked < len(outcomes) else ""
    return f"{counted(asked, 'source')} asked{rest}, {counted(len(numbers), 'alert')} released."


def held_back(world: "World", numbers: range, now: datetime) -> "Iterator[str]":
    """Yield a line that says why alerts go into no mail, or not yet, if there are such."""
    from alerts.pipeline.decide import UNDATED
    from alerts.store import intents
    from alerts.store.engine import reading

    with reading(world.engine) as session:
        found = intents.held_back(session, numbers, now)
    reasons = {
        "older than the --max-age of their source": found.old,
        f"undated beyond the first {UNDATED} of a first poll": found.undated,
        "a trial's status that is not mailed": found.status,
    }
    quiet = [f"{count} {why}" for why, count in reasons.items() if count]
    said = [f"in feeds and pages but not mailed: {', '.join(quiet)}"] if quiet else []
    if found.waiting:
        said.append(f"{counted(found.waiting, 'new item')} may wait up to 24 hours for a fuller text")
    if said:
        yield f"Held back: {'; '.join(said)}."


def failed(outcomes: "Sequence[PollOutcome]") -> str:
    """Say which sources failed, of those that were asked; nothing where none did."""
    slugs = [outcome.slug for outcome in outcomes if outcome.failed]
    asked = sum(outcome.asked for outcome in outcomes)
    return f"{len(slugs)} of {counted(asked, 'source')} failed: {', '.join(slugs)}" if slugs else ""


def line(outcome: "PollOutcome") -> str:
    """Say how the poll of one source went."""
    if not outcome.asked:
        until = f" until {outcome.next_poll_at:%H:%M} UTC" if outcome.next_poll_at else ""
        return f"{outcome.slug}: not asked: {outcome.error or f'its host wants to be left alone{until}'}"
    if outcome.error:
        return f"{outcome.slug}: {outcome.state}: {outcome.error}"
    said = f"{outcome.slug}: {outcome.new} new, {outcome.changed} changed, {outcome.seen} seen before"
    return "; ".join([said, *outcome.notes])
