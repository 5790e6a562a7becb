"""A healthy installation, sick ones, and what the doctor says of each."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.flags
import dns.message
import dns.resolver
import dns.rrset
import pytest
from aiosmtpd.smtp import SMTP
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from serving import serving
from sqlalchemy import update

from alerts.cli import doctor, outside, status
from alerts.cli.outside import Names
from alerts.errors import AlertsError
from alerts.model import Source
from alerts.pipeline import deliver, outcome
from alerts.pipeline.deliver import signer_of
from alerts.settings import Settings
from alerts.store import catalogue, presence
from alerts.store.engine import connect, writing
from alerts.store.tables import AlertRow, ItemRow, SourceRow
from alerts.wiring import World
from subscribers.tokens import Keyring

GOOD = {
    ("alerts.example.org.", "TXT"): '"v=spf1 ip4:192.0.2.25 -all"',
    ("_dmarc.example.org.", "TXT"): '"v=DMARC1; p=none"',
    ("mail._domainkey.alerts.example.org.", "TXT"): '"v=DKIM1; k=rsa; " "p=MIIB"',
    ("smtp.example.org.", "A"): "8.8.4.4",
    ("4.4.8.8.in-addr.arpa.", "PTR"): "smtp.example.org.",
}


@contextmanager
def name_server(records: dict[tuple[str, str], str]) -> Iterator[Names]:
    """A name server on loopback that knows these records and answers NXDOMAIN to all else."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
        here.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                asked, who = here.recvfrom(4096)
                if asked == b"end":
                    return
                query = dns.message.from_wire(asked)
                name, kind = query.question[0].name.to_text(), query.question[0].rdtype.name
                answer = dns.message.make_response(query)
                answer.flags |= dns.flags.RA
                if (name, kind) in records:
                    answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, records[name, kind]))
                elif not any(known == name for known, _ in records):
                    answer.set_rcode(3)
                here.sendto(answer.to_wire(), who)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], here.getsockname()[1]
        yield Names(resolver)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
            ending.sendto(b"end", here.getsockname())
        thread.join(10)


def mail_server(context: ssl.SSLContext | None = None) -> AbstractContextManager[int]:
    async def start() -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: SMTP(object(), tls_context=context, loop=loop), "127.0.0.1", 0)

    return serving(start)


def certificate(folder: Path, days: int, now: datetime) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's and a client's TLS for `localhost`."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    whole = folder / "whole.pem"
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    whole.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(whole)
    client = ssl.create_default_context(cadata=made.public_bytes(serialization.Encoding.PEM).decode())
    return server, client


@contextmanager
def tls_server(context: ssl.SSLContext) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as here:

        def serve() -> None:
            plain, _ = here.accept()
            try:
                with context.wrap_socket(plain, server_side=True) as wrapped:
                    wrapped.recv(1)
            except OSError:
                plain.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield here.getsockname()[1]
        thread.join(10)


@pytest.fixture
def well(house) -> World:
    house.now = datetime.now(UTC)
    with writing(house.engine) as session:
        presence.enter(session, ["scheduler", "poll", "deliver", "web"], "here", 1)
    house.backup()
    return house.world


def examined(world: World, names: Names | None = None, **settings: str) -> dict[str, tuple[bool | None, str]]:
    given = Settings(_env_file=None, data_dir=world.settings.data_dir, **settings)  # type: ignore[call-arg]
    with name_server({}) as silence:
        found = doctor.examined(World(given, world.engine, world.keyring), names=names or silence, selector="mail")
        return {verdict.part: (verdict.well, verdict.said) for verdict in found}


def wrong(found: dict[str, tuple[bool | None, str]]) -> list[str]:
    return [part for part, (fine, _) in found.items() if fine is False]


def test_a_healthy_installation_with_mail(well: World) -> None:
    with mail_server() as port, name_server(GOOD) as names:
        found = examined(
            well, names, smtp_url=f"smtp://127.0.0.1:{port}?starttls=never", ALERTS_FROM="A <a@alerts.example.org>"
        )
    assert wrong(found) == []
    assert [part for part, (fine, _) in found.items() if fine] == [
        "database", "key", "clock", "running", "outbox", "backups", "disk", "base URL", "mail", "SPF", "DKIM", "DMARC",
    ]  # fmt: skip
    assert well.keyring.fingerprint in found["key"][1]


def sick_mail(world: World) -> dict:
    with socket.create_server(("127.0.0.1", 0)) as here:
        port = here.getsockname()[1]
    return examined(world, smtp_url=f"smtp://127.0.0.1:{port}?starttls=never")


def sick_key(world: World) -> dict:
    return examined(World(world.settings, world.engine, Keyring(b"x" * 40)))


