"""What a fetch owes to libcurl: whom it trusts, what it keeps open, and that it says, prints and leaks nothing."""

import asyncio
import gc
import ssl
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
import uvloop

from alerts.errors import FetchError
from alerts.ingest.fetch import Fetch, Limits
from alerts.model import Document, Request

ONE = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Path:
    """A folder with an authority of our own (`ca.pem`) and `site.pem`, which it signed for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("certificates")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    _openssl("req", "-x509", *curve, "-subj", "/CN=Ours", "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.pem",
             "-addext", "keyUsage=critical,keyCertSign")  # fmt: skip
    _openssl("req", "-x509", *curve, "-subj", "/CN=site", "-keyout", f"{folder}/site.key", "-out", f"{folder}/site.crt",
             "-CA", f"{folder}/ca.pem", "-CAkey", f"{folder}/ca.key", "-addext", "basicConstraints=critical,CA:FALSE",
             "-addext", "subjectAltName=IP:127.0.0.1")  # fmt: skip
    (folder / "site.pem").write_bytes((folder / "site.key").read_bytes() + (folder / "site.crt").read_bytes())
    return folder


@pytest.fixture
async def secure(certificates):
    """Serve one letter over TLS; return the port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "site.pem")

    async def answer(reader, writer) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ONE)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


async def fetched(url: str, **options) -> Document:
    async with Fetch(limits=Limits(total=5)) as fetch:
        return await fetch(Request(url=url, allow_private=True, **options))


