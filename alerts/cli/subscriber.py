"""`alerts subscriber`: who gets mail; addresses are masked unless asked for."""

import csv
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from alerts.cli.common import Moment, json_option, opened, print_json, print_rows, progress
from alerts.errors import AlertsError, UsageError

if TYPE_CHECKING:
    from subscribers.cadence import Cadence
    from subscribers.interest import Interest
    from subscribers.people import Person, Wishes

COLUMNS = ("id", "email", "status", "cadence", "interests", "next_digest_at")
CSV_COLUMNS = (
    "email", "interests", "cadence", "hour", "weekday", "zone", "format", "quiet", "refused", "paused", "consent",
)  # fmt: skip
RHYTHMS = ("daily", "weekly", "monthly", "immediate")


@click.group("subscriber")
def command() -> None:
    """Who gets mail, what about, and when.

    \b
    Examples:
      alerts subscriber add you@example.org --topics ms,nmosd --cadence weekly --zone Europe/Lisbon --consent "by phone"
      alerts subscriber add you@example.org --interest "nmosd?phase=3&results=only" --cadence daily --invite
      alerts subscriber import people.csv --consent "paper form 2026" --dry-run
      alerts subscriber show you@example.org
    """  # noqa: D301


def wishes_options(function: Any) -> Any:  # noqa: ANN401  click's decorators
    for option in reversed(
        (
            click.option("--topics", help="Topics, separated by commas."),
            click.option("--interest", "interests", multiple=True, help='A topic with filters: "nmosd?phase=3".'),
            click.option("--cadence", type=click.Choice(RHYTHMS), help="How often."),
            click.option("--hour", type=click.IntRange(0, 23), help="The local hour (7)."),
            click.option("--weekday", help="For weekly and monthly mail: mon to sun (mon)."),
            click.option("--zone", help="An IANA time zone, such as Europe/Lisbon (UTC)."),
            click.option("--format", "form", type=click.Choice(["html", "text"]), help="html (default) or text."),
        )
    ):
        function = option(function)
    return function


def row(person: "Person", *, reveal: bool) -> dict[str, Any]:
    """Return a person as `--json` shows them."""
    from subscribers.address import mask_address

    return {
        "id": person.id,
        "email": person.address if reveal else mask_address(person.address),
        "status": person.status.value,
        "cadence": person.wishes.cadence.rhythm,
        "interests": [str(interest) for interest in person.wishes.interests],
        "next_digest_at": person.next_digest_at,
    }


def everyone(world: Any) -> "Iterator[Person]":  # noqa: ANN401
    from alerts.pipeline import people

    after = 0
    while batch := people.listed(world.engine, world.keyring, after=after):
        yield from batch
        after = batch[-1].id


@command.command("list")
@click.option("--reveal", is_flag=True, help="Show whole addresses.")
@json_option
def list_(*, reveal: bool, as_json: bool) -> None:
    """List subscribers."""
    world = opened()
    rows = [row(person, reveal=reveal) for person in everyone(world)]
    print_rows(rows, COLUMNS, as_json=as_json, empty="No subscribers yet; see: alerts subscriber add --help")


@command.command()
@click.argument("email")
@click.option("--reveal", is_flag=True, help="Show the whole address.")
@json_option
def show(email: str, *, reveal: bool, as_json: bool) -> None:
    """Show one subscriber: what they asked for, and what they were sent, when, with which server reply."""
    from alerts.pipeline import ledger, people
    from subscribers.cadence import WEEKDAYS

    world = opened()
    person = people.find(world.engine, world.keyring, email)
    mails = [ledger.as_dict(one) for one in ledger.of_person(world.engine, person.id)]
    cadence = person.wishes.cadence
    shown = row(person, reveal=reveal) | {
        "hour": cadence.hour,
        "weekday": WEEKDAYS[cadence.weekday],
        "zone": cadence.zone,
        "format": person.wishes.format,
        "consent": person.consent,
        "confirmed_at": person.confirmed_at,
        "paused_until": person.paused_until,
        "digests": person.digest_no,
        "deliveries": mails,
    }
    if as_json:
        print_json(shown)
        return
    for name, value in shown.items():
        if name != "deliveries":
            said = ", ".join(value) if isinstance(value, list) else value
            click.echo(f"{name.replace('_', ' '):15}  {'-' if said in (None, '') else said}")
    click.echo()
    print_rows(mails, ledger.COLUMNS, as_json=False, empty="Nothing was sent yet.")


@command.command()
@click.argument("email")
@wishes_options
@click.option("--consent", default="", help="How this person agreed, in your words; it is kept.")
@click.option("--invite", is_flag=True, help="Ask them by mail; nothing else is sent before they confirm.")
def add(email: str, consent: str, *, invite: bool, **options: Any) -> None:  # noqa: ANN401
    """Add a person: with the words of their consent, or with a question sent to them."""
    from alerts.pipeline import people

    if not options["cadence"]:
        raise UsageError(f"Say how often: --cadence {'|'.join(RHYTHMS)}")
    world = opened()
    wishes = _wishes(options, None)
    person = people.add(
        world.engine, world.keyring, world.settings, email, wishes, world.now(), consent=consent, invite=invite
    )
    if invite:
        click.echo(f"Asked subscriber {person.id} to confirm; the question waits in the outbox.")
    else:
        click.echo(f"Added subscriber {person.id}; the first digest is due now: alerts digest send --to {email}")


