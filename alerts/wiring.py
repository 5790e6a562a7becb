"""Settings -> the real engine, keys and clock: the only place where they are built."""

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from alerts.errors import UsageError
from alerts.settings import Settings
from alerts.store.engine import connect
from subscribers.tokens import Keyring


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
    """Build the engine and the keys; touches the data directory, not the database."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return World(settings, connect(settings.database), Keyring(_secret(settings)))


def _secret(settings: Settings) -> bytes:
    """Return the configured secret, or the one in the data directory, made at first start (mode 0600)."""
    configured = settings.secret_key.get_secret_value()
    if configured:
        return configured.encode()
    path = settings.data_dir / "secret.key"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_urlsafe(48).encode())
    except FileExistsError:
        pass
    return _read_secret(path)


def _read_secret(path: Path) -> bytes:
    secret = path.read_bytes().strip()
    if len(secret) < 32:
        raise UsageError(f"{path} is damaged: it must hold at least 32 characters. Restore it from your backup.")
    return secret
