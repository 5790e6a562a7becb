"""Settings: every wrong value told at once, secrets never shown, a public address needs its own key."""

import os
from pathlib import Path

import pytest

from alerts.errors import UsageError
from alerts.settings import SmtpServer, is_loopback, load

KEY = "k" * 32


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("ALERTS_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_the_defaults_need_nothing() -> None:
    settings = load()
    assert settings.database == f"sqlite:///{Path('var/alerts.db').absolute()}"
    assert settings.smtp is None
    assert not settings.public


def test_a_public_address_needs_a_key_of_its_own() -> None:
    with pytest.raises(UsageError, match="ALERTS_SECRET_KEY must be set"):
        load(base_url="https://alerts.example.org")
    assert load(base_url="https://alerts.example.org/", secret_key=KEY).base_url == "https://alerts.example.org"


@pytest.mark.parametrize("local", ["http://localhost:9000", "http://127.0.0.5", "http://[::1]:80", "http://a.localhost"])
def test_loopback_addresses_are_not_public(local: str) -> None:
    assert not load(base_url=local).public


def test_every_wrong_value_is_named_and_no_secret_is_shown() -> None:
    with pytest.raises(UsageError) as told:
        load(smtp_url="ftp://user:hunter2@mail", base_url="nowhere", secret_key="hunter3", digest_full=0)
    message = str(told.value)
    for name in ("ALERTS_SMTP_URL", "ALERTS_BASE_URL", "ALERTS_SECRET_KEY", "ALERTS_DIGEST_FULL"):
        assert name in message
    assert "hunter" not in message


def test_the_environment_and_the_env_file_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ALERTS_IMPRINT=The Clinic, 1 Main Road\nALERTS_OPERATOR=ops@example.org\n")
    monkeypatch.setenv("ALERTS_OPERATOR", "night@example.org")
    settings = load()
    assert settings.imprint == "The Clinic, 1 Main Road"
    assert settings.operator == "night@example.org"


def test_a_password_from_a_secret_file_goes_into_the_database_address() -> None:
    found = load(database_url="postgresql://alerts@db/alerts", database_password="p@ss/word").database
    assert found == "postgresql+psycopg://alerts:p%40ss%2Fword@db/alerts"


def test_an_smtp_address_is_taken_apart() -> None:
    server = SmtpServer("smtp://me%40here:p%3Aw@mail.example.org?starttls=auto&pipelining=never&connections=8")
    assert (server.host, server.port, server.user, server.password) == ("mail.example.org", 587, "me@here", "p:w")
    assert (server.starttls, server.pipelining, server.connections) == ("auto", "never", 8)
    assert SmtpServer("smtps://mail.example.org").port == 465
    assert SmtpServer("smtp://mail.example.org").starttls == "require"


@pytest.mark.parametrize(
    "wrong",
    ["mail.example.org", "smtp://", "smtp://h?starttls=maybe", "smtp://h?colour=red", "smtp://h?connections=0",
     "smtp://h?pipelining=always", "http://h"],
)
def test_a_wrong_smtp_address_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"must|know"):
        SmtpServer(wrong)


def test_loopback_is_decided_by_address_not_by_look() -> None:
    assert is_loopback("127.0.0.1")
    assert not is_loopback("127.0.0.1.example.org")


def test_a_mistyped_name_is_told_not_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ALERTS_SMPT_URL", "smtp://mail.example.org")
    (tmp_path / ".env").write_text("ALERTS_IMPRNT=The Clinic\n")
    monkeypatch.setenv("ALERTS_DIGEST_FULL", "many")
    with pytest.raises(UsageError) as told:
        load()
    assert "ALERTS_DIGEST_FULL must be a whole number" in str(told.value).splitlines()
    assert "ALERTS_SMPT_URL is no setting; did you mean ALERTS_SMTP_URL?" in str(told.value)
    assert "ALERTS_IMPRINT" in str(told.value)


@pytest.mark.parametrize("name", ["from_", "operator", "bounce_address"])
def test_what_should_be_a_mail_address_must_be_one(name: str) -> None:
    wrong = {"ALERTS_FROM" if name == "from_" else name: "zork"}
    with pytest.raises(UsageError, match="must be a mail address"):
        load(**wrong)
