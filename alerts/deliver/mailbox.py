"""Mail as files in a Maildir: where mail lands without an SMTP server."""

import asyncio
import os
import socket
from pathlib import Path

from alerts.deliver.carrier import Desk, Mail
from alerts.deliver.retry import Reply, Stage

FOLDERS = ("tmp", "new", "cur")


class MailboxCarrier:
    """Writes each mail atomically (tmp, fsync, rename into new), named by its Message-ID: a repeat makes no second."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    wire = False

    async def carry(self, desk: Desk, *, waiting: int) -> None:  # noqa: ARG002  the shape of a Carrier
        await asyncio.to_thread(self._prepare)
        while (mail := await desk.take()) is not None:
            if await desk.may_leave(mail):
                desk.settle(mail, await asyncio.to_thread(self._store, mail), Stage.BODY)

    def _prepare(self) -> None:
        for name in FOLDERS:
            (self._folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)

    def _store(self, mail: Mail) -> Reply:
        try:
            self._write(mail)
        except OSError as trouble:
            return Reply(452, "4.3.1", f"4.3.1 {trouble.strerror or 'cannot write the file'}")
        return Reply(250, "2.0.0", "2.0.0 stored as a file")

    def _write(self, mail: Mail) -> None:
        name = file_name(mail.message_id)
        temporary = self._folder / "tmp" / f"{os.getpid()}.{name}"
        with temporary.open("wb") as file:
            file.writelines(mail.message)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(self._folder / "new" / name)
        _sync_folder(self._folder / "new")


def file_name(message_id: str) -> str:
    """Return the Maildir name of a message: unique because its Message-ID is."""
    local = "".join(sign for sign in message_id.partition("@")[0] if sign.isalnum() or sign in "-_")
    return f"{local}.alerts.{socket.gethostname().replace('/', '_').replace(':', '_')}"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
