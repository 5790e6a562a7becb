"""A worker of the benchmark with many: `labour compose|send DATABASE [PORT]`."""

import sys
import time
from datetime import timedelta

import uvloop

from alerts.deliver.smtp import SmtpCarrier
from alerts.pipeline.compose import compose_due
from alerts.pipeline.deliver import deliver_due
from alerts.settings import Settings
from alerts.store.engine import connect
from subscribers.tokens import Keyring
from tests.bench.bench_compose import NOW

KEYRING = Keyring(b"b" * 40)
CONNECTIONS = 16


def settings(url: str, port: int = 0) -> Settings:
    smtp = f"smtp://127.0.0.1:{port}?starttls=never&connections={CONNECTIONS}" if port else ""
    return Settings(_env_file=None, database_url=url, smtp_url=smtp)


def compose(url: str) -> bool:
    return bool(compose_due(connect(url), KEYRING, settings(url), NOW).candidates)


def send(url: str, port: str) -> bool:
    wanted = settings(url, int(port))
    assert wanted.smtp is not None
    carrier = SmtpCarrier(wanted.smtp, hello="alerts.example.org")
    later = NOW + timedelta(hours=1)
    return bool(uvloop.run(deliver_due(connect(url), KEYRING, wanted, later, carrier=carrier, eager=True)).total)


def main(work: str, *words: str) -> None:
    """Begin at a line on the standard input; `once` ends when nothing is left, else more is looked for each second."""
    print("ready", flush=True)
    once = sys.stdin.readline().strip() == "once"
    while {"compose": compose, "send": send}[work](*words) or not once:
        time.sleep(0 if once else 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