def sick_hold(world: World) -> dict:
    deliver.hold(world.engine, on=True, reason="holidays")
    return examined(world)


def sick_clock(world: World) -> dict:
    ahead = datetime.now(UTC) + timedelta(days=2)
    with writing(world.engine) as session:
        session.add(ItemRow(id=1, kind="paper", title="T", first_seen_at=ahead, changed_at=ahead))
        session.flush()
        session.add(AlertRow(number=1, item_id=1, reason="new", at=ahead))
    return examined(world)


def sick_workers(world: World) -> dict:
    with writing(world.engine) as session:
        presence.forget_all(session)
        presence.enter(session, ["web"], "here", 1)
    return examined(world)


def sick_backups(world: World) -> dict:
    for path in (world.settings.data_dir / "backups").iterdir():
        path.unlink()
    return examined(world)  # the installation began months ago


def sick_address(world: World) -> dict:
    return examined(world, base_url="http://alerts.example.org", secret_key="k" * 40)


def sick_sources(world: World) -> dict:
    with writing(world.engine) as session:
        lost = Source(slug="lost", url="http://lost.example/feed")
        catalogue.add_sources(session, [Source(slug="good", url="http://good.example/feed"), lost], world.now())
        session.exec(update(SourceRow).where(SourceRow.slug == "lost").values(state="failing", last_error="no such host"))
    return examined(world)


def sick_network(world: World) -> dict:
    with writing(world.engine) as session:
        two = [Source(slug=slug, url=f"http://{slug}.example/feed") for slug in ("far", "away")]
        catalogue.add_sources(session, two, world.now())
        session.exec(update(SourceRow).values(last_error=f"far.example is not known {outcome.OFFLINE}"))
    assert "this looks like the network here (see: alerts doctor)" in str(status.gathered(world)["troubles"])
    return examined(world)


SICK: dict[Callable[[World], dict], tuple[str, str]] = {
    sick_mail: ("mail", "check ALERTS_SMTP_URL"),
    sick_key: ("key", "restore the old ALERTS_SECRET_KEY"),
    sick_hold: ("outbox", "holidays. Let mail go with: alerts hold off"),
    sick_clock: ("clock", "set it right"),
    sick_workers: ("running", "start: alerts run --only deliver,poll,scheduler"),
    sick_network: ("sources", "2 of 2 could not be reached at the last try (far.example is not known); this looks like"),
    sick_sources: ("sources", "lost (no such host); see: alerts source check lost"),
    sick_backups: ("backups", "make one: alerts db backup"),
    sick_address: ("base URL", "set ALERTS_BASE_URL"),
}


@pytest.mark.parametrize("case", SICK, ids=lambda case: case.__name__)
def test_a_sick_installation_is_told_what_ails_it_and_how_to_mend_it(well: World, case: Callable) -> None:
    part, cure = SICK[case]
    found = case(well)
    assert wrong(found) == [part]
    assert cure in found[part][1]


