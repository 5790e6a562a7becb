"""The bare way in: a feed that is kept is sent at once, everything else goes on to the framework."""

from starlette.types import ASGIApp, Receive, Scope, Send

from alerts.web.shelf import Shelf


def feed_address(scope: Scope) -> bytes:
    """Return the raw address under which a feed is kept."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    asked: bytes = scope["query_string"]
    return raw + b"?" + asked


class Front:
    """Answers GET and HEAD of kept feeds ahead of routing, middleware and templates."""

    def __init__(self, app: ASGIApp, shelf: Shelf) -> None:
        self._app = app
        self.shelf = shelf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            kept = await self.shelf.get(feed_address(scope))
            if kept is not None:
                await kept(scope, receive, send)
                return
        await self._app(scope, receive, send)
