"""How far apart requests to a host must be: a value that kinds declare and the poll obeys for all workers together."""

from typing import NamedTuple


class Spacing(NamedTuple):
    """Seconds between the starts of two requests to one host; `keyed` where the operator has an API key for it."""

    seconds: float
    keyed: float | None = None

    def of(self, *, with_key: bool) -> float:
        """Return the seconds that hold, given whether requests carry an API key."""
        return self.keyed if with_key and self.keyed is not None else self.seconds
