"""Whether this process lives, and whether it can do its work."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from alerts.errors import AlertsError
from alerts.store import installation, schema
from alerts.store.engine import reading
from alerts.wiring import World


async def healthz(_request: Request) -> Response:
    """Answer as long as the event loop turns."""
    return PlainTextResponse("ok\n", headers={"cache-control": "no-store"})


class Ready:
    """Answers 200 once the database is there and of this program's schema, else 503 with the reason."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def readyz(self, _request: Request) -> Response:
        wrong = await run_in_threadpool(self._reason)
        return PlainTextResponse(f"{wrong or 'ready'}\n", 503 if wrong else 200, headers={"cache-control": "no-store"})

    def _reason(self) -> str:
        try:
            schema.check(self._world.engine)
            with reading(self._world.engine) as session:
                return "" if installation.installation(session) else "not started yet"
        except AlertsError as wrong:
            return str(wrong)
        except Exception:  # noqa: BLE001  the database may fail in any way; the log has the rest
            return "the database does not answer"
