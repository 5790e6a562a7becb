"""compose.yaml, Dockerfile, the systemd unit and the Caddyfile: what they promise, and that their commands exist."""

import json
import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from alerts.cli import alerts
from alerts.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
KEYS = {
    "build", "cap_add", "cap_drop", "command", "depends_on", "env_file", "environment", "healthcheck", "image", "ports",
    "profiles", "read_only", "restart", "secrets", "security_opt", "stop_grace_period", "tmpfs", "user", "volumes",
}  # fmt: skip
OURS = ("web", "worker")
PINNED = re.compile(r"[a-z0-9./-]+:v?\d+\.\d+[a-z0-9.-]*")
each = pytest.mark.parametrize("name", SERVICES)


def command_exists(words: list[str]) -> None:
    """Let click read a command line; it raises for what does not exist."""
    command = alerts.get_command(click.Context(alerts), words[0])
    assert command is not None
    command.make_context(words[0], words[1:])


@each
def test_a_service_has_only_keys_that_compose_knows(name: str) -> None:
    assert set(SERVICES[name]) <= KEYS


@each
def test_a_service_can_change_nothing_but_its_volumes(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else [])
    assert "privileged" not in service


@each
def test_a_service_is_no_root_but_for_the_two_low_ports(name: str) -> None:
    if name in OURS:
        assert re.findall(r"^USER (\w+)$", DOCKERFILE, re.MULTILINE) == ["alerts"]
    elif name != "proxy":
        assert int(SERVICES[name]["user"].split(":")[0]) > 0


@each
def test_images_are_pinned(name: str) -> None:
    if name in OURS:
        assert SERVICES[name]["image"] == "research-alerts:local"
    else:
        assert PINNED.fullmatch(SERVICES[name]["image"])


def test_the_images_we_build_on_are_pinned() -> None:
    found = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(set(found)) == 1
    assert all(re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", image) for image in found)


@each
def test_volumes_are_named_or_files_of_ours_read_only(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source, _, rest = volume.partition(":")
        if source.startswith("./"):
            assert rest.endswith(":ro")
            assert (ROOT / source).is_file()
        else:
            assert source in COMPOSE["volumes"]


@each
def test_secrets_come_from_files_and_stand_nowhere_else(name: str) -> None:
    service = SERVICES[name]
    for secret in service.get("secrets", []):
        assert COMPOSE["secrets"][secret]["file"].startswith("./secrets/")
    said = json.dumps(service.get("environment", {}))
    assert not re.search(r"(PASSWORD|SECRET_KEY)\"", said)
    assert not re.search(r"://[^/@\"]+:[^/@\"]+@", said)


@each
def test_only_the_proxy_is_reached_from_elsewhere(name: str) -> None:
    ports = SERVICES[name].get("ports", [])
    assert all(port.startswith("127.0.0.1:") for port in ports) or name == "proxy"
    assert SERVICES["proxy"]["profiles"] == ["proxy"]


@each
def test_a_service_says_whether_it_lives(name: str) -> None:
    if name == "web":
        assert "HEALTHCHECK" in DOCKERFILE
    elif name == "worker":
        assert SERVICES[name]["healthcheck"] == {"disable": True}
    else:
        assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@each
def test_what_a_service_waits_for_exists(name: str) -> None:
    for other in SERVICES[name].get("depends_on", {}):
        assert other in SERVICES


@pytest.mark.parametrize("name", OURS)
def test_our_services_run_commands_and_settings_that_exist(name: str) -> None:
    command_exists(SERVICES[name]["command"])
    known = {f"ALERTS_{field.rstrip('_').upper()}" for field in Settings.model_fields}
    given = set(SERVICES[name]["environment"]) | {secret.upper() for secret in SERVICES[name]["secrets"]}
    assert given <= known


def test_all_roles_are_done_by_somebody() -> None:
    roles = {role for name in OURS for role in SERVICES[name]["command"][2].split(",")}
    assert roles == {"scheduler", "poll", "deliver", "web"}


def test_the_image_takes_only_what_is_there_and_runs_what_exists() -> None:
    for line in re.findall(r"^COPY (?!--)(.+)$", DOCKERFILE, re.MULTILINE):
        assert all((ROOT / word).exists() for word in line.split()[:-1])
    entry, command = (json.loads(found) for found in re.findall(r"^(?:ENTRYPOINT|CMD) (\[.+\])$", DOCKERFILE, re.MULTILINE))
    assert entry == ["alerts"]
    command_exists(command)
    check = json.loads(re.findall(r"HEALTHCHECK .*CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)[0])
    compile(check[2], "healthcheck", "exec")


def test_the_unit_runs_a_command_that_exists_and_is_shut_in() -> None:
    unit = ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(ROOT / "docs" / "examples" / "alerts.service")
    service = unit["Service"]
    command_exists(service["ExecStart"].split()[1:])
    for promise in ("DynamicUser", "NoNewPrivileges", "PrivateTmp", "ProtectHome"):
        assert service[promise] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["StateDirectoryMode"] == "0700"
    known = {f"ALERTS_{field.rstrip('_').upper()}" for field in Settings.model_fields}
    assert {word.split("=")[0] for word in service["Environment"].split()} <= known


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "alerts.service"
    text = (ROOT / "docs" / "examples" / "alerts.service").read_text()
    unit.write_text(text.replace("/opt/alerts/bin/alerts", "/bin/true"))
    found = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert "Unknown" not in found.stderr


def test_the_proxy_keeps_the_operators_pages_inside_and_no_log() -> None:
    text = (ROOT / "docs" / "examples" / "Caddyfile").read_text()
    inside = re.search(r"@inside path (.+)", text)
    assert inside
    assert {"/metrics", "/mail", "/mail/*"} <= set(inside[1].split())
    assert text.count("{") == text.count("}")
    assert not re.search(r"^\s*log\b", text, re.MULTILINE)
    assert set(re.findall(r"\{\$(\w+)", text)) == set(SERVICES["proxy"]["environment"])
