"""`alerts doctor`: each part of the installation with a verdict and the way to mend it."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from alerts.cli.common import json_option, print_json
from alerts.cli.verdict import Verdict
from alerts.errors import AlertsError

if TYPE_CHECKING:
    from alerts.cli.outside import Names
    from alerts.wiring import World

SPARE = 500 * 1024 * 1024  # bytes on disk below which the doctor warns
CLOCKS_APART = timedelta(seconds=5)
WAITS_LONG = timedelta(minutes=15)
BACKUP_OLD = timedelta(days=3)


@click.command("doctor")
@click.option("--dkim-selector", default="", help="Look this DKIM key up: NAME._domainkey of the sender's domain.")
@json_option
def command(dkim_selector: str, *, as_json: bool) -> None:
    """Check the installation and say how to mend what is wrong. Exit code 1 when something is."""
    verdicts = list(_verdicts(dkim_selector))
    if as_json:
        print_json([verdict._asdict() for verdict in verdicts])
    else:
        for verdict in verdicts:
            click.echo(str(verdict))
    if any(verdict.well is False for verdict in verdicts):
        raise AlertsError("Something needs mending; see the lines marked WRONG.")


def _verdicts(selector: str) -> Iterator[Verdict]:
    """Look at the settings, at what they lead to, and then at every part."""
    from alerts.settings import load
    from alerts.wiring import open_world

    try:
        settings = load()
    except AlertsError as error:
        yield from (Verdict("settings", well=False, said=line) for line in str(error).splitlines())
        return
    try:
        world = open_world(settings)
    except AlertsError as error:
        yield Verdict("data", well=False, said=str(error))
        return
    yield from examined(world, selector=selector)


def examined(world: "World", *, selector: str = "", names: "Names | None" = None) -> Iterator[Verdict]:
    """Look at every part; what needs the database only where it can be used."""
    from alerts.cli import outside

    first = database(world)
    yield first
    for check in IN_DATABASE if first.well else ():
        yield _checked(check, world)
    for check in ON_MACHINE:
        yield _checked(check, world)
    yield outside.mail_server(world.settings, world.now())
    yield from outside.sender_checks(world.settings, names or outside.Names(), selector)
    yield outside.web_certificate(world.settings.base_url, world.now())


def _checked(check: "Callable[[World], Verdict]", world: "World") -> Verdict:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return check(world)
    except (AlertsError, SQLAlchemyError) as error:
        return Verdict(check.__name__, well=False, said=str(error).splitlines()[0])
    except OSError as error:
        return Verdict(check.__name__, well=False, said=f"{error.strerror or error}")


def database(world: "World") -> Verdict:
    from sqlalchemy.exc import SQLAlchemyError

    from alerts.store import schema

    file = schema.database_file(world.engine)
    if file is not None and not file.exists():
        return Verdict("database", well=False, said=f"there is none at {file} yet; make it with: alerts db upgrade")
    try:
        schema.check(world.engine)
    except AlertsError as error:
        return Verdict("database", well=False, said=str(error))
    except SQLAlchemyError as error:
        first = str(getattr(error, "orig", error)).splitlines()[0]
        return Verdict("database", well=False, said=f"cannot be used: {first}; check ALERTS_DATABASE_URL")
    return Verdict("database", well=True, said=f"{world.engine.url.render_as_string()} has this program's schema")


def key(world: "World") -> Verdict:
    from alerts.wiring import key_fits

    if key_fits(world):
        return Verdict("key", well=True, said=f"is the one this database was made with ({world.keyring.fingerprint})")
    said = "is not the one this database was made with; restore the old ALERTS_SECRET_KEY or secret.key"
    return Verdict("key", well=False, said=said)


def clock(world: "World") -> Verdict:
    from alerts.store import vitals
    from alerts.store.engine import database_now, reading

    with reading(world.engine) as session:
        theirs, ours, newest = database_now(session), world.now(), vitals.newest_alert(session)
    if abs(theirs - ours) > CLOCKS_APART:
        said = f"is {abs(theirs - ours).total_seconds():.0f} seconds from the database's; let both keep time (NTP)"
        return Verdict("clock", well=False, said=said)
    if newest and newest > ours + CLOCKS_APART:
        said = f"says {ours:%Y-%m-%d %H:%M}, but an alert was made at {newest:%Y-%m-%d %H:%M}; set it right (NTP)"
        return Verdict("clock", well=False, said=said)
    return Verdict("clock", well=True, said="agrees with the database's")


def running(world: "World") -> Verdict:
    from alerts.store import presence
    from alerts.store.engine import reading

    with reading(world.engine) as session:
        found = presence.running(session)
    if not found:
        return Verdict("running", None, "nothing runs; start it with: alerts run")
    missing = {"scheduler", "poll", "deliver"} - {role for process in found for role in process.roles}
    if missing:
        said = f"nobody does {', '.join(sorted(missing))}; start: alerts run --only {','.join(sorted(missing))}"
        return Verdict("running", well=False, said=said)
    return Verdict("running", well=True, said="; ".join(map(str, found)))


def outbox(world: "World") -> Verdict:
    from alerts.store import installation, vitals
    from alerts.store.engine import reading

    with reading(world.engine) as session:
        here, queue = installation.installation(session), vitals.queue(session, world.now())
    if here and here.hold:
        said = f"is on hold: {here.hold_reason or 'no reason was given'}. Let mail go with: alerts hold off"
        return Verdict("outbox", well=False, said=said)
    waits = queue.age(world.now())
    if waits > WAITS_LONG:
        minutes = waits.total_seconds() / 60
        said = f"{queue.due} mails are due, the oldest for {minutes:.0f} minutes; try: alerts deliver"
        return Verdict("outbox", well=False, said=said)
    return Verdict("outbox", well=True, said=f"{queue.due} mails are due, none for long")


def sources(world: "World") -> Verdict:
    from alerts.model import SourceState
    from alerts.pipeline import outcome
    from alerts.store import catalogue
    from alerts.store.engine import reading

    with reading(world.engine) as session:
        asked = [one for one in catalogue.health(session) if one.state is not SourceState.PAUSED]
    if not asked:
        return Verdict("sources", None, "there are none; add some: alerts source import neuroimmunology")
    if lost := [one for one in asked if outcome.OFFLINE in one.last_error]:
        why = lost[0].last_error.removesuffix(outcome.OFFLINE).strip()
        said = f"{len(lost)} of {len(asked)} could not be reached at the last try ({why}); this looks like the network"
        return Verdict("sources", well=False, said=f"{said} here: mend its name servers, then: alerts poll")
    bad = [one for one in asked if one.state in (SourceState.FAILING, SourceState.GONE)]
    if not bad:
        return Verdict("sources", well=True, said=f"{len(asked)} are asked, none fails")
    slug, why = bad[0].source.slug, bad[0].last_error
    more = f" and {len(bad) - 1} more (alerts source list)" if len(bad) > 1 else ""
    said = f"{len(bad)} of {len(asked)} cannot be read: {slug} ({why}){more}; see: alerts source check {slug}"
    return Verdict("sources", well=False if 2 * len(bad) >= len(asked) else None, said=said)


def backups(world: "World") -> Verdict:
    from alerts.pipeline import moving
    from alerts.store import installation
    from alerts.store.engine import reading

    folder = world.settings.data_dir / moving.FOLDER
    made = max((path.stat().st_mtime for path in folder.glob("alerts-*.db")), default=0.0)
    with reading(world.engine) as session:
        here = installation.installation(session)
    since = max(made, here.started_at.timestamp() if here else world.now().timestamp())
    if world.now().timestamp() - since > BACKUP_OLD.total_seconds():
        said = f"the newest in {folder.absolute()} is older than {BACKUP_OLD.days} days; make one: alerts db backup"
        return Verdict("backups", well=False, said=said)
    if not made:
        return Verdict("backups", well=True, said="none yet; the first is made in the night (or now: alerts db backup)")
    return Verdict("backups", well=True, said=f"stand in {folder.absolute()}; copy them to another machine")


def disk(world: "World") -> Verdict:
    folder = world.settings.data_dir
    free = shutil.disk_usage(folder).free
    if not os.access(folder, os.W_OK):
        return Verdict("disk", well=False, said=f"{folder.absolute()} cannot be written to; give it to this user")
    said = f"{free // 1024**2:,} MB free under {folder.absolute()}"
    return Verdict("disk", well=free >= SPARE, said=said if free >= SPARE else f"only {said}; make room")


def base_url(world: "World") -> Verdict:
    settings = world.settings
    if settings.public and not settings.base_url.startswith("https://"):
        return Verdict("base URL", well=False, said=f"{settings.base_url} is public but not https; set ALERTS_BASE_URL")
    if settings.smtp is not None and not settings.smtp.loopback and not settings.public:
        said = f"{settings.base_url} leads readers of your mail to their own machine; set ALERTS_BASE_URL"
        return Verdict("base URL", well=False, said=said)
    return Verdict("base URL", well=True, said=settings.base_url)


IN_DATABASE: tuple[Callable[["World"], Verdict], ...] = (key, clock, running, outbox, sources, backups)
ON_MACHINE: tuple[Callable[["World"], Verdict], ...] = (disk, base_url)
