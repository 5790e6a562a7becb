"""Settings -> the real engine, keys and clock: the only place where they are built."""

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from alerts.classify import packs
from alerts.errors import AlertsError, UsageError
from alerts.ingest import spacing
from alerts.ingest.fetch import Fetch
from alerts.pipeline import deliver, departures
from alerts.pipeline.turns import Turns
from alerts.settings import DEFAULT_BASE_URL, Settings, is_loopback
from alerts.store import catalogue, installation, schema
from alerts.store.engine import connect, reading, writing
from subscribers.tokens import Keyring

FIRST_PACK = "neuroimmunology"
ADDRESS = "address"
NCBI = "eutils.ncbi.nlm.nih.gov"
CROSSREF = "api.crossref.org"


@dataclass(frozen=True, slots=True)
class World:
    """What the faces hand to the pipeline: one installation, open for work."""

    settings: Settings
    engine: Engine
    keyring: Keyring

    def now(self) -> datetime:
        """Return this moment (UTC): the one clock that is not an argument."""
        return datetime.now(UTC)  # noqa: TID251


def open_world(settings: Settings) -> World:
    """Build the engine and the keys; touches the data directory, not the database.

    Raises AlertsError for a data directory that cannot be made or written.
    """
    try:
        return _open(settings)
    except OSError as error:
        where = f"The data directory {settings.data_dir} cannot be used: {error.strerror}"
        raise AlertsError(f"{where}; mend it, or name another with ALERTS_DATA_DIR") from error


def _open(settings: Settings) -> World:
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if settings.base_url == DEFAULT_BASE_URL:
        settings = settings.model_copy(update={"base_url": last_address(settings)})
    engine = connect(settings.database)
    departures.keep_log(engine, settings.data_dir / departures.LOG)
    return World(settings, engine, Keyring(_secret(settings, engine)))


def last_address(settings: Settings) -> str:
    """Return where the service last listened on this machine, so that mail made beside it leads there."""
    try:
        told = (settings.data_dir / ADDRESS).read_text(encoding="utf-8").strip()
        return told if is_loopback(urlsplit(told).hostname or "") else DEFAULT_BASE_URL
    except (OSError, ValueError):
        return DEFAULT_BASE_URL


def keep_address(settings: Settings, address: str) -> None:
    """Note where the service listens."""
    (settings.data_dir / ADDRESS).write_text(f"{address}\n", encoding="utf-8")


def make_fetch(settings: Settings, engine: Engine | None = None) -> Fetch:
    """Build the way out to the web: who we are, what each service must be told, and how far apart requests are.

    With an engine all processes on its database keep these distances together.
    """
    key = settings.pubmed_api_key.get_secret_value()
    ncbi = {"tool": "research-alerts", "email": settings.contact, "api_key": key}
    given = {NCBI: ncbi, CROSSREF: {"mailto": settings.contact}}
    credentials = {host: {name: said for name, said in told.items() if said} for host, told in given.items()}
    turn = Turns(engine) if engine else None
    return Fetch(settings.contact, credentials, spacing=spacing((NCBI,) if key else ()), turn=turn)


def ensure_ready(world: World, *, upgrade: bool = False) -> list[str]:
    """Make sure that the database stands and belongs to this key; return what was done, to be told.

    A SQLite database that does not exist is made, with the topics of the first pack. Any other database must have
    the schema of this program, unless `upgrade` says to bring it there. Raises UsageError, also for a key that mail
    cannot be signed with.
    """
    deliver.signer_of(world.settings)
    told = []
    file = schema.database_file(world.engine)
    missing = file is not None and not file.exists()
    if missing or upgrade:
        schema.upgrade(world.engine)
    else:
        schema.check(world.engine)
    if missing:
        told.append(f"Created the database {file}")
    with reading(world.engine) as session:
        started = installation.installation(session) is not None
    if not started:
        told.append(_first_start(world))
    with writing(world.engine) as session:
        installation.start(session, authority="", fingerprint=world.keyring.fingerprint, now=world.now())
    return told


def key_fits(world: World) -> bool:
    """Tell whether the database's addresses were sealed with this key (or nothing was yet)."""
    with reading(world.engine) as session:
        return installation.fingerprint(session) in ("", world.keyring.fingerprint)


def _first_start(world: World) -> str:
    topics = packs.load(packs.shipped(FIRST_PACK), FIRST_PACK)
    with writing(world.engine) as session:
        installation.start(
            session, authority=_authority(world.settings), fingerprint=world.keyring.fingerprint, now=world.now()
        )
        if not catalogue.topics(session, retired=True):
            catalogue.add_topics(session, topics)
    return f"Loaded the topic pack {FIRST_PACK}: {len(topics)} topics"


def _authority(settings: Settings) -> str:
    """Return what tag URIs (RFC 4151) begin with: the public host, or a name that only this installation has."""
    host = urlsplit(settings.base_url).hostname or ""
    return host if settings.public else f"{secrets.token_hex(6)}.invalid"


def _secret(settings: Settings, engine: Engine) -> bytes:
    """Return the configured secret, or the one in the data directory, made at first start (mode 0600)."""
    configured = settings.secret_key.get_secret_value()
    if configured:
        return configured.encode()
    path = settings.data_dir / "secret.key"
    if not path.exists():
        if _has_key(engine):
            raise UsageError(
                f"{path} is missing, and without it nobody's address can be read. Restore it from your backup, "
                "or set ALERTS_SECRET_KEY."
            )
        _make_secret(path)
    return _read_secret(path)


def _has_key(engine: Engine) -> bool:
    """Tell whether the database was made with a key already; a database that is not there yet was not."""
    file = schema.database_file(engine)
    if file is not None and not file.exists():
        return False
    try:
        with reading(engine) as session:
            return bool(installation.fingerprint(session))
    except SQLAlchemyError:
        return False


def _make_secret(path: Path) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process was first
        return
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_urlsafe(48).encode())


def _read_secret(path: Path) -> bytes:
    secret = path.read_bytes().strip()
    if len(secret) < 32:
        raise UsageError(f"{path} is damaged: it must hold at least 32 characters. Restore it from your backup.")
    return secret
