"""`alerts status`: one screen: sources, queue, next digests, troubles."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from alerts.cli.common import cell, json_option, opened, print_json

if TYPE_CHECKING:
    from sqlmodel import Session

    from alerts.store.catalogue import SourceHealth
    from alerts.wiring import World

WAITS_LONG = timedelta(minutes=15)
MOST_REPORTS = 1_000


@click.command("status")
@json_option
def command(*, as_json: bool) -> None:
    """Show how the installation does."""
    world = opened()
    found = gathered(world)
    if as_json:
        print_json(found)
        return
    for part, said in _lines(found):
        click.echo(f"{part:<12} {said}")
    for trouble in found["troubles"]:
        click.echo(f"! {trouble}")
    if not found["troubles"]:
        click.echo("No troubles.")


def _lines(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Running", "; ".join(found["processes"]) or "nothing: alerts run"
    yield "Sources", f"{_counted(found['sources'], 'none')}; last poll {cell(found['last_poll'])}"
    yield "Items", f"{found['items']}, alerts {found['alerts']}"
    if found["labelling"]:
        done, total = found["labelling"]
        yield "Labelling", f"{done:,} of {total:,} items by today's topics and rules"
    yield "Subscribers", _counted(found["subscribers"], "none")
    yield "Digests", f"next {cell(found['next_digest'])}, {found['digests_within_a_day']} within a day"
    queue = f"{found['due']} due now" + (f", waiting since {cell(found['waiting_since'])}" if found["due"] else "")
    yield "Outbox", f"{_counted(found['mail'], 'nothing')}; {queue}"


def _counted(counts: dict[str, int], nothing: str) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count) or nothing


def gathered(world: "World") -> dict[str, Any]:
    """Count what stands in the database and name what needs a person."""
    from alerts.store import catalogue, items, numberline, outbox, presence, relabelling, vitals
    from alerts.store.engine import reading
    from subscribers import store as people

    now = world.now()
    with reading(world.engine) as session:
        sources = catalogue.health(session)
        queue, digests = vitals.queue(session, now), vitals.digests(session, now)
        return {
            "processes": [str(process) for process in presence.running(session)],
            "sources": dict(Counter(health.state.value for health in sources)),
            "last_poll": vitals.last_poll(session),
            "items": items.count(session),
            "labelling": relabelling.progress(session),
            "alerts": numberline.count(session),
            "subscribers": dict(people.counts(session)),
            "next_digest": digests.next_at,
            "digests_within_a_day": digests.soon,
            "mail": dict(outbox.counts(session)),
            "due": queue.due,
            "waiting_since": queue.oldest,
            "troubles": list(_troubles(session, sources, queue.age(now))),
        }


def _troubles(session: "Session", sources: "list[SourceHealth]", waits: timedelta) -> Iterator[str]:
    from alerts.model import SourceState
    from alerts.pipeline import outcome
    from alerts.store import installation, lanes, outbox, reports

    for health in sources:
        if health.state in (SourceState.FAILING, SourceState.GONE):
            yield f"{health.source.slug}: {health.last_error} (see: alerts source check {health.source.slug})"
    asked = [health for health in sources if health.state is not SourceState.PAUSED]
    if lost := sum(outcome.OFFLINE in health.last_error for health in asked):
        yield (
            f"{lost} of {len(asked)} sources could not be reached at the last try; "
            "this looks like the network here (see: alerts doctor)"
        )
    here = installation.installation(session)
    if here and here.hold:
        yield f"All mail is on hold: {here.hold_reason or 'alerts hold off lets it go'}"
    elif waits > WAITS_LONG:
        yield f"Mail has been waiting for {waits.total_seconds() / 60:.0f} minutes (see: alerts doctor)"
    closed = lanes.server_closed_until(session)
    if closed:
        yield f"Mail waits until {cell(closed)} UTC: the mail server could not be reached or told us to wait"
    if given_up := outbox.counts(session)["unresolved"]:
        yield f"{given_up} mails may or may not have arrived; five times no answer came"
    if wrong := len(reports.open_items(session, MOST_REPORTS)):
        yield f"Readers say that labels of {wrong} items are wrong (see: alerts item list --reported)"
