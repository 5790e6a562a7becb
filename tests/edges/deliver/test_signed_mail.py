"""With a key of ours mail is signed, whatever carries it; without a fit one nothing leaves."""

import shutil
import subprocess

import pytest

from alerts.deliver.dkim import DkimError
from alerts.deliver.smtp import Limits, SmtpCarrier
from alerts.errors import UsageError
from alerts.pipeline.deliver import deliver_due, signer_of
from alerts.settings import load
from alerts.wiring import ensure_ready, open_world


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    openssl = shutil.which("openssl")
    assert openssl, "the docs say to make keys with openssl"
    file = tmp_path_factory.mktemp("keys") / "s1.pem"
    subprocess.run([openssl, "genrsa", "-out", file, "2048"], check=True, capture_output=True)
    return file


def signing(outbox, key):
    outbox.settings = outbox.settings.model_copy(update={"dkim_key": key, "dkim_selector": "s1"})
    return outbox


async def go(outbox, **options):
    return await deliver_due(outbox.engine, outbox.keyring, outbox.settings, outbox.now, **options)


@pytest.mark.parametrize("pipeline_from", [0, 10**9])
async def test_mail_is_signed_before_its_dots_are_doubled(sqlite_outbox, serve, key, pipeline_from):
    server = await serve()
    outbox = signing(sqlite_outbox.at_smtp(server), key)
    outbox.fill(*(f"reader{number}@inbox.example.net" for number in range(3)))
    limits = Limits(pipeline_from=pipeline_from)
    carrier = SmtpCarrier(outbox.settings.smtp, hello="alerts.example.org", limits=limits)
    assert (await go(outbox, carrier=carrier)).sent == 3
    for _, _, body in server.taken:
        assert b"\r\n.dots at line starts\r\n" in body
        assert signer_of(outbox.settings).sign(body[body.index(b"From: ") :]) == body


async def test_mail_that_lands_as_files_is_signed_too(sqlite_outbox, key):
    outbox = signing(sqlite_outbox, key)
    outbox.fill("zoe@inbox.example.net")
    assert (await go(outbox)).sent == 1
    (file,) = (outbox.settings.data_dir / "mail" / "new").iterdir()
    assert file.read_bytes().startswith(
        b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=alerts.example.org; s=s1;"
    )


async def test_nothing_is_claimed_while_the_key_is_missing(sqlite_outbox, serve, tmp_path):
    server = await serve()
    outbox = signing(sqlite_outbox.at_smtp(server), tmp_path / "none.pem")
    outbox.fill("zoe@inbox.example.net")
    with pytest.raises(DkimError, match=r"none\.pem: No such file"):
        await go(outbox)
    assert outbox.states() == {"queued": 1}
    assert server.connections == 0


def test_a_service_with_an_unfit_key_does_not_start(tmp_path):
    (tmp_path / "bad.pem").write_text("nothing")
    settings = load(
        _env_file=None, data_dir=tmp_path, dkim_key=tmp_path / "bad.pem", dkim_selector="s1", ALERTS_FROM="a@x.example"
    )
    with pytest.raises(UsageError, match=r"ALERTS_DKIM_KEY: .*bad\.pem: the file is no private key"):
        ensure_ready(open_world(settings))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"dkim_key": "k.pem"}, "are needed together"),
        ({"dkim_selector": "s1"}, "are needed together"),
        ({"dkim_key": "k.pem", "dkim_selector": "s 1"}, "ALERTS_DKIM_SELECTOR must be the name"),
    ],
)
def test_half_of_the_settings_is_refused(given, said):
    with pytest.raises(UsageError, match=said):
        load(_env_file=None, **given)