@command.command()
@click.argument("email")
@wishes_options
def edit(email: str, **options: Any) -> None:  # noqa: ANN401
    """Change what a person gets; only what is given changes (--topics and --interest replace all interests)."""
    from alerts.pipeline import people

    world = opened()
    person = people.find(world.engine, world.keyring, email)
    people.edit(world.engine, world.keyring, person.id, _wishes(options, person.wishes), world.now())
    click.echo(f"Changed subscriber {person.id}.")


def _wishes(options: Mapping[str, Any], old: "Wishes | None") -> "Wishes":
    from subscribers.people import Wishes

    interests = _interests(options) or (old.interests if old else ())
    if not interests:
        raise UsageError("Say what about: --topics ms,nmosd or --interest TOPIC?FILTERS")
    cadence = _cadence(options, old.cadence if old else None)
    if old is None:
        return Wishes(interests=interests, cadence=cadence, format=options["form"] or "html")
    return replace(old, interests=interests, cadence=cadence, format=options["form"] or old.format)


def _interests(options: Mapping[str, Any]) -> "tuple[Interest, ...]":
    from subscribers.interest import parse

    slugs = [slug.strip() for slug in (options["topics"] or "").split(",")]
    return tuple(parse(text) for text in [*filter(None, slugs), *options["interests"]])


def _cadence(options: Mapping[str, Any], old: "Cadence | None") -> "Cadence":
    from subscribers.cadence import Cadence, parse_weekday

    given = {
        "rhythm": options["cadence"],
        "hour": options["hour"],
        "weekday": parse_weekday(options["weekday"]) if options["weekday"] else None,
        "zone": options["zone"],
    }
    return replace(old or Cadence(), **{name: value for name, value in given.items() if value is not None})


@command.command()
@click.argument("email")
@click.option("--until", type=Moment(), help="When mail begins again; without it: until alerts subscriber allow.")
def pause(email: str, until: datetime | None) -> None:
    """Send nothing to a person until a date; retractions of what they were sent follow then."""
    from alerts.pipeline import people

    world = opened()
    person = people.pause(world.engine, world.keyring, email, world.now(), until=until)
    click.echo(f"Paused subscriber {person.id}" + (f" until {until:%Y-%m-%d}." if until else "."))


@command.command()
@click.argument("email")
def allow(email: str) -> None:
    """End a pause, or a suppression after bounces or a complaint; who unsubscribed comes back only by an own word."""
    from alerts.pipeline import people

    world = opened()
    people.allow(world.engine, world.keyring, email, world.now())
    click.echo("Mail to this address is allowed again.")


@command.command()
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(email: str, *, yes: bool) -> None:
    """Erase a person whole; only a keyed hash of the address stays, so that no import revives them."""
    from alerts.pipeline import people

    world = opened()
    person = people.find(world.engine, world.keyring, email)
    if not yes and sys.stdin.isatty():
        click.confirm(f"Erase subscriber {person.id} and all that is known of them?", abort=True)
    people.erase_address(world.engine, world.keyring, email, world.now())
    click.echo(f"Erased subscriber {person.id}.")


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--consent", required=True, help="How these people agreed, in your words; it is kept with each.")
@click.option("--dry-run", is_flag=True, help="Only check the file.")
def import_(file: Path, consent: str, *, dry_run: bool) -> None:
    """Add the people of a CSV FILE: email,interests,cadence,hour,weekday,zone (interests separated by spaces).

    Further columns, as `export` writes them: format, quiet (22-7), refused (notices), paused (until when, or yes), and
    consent, which goes before --consent.
    """
    from alerts.pipeline import people

    world = opened()
    with file.open(encoding="utf-8-sig", newline="") as lines, progress("Importing") as told:
        rows = csv.DictReader(lines)
        missing = [name for name in ("email", "interests") if name not in (rows.fieldnames or ())]
        if missing:
            raise UsageError(f"{file} has no column {missing[0]!r}; the first line must be {','.join(CSV_COLUMNS)}")
        done = people.read_csv(
            world.engine, world.keyring, world.settings, rows, consent, world.now(), dry_run=dry_run, progress=told
        )
    for line, why in done.refused:
        click.echo(f"{file}:{line}: {why}", err=True)
    click.echo(
        f"{done.added} {'would be added' if dry_run else 'added'}, {done.unchanged} known already, "
        f"{len(done.refused)} refused."
    )
    if done.refused:
        others = "nothing was written" if dry_run else "all others are done"
        raise AlertsError(f"The lines named above {'would be' if dry_run else 'were'} left out; {others}.")


@command.command()
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file (made with mode 0600).")
def export(output: Path | None) -> None:
    """Write all who confirmed and may be mailed as CSV with whole addresses; `import` reads it back."""
    from alerts.pipeline import people

    world, left_out = opened(), 0
    with _private(output) as file:
        rows = csv.DictWriter(file, CSV_COLUMNS, lineterminator="\n")
        rows.writeheader()
        for person in everyone(world):
            if person.status.gets_mail:
                rows.writerow(people.csv_row(person))
            else:
                left_out += 1
    if left_out:
        click.echo(f"{left_out} left out, who did not confirm or must not be mailed.", err=True)


@contextmanager
def _private(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        output.chmod(0o600)
        yield file
