"""What the doctor learns from others: name servers, the mail server, certificates."""

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import dns.exception
import dns.resolver
import dns.reversename

from alerts.cli.verdict import Verdict
from alerts.deliver.dkim import DkimError
from alerts.deliver.smtp import ConnectError, SmtpCarrier
from alerts.pipeline.deliver import signer_of

if TYPE_CHECKING:
    from alerts.settings import Settings, SmtpServer

PATIENCE = 5.0  # seconds for each question to others
RUNS_OUT = timedelta(days=14)
_KEY = re.compile(r"(?:^|;)p=([^;]*)")
SILENT = "the name servers do not answer; ask again where they do"


class Names:
    """Asks name servers; what does not exist is an empty answer, silence is `dns.exception.Timeout`."""

    def __init__(self, resolver: dns.resolver.Resolver | None = None) -> None:
        self._resolver = resolver or dns.resolver.Resolver()
        self._resolver.lifetime = PATIENCE

    def texts(self, name: str) -> list[str]:
        """Return the TXT records of a name."""
        return [b"".join(record.strings).decode("ascii", "replace") for record in self._ask(name, "TXT")]

    def addresses(self, name: str) -> list[str]:
        """Return the addresses of a name."""
        return [record.address for kind in ("A", "AAAA") for record in self._ask(name, kind)]

    def name_of(self, address: str) -> str:
        """Return the name that an address leads back to; empty where there is none."""
        found = self._ask(dns.reversename.from_address(address).to_text(), "PTR")
        return str(found[0].target).rstrip(".") if found else ""

    def _ask(self, name: str, kind: str) -> list[Any]:
        try:
            return list(self._resolver.resolve(name, kind))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.exception.SyntaxError):
            return []


def sender_checks(settings: "Settings", names: Names, selector: str = "") -> Iterator[Verdict]:
    """Say whether receivers can see that mail of our sender is ours."""
    domain = parseaddr(settings.from_)[1].rpartition("@")[2].lower()
    if settings.smtp is None or "." not in domain:
        yield Verdict("sender", None, "SPF, DKIM and DMARC do not matter before mail goes out (ALERTS_SMTP_URL)")
        return
    server = settings.smtp
    questions: dict[str, Callable[[], tuple[bool | None, str]]] = {
        "SPF": lambda: _spf(names, domain),
        "DKIM": lambda: _our_dkim(names, settings) if settings.dkim_key else _dkim(names, domain, selector),
        "DMARC": lambda: _dmarc(names, domain),
        "PTR": lambda: _ptr(names, server),
    }
    for part, ask in questions.items():
        try:
            well, said = ask()
        except (dns.exception.Timeout, dns.resolver.NoNameservers):
            well, said = None, SILENT
        yield Verdict(part, well, said)


def _spf(names: Names, domain: str) -> tuple[bool, str]:
    found = [text for text in names.texts(domain) if text.lower().split(" ")[0] == "v=spf1"]
    if not found:
        return False, f'{domain} has no SPF record; add a TXT record with your server: "v=spf1 include:... -all"'
    if len(found) > 1:
        return False, f"{domain} has {len(found)} SPF records, which counts as none; make them one"
    if "+all" in found[0].split() or "all" in found[0].split():
        return False, f'{domain} lets everybody send in its name ("{found[0]}"); end it with -all or ~all'
    return True, f"{domain}: {found[0]}"


def _dkim(names: Names, domain: str, selector: str) -> tuple[bool | None, str]:
    if not selector:
        return None, "not looked up; name the selector that your mail server signs with: --dkim-selector NAME"
    name = f"{selector}._domainkey.{domain}"
    keys = [text for text in names.texts(name) if "p=" in text]
    if not keys:
        return False, f"{name} has no key; publish the one your mail server signs with as a TXT record"
    if any(part.strip() == "p=" for part in keys[0].split(";")):
        return False, f"{name} says that its key was withdrawn; publish a new one"
    return True, f"{name} has a key"


