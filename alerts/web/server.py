"""The web server: uvicorn with our express way in, without signal handlers and access log of its own."""

import contextlib
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from alerts.web.express import Express


class Server(uvicorn.Server):
    """uvicorn without its own signal handlers: stopping is one decision, made by the service."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server(app: ASGIApp) -> Server:
    """Build the server of an application; it serves sockets that are open already."""
    return Server(
        uvicorn.Config(
            app,
            http=Express,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=10,
        )
    )
