"""One of several processes on a database: polls until nothing is due. Arguments: database URL, moment, host=seconds."""

import asyncio
import sys
from datetime import datetime

from alerts.ingest.fetch import Fetch
from alerts.pipeline import poll
from alerts.pipeline.turns import Turns
from alerts.store.engine import connect


async def main(url: str, now: datetime, spacing: dict[str, float]) -> None:
    engine = connect(url)
    async with Fetch("tests@example.org", spacing=spacing, turn=Turns(engine)) as fetch:
        print("ready", flush=True)
        sys.stdin.readline()
        while await poll.poll_due(engine, fetch, now):
            pass
    engine.dispose()


if __name__ == "__main__":
    poll.BATCH = 6  # so that several processes have their share of every host
    host, seconds = sys.argv[3].split("=")
    asyncio.run(main(sys.argv[1], datetime.fromisoformat(sys.argv[2]), {host: float(seconds)}))