async def test_a_site_is_trusted_by_whom_the_machine_trusts(secure, certificates, monkeypatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
    assert (await fetched(f"https://127.0.0.1:{secure}/")).body == b"x"


async def test_authorities_may_lie_in_a_folder(secure, certificates, monkeypatch) -> None:
    hashed = certificates / "hashed"
    hashed.mkdir()
    (hashed / "ca.pem").write_bytes((certificates / "ca.pem").read_bytes())
    _openssl("rehash", str(hashed))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "nowhere.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(hashed))
    assert (await fetched(f"https://127.0.0.1:{secure}/")).body == b"x"


async def test_a_site_that_nobody_vouches_for_is_refused(secure) -> None:
    with pytest.raises(FetchError, match=r"^127.0.0.1 has no valid certificate$") as caught:
        await fetched(f"https://127.0.0.1:{secure}/")
    assert not caught.value.network


async def test_a_certificate_of_another_name_is_refused(secure, certificates, monkeypatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
    with pytest.raises(FetchError, match=r"^localhost has no valid certificate$"):
        await fetched(f"https://localhost:{secure}/")


class Line:
    """A server that counts its connections and answers on each as long as it is told."""

    def __init__(self) -> None:
        self.connections = 0
        self.asked = asyncio.Event()
        self.ended = asyncio.Event()
        self.answer = ONE
        self.times = 1_000

    async def __call__(self, reader, writer) -> None:
        self.connections += 1
        try:
            for _ in range(self.times):
                await reader.readuntil(b"\r\n\r\n")
                self.asked.set()
                writer.write(self.answer)
        finally:
            self.ended.set()


async def test_a_connection_is_kept_for_the_next_request(listen) -> None:
    line = Line()
    url = f"http://127.0.0.1:{await listen(line)}/"
    async with Fetch() as fetch:
        for _ in range(3):
            await fetch(Request(url=url, allow_private=True))
    assert line.connections == 1


async def test_a_kept_connection_that_was_closed_meanwhile_is_opened_anew(listen) -> None:
    line = Line()
    line.times = 1
    url = f"http://127.0.0.1:{await listen(line)}/"
    async with Fetch() as fetch:
        for _ in range(3):
            assert (await fetch(Request(url=url, allow_private=True))).body == b"x"
    assert line.connections == 3


async def test_a_request_that_is_given_up_closes_its_connection(listen) -> None:
    line = Line()
    line.answer = b""
    url = f"http://127.0.0.1:{await listen(line)}/"
    async with Fetch() as fetch:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await fetch(Request(url=url, allow_private=True))
        async with asyncio.timeout(5):
            await line.ended.wait()
        line.answer = ONE
        assert (await fetch(Request(url=url, allow_private=True))).body == b"x"


async def test_what_one_request_says_is_not_said_by_the_next(listen) -> None:
    said = []

    async def serve(reader, writer) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            said.append(head.decode())
            length = 3 if b"Content-Length: 3" in head else 0
            await reader.readexactly(length)
            writer.write(ONE)

    url = f"http://127.0.0.1:{await listen(serve)}/"
    async with Fetch() as fetch:
        await fetch(Request(url=url, method="POST", body=b"abc", headers={"X-One": "1"}, allow_private=True))
        await fetch(Request(url=url, allow_private=True))
    assert said[0].startswith("POST / ")
    assert said[1].startswith("GET / ")
    assert "X-One" not in said[1]
    assert "Content-" not in said[1]


async def test_headers_of_a_request_stand_before_our_own(listen) -> None:
    said = []

    async def serve(reader, writer) -> None:
        said.append((await reader.readuntil(b"\r\n\r\n")).decode().lower())
        writer.write(ONE)

    await fetched(f"http://127.0.0.1:{await listen(serve)}/a/../b", headers={"accept": "text/x"})
    assert said[0].count("accept:") == 1
    assert "accept: text/x" in said[0]
    assert "accept-encoding: gzip, deflate\r\n" in said[0]


async def test_a_header_of_several_lines_is_never_sent(listen) -> None:
    line = Line()
    with pytest.raises(FetchError, match="could not be read"):
        await fetched(f"http://127.0.0.1:{await listen(line)}/", headers={"If-None-Match": '"1"\r\nX-Evil: 1'})
    assert line.connections == 0


async def test_proxies_of_the_environment_are_not_asked(site, answer, monkeypatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    site.answers["/"] = answer(200, b"x")
    assert (await fetched(site.url())).body == b"x"


@pytest.mark.parametrize(
    "begun", [b"HTTP/1.1 200 OK\r\n", b'HTTP/1.1 200 OK\r\nETag: "1"\r\n', b'HTTP/1.1 304 Not Modified\r\nETag: "']
)
async def test_a_head_that_breaks_off_is_no_answer(site, begun) -> None:
    site.answers["/"] = begun
    with pytest.raises(FetchError, match="broke off in the middle of its answer"):
        await fetched(site.url())


@pytest.mark.parametrize("status", [302, 404])
async def test_what_was_said_before_an_answer_broke_off_still_counts(site, answer, status) -> None:
    site.answers["/"] = answer(status, b"x", length=100, Location="/there")
    site.answers["/there"] = answer(404)
    with pytest.raises(FetchError, match="no such page"):
        await fetched(site.url())


@pytest.mark.parametrize("body", [b"1\r\nx\r\n", b""])
async def test_interim_answers_and_trailers_are_left_out(site, body) -> None:
    site.answers["/"] = (
        b"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
        b'HTTP/1.1 200 OK\r\nETag: "1"\r\nTransfer-Encoding: chunked\r\n\r\n' + body + b"0\r\nETag: late\r\n\r\n"
    )
    headers = (await fetched(site.url())).headers
    assert headers["etag"] == '"1"'
    assert "x-early" not in headers


async def test_headers_without_end_are_refused(site) -> None:
    site.answers["/"] = b"HTTP/1.1 200 OK\r\n" + b"X-More: and more\r\n" * 100_000
    with pytest.raises(FetchError, match="answers what is not HTTP"):
        await fetched(site.url())


async def test_nothing_is_printed_about_what_ends_an_exchange(site, answer, capfd) -> None:
    site.answers["/"] = answer(200, b"x" * 200_000)
    async with Fetch(limits=Limits(size=100_000)) as fetch:
        with pytest.raises(FetchError):
            await fetch(Request(url=site.url(), allow_private=True))
        with pytest.raises(FetchError):
            await fetch(Request(url=site.url()))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_fetch_works_and_ends_on_every_loop(loop) -> None:
    async def visit() -> tuple[bytes, int]:
        line = Line()
        server = await asyncio.start_server(line, "127.0.0.1", 0)
        async with server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            async with Fetch() as fetch:
                first = await fetch(Request(url=url, allow_private=True))
                line.answer = b""
                line.asked.clear()
                waiting = asyncio.create_task(fetch(Request(url=url, allow_private=True)))
                await line.asked.wait()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await line.ended.wait()
        return first.body, line.connections

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(visit()) == (b"x", 1)
    gc.collect()
