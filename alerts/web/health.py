"""Whether this process lives, and whether the installation does its work."""

from datetime import datetime, timedelta

from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from alerts.errors import AlertsError
from alerts.store import installation, presence, schema, vitals
from alerts.store.engine import reading
from alerts.wiring import World

LONGEST_WAIT = timedelta(minutes=15)


async def healthz(_request: Request) -> Response:
    """Answer as long as the event loop turns."""
    return PlainTextResponse("ok\n", headers={"cache-control": "no-store"})


class Ready:
    """Answers 200 where database, schema, scheduler and outbox are as they should be, else 503 with the reason."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def readyz(self, _request: Request) -> Response:
        wrong = await run_in_threadpool(self._reason)
        return PlainTextResponse(f"{wrong or 'ready'}\n", 503 if wrong else 200, headers={"cache-control": "no-store"})

    def _reason(self) -> str:
        try:
            schema.check(self._world.engine)
            with reading(self._world.engine) as session:
                return not_ready(session, self._world.now())
        except AlertsError as wrong:
            return str(wrong)
        except Exception:  # noqa: BLE001  the database may fail in any way; the log has the rest
            return "the database does not answer"


def not_ready(session: Session, now: datetime) -> str:
    """Return what keeps the installation from its work; empty where nothing does."""
    here = installation.installation(session)
    if here is None:
        return "not started yet"
    if not any("scheduler" in process.roles for process in presence.running(session)):
        return "no scheduler runs"
    waits = vitals.queue(session, now).age(now)
    if waits > LONGEST_WAIT and not here.hold:
        return f"mail has been waiting for {waits.total_seconds() / 60:.0f} minutes"
    return ""
