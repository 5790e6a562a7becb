"""A server in a thread with an event loop of its own, of which nothing is left at the end."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Thread


@contextmanager
def serving(start: Callable[[], Awaitable[asyncio.Server]]) -> Iterator[int]:
    """Run what `start` returns and yield its port; then end its tasks and see every connection closed."""
    began: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        server, end = await start(), asyncio.Event()
        began.set_result((server.sockets[0].getsockname()[1], asyncio.get_running_loop(), end))
        await end.wait()
        server.close()

    def whole() -> None:
        with asyncio.Runner() as runner:  # its end cancels what still talks, and lets closed connections go
            runner.run(serve())

    thread = Thread(target=whole)
    thread.start()
    port, loop, end = began.result(10)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join()
