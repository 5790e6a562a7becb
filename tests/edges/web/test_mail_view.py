"""The local view of mail: on this machine only, the mail's own style inside a frame that runs nothing."""

from email.message import EmailMessage

import pytest

from alerts.settings import Settings
from alerts.web.app import create_app
from alerts.wiring import World


@pytest.fixture
def mail(world):
    message = EmailMessage()
    message["Subject"], message["To"] = "Your research digest", "ada@example.org"
    message.set_content("plain words")
    message.add_alternative("<html><head></head><body style='color:red'><a href='/x'>go</a></body></html>", subtype="html")
    folder = world.settings.data_dir / "mail" / "new"
    folder.mkdir(parents=True)
    (folder / "a.alerts.host").write_bytes(message.as_bytes())


def test_mail_is_listed_and_shown_on_this_machine(browser, mail):
    assert "Your research digest" in browser.get("/mail").text
    assert "plain words" in browser.get("/mail/a.alerts.host").text
    inside = browser.get("/mail/a.alerts.host/html")
    assert "default-src 'none'" in inside.headers["content-security-policy"]
    assert "script-src" not in inside.headers["content-security-policy"]
    assert '<base target="_top">' in inside.text
    assert browser.get("/mail/..%2F..%2Fsecret.key").status == 404


def test_mail_is_hidden_from_a_proxy_another_name_or_another_address(browser, mail, world, serve):
    assert browser.get("/mail", Host="alerts.example.org").status == 404
    assert browser.get("/mail", X_Forwarded_For="192.0.2.1").status == 404
    with serve(create_app(world, local=False)) as elsewhere:
        assert elsewhere.get("/mail").status == 404
        assert "/mail" not in elsewhere.get("/about").text


@pytest.mark.parametrize("said", [{"base_url": "https://alerts.example.org", "secret_key": "x" * 40}, {"smtp_url": "smtp://mail.example.org"}])
def test_mail_is_hidden_where_the_world_can_read_or_mail_leaves(world, mail, serve, said):
    settings = Settings(_env_file=None, data_dir=world.settings.data_dir, **said)
    with serve(create_app(World(settings, world.engine, world.keyring))) as public:
        assert public.get("/mail").status == 404
        assert public.get("/mail/a.alerts.host").status == 404
