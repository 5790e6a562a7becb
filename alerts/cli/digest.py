"""`alerts digest`: preview, send and trace digests."""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerts.cli.common import Span, at_option, json_option, moment, opened, print_rows
from alerts.cli.deliver import delivered
from alerts.errors import AlertsError, UsageError

if TYPE_CHECKING:
    from alerts.pipeline.compose import ComposeReport
    from alerts.wiring import World

WAITING = frozenset({"queued", "claimed", "sending", "deferred", "uncertain"})


@click.group("digest")
def command() -> None:
    """Preview, send and trace digests.

    \b
    Examples:
      alerts digest preview you@example.org --format text
      alerts digest preview --interest "nmosd?phase=3" --since 30d -o preview.html
      alerts digest send --dry-run
      alerts digest who 10.1000/example
    """  # noqa: D301


@command.command()
@click.argument("email", required=False)
@click.option("--interest", "interests", multiple=True, help="Instead of a person: what it would be about.")
@click.option("--since", type=Span(), help="How far back to look (default: what this person's next digest holds; 7d).")
@click.option("--format", "form", type=click.Choice(["html", "text", "eml"]), default="html", show_default=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file.")
@at_option
def preview(  # noqa: PLR0917  the command's options
    email: str | None,
    interests: tuple[str, ...],
    since: timedelta | None,
    form: str,
    output: Path | None,
    at: datetime | None,
) -> None:
    """Show the digest that a person would get now, or one for interests; sends and changes nothing."""
    from alerts.pipeline import previews

    if (email is None) == (not interests):
        raise UsageError("Name a subscriber's EMAIL, or interests with --interest.")
    world = opened()
    made = previews.digest(
        world.engine,
        world.keyring,
        world.settings,
        moment(world, at),
        address=email,
        interests=interests,
        since=since,
        form=form,
    )
    if made is None:
        click.echo("Nothing new since the last digest: no mail would go. Look further back with: --since 30d", err=True)
        return
    content = made.of(form)
    if output is None:
        sys.stdout.buffer.write(content)
    else:
        output.write_bytes(content)
        click.echo(f"{output.absolute()}: {made.subject}")


@command.command()
@click.option("--all", "everyone", is_flag=True, help="Everyone, due or not.")
@click.option("--to", "only", help="One subscriber, due or not.")
@click.option("--dry-run", is_flag=True, help="Only count.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@at_option
def send(only: str | None, at: datetime | None, *, everyone: bool, dry_run: bool, yes: bool) -> None:
    """Compose for everyone who is due, then deliver."""
    from alerts.pipeline.compose import compose_due

    world = opened(works=not dry_run)
    now = moment(world, at)

    def composed(*, dry: bool) -> "ComposeReport":
        return compose_due(world.engine, world.keyring, world.settings, now, everyone=everyone, only=only, dry_run=dry)

    if dry_run:
        _say(composed(dry=True), "would be prepared")
        if only:
            _say_last(world, only)
        return
    if not yes and sys.stdin.isatty() and world.settings.smtp is not None:
        count = composed(dry=True).prepared
        click.confirm(f"This sends {count} mails through {world.settings.smtp.host}. Go on?", abort=True)
    _say(composed(dry=False), "prepared")
    report = delivered(world, now)
    if only:
        _say_last(world, only)
    if report.stopped:
        raise AlertsError(f"Sending stopped: {report.stopped}")


def _say_last(world: "World", address: str) -> None:
    """Say what became of a person's last digest, and how to see more or send it again."""
    from alerts.pipeline import ledger, people

    sent = ledger.of_person(world.engine, people.find(world.engine, world.keyring, address).id)
    last = next((line for line in sent if line.kind == "digest"), None)
    if last is None:
        click.echo(f"No digest went to this person yet; look at one: alerts digest preview {address} --since 30d")
        return
    said = f"Their digest {last.ordinal}, of {last.at:%Y-%m-%d %H:%M} UTC, is {last.state}"
    if last.state in WAITING:
        click.echo(f"{said}; it is tried again by itself. {last.reply}".rstrip())
    else:
        reply = "" if last.state == "sent" else f" ({last.reply})"
        click.echo(f"{said}{reply}. Send it again with: alerts digest resend {address}")


def _say(report: "ComposeReport", done: str) -> None:
    click.echo(f"{report.candidates} due, {report.prepared} digests {done}, {report.notices} notices.")
    for reason, count in report.excluded.most_common():
        click.echo(f"  {count} without a mail: {reason}")


@command.command()
@click.argument("what", metavar="ITEM|EDITION")
@click.option("--reveal", is_flag=True, help="Show whole addresses.")
@json_option
def who(what: str, *, reveal: bool, as_json: bool) -> None:
    """Tell who was sent an item (number, PMID, DOI, registry number) or an edition (e:NUMBER), with which reply."""
    from alerts.pipeline import ledger

    world = opened()
    found = ledger.who(world.engine, world.keyring, what, reveal=reveal)
    rows = [ledger.as_dict(one) for one in found]
    print_rows(rows, ledger.COLUMNS, as_json=as_json, empty="Nobody was sent this.")


@command.command()
@click.argument("email")
@click.option("--digest", "number", type=click.IntRange(1), help="Which digest (default: the last).")
def resend(email: str, number: int | None) -> None:
    """Send a digest again, with the same Message-ID, so that a second copy is recognised."""
    from alerts.pipeline import ledger

    world = opened(works=True)
    ledger.resend(world.engine, world.keyring, email, number, world.now())
    report = delivered(world, world.now())
    if report.stopped:
        raise AlertsError(f"Sending stopped: {report.stopped}")
