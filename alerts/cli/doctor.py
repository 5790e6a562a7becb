"""`alerts doctor`: each part of the installation with a verdict and the way to mend it."""

import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import click

from alerts.cli.common import json_option, print_json
from alerts.errors import AlertsError

if TYPE_CHECKING:
    from alerts.wiring import World

SPARE = 500 * 1024 * 1024  # bytes on disk below which the doctor warns


class Verdict(NamedTuple):
    part: str
    well: bool
    said: str


@click.command("doctor")
@json_option
def command(*, as_json: bool) -> None:
    """Check the installation and say how to mend what is wrong. Exit code 1 when something is."""
    from alerts.settings import load
    from alerts.wiring import open_world

    world = open_world(load())
    verdicts = [_checked(check, world) for check in CHECKS]
    if as_json:
        print_json([verdict._asdict() for verdict in verdicts])
    else:
        for verdict in verdicts:
            click.echo(f"{'well ' if verdict.well else 'WRONG'}  {verdict.part:10} {verdict.said}")
    if not all(verdict.well for verdict in verdicts):
        raise AlertsError("Something needs mending; see the lines marked WRONG.")


def _checked(check: "Callable[[World], Verdict]", world: "World") -> Verdict:
    try:
        return check(world)
    except AlertsError as error:
        return Verdict(check.__name__, well=False, said=str(error))
    except OSError as error:
        return Verdict(check.__name__, well=False, said=f"{error.strerror or error}")


def database(world: "World") -> Verdict:
    from sqlalchemy.exc import SQLAlchemyError

    from alerts.store import schema

    try:
        schema.check(world.engine)
    except SQLAlchemyError as error:
        first = str(getattr(error, "orig", error)).splitlines()[0]
        return Verdict("database", well=False, said=f"cannot be used: {first}; check ALERTS_DATABASE_URL")
    return Verdict("database", well=True, said=f"{world.engine.url.render_as_string()} has this program's schema")


def disk(world: "World") -> Verdict:
    free = shutil.disk_usage(world.settings.data_dir).free
    said = f"{free // 1024**2:,} MB free under {world.settings.data_dir.absolute()}"
    return Verdict("disk", well=free >= SPARE, said=said if free >= SPARE else f"only {said}; make room")


def key(world: "World") -> Verdict:
    from alerts.wiring import key_fits

    if key_fits(world):
        return Verdict("key", well=True, said="is the one this database was made with")
    said = "is not the one this database was made with; restore the old ALERTS_SECRET_KEY or secret.key"
    return Verdict("key", well=False, said=said)


def base_url(world: "World") -> Verdict:
    settings = world.settings
    if settings.public and not settings.base_url.startswith("https://"):
        return Verdict("base URL", well=False, said=f"{settings.base_url} is public but not https; set ALERTS_BASE_URL")
    return Verdict("base URL", well=True, said=settings.base_url)


def mail(world: "World") -> Verdict:
    server = world.settings.smtp
    if server is None:
        return Verdict("mail", well=True, said=f"lands as files in {(world.settings.data_dir / 'mail').absolute()}")
    import asyncio

    from alerts.deliver.smtp import SmtpCarrier

    async def greet() -> None:
        client = await SmtpCarrier(server, hello=urlsplit(world.settings.base_url).hostname or "localhost").open()
        await client.quit()

    asyncio.run(greet())
    return Verdict("mail", well=True, said=f"{server.host}:{server.port} greets us and lets us in")


CHECKS: tuple[Callable[["World"], Verdict], ...] = (database, disk, key, base_url, mail)
