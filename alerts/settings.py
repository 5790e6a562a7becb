"""The settings of one installation: read once from the environment and `.env`, every wrong value told at once."""

import os
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import parse_qs, quote, unquote, urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from alerts.errors import UsageError
from subscribers.address import parse_address
from subscribers.errors import AddressError

DEFAULT_BASE_URL = "http://127.0.0.1:8000"
SECRETS = Path("/run/secrets")
PLAINLY = {"int_parsing": "must be a whole number", "bool_parsing": "must be true or false"}
OTHER_NAMES = ("ALERTS_DEBUG", "ALERTS_COMPLETE", "ALERTS_TEST_", "ALERTS_BENCH_")  # what is no setting, on purpose


class SmtpServer:
    """Where mail goes: `smtp://user:pass@host:port?starttls=require|auto|never&pipelining=auto|never`, `smtps://`."""

    __slots__ = ("connections", "host", "password", "pipelining", "port", "starttls", "tls", "user")

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("must look like smtp://user:password@mail.example.org:587 or smtps://...")
        options = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self.tls = parts.scheme == "smtps"
        self.host = parts.hostname
        self.port = parts.port or (465 if self.tls else 587)
        self.user = unquote(parts.username or "")
        self.password = unquote(parts.password or "")
        self.starttls = options.pop("starttls", "require")
        self.pipelining = options.pop("pipelining", "auto")
        connections = options.pop("connections", "4")
        if self.starttls not in ("require", "auto", "never"):
            raise ValueError("starttls must be require, auto or never")
        if self.pipelining not in ("auto", "never"):
            raise ValueError("pipelining must be auto or never")
        if not connections.isdigit() or not 1 <= int(connections) <= 64:
            raise ValueError("connections must be a number from 1 to 64")
        self.connections = int(connections)
        if options:
            raise ValueError(f"does not know the option {min(options)!r}")

    @property
    def loopback(self) -> bool:
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address means this machine alone."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Settings(BaseSettings):
    """What the environment says; see docs/settings.md. Secrets are never printed."""

    model_config = SettingsConfigDict(env_prefix="ALERTS_", env_file=".env", frozen=True, extra="ignore")

    data_dir: Path = Path("var")
    database_url: str = ""
    database_password: SecretStr = SecretStr("")
    smtp_url: SecretStr = SecretStr("")
    base_url: str = DEFAULT_BASE_URL
    from_: str = Field(default="Research alerts <alerts@localhost>", alias="ALERTS_FROM")
    imprint: str = ""
    operator: str = ""
    bounce_address: str = ""
    bounce_inbox: SecretStr = SecretStr("")
    dkim_key: Path | None = None
    dkim_selector: str = ""
    contact: str = ""
    hub_url: str = ""
    secret_key: SecretStr = SecretStr("")
    pubmed_api_key: SecretStr = SecretStr("")
    digest_full: int = Field(default=15, ge=1, le=60)
    completions_a_day: int = Field(default=500, ge=0)
    log: Literal["auto", "console", "json"] = "auto"

    @field_validator("database_url")
    @classmethod
    def _database_url(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql://", "postgres://", "postgresql+psycopg://")):
            raise ValueError("must look like postgresql://user@host/name or sqlite:////path/alerts.db")
        return value

    @field_validator("base_url")
    @classmethod
    def _base_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must look like https://alerts.example.org")
        return value.rstrip("/")

    @field_validator("smtp_url")
    @classmethod
    def _smtp_url(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            SmtpServer(value.get_secret_value())
        return value

    @field_validator("secret_key")
    @classmethod
    def _secret_key(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < 32:
            raise ValueError("must have at least 32 characters; make one with: openssl rand -base64 32")
        return value

    @field_validator("from_", "operator", "bounce_address")
    @classmethod
    def _address(cls, value: str) -> str:
        if value:
            try:
                parse_address(parseaddr(value)[1])
            except AddressError:
                raise ValueError("must be a mail address, such as Research alerts <alerts@example.org>") from None
        return value

    @field_validator("dkim_selector")
    @classmethod
    def _dkim_selector(cls, value: str) -> str:
        if value and not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?", value):
            raise ValueError("must be the name of a selector, such as s1")
        return value

    @model_validator(mode="after")
    def _dkim_whole(self) -> Self:
        if bool(self.dkim_key) != bool(self.dkim_selector):
            raise ValueError("ALERTS_DKIM_KEY and ALERTS_DKIM_SELECTOR are needed together")
        return self

    @model_validator(mode="after")
    def _public_needs_key(self) -> Self:
        if self.public and not self.secret_key.get_secret_value():
            raise ValueError("ALERTS_SECRET_KEY must be set where ALERTS_BASE_URL is public")
        return self

    @property
    def public(self) -> bool:
        """Whether the base URL can be reached by others than this machine."""
        return not is_loopback(urlsplit(self.base_url).hostname or "")

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the database."""
        if self.database_url:
            return self._server_url()
        return f"sqlite:///{(self.data_dir / 'alerts.db').absolute()}"

    def _server_url(self) -> str:
        scheme, _, rest = self.database_url.partition("://")
        scheme = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}.get(scheme, scheme)
        password = self.database_password.get_secret_value()
        user, at, place = rest.rpartition("@")
        if password and at and ":" not in user:
            rest = f"{user}:{quote(password, safe='')}@{place}"
        return f"{scheme}://{rest}"

    @property
    def smtp(self) -> SmtpServer | None:
        """The SMTP server, or None where mail lands as files."""
        url = self.smtp_url.get_secret_value()
        return SmtpServer(url) if url else None


def load(**overrides: Any) -> Settings:  # noqa: ANN401  the fields of Settings
    """Read the settings; UsageError names every wrong one, and never shows a secret's value.

    Secrets may also stand in files: /run/secrets/alerts_secret_key, /run/secrets/alerts_database_password.
    """
    folder = SECRETS if SECRETS.is_dir() else None
    wrong = list(_unknown([*os.environ, *dotenv_values(".env")]))
    try:
        settings = Settings(_secrets_dir=folder, **overrides)  # type: ignore[call-arg]
    except ValidationError as invalid:
        wrong += [_line(error) for error in invalid.errors(include_input=False)]
    if wrong:
        raise UsageError("\n".join(wrong))
    return settings


def _unknown(names: Iterable[str]) -> Iterator[str]:
    """Yield a line for each name that looks like a setting and is none: a typing error would change nothing."""
    known = {f"ALERTS_{name.rstrip('_').upper()}" for name in Settings.model_fields}
    ours = {name for name in map(str.upper, names) if name.startswith("ALERTS_") and not name.startswith(OTHER_NAMES)}
    for name in sorted(ours - known):
        near = get_close_matches(name, known, 1)
        yield f"{name} is no setting" + (f"; did you mean {near[0]}?" if near else "; see docs/settings.md")


def _line(error: Any) -> str:  # noqa: ANN401  pydantic's ErrorDetails
    place = ".".join(str(part) for part in error["loc"])
    name = place if place.startswith("ALERTS_") else f"ALERTS_{place.upper()}"
    ours = error["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    said = PLAINLY.get(error["type"], ours)
    return said if said.startswith("ALERTS_") else f"{name} {said}"
