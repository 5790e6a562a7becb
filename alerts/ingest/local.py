"""Reads the documents of the kind `file` from this machine's disk; no other kind may ask for one."""

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from alerts.errors import FetchError
from alerts.model import Document, Request, Source

LARGEST = 200 * 1024 * 1024


async def obtain(source: Source, request: Request, fetch: Callable[[Request], Awaitable[Document]]) -> Document:
    """Return what a request of a source brings: from the disk for a file source, by `fetch` for every other."""
    if source.kind == "file":
        return await asyncio.to_thread(read_local, source, request)
    return await fetch(request)


def read_local(source: Source, request: Request) -> Document:
    """Return the file that `request.url` (file:///path) names; FetchError where it is none that may be read."""
    parts = urlsplit(request.url)
    if source.kind != "file" or parts.scheme != "file" or parts.netloc:
        raise FetchError("only a source of kind file reads files of this machine, as file:///path")
    path = Path(unquote(parts.path))
    try:
        # without O_NONBLOCK a named pipe that nobody writes to would hold the poll for ever
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FetchError(f"{path} is not a file")
            body = file.read(LARGEST + 1)
    except OSError as wrong:
        raise FetchError(f"{path} cannot be read: {wrong.strerror}") from wrong
    if len(body) > LARGEST:
        raise FetchError(f"{path} is larger than {LARGEST // 1024 // 1024} MB")
    return Document(url=request.url, body=body)
