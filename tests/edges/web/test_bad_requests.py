"""What nobody should send: a plain, helpful page of the right status, no traceback, no token in a log, nobody blocked."""

import logging
import socket
from html import unescape

import pytest

from alerts.web.app import create_app

MANY = "&".join(["n=1"] * 10_000)
LONG = "x" * 5_000


@pytest.mark.parametrize(("path", "status"), [
    (f"/topics/nmosd?{MANY}", 400), (f"/topics/nmosd.rss?{MANY}", 400), (f"/feed.json?{MANY}", 400), (f"/search?q=a&{MANY}", 400),
    (f"/feeds?{MANY}", 400), (f"/search?q={LONG}", 400), (f"/topics/nmosd?q={LONG}", 400), (f"/topics/{LONG}", 400),
    (f"/feed.rss?topics={LONG}", 400), (f"/preferences/{LONG}", 400), (f"/my/{LONG}.rss", 404), (f"/unsubscribe/{LONG}", 400),
    ("/search?q=%ff%fe", 400), ("/topics/nmosd?phase=%ff", 400), ("/topics/%ff%fe", 404), ("/search?q=%00", 400),
    ("/search?q=a&topic=none-such", 404), ("/search?q=a&before=-1", 400), ("/search?q=%22%20OR%20*%3A%27%28", 200),
    ("/preview?topic=none-such", 404), ("/confirm/expired", 404), ("/preferences/%ff", 400),
    ("/topics/nmosd/2999-W01", 400), ("/feed.rss?week=2999-W01", 400), ("/topics/nmosd.rss?daily=7", 400),
])
def test_an_impossible_address_gets_a_plain_page(browser, release, caplog, path, status):
    release()
    with caplog.at_level(logging.DEBUG):
        answer = browser.get(path)
    assert answer.status == status
    assert "Traceback" not in answer.text
    assert "<h1>" in answer.text
    assert len(answer.body) < 60_000
    assert "/preferences/" not in caplog.text


@pytest.mark.parametrize("path", ["/topics/nmosdd", "/feed.rss?topics=nmosdd", "/preview?topic=nmosdd", "/search?q=a&topic=nmosdd"])
def test_who_mistypes_a_topic_is_told_of_the_one_like_it_and_of_no_command(browser, release, path):
    release()
    said = unescape(browser.get(path).text)
    assert "There is no topic 'nmosdd'; did you mean nmosd" in said
    assert "alerts topic" not in said


@pytest.mark.parametrize("path", ["/", "/topics/nmosd", "/search", "/feeds", "/preview", "/feed.rss", "/items/1", "/about"])
def test_thousands_of_parameters_get_a_plain_answer(browser, release, path):
    release()
    for count, statuses in ((7_000, (200, 400)), (10_000, (414,))):
        answer = browser.get(f"{path}?" + "&".join(f"a{n}=1" for n in range(count)))
        assert answer.status in statuses
        assert "Traceback" not in answer.text


@pytest.mark.parametrize("page", ["preferences", "unsubscribe", "confirm", "editions"])
def test_a_token_is_never_logged(browser, caplog, capfd, page):
    with caplog.at_level(logging.DEBUG):
        browser.get(f"/{page}/SecretToken123")
        browser.post(f"/{page}/SecretToken123", "act=save")
    printed = capfd.readouterr()
    assert "SecretToken123" not in caplog.text + printed.out + printed.err


def test_slow_clients_block_nobody(world, release, serve):
    release()
    with serve(create_app(world, patience=0)) as browser:
        asking = [socket.create_connection(("127.0.0.1", browser.port)) for _ in range(50)]
        for client in asking:
            client.sendall(b"GET /topics/nmosd.rss HTTP/1.1\r\nHost: x\r\nX-Slow: ")  # a header that never ends
        for _ in range(3):
            for client in asking:
                client.sendall(b"a")
            assert browser.get("/topics/nmosd.rss").status == 200
            assert browser.get("/items/1").status == 200
        for client in asking:
            client.close()


def test_a_damaged_link_is_told_from_one_that_ended(browser):
    assert "This link is damaged" in browser.get("/confirm/cut-off").text
    assert "This link has ended" in browser.get("/confirm/" + "a" * 32).text
