"""A few processes in which documents are read under a deadline: a crash or a hang costs one source one poll."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from types import TracebackType
from typing import Self

from alerts.errors import ReadError, SourceError
from alerts.ingest import worker as reader
from alerts.ingest.packing import LENGTH, packed, unpacked
from alerts.model import Document, Page, PollState, Source

_GUARDED = frozenset({"feed", "page"})  # hostile markup; the services' own answers are read in a thread
_PASSED_ON = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "SYSTEMROOT", "TZ")  # no setting, no secret
_GRACE = 5.0  # seconds after which a worker whose parent died ends by itself


class _CrashError(Exception):
    """The worker died over a document."""


class Pool:
    """Read documents: `page = await pool.read(source, state, document)`; raises as the kind's own `read` does.

    `workers` processes are started when first needed and again when one died. A document that takes longer than
    `deadline` seconds or more than `memory` bytes is refused with a ReadError.
    """

    def __init__(self, workers: int = 2, *, deadline: float = 30.0, memory: int = 2 * 1024**3) -> None:
        self._deadline = deadline
        self._arguments = (str(deadline + _GRACE), str(memory))
        self._idle: asyncio.LifoQueue[Process | None] = asyncio.LifoQueue()
        self._workers = workers

    async def __aenter__(self) -> Self:
        for _ in range(self._workers):
            self._idle.put_nowait(None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while not self._idle.empty():
            await _end(self._idle.get_nowait())

    async def read(self, source: Source, state: PollState, document: Document) -> Page:
        """Return the page that a document holds."""
        if source.kind not in _GUARDED:
            return await asyncio.to_thread(reader.read, source, state, document)
        task = packed((source, state, document))
        try:
            return await self._asked(task)
        except _CrashError:  # perhaps an earlier document had left that worker ill: a fresh one decides
            try:
                return await self._asked(task)
            except _CrashError:
                raise ReadError("made the reader crash or run out of memory") from None

    async def _asked(self, task: bytes) -> Page:
        """Hand a task to an idle worker; one that did not answer in order is not used again."""
        worker, healthy = await self._idle.get(), None
        try:
            if worker is None or worker.returncode is not None:
                worker = await self._start()
            async with asyncio.timeout(self._deadline):
                answer = await _exchanged(worker, task)
            healthy = worker
        except TimeoutError:
            raise ReadError(f"could not be read within {self._deadline:g} s") from None
        finally:
            if healthy is None:
                await _end(worker)
            self._idle.put_nowait(healthy)
        if isinstance(answer, SourceError):
            raise answer
        return answer

    async def _start(self) -> Process:
        kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "alerts.ingest.worker", *self._arguments,
            stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=kept,
        )  # fmt: skip


async def _exchanged(worker: Process, task: bytes) -> Page | SourceError:
    if worker.stdin is None or worker.stdout is None:
        raise _CrashError
    try:
        worker.stdin.write(task)
        await worker.stdin.drain()
        length = LENGTH.unpack(await worker.stdout.readexactly(LENGTH.size))[0]
        answer: Page | SourceError = unpacked(await worker.stdout.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise _CrashError from error
    return answer


async def _end(worker: Process | None) -> None:
    """End a worker and wait until it is gone."""
    if worker is None:
        return
    with suppress(ProcessLookupError):
        worker.kill()
    if worker.stdin is not None:
        worker.stdin.close()
    await worker.wait()
