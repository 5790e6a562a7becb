"""Mail that landed as files, looked at on the very machine it landed on."""

import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from alerts.web.answer import PRIVATE, Pages, from_this_machine
from alerts.web.guard import POLICY
from alerts.wiring import World

MOST = 100
FRAMED = POLICY + "; frame-src 'self'"
# The mail's own style stays inside a frame that runs nothing; its links open in the whole window.
INSIDE = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'self'"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as a list shows it."""

    name: str
    subject: str
    to: str
    date: str


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Answers only where base URL, bind address and asker are all this machine."""

    world: World
    pages: Pages

    @property
    def _folder(self) -> Path:
        return self.world.settings.data_dir / "mail"

    async def index(self, request: Request) -> Response:
        self._allowed(request)
        mails = await run_in_threadpool(lambda: [_mail(path) for path in self._paths()[:MOST]])
        return self.pages.private("mailbox.html", mails=mails, folder=str(self._folder.absolute()))

    async def show(self, request: Request) -> Response:
        path, message = await self._message(request)
        text = message.get_body(("plain",))
        answer = self.pages.private(
            "mail.html", mail=_mail(path), text=text.get_content() if text else "",
            html=message.get_body(("html",)) is not None,
            headers=[(name, str(value)) for name, value in message.items()],
        )
        answer.headers["content-security-policy"] = FRAMED
        return answer

    async def html(self, request: Request) -> Response:
        _, message = await self._message(request)
        body = message.get_body(("html",))
        if body is None:
            raise HTTPException(404, "This mail has no HTML part.")
        shown = str(body.get_content()).replace("<head>", '<head><base target="_top">', 1)
        return HTMLResponse(shown, headers={"content-security-policy": INSIDE, "cache-control": PRIVATE})

    async def _message(self, request: Request) -> tuple[Path, EmailMessage]:
        self._allowed(request)
        for path in self._paths():
            if path.name == request.path_params["name"]:
                return path, await run_in_threadpool(_read, path)
        raise HTTPException(404, "There is no such mail.")

    def _paths(self) -> list[Path]:
        found = [path for path in _files(self._folder) if path.is_file()]
        return sorted(found, key=lambda path: (-path.stat().st_mtime, path.name))

    def _allowed(self, request: Request) -> None:
        if not self.pages.local or not from_this_machine(request):
            raise HTTPException(404, "Mail can be looked at on the machine it lands on only.")


def _files(folder: Path) -> Iterator[Path]:
    for name in ("new", "cur"):
        if (folder / name).is_dir():
            yield from (folder / name).iterdir()


def _read(path: Path) -> EmailMessage:
    return email.message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=email.policy.default)


def _mail(path: Path) -> Mail:
    message = _read(path)
    said = [str(message.get(name, "")) for name in ("Subject", "To", "Date")]
    return Mail(path.name, *said)
