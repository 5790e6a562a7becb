"""An operator who types commands, and a web server whose pages change under them."""

import io
import json
import os
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from alerts.__main__ import main


class Operator:
    """Types `alerts ...` in an empty folder of its own; returns what it prints, of a failure also what it told."""

    told = ""

    def __init__(self, typing: pytest.MonkeyPatch, screen: pytest.CaptureFixture[str]) -> None:
        self._typing, self._screen = typing, screen

    def __call__(self, *args: str, exits: int = 0) -> str:
        self._typing.setattr(sys, "argv", ["alerts", *args])
        self._typing.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
        with pytest.raises(SystemExit) as end:
            main()
        out, self.told = self._screen.readouterr()
        assert (end.value.code or 0) == exits, f"{args}: {end.value.code}\n{out}\n{self.told}"
        return out + (self.told if exits else "")

    def json(self, *args: str) -> Any:
        return json.loads(self(*args, "--json"))

    @property
    def sources(self) -> dict[str, Any]:
        return {row["slug"]: row for row in self.json("source", "list")}


@pytest.fixture
def alerts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Operator:
    for name in [name for name in os.environ if name.startswith("ALERTS_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return Operator(monkeypatch, capsys)


class Web:
    """What stands at each path: a text, or an HTTP status."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.pages: dict[str, str | int] = {}
        self.asked: list[str] = []

    def put(self, path: str, page: str | int) -> str:
        self.pages[path] = page
        return self.base + path


@pytest.fixture
def web() -> Iterator[Web]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            page = found.pages.get(self.path, 404)
            body = b"" if isinstance(page, int) else page.encode()
            self.send_response(page if isinstance(page, int) else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Web(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()
