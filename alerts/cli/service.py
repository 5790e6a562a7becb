"""The running service: the web server and the metronome in one event loop, until SIGTERM."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerts.cli.common import counted
from alerts.cli.deliver import delivered
from alerts.cli.poll import failed, held_back, line
from alerts.errors import AlertsError, UsageError
from alerts.ingest import packs
from alerts.ingest.pool import Pool
from alerts.logs import configure
from alerts.model import Source
from alerts.pipeline import care, compose, manage, poll, release
from alerts.pipeline.outcome import PollOutcome
from alerts.pipeline.presence import present
from alerts.scheduler import Metronome, beats
from alerts.settings import DEFAULT_BASE_URL, is_loopback
from alerts.store import catalogue
from alerts.store.engine import reading
from alerts.wiring import FIRST_PACK, World, keep_address, last_address, make_fetch

if TYPE_CHECKING:
    from alerts.web.server import Server

FIRST_PORT = 8000
SAMPLE = "sample"
SAMPLE_PATH = "/sample/feed.rss"


def run_once(world: World, now: datetime) -> None:
    """Poll what is due, release, compose, deliver, publish; raise AlertsError at the end if something failed."""
    _first_sources(world)

    async def read() -> list[PollOutcome]:
        async with make_fetch(world.settings, world.engine) as fetch:
            outcomes = await poll.poll_due(world.engine, fetch, now)
            await care.complete_due(world.engine, fetch, now, budget=world.settings.completions_a_day)
            return outcomes

    outcomes = asyncio.run(read())
    for outcome in outcomes:
        click.echo(line(outcome))
    numbers = release.release(world.engine, now)
    report = compose.compose_due(world.engine, world.keyring, world.settings, now)
    asked, prepared = sum(outcome.asked for outcome in outcomes), counted(report.prepared, "mail")
    click.echo(f"{counted(asked, 'source')} asked, {counted(len(numbers), 'alert')} released, {prepared} prepared.")
    for said in held_back(world, numbers, now):
        click.echo(said)
    sent = delivered(world, now)
    troubles = [failed(outcomes), f"sending stopped: {sent.stopped}" if sent.stopped else ""]
    if any(troubles):
        raise AlertsError("; ".join(filter(None, troubles)))


def run_forever(world: World, *, host: str, port: int | None, roles: frozenset[str], sample: bool) -> None:
    """Serve and work until SIGTERM or Ctrl-C; what is in flight is finished."""
    configure(world.settings.log)
    opened = _listen(host, port) if "web" in roles else None
    if opened is not None:
        world = _at_home(world, host, opened.getsockname()[1])
    _first_sources(world)
    if sample and opened is not None:
        _sample(world, opened)
    _tell(world, opened)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(world, opened, host, roles))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


async def _serve(world: World, opened: socket.socket | None, host: str, roles: frozenset[str]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(present(world.engine, roles))
        fetch = await stack.enter_async_context(make_fetch(world.settings, world.engine))
        server = _server(world, host) if opened is not None else None
        serving = asyncio.create_task(server.serve(sockets=[opened])) if server and opened else None
        pool = await stack.enter_async_context(Pool())
        metronome = Metronome(beats(world, fetch, roles, stop, pool=pool))
        metronome.start()
        await stop.wait()
        click.echo("Stopping: finishing what is in flight ...", err=True)
        await metronome.stop()
        if server is not None and serving is not None:
            server.should_exit = True
            await serving


def _server(world: World, host: str) -> "Server":
    from alerts.web.app import create_app
    from alerts.web.server import server

    return server(create_app(world, local=is_loopback(host)))


def _listen(host: str, port: int | None) -> socket.socket:
    """Bind before anything else is told; the default port gives way to the next free one, a named port does not."""
    for candidate in [port] if port else range(FIRST_PORT, FIRST_PORT + 50):
        try:
            return socket.create_server((host, candidate), family=_family(host), backlog=512)
        except OSError as error:
            last = error
    raise UsageError(
        f"Cannot listen on {host} port {port or FIRST_PORT}: {last.strerror}; choose another --port"
    ) from last


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _at_home(world: World, host: str, port: int) -> World:
    """Let links lead to where we really listen, unless the operator said where we are; other commands follow."""
    if world.settings.base_url not in (DEFAULT_BASE_URL, last_address(world.settings)) or not is_loopback(host):
        return world
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    keep_address(world.settings, address)
    return replace(world, settings=world.settings.model_copy(update={"base_url": address}))


def _first_sources(world: World) -> None:
    """Load the default sources into an installation that has none."""
    with reading(world.engine) as session:
        if catalogue.sources(session):
            return
    sources = packs.load(packs.shipped(FIRST_PACK), FIRST_PACK)
    manage.add_sources(world.engine, sources, world.now())
    click.echo(f"Loaded {len(sources)} default sources; see them with: alerts source list")


def _sample(world: World, opened: socket.socket) -> None:
    """Add the invented examples at the address where this service serves them, or lead the source there."""
    source = Source(
        slug=SAMPLE,
        url=f"http://127.0.0.1:{opened.getsockname()[1]}{SAMPLE_PATH}",
        title="Invented examples",
        allow_private=True,
        sample=True,
        max_age=None,
        why="shows the whole product without a network; remove it with: alerts source remove sample",
    )
    with reading(world.engine) as session:
        known = {known.slug: known for known in catalogue.sources(session)}
    if SAMPLE not in known:
        manage.add_sources(world.engine, [source], world.now())
    elif known[SAMPLE].url != source.url:
        manage.edit_source(world.engine, source, world.now())


def _tell(world: World, opened: socket.socket | None) -> None:
    settings = world.settings
    if opened is not None:
        click.echo(f"Pages and feeds   {settings.base_url}")
        if settings.smtp is None:
            folder = (settings.data_dir / "mail").absolute()
            view = "" if settings.public else f"; read it at {settings.base_url}/mail"
            click.echo(f"Mail              lands as files in {folder}{view}")
    tool = Path(sys.executable).parent / "alerts"
    if tool.is_file():
        click.echo(f'The command       export PATH="{tool.parent}:$PATH"    then: alerts --help')
    click.echo("Stop with Ctrl-C.")