def _our_dkim(names: Names, settings: "Settings") -> tuple[bool, str]:
    try:
        signer = signer_of(settings)
    except DkimError as wrong:
        return False, str(wrong)
    assert signer is not None  # noqa: S101  the caller looked
    keys = [found[1] for text in names.texts(signer.name) if (found := _KEY.search("".join(text.split())))]
    if not keys:
        return False, f'{signer.name} has no key; add the TXT record "{signer.record}"'
    if signer.public not in keys:
        return False, f'{signer.name} has another key than ALERTS_DKIM_KEY; make the TXT record "{signer.record}"'
    return True, f"{signer.name} has the key that mail is signed with"


def _dmarc(names: Names, domain: str) -> tuple[bool, str]:
    labels = domain.split(".")
    for start in range(len(labels) - 1):
        name = "_dmarc." + ".".join(labels[start:])
        found = [text for text in names.texts(name) if text.startswith("v=DMARC1")]
        if found:
            return True, f"{name}: {found[0]}"
    return False, f'_dmarc.{domain} has no DMARC record; begin with the TXT record "v=DMARC1; p=none; rua=mailto:..."'


def _ptr(names: Names, server: "SmtpServer") -> tuple[bool | None, str]:
    addresses = [server.host] if _is_address(server.host) else names.addresses(server.host)
    public = [address for address in addresses if ip_address(address).is_global]
    if not public:
        return None, f"not looked up: {server.host} is near; mail leaves from an address that only it knows"
    for address in public:
        name = names.name_of(address)
        if not name:
            return False, f"{address} ({server.host}) leads back to no name; whoever owns the address sets its PTR"
        if address not in names.addresses(name):
            return False, f"{address} leads back to {name}, but {name} not to {address}; make both agree"
    return True, f"{', '.join(public)} and the names agree; check the address that mail leaves from, if another"


def _is_address(host: str) -> bool:
    with contextlib.suppress(ValueError):
        ip_address(host)
        return True
    return False


def mail_server(settings: "Settings", now: datetime, trusted: ssl.SSLContext | None = None) -> Verdict:
    """Greet the mail server as if to send, with TLS and login; look at its certificate."""
    server = settings.smtp
    if server is None:
        return Verdict("mail", None, f"lands as files in {(settings.data_dir / 'mail').absolute()}")
    hello = urlsplit(settings.base_url).hostname or "localhost"
    place = f"{server.host}:{server.port}"

    async def greet() -> dict[str, Any]:
        client = await SmtpCarrier(server, hello=hello, trusted=trusted).open()
        shown: dict[str, Any] = client.get_transport_info("peercert") or {}
        await client.quit()
        return shown

    try:
        shown = asyncio.run(greet())
    except ConnectError as refused:
        return Verdict("mail", well=False, said=f"{place} refuses us ({refused}); check ALERTS_SMTP_URL")
    if shown:
        return _dated("mail", f"{place} greets us and lets us in; its certificate", shown, now)
    return Verdict("mail", well=True, said=f"{place} greets us and lets us in")


def web_certificate(base_url: str, now: datetime, trusted: ssl.SSLContext | None = None) -> Verdict:
    """Look at the certificate that readers' browsers are shown."""
    parts = urlsplit(base_url)
    if parts.scheme != "https" or not parts.hostname:
        return Verdict("certificate", None, "none is needed for an http address")
    context = trusted or ssl.create_default_context()
    try:
        with (
            socket.create_connection((parts.hostname, parts.port or 443), timeout=PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=parts.hostname) as wrapped,
        ):
            shown = wrapped.getpeercert() or {}
    except ssl.SSLCertVerificationError as wrong:
        said = f"browsers refuse that of {base_url}: {wrong.verify_message}; see your reverse proxy's log"
        return Verdict("certificate", well=False, said=said)
    except OSError as trouble:
        said = f"{base_url} could not be reached from here ({trouble.strerror or trouble})"
        return Verdict("certificate", None, said)
    return _dated("certificate", "it", shown, now)


def _dated(part: str, subject: str, shown: dict[str, Any], now: datetime) -> Verdict:
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)
    if until - now > RUNS_OUT:
        return Verdict(part, well=True, said=f"{subject} is good until {until:%Y-%m-%d}")
    return Verdict(part, well=False, said=f"{subject} ends on {until:%Y-%m-%d}; have it renewed")
