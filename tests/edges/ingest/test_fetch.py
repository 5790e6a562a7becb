"""Every fault that a server can have leaves one plain reason, in bounded time and memory."""

import asyncio
import gzip
import logging
import socket
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from alerts.errors import FetchError
from alerts.ingest import address
from alerts.ingest.fetch import Fetch, Limits
from alerts.model import Document, Request

SMALL = Limits(size=100_000, redirects=4)
QUICK = Limits(total=0.3, connect=0.3)
SILENT = Limits(total=10, idle=1)


@asynccontextmanager
async def fetching(**options) -> AsyncIterator[Fetch]:
    async with Fetch("someone@example.org", **{"limits": SMALL, **options}) as fetch:
        yield fetch


async def fetched(site, path="/", **options) -> Document:
    async with fetching(**options) as fetch:
        return await fetch(Request(url=site.url(path), allow_private=True))


async def refused(site, path="/", **options) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetched(site, path, **options)
    return caught.value


async def test_a_document_comes_with_its_headers_in_lower_case(site, answer) -> None:
    site.answers["/"] = answer(200, b"hello", ETag='W/"1"', Last_Modified="Mon, 04 May 2026 09:00:00 GMT")
    document = await fetched(site)
    assert (document.status, document.body, document.headers["etag"]) == (200, b"hello", 'W/"1"')
    assert document.url == site.url("/")
    assert document.moved_to is None


async def test_the_contact_is_named_to_every_server(site, answer) -> None:
    site.answers["/"] = answer(200, b"x")
    await fetched(site)
    assert site.asked[0].headers["user-agent"].startswith("research-alerts/")
    assert "(+someone@example.org)" in site.asked[0].headers["user-agent"]


async def test_conditional_headers_are_passed_through_and_304_has_no_body(site, answer) -> None:
    site.answers["/"] = answer(304, ETag='"1"')
    async with fetching() as fetch:
        headers = {"If-None-Match": '"1"', "If-Modified-Since": "Mon, 04 May 2026 09:00:00 GMT"}
        document = await fetch(Request(url=site.url(), headers=headers, allow_private=True))
    assert (document.status, document.body) == (304, b"")
    assert site.asked[0].headers["if-none-match"] == '"1"'
    assert site.asked[0].headers["if-modified-since"] == "Mon, 04 May 2026 09:00:00 GMT"


async def test_a_post_carries_its_body(site, answer) -> None:
    site.answers["/"] = answer(200, b"x")
    async with fetching() as fetch:
        await fetch(Request(url=site.url(), method="POST", body=b"term=nmosd", allow_private=True))
    assert (site.asked[0].method, site.asked[0].body) == ("POST", b"term=nmosd")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param((gzip.compress(b"a" * 500, mtime=0) + gzip.compress(b"b" * 500, mtime=0), "gzip"), id="two gzip members"),
        pytest.param((zlib.compress(b"a" * 500 + b"b" * 500), "deflate"), id="deflate"),
        pytest.param((zlib.compress(b"a" * 500 + b"b" * 500, wbits=-15), "deflate"), id="raw deflate"),
        pytest.param((gzip.compress(b"a" * 500 + b"b" * 500, mtime=0) + b"\0" * 40, "x-gzip"), id="padded gzip"),
        pytest.param((b"a" * 500 + b"b" * 500, "identity"), id="not packed"),
    ],
)
async def test_packed_documents_are_unpacked(site, answer, body) -> None:
    data, name = body
    site.answers["/"] = answer(200, data, content_encoding=name)
    assert (await fetched(site)).body == b"a" * 500 + b"b" * 500


async def test_a_gzip_bomb_costs_no_more_than_the_cap(site, answer) -> None:
    site.answers["/"] = answer(200, gzip.compress(b"\0" * 300_000_000, mtime=0), content_encoding="gzip")
    limits = Limits(size=5_000_000)
    tracemalloc.start()
    error = await refused(site, limits=limits)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "sends more than 4 MB" in str(error)
    assert peak < 20_000_000


@pytest.mark.parametrize("size", [100_001, 5_000_000])
async def test_a_large_document_is_refused(site, answer, size) -> None:
    site.answers["/"] = answer(200, b"x" * size)
    assert "sends more than" in str(await refused(site))


async def test_a_document_without_length_is_refused_at_the_cap(site) -> None:
    site.answers["/"] = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 200_000
    assert "sends more than" in str(await refused(site))


