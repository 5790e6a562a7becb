"""How the web answers: a template, its headers, and the few words an error needs."""

import gzip
import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from alerts.publish import reach, words
from alerts.publish.templating import environment
from alerts.settings import is_loopback
from alerts.store import trouble
from alerts.store.engine import reading
from alerts.web.prepared import takes_gzip
from alerts.wiring import World

PUBLIC = "public, max-age=60"
PRIVATE = "no-store"
@dataclass(frozen=True, slots=True)
class Pages:
    """Renders templates for one installation; `listens_here`: on this machine's own address only."""

    world: World
    listens_here: bool = True

    @property
    def local(self) -> bool:
        """Tell whether mail that lands as files may be looked at through the web."""
        settings = self.world.settings
        return self.listens_here and not settings.public and settings.smtp is None

    @property
    def root(self) -> str:
        """Return the path under which this installation answers, empty for the root."""
        return urlsplit(self.world.settings.base_url).path

    def text(self, template: str, *, reach: str = "", **values: Any) -> str:  # noqa: ANN401  what the template names
        settings = self.world.settings
        return environment("web").get_template(template).render(
            root=self.root, base_url=settings.base_url, local=self.local, imprint=settings.imprint, words=words,
            reach=reach, **values,
        )

    def public(self, request: Request, template: str, **values: Any) -> Response:  # noqa: ANN401
        """Answer with a page that anyone may keep: ETag, 304, gzip; its foot says what was read. Reads the database."""
        body = self.text(template, reach=self._reach(), **values).encode()
        etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"cache-control": PUBLIC, "etag": etag, "vary": "Accept-Encoding"}
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if takes_gzip(request.headers.get("accept-encoding", "").encode("latin-1")):
            body, headers["content-encoding"] = gzip.compress(body, 5, mtime=0), "gzip"
        return HTMLResponse(body, headers=headers)

    def _reach(self) -> str:
        with reading(self.world.engine) as session:
            return reach.line(*trouble.reach(session, self.world.now()))

    def private(self, template: str, status: int = 200, **values: Any) -> Response:  # noqa: ANN401
        """Answer with a page that nobody may keep, nor search engines list."""
        answer = self.fresh(template, status, **values)
        answer.headers["x-robots-tag"] = "noindex, nofollow"
        return answer

    def fresh(self, template: str, status: int = 200, **values: Any) -> Response:  # noqa: ANN401
        """Answer with a page that anyone may find, made anew for each who asks."""
        return HTMLResponse(self.text(template, **values), status, headers={"cache-control": PRIVATE})

    def problem(self, status: int, said: str, headers: dict[str, str] | None = None) -> Response:
        """Answer with a plain page that says what is wrong and where to go on."""
        text = self.text("problem.html", status=status, title=TITLES.get(status, "Something went wrong"), said=said)
        return HTMLResponse(text, status, headers={"cache-control": "no-store", **(headers or {})})


TITLES = {
    400: "That could not be read",
    404: "Nothing is here",
    405: "This cannot be done here",
    410: "This is gone",
    413: "That is too much",
    429: "Too many at once",
    500: "Something went wrong on our side",
    503: "Not ready yet",
}


def from_this_machine(request: Request) -> bool:
    """Tell whether a request came over the loopback interface, under a loopback name."""
    server, client = request.scope.get("server"), request.client
    forwarded = {"forwarded", "x-forwarded-for", "x-real-ip"} & set(Headers(scope=request.scope).keys())
    hosts = [server[0] if server else "", client.host if client else ""]
    return not forwarded and all(is_loopback(host) for host in hosts) and is_loopback(_hostname(request))


def _hostname(request: Request) -> str:
    return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