def test_a_database_that_is_missing_empty_or_broken_is_told_and_the_rest_still_examined(house, tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_text("this is no database at all" * 200)
    connect(f"sqlite:///{tmp_path / 'empty.db'}").connect().close()
    for name, said in (("missing", "make it with"), ("empty", "alerts db upgrade"), ("broken", "cannot be used")):
        engine = connect(f"sqlite:///{tmp_path / name}.db")
        found = examined(World(house.settings, engine, house.keyring))
        engine.dispose()
        assert wrong(found) == ["database"]
        assert said in found["database"][1]
        assert found["disk"][0]
        assert "key" not in found
    assert not (tmp_path / "missing.db").exists()


NAMES = {
    "SPF": [
        ({("alerts.example.org.", "TXT"): '"something else"'}, "has no SPF record"),
        ({("alerts.example.org.", "TXT"): '"v=spf1 +all"'}, "lets everybody send"),
    ],
    "DKIM": [
        ({("mail._domainkey.alerts.example.org.", "TXT"): '"v=DKIM1; p="'}, "was withdrawn"),
        ({("mail._domainkey.alerts.example.org.", "TXT"): '"nothing"'}, "has no key"),
    ],
    "DMARC": [({("_dmarc.example.org.", "TXT"): '"v=spf1"'}, "has no DMARC record")],
    "PTR": [
        ({("4.4.8.8.in-addr.arpa.", "PTR"): "other.example.org."}, "make both agree"),
        ({("4.4.8.8.in-addr.arpa.", "PTR"): None}, "leads back to no name"),
    ],
}


@pytest.mark.parametrize(("part", "change", "said"), [(part, *case) for part, cases in NAMES.items() for case in cases])
def test_names_that_receivers_would_not_trust(tmp_path: Path, part: str, change: dict, said: str) -> None:
    settings = Settings(
        _env_file=None, data_dir=tmp_path, smtp_url="smtp://smtp.example.org", ALERTS_FROM="a@alerts.example.org"
    )  # type: ignore[call-arg]
    records = {key: value for key, value in {**GOOD, **change}.items() if value}
    with name_server(records) as names:
        found = {verdict.part: verdict for verdict in outside.sender_checks(settings, names, "mail")}
    assert [name for name, verdict in found.items() if not verdict.well] == [part]
    assert said in found[part].said


def test_our_own_dkim_key_is_held_against_its_record(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    (tmp_path / "s1.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    settings = Settings(
        _env_file=None, data_dir=tmp_path, smtp_url="smtp://smtp.example.org", ALERTS_FROM="a@alerts.example.org",
        dkim_key=tmp_path / "s1.pem", dkim_selector="s1",
    )  # type: ignore[call-arg]  # fmt: skip
    signer = signer_of(settings)
    assert signer
    halves = f'"{signer.record[:200]}" "{signer.record[200:]}"'
    cases = {"": "add the TXT record", '"v=DKIM1; p=MIIB"': "has another key", halves: "that mail is signed with"}
    for record, said in cases.items():
        with name_server({**GOOD, **({("s1._domainkey.alerts.example.org.", "TXT"): record} if record else {})}) as names:
            found = {verdict.part: verdict for verdict in outside.sender_checks(settings, names)}
        assert found["DKIM"].well is (record == halves)
        assert said in found["DKIM"].said
    (tmp_path / "s1.pem").write_text("nothing")
    found = {verdict.part: verdict for verdict in outside.sender_checks(settings, names)}
    assert found["DKIM"].well is False
    assert "is no private key" in found["DKIM"].said


def test_silent_name_servers_are_no_verdict(tmp_path: Path) -> None:
    settings = Settings(
        _env_file=None, data_dir=tmp_path, smtp_url="smtp://smtp.example.org", ALERTS_FROM="a@alerts.example.org"
    )  # type: ignore[call-arg]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], deaf.getsockname()[1]
        names = Names(resolver)
        resolver.lifetime = 0.05
        found = list(outside.sender_checks(settings, names, "mail"))
    assert {verdict.well for verdict in found} == {None}


@pytest.mark.parametrize(("days", "fine"), [(90, True), (5, False)])
def test_certificates_are_looked_at_before_they_end(tmp_path: Path, days: int, *, fine: bool) -> None:
    now = datetime.now(UTC)
    server, trusting = certificate(tmp_path, days, now)
    with tls_server(server) as port:
        found = outside.web_certificate(f"https://localhost:{port}", now, trusting)
    assert found.well is fine
    assert f"{now + timedelta(days=days):%Y-%m-%d}" in found.said


def test_a_certificate_that_browsers_refuse_is_told(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    server, _ = certificate(tmp_path, 90, now)
    with tls_server(server) as port:
        found = outside.web_certificate(f"https://localhost:{port}", now)
    assert found.well is False
    assert "browsers refuse" in found.said


@pytest.mark.parametrize(("days", "fine"), [(90, True), (5, False)])
def test_the_mail_server_s_certificate_is_looked_at_too(tmp_path: Path, days: int, *, fine: bool) -> None:
    now = datetime.now(UTC)
    context, trusting = certificate(tmp_path, days, now)
    with mail_server(context) as port:
        settings = Settings(_env_file=None, data_dir=tmp_path, smtp_url=f"smtp://localhost:{port}")  # type: ignore[call-arg]
        found = outside.mail_server(settings, now, trusting)
    assert found.well is fine
    assert f"{now + timedelta(days=days):%Y-%m-%d}" in found.said


def test_a_mail_server_without_tls_is_told(tmp_path: Path) -> None:
    with mail_server() as port:
        settings = Settings(_env_file=None, data_dir=tmp_path, smtp_url=f"smtp://127.0.0.1:{port}")  # type: ignore[call-arg]
        found = outside.mail_server(settings, datetime.now(UTC))
    assert found.well is False
    assert "STARTTLS" in found.said.upper()


@pytest.mark.parametrize(("name", "value", "said"), [
    ("ALERTS_DATA_DIR", "/dev/null/here", "WRONG  data         The data directory /dev/null/here cannot be used: Not a directory"),
    ("ALERTS_SMTP_URL", "post", "WRONG  settings     ALERTS_SMTP_URL must look like"),
])
def test_what_cannot_even_be_opened_gets_its_verdict(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    monkeypatch.setenv(name, value)
    ended = CliRunner().invoke(doctor.command, [])
    assert ended.output.startswith(said)
    assert isinstance(ended.exception, AlertsError)
    assert ended.exception.exit_code == 1
