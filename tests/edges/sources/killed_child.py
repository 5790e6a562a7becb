"""What a test kills in mid-paging: polls every source to its end. Arguments: database URL, moment, seconds apart.

Prints a line for every page stored, and `done` when nothing is due any more.
"""

import asyncio
import sys
from datetime import datetime

from alerts.ingest.fetch import Fetch
from alerts.pipeline import poll
from alerts.pipeline.shelve import Shelver
from alerts.pipeline.turns import Turns
from alerts.store.engine import connect

whole = Shelver.shelve


def telling(*given: object) -> object:
    stored = whole(*given)  # type: ignore[arg-type]
    print("stored", flush=True)
    return stored


async def main(url: str, now: datetime, apart: float) -> None:
    engine = connect(url)
    async with Fetch("tests@example.org", spacing={"127.0.0.1": apart}, turn=Turns(engine)) as fetch:
        while went := await poll.poll_due(engine, fetch, now):
            assert not [one.error for one in went if one.failed]
    engine.dispose()
    print("done", flush=True)


if __name__ == "__main__":
    Shelver.shelve = telling  # type: ignore[method-assign,assignment]
    asyncio.run(main(sys.argv[1], datetime.fromisoformat(sys.argv[2]), float(sys.argv[3])))
