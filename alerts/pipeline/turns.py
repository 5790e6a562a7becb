"""Waits for our turn at a host that limits our rate, together with every other process of this installation."""

import asyncio
from datetime import timedelta

from sqlalchemy import Engine

from alerts.store import slots
from alerts.store.engine import writing


class Turns:
    """`await turns(host, seconds)` returns how long to wait until our next request to the host may start."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def __call__(self, host: str, seconds: float) -> float:
        return await asyncio.to_thread(self._take, host, seconds)

    def _take(self, host: str, seconds: float) -> float:
        with writing(self._engine) as session:
            return slots.take(session, host, timedelta(seconds=seconds)).total_seconds()