async def test_a_document_that_says_how_large_it_is_need_not_come(listen) -> None:
    async def promise(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\nx")
        await asyncio.Event().wait()

    async with fetching() as fetch, asyncio.timeout(5):
        with pytest.raises(FetchError, match="sends more than"):
            await fetch(Request(url=f"http://127.0.0.1:{await listen(promise)}/", allow_private=True))


async def test_padding_after_a_packed_document_counts_too(site, answer) -> None:
    site.answers["/"] = answer(200, gzip.compress(b"x", mtime=0) + b"\0" * 99_000, content_encoding="gzip")
    assert (await fetched(site)).body == b"x"
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
    site.answers["/"] = head + gzip.compress(b"x", mtime=0) + b"\0" * 200_000
    assert "sends more than" in str(await refused(site))


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"not gzip at all", "gzip", "is packed wrongly"),
        (gzip.compress(b"x" * 5_000, mtime=0)[:-20], "gzip", "was cut off"),
        (b"x", "br", "is packed as 'br'"),
    ],
)
async def test_what_cannot_be_unpacked_is_said(site, answer, data, name, reason) -> None:
    site.answers["/"] = answer(200, data, content_encoding=name)
    assert reason in str(await refused(site))


async def test_a_body_that_breaks_off_is_refused(site, answer) -> None:
    site.answers["/"] = answer(200, b"only the beginning", length=500)
    error = await refused(site)
    assert "broke off in the middle" in str(error)
    assert not error.network


async def test_a_server_that_never_answers_is_left(site) -> None:
    async def never(_):
        await asyncio.Event().wait()

    site.answers["/"] = never
    error = await refused(site, limits=SILENT)
    assert error.network
    assert "127.0.0.1 fell silent for 1 s" in str(error)


async def test_a_drip_of_bytes_ends_at_the_total_deadline(listen) -> None:
    async def drip(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b".")
            await asyncio.sleep(0.02)

    async with fetching(limits=QUICK) as fetch:
        with pytest.raises(FetchError, match=r"was not done within 0.3 s"):
            await fetch(Request(url=f"http://127.0.0.1:{await listen(drip)}/", allow_private=True))


async def test_a_closed_port_is_our_or_their_network() -> None:
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with fetching() as fetch:
        with pytest.raises(FetchError, match="takes no connection") as caught:
            await fetch(Request(url=f"http://127.0.0.1:{port}/", allow_private=True))
    assert caught.value.network


async def test_an_unknown_host_is_said_by_name() -> None:
    async with fetching() as fetch:
        with pytest.raises(FetchError, match=r"journal\.invalid") as caught:
            await fetch(Request(url="http://journal.invalid/feed"))
    assert caught.value.network


