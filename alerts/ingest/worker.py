"""The other side of the pool: reads documents in a process of its own, which may hang or die without harm."""

import os
import sys
from contextlib import suppress
from typing import BinaryIO

from alerts.collector import collect_seldom
from alerts.errors import ReadError, SourceError
from alerts.ingest import KINDS
from alerts.ingest.identity import marked
from alerts.ingest.packing import LENGTH, packed, unpacked
from alerts.model import Document, Page, PollState, Source


def read(source: Source, state: PollState, document: Document) -> Page:
    """Read one document; its entries bear their marks."""
    return marked(KINDS[source.kind].read(source, state, document), source.slug)


def answer(source: Source, state: PollState, document: Document) -> Page | SourceError:
    """Read one document; whatever a reader raises becomes an error of the source."""
    try:
        return read(source, state, document)
    except SourceError as error:
        return error
    except Exception as error:  # noqa: BLE001  one document must not end the process
        return ReadError(f"cannot be read ({type(error).__name__})")


def main() -> None:
    """Answer tasks from standard input until it ends; die when one takes longer than it may, or too much memory."""
    seconds, memory = float(sys.argv[1]), int(sys.argv[2])
    _limit(memory)
    _give_way()
    tasks, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing that a library prints gets between the answers
    collect_seldom()
    while head := tasks.read(LENGTH.size):
        _alarm(seconds)
        answers.write(packed(answer(*_task(tasks, head))))
        answers.flush()
        _alarm(0)


def _task(tasks: BinaryIO, head: bytes) -> tuple[Source, PollState, Document]:
    found: tuple[Source, PollState, Document] = unpacked(tasks.read(LENGTH.unpack(head)[0]))
    return found


def _limit(memory: int) -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415  not on every system

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _give_way() -> None:
    """Leave the processor first to the process that fetches and stores: all readers wait for it."""
    with suppress(AttributeError, OSError):
        os.nice(2)


def _alarm(seconds: float) -> None:
    """End this process by a signal, even inside a library's C code, should the parent be gone and not do it."""
    with suppress(ImportError, AttributeError):
        import signal  # noqa: PLC0415

        signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    main()
