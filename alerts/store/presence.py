"""Which processes run: each holds a row with a lease on the database's clock, and is forgotten once it ends."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, text
from sqlmodel import Session, col, insert, select

from alerts.store.engine import database_now
from alerts.store.lease import mine, renew
from alerts.store.tables import JobRow

PROCESS = "process"
LEASE = timedelta(seconds=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A running process: what it does, and where."""

    roles: tuple[str, ...]
    host: str
    pid: int
    since: datetime

    def __str__(self) -> str:
        return f"{','.join(self.roles)} (process {self.pid} on {self.host})"


def enter(session: Session, roles: Iterable[str], host: str, pid: int) -> str:
    """Note that a process runs; return the token under which it stays. Those that died are forgotten."""
    token, at = secrets.token_hex(16), database_now(session)
    session.execute(delete(JobRow).where(col(JobRow.kind) == PROCESS, col(JobRow.leased_until) < at))
    detail = {"roles": sorted(roles), "host": host, "pid": pid}
    row = {"kind": PROCESS, "detail": detail, "created_at": at, "lease": token, "leased_until": at + LEASE}
    session.execute(insert(JobRow).values(done=0, total=0, **row))
    return token


def stay(session: Session, token: str) -> bool:
    """Put off the end; false where the row is gone."""
    return bool(renew(session, JobRow, token, lease=LEASE))


def leave(session: Session, token: str) -> None:
    """Note that a process ended."""
    session.execute(delete(JobRow).where(mine(JobRow, token)))


def running(session: Session) -> list[Process]:
    """Return the processes that are alive, the oldest first."""
    alive = (col(JobRow.kind) == PROCESS, col(JobRow.leased_until) >= database_now(session))
    rows = session.exec(select(JobRow).where(*alive).order_by(col(JobRow.id)))
    return [
        Process(
            roles=tuple(row.detail["roles"]), host=row.detail["host"], pid=row.detail["pid"], since=row.created_at
        )
        for row in rows
    ]


def let_nobody_in(session: Session) -> None:
    """Make processes that start wait until this transaction ends; on SQLite every writer does already."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text("LOCK TABLE jobs IN EXCLUSIVE MODE"))


def forget_all(session: Session) -> None:
    """Forget every process: the rows came with a copy from elsewhere."""
    session.execute(delete(JobRow).where(col(JobRow.kind) == PROCESS))
