"""Processes that tests start and kill: forked from a clean server that has the program loaded already."""

import multiprocessing
import os
import random
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from signal import SIGKILL
from time import sleep
from typing import Any

FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(
    ["pytest", "alerts.pipeline.poll", "alerts.pipeline.compose", "alerts.pipeline.deliver", "alerts.scheduler",
     "alembic.command", "psycopg", "sqlalchemy.dialects.postgresql.psycopg"]
)  # fmt: skip
PATIENCE = 120.0
LATEST = 0.004  # seconds after a sign at which a kill still hits what the sign told of

Say = Callable[[], None]


class Hand:
    """One process at work. `work` is a function of `hands.py`; it says a sign around every transaction."""

    def __init__(self, work: Callable[..., None], *arguments: Any) -> None:
        self._ear, mouth = FORK.Pipe(duplex=False)
        self._process = FORK.Process(target=_do, args=(work, mouth, *arguments), daemon=True)
        self._process.start()
        mouth.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def signs(self, most: int) -> int:
        """Wait for so many signs; fewer come where the process ends."""
        for count in range(most):
            try:
                assert self._ear.poll(PATIENCE), "the process says nothing"
                self._ear.recv_bytes()
            except EOFError:
                return count
        return most

    def kill(self) -> None:
        self._process.kill()
        self._gone()

    def stop(self) -> None:
        """Ask it to end, and see that it does."""
        self._process.terminate()
        self.finish()

    def killed(self, dice: random.Random, most: int) -> bool:
        """Kill it after a random number of signs, and a random moment more; false where it had ended before."""
        self.signs(dice.randint(1, most))
        sleep(dice.uniform(0, LATEST))
        self.kill()
        return self._process.exitcode == -SIGKILL

    def finish(self) -> None:
        """Wait until it has done its work."""
        while self.signs(100) == 100:
            pass
        self._gone()
        assert self._process.exitcode == 0

    def _gone(self) -> None:
        self._process.join(PATIENCE)
        assert not self._process.is_alive()
        self._ear.close()


def _do(work: Callable[..., None], mouth: Connection, *arguments: Any) -> None:
    os.set_blocking(mouth.fileno(), False)

    def say() -> None:
        with suppress(BlockingIOError):  # nobody has listened for long, and nobody waits for that
            mouth.send_bytes(b".")

    work(say, *arguments)