@pytest.mark.parametrize("bytes_", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nBad Header\r\n\r\n"])
async def test_what_is_not_http_is_refused(site, bytes_) -> None:
    site.answers["/"] = bytes_
    assert str(await refused(site)).startswith("127.0.0.1 ")


@pytest.mark.parametrize(
    ("status", "reason"),
    [(204, "nothing to read"), (206, "206"), (404, "no such page"), (500, "its own error"), (418, "418")],
)
async def test_other_answers_are_errors(site, answer, status, reason) -> None:
    site.answers["/"] = answer(status)
    error = await refused(site)
    assert reason in str(error)
    assert (error.status, error.gone, error.throttled, error.network) == (status, False, False, False)


async def test_410_is_gone(site, answer) -> None:
    site.answers["/"] = answer(410)
    error = await refused(site)
    assert error.gone
    assert "gone for good" in str(error)


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_in_seconds_is_kept(site, answer, status) -> None:
    site.answers["/"] = answer(status, retry_after="120")
    error = await refused(site)
    assert (error.retry_after, error.throttled) == (timedelta(seconds=120), True)
    assert "asks to wait 120 s" in str(error)


async def test_retry_after_as_a_date_is_measured_by_the_server_s_own_clock(site, answer) -> None:
    dates = {"Date": "Mon, 04 May 2020 09:00:00 GMT", "Retry_After": "Mon, 04 May 2020 09:10:00 GMT"}
    site.answers["/"] = answer(503, **dates)
    assert (await refused(site)).retry_after == timedelta(minutes=10)


@pytest.mark.parametrize("value", ["soon", "-5", "", "12.5", "Mon, 99 May 2020 09:10:00 GMT", "²"])
async def test_a_senseless_retry_after_is_none(site, value) -> None:
    site.answers["/"] = f"HTTP/1.1 503 x\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n".encode()
    error = await refused(site)
    assert (error.retry_after, error.throttled) == (None, False)


@pytest.mark.parametrize(
    ("headers", "body", "wall"),
    [
        ({"cf_mitigated": "challenge"}, b"", "Cloudflare"),
        ({}, b"<title>Just a moment...</title>", "Cloudflare"),
        ({"x_datadome": "protected"}, b"", "DataDome"),
        ({}, b'<div class="g-recaptcha"></div>', "a captcha"),
    ],
)
async def test_a_bot_wall_is_named(site, answer, headers, body, wall) -> None:
    site.answers["/"] = answer(403, body, **headers)
    assert f"a bot wall ({wall}) stands before it" in str(await refused(site))


async def test_permanent_redirects_are_reported_and_temporary_ones_are_not(site, answer) -> None:
    site.answers |= {"/a": answer(301, Location="/b"), "/b": answer(308, Location="/c"), "/c": answer(200, b"x")}
    document = await fetched(site, "/a")
    assert (document.url, document.moved_to) == (site.url("/c"), site.url("/c"))
    site.answers["/b"] = answer(302, Location="/c")
    document = await fetched(site, "/a")
    assert (document.url, document.moved_to) == (site.url("/c"), None)


@pytest.mark.parametrize(("status", "method", "body"), [(301, "GET", b""), (303, "GET", b""), (307, "POST", b"q=1")])
async def test_a_redirected_post_keeps_its_body_only_where_the_standard_says(site, answer, status, method, body) -> None:
    site.answers |= {"/a": answer(status, Location="/b"), "/b": answer(200, b"x")}
    async with fetching() as fetch:
        await fetch(Request(url=site.url("/a"), method="POST", body=b"q=1", allow_private=True))
    assert (site.asked[1].method, site.asked[1].body) == (method, body)


async def test_a_circle_of_redirects_is_seen_at_once(site, answer) -> None:
    site.answers |= {"/a": answer(302, Location="/b"), "/b": answer(302, Location="/a")}
    assert "redirects in a circle" in str(await refused(site, "/a"))
    assert len(site.asked) == 2


async def test_an_endless_chain_of_redirects_ends(site) -> None:
    async def further(asked):
        number = int(asked.path.strip("/") or 0)
        site.answers[f"/{number + 1}"] = further
        return f"HTTP/1.1 302 x\r\nLocation: /{number + 1}\r\nContent-Length: 0\r\n\r\n".encode()

    site.answers["/"] = further
    assert "redirects more than 4 times" in str(await refused(site))
    assert len(site.asked) == 5


async def test_a_page_that_first_wants_to_set_a_cookie_is_no_circle(site) -> None:
    async def wall(asked):
        if asked.headers.get("cookie") == "seen=1":
            return b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
        return b"HTTP/1.1 302 x\r\nLocation: /\r\nSet-Cookie: seen=1\r\nContent-Length: 0\r\n\r\n"

    site.answers["/"] = wall
    assert (await fetched(site)).body == b"x"


@pytest.mark.parametrize("target", ["", "ftp://example.org/x", "file:///etc/passwd", "javascript:alert(1)", "http://["])
async def test_a_redirect_out_of_the_web_is_refused(site, answer, target) -> None:
    site.answers["/"] = answer(302, Location=target)
    assert "redirects to" in str(await refused(site))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f000001", "0x7f.1", "127.1", "0177.0.0.1",
     "0.0.0.0", "[::]", "[64:ff9b::7f00:1]"],  # noqa: S104  nothing is bound
)  # fmt: skip
async def test_loopback_is_refused_in_all_its_spellings(site, answer, host) -> None:
    site.answers["/"] = answer(200, b"secret")
    async with fetching() as fetch:
        with pytest.raises(FetchError):
            await fetch(Request(url=site.url("/", host)))
    assert site.asked == []


async def test_a_redirect_to_a_private_address_is_refused(site, answer, monkeypatch) -> None:
    """Of loopback, 127.0.0.1 stands for the open internet here: a site out there that points inside."""
    monkeypatch.setattr(address, "is_public", lambda found: found == "127.0.0.1")
    site.answers |= {"/": answer(302, Location=f"http://127.0.0.2:{site.port}/in"), "/in": answer(200, b"secret")}
    async with fetching() as fetch:
        with pytest.raises(FetchError, match=r"127.0.0.2 leads to a private address"):
            await fetch(Request(url=site.url("/")))
    assert [asked.path for asked in site.asked] == ["/"]


async def test_a_kept_connection_of_an_allowed_source_is_not_lent_to_another(listen) -> None:
    async def keep_alive(reader, writer):
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")

    url = f"http://127.0.0.1:{await listen(keep_alive)}/"
    async with fetching() as fetch:
        assert (await fetch(Request(url=url, allow_private=True))).body == b"x"
        with pytest.raises(FetchError, match="leads to a private address"):
            await fetch(Request(url=url))


