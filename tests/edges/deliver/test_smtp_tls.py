"""TLS and login over real sockets, with a server written by others (aiosmtpd): verified, or no mail leaves."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from alerts.deliver.smtp import Limits, SmtpCarrier
from alerts.pipeline.deliver import deliver_due


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A key and a certificate for 127.0.0.1 that nobody trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.org")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


class Keep:
    """An aiosmtpd handler that keeps what it got."""

    def __init__(self):
        self.got = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  aiosmtpd's name
        secured = server.transport.get_extra_info("sslcontext") is not None
        self.got.append((envelope.rcpt_tos[0], secured, bool(session.authenticated)))
        return "250 2.0.0 kept"


@pytest.fixture
async def keeping(certificate):
    """Start aiosmtpd: (port, what it kept)."""
    servers = []

    async def begin(*, implicit=False, **options):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        handler, loop = Keep(), asyncio.get_running_loop()
        starttls = None if implicit else context
        server = await loop.create_server(
            lambda: SMTP(handler, tls_context=starttls, hostname="mail.example.org", loop=loop, **options),
            "127.0.0.1",
            0,
            ssl=context if implicit else None,
        )
        servers.append(server)
        return server.sockets[0].getsockname()[1], handler.got

    yield begin
    for server in servers:
        server.close()


def carrier(outbox, url, trusted=None, **limits):
    outbox.settings = outbox.settings.model_copy(update={"smtp_url": type(outbox.settings.smtp_url)(url)})
    limits = Limits(**limits) if limits else None
    return SmtpCarrier(outbox.settings.smtp, hello="alerts.example.org", trusted=trusted, limits=limits)


async def go(outbox, carrier):
    return await deliver_due(outbox.engine, outbox.keyring, outbox.settings, outbox.now, carrier=carrier, eager=True)


@pytest.mark.parametrize("implicit", [False, True])
async def test_an_unverified_certificate_gets_no_mail_and_a_verified_one_does(
    sqlite_outbox, keeping, certificate, implicit
):
    port, got = await keeping(implicit=implicit)
    url = f"smtps://127.0.0.1:{port}" if implicit else f"smtp://127.0.0.1:{port}"
    sqlite_outbox.fill("zoe@inbox.example.net")
    report = await go(sqlite_outbox, carrier(sqlite_outbox, url))
    assert "certificate verify failed" in report.stopped
    assert sqlite_outbox.states() == {"queued": 1}
    assert got == []
    trusted = ssl.create_default_context(cafile=str(certificate))
    assert (await go(sqlite_outbox, carrier(sqlite_outbox, url, trusted))).sent == 1
    assert got == [("zoe@inbox.example.net", True, False)]


async def test_starttls_auto_takes_what_there_is(sqlite_outbox, keeping):
    port, got = await keeping()
    sqlite_outbox.fill("zoe@inbox.example.net")
    assert (await go(sqlite_outbox, carrier(sqlite_outbox, f"smtp://127.0.0.1:{port}?starttls=auto"))).sent == 1
    assert got == [("zoe@inbox.example.net", True, False)]


async def test_a_login_goes_over_tls_and_a_wrong_one_stops_the_sending(sqlite_outbox, keeping, certificate):
    def check(server, session, envelope, mechanism, data):
        return AuthResult(success=data.password == b"right word", handled=False)

    port, got = await keeping(authenticator=check, auth_required=True)
    trusted = ssl.create_default_context(cafile=str(certificate))
    sqlite_outbox.fill("zoe@inbox.example.net")
    wrong = await go(sqlite_outbox, carrier(sqlite_outbox, f"smtp://me:wrong@127.0.0.1:{port}", trusted))
    assert "refused us at auth" in wrong.stopped
    assert "wrong" not in wrong.stopped
    assert (
        await go(sqlite_outbox, carrier(sqlite_outbox, f"smtp://me:right%20word@127.0.0.1:{port}", trusted))
    ).sent == 1
    assert got == [("zoe@inbox.example.net", True, True)]


async def test_pipelining_runs_over_tls(sqlite_outbox, serve, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await serve(tls=context, extensions=("PIPELINING", "STARTTLS"))
    trusted = ssl.create_default_context(cafile=str(certificate))
    sqlite_outbox.fill(*(f"reader{number}@inbox.example.net" for number in range(40)))
    url = f"smtp://127.0.0.1:{server.port}?connections=1"
    report = await go(sqlite_outbox, carrier(sqlite_outbox, url, trusted, pipeline_from=0))
    assert (report.sent, report.stopped) == (40, "")
    assert server.connections == 1
