"""The hub is told of every changed feed, and a hub that fails stops nothing."""

from urllib.parse import parse_qs

from alerts.errors import FetchError
from alerts.pipeline.ping import ping
from alerts.settings import Settings

HUB = Settings(_env_file=None, hub_url="https://hub.example/", base_url="http://127.0.0.1:8000")


async def test_the_hub_is_told_of_each_format_of_each_changed_feed():
    asked = []

    async def fetch(request):
        asked.append(request)
        raise FetchError("(nothing to read)", status=204)

    assert await ping(fetch, HUB, ["nmosd", "nmosd"]) == ()
    (request,) = asked
    told = parse_qs(request.body.decode())
    assert (request.method, request.url, told["hub.mode"]) == ("POST", "https://hub.example/", ["publish"])
    assert "http://127.0.0.1:8000/topics/nmosd.atom" in told["hub.url"]
    assert "http://127.0.0.1:8000/feed.rss" in told["hub.url"]
    assert len(told["hub.url"]) == 6


async def test_a_hub_that_fails_is_told_of_and_many_feeds_go_in_parts():
    async def fetch(request):
        raise FetchError("the hub is down", status=503)

    assert await ping(fetch, HUB, [f"t{n}" for n in range(40)]) == ("the hub is down",) * 3


async def test_without_a_hub_or_a_change_nobody_is_told():
    assert await ping(None, Settings(_env_file=None), ["nmosd"]) == ()
    assert await ping(None, HUB, []) == ()