@pytest.mark.parametrize("url", ["", "journal", "//x/", "http:///", "http://", "http://a b/", "http://x:99999/", "http://[::1"])
async def test_what_is_no_web_address_is_refused(url) -> None:
    async with fetching() as fetch:
        with pytest.raises(FetchError):
            await fetch(Request(url=url))


SECRET = {"127.0.0.1": {"api_key": "s3cr3t"}}


async def test_credentials_go_to_their_host_alone_and_come_back_nowhere(site, answer, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    site.answers |= {"/a": answer(302, Location="/b?api_key=s3cr3t&x=1"), "/b": answer(200, b"x")}
    document = await fetched(site, "/a?q=ms%20AND%20b", credentials=SECRET)
    assert [asked.target for asked in site.asked] == ["/a?q=ms+AND+b&api_key=s3cr3t", "/b?x=1&api_key=s3cr3t"]
    assert document.url == site.url("/b?x=1")
    assert "s3cr3t" not in caplog.text


async def test_credentials_do_not_follow_a_redirect_to_another_host(site, answer) -> None:
    site.answers["/a"] = answer(302, Location=f"http://localhost:{site.port}/b?api_key=s3cr3t")
    site.answers["/b"] = answer(200, b"x")
    document = await fetched(site, "/a", credentials=SECRET)
    assert site.asked[1].target == "/b"
    assert "s3cr3t" not in document.url


@pytest.mark.parametrize("reply", [(429, b'{"api-key":"s3cr3t"}'), (400, b"s3cr3t")])
async def test_credentials_stand_in_no_error(site, answer, reply) -> None:
    site.answers["/"] = answer(*reply)
    error = await refused(site, credentials=SECRET)
    assert "s3cr3t" not in f"{error!r} {error.__cause__!r}"


async def test_one_request_at_a_time_goes_to_a_host(site) -> None:
    async def slowly(_):
        await asyncio.sleep(0.01)
        return b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"

    site.answers["/"] = slowly
    async with fetching(limits=Limits()) as fetch:
        await asyncio.gather(*(fetch(Request(url=site.url(), allow_private=True)) for _ in range(8)))
    assert (len(site.asked), site.most_open) == (8, 1)


async def test_many_hosts_are_asked_at_once_up_to_the_limit(site, listen) -> None:
    everybody = asyncio.Event()

    async def wait_for_all(_):
        if site.open == 6:
            everybody.set()
        await everybody.wait()
        return b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"

    site.answers["/"] = wait_for_all
    site.port = await listen(site.serve, "0.0.0.0")  # noqa: S104  every address of 127.0.0.0/8
    async with fetching(limits=Limits(hosts=6)) as fetch:
        urls = [site.url(host=f"127.0.0.{number}") for number in range(1, 13)]
        await asyncio.gather(*(fetch(Request(url=url, allow_private=True)) for url in urls))
    assert (len(site.asked), site.most_open) == (12, 6)


async def test_requests_to_a_host_with_a_limit_are_spaced(site, answer) -> None:
    site.answers["/"] = answer(200, b"x")
    clock = asyncio.get_running_loop().time
    async with fetching(limits=Limits(), spacing={"127.0.0.1": 0.05}) as fetch:
        started = clock()
        await asyncio.gather(*(fetch(Request(url=site.url(), allow_private=True)) for _ in range(4)))
    assert clock() - started >= 0.15


async def test_a_slow_host_holds_up_no_other(site, answer) -> None:
    async def never(_):
        await asyncio.Event().wait()

    site.answers |= {"/slow": never, "/": answer(200, b"x")}
    async with fetching(limits=Limits(total=0.3, hosts=2)) as fetch:
        stuck = [asyncio.create_task(fetch(Request(url=site.url("/slow"), allow_private=True))) for _ in range(3)]
        document = await fetch(Request(url=site.url("/", "localhost"), allow_private=True))
        ends = await asyncio.gather(*stuck, return_exceptions=True)
    assert document.body == b"x"
    assert all(isinstance(end, FetchError) for end in ends)


@pytest.mark.parametrize("found", ["169.254.169.254", "fe80::1", "::ffff:169.254.1.1"])
def test_the_link_itself_is_refused_even_to_sources_that_may_be_private(found: str) -> None:
    family = socket.AF_INET6 if ":" in found else socket.AF_INET
    with pytest.raises(address.LinkLocalError):
        address.open_socket((family, socket.SOCK_STREAM, 6, (found, 80)))
