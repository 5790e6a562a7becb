"""What a fault test kills: composes digests for everyone who is due, in small batches.

Arguments: database URL, moment (ISO 8601). Prints a line before, inside and after every transaction of a batch, and
`done` when nobody is due any more.
"""

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

from alerts.pipeline import compose
from alerts.settings import Settings
from alerts.store import editions
from alerts.store.engine import connect
from subscribers.tokens import Keyring


def telling(call: Callable[..., Any], before: str, after: str) -> Callable[..., Any]:
    def told(*args: object, **named: object) -> object:
        print(before, flush=True)
        found = call(*args, **named)
        print(after, flush=True)
        return found

    return told


if __name__ == "__main__":
    compose.BATCH = 10  # type: ignore[misc]
    compose._Work.compose = telling(compose._Work.compose, "batch begins", "batch ended")  # type: ignore[method-assign]
    editions.enqueue = telling(editions.enqueue, "enqueueing", "enqueued")
    settings = Settings(_env_file=None, ALERTS_FROM="Digest <digest@alerts.example.org>")
    compose.compose_due(connect(sys.argv[1]), Keyring(b"k" * 40), settings, datetime.fromisoformat(sys.argv[2]))
    print("done", flush=True)
