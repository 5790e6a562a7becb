"""Every error this project raises on purpose; what a caller must know to react is on the exception.

The message is one line that says what is wrong and what to do. No message holds an address or a secret.
"""

from collections.abc import Iterable
from datetime import timedelta
from difflib import get_close_matches


class AlertsError(Exception):
    """Something failed; the command ends with exit code 1."""

    exit_code = 1


class UsageError(AlertsError):
    """The operator asked for something that cannot be; exit code 2, nothing was changed."""

    exit_code = 2


class NotFoundError(UsageError):
    """A slug, number or key that names nothing we hold."""


class NoTopicError(NotFoundError):
    """There is no topic of that slug; the message names those that are like it, where they can be told."""

    def __init__(self, slug: str, known: Iterable[str] = ()) -> None:
        near = get_close_matches(slug, known, 3)
        meant = f"; did you mean {' or '.join(near)}?" if near else "."
        super().__init__(f"There is no topic {slug[:60]!r}{meant}")


class SourceError(AlertsError):
    """A source could not be polled; the text is what `alerts source list` shows as its last error."""


class FetchError(SourceError):
    """A request brought no usable document.

    `status` is the HTTP status if there was one; `retry_after` is what the server asked for;
    `gone` is true for 410, `throttled` for 429 and 503 with Retry-After, `network` where no server was reached.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after: timedelta | None = None,
        network: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.network = network

    @property
    def gone(self) -> bool:
        return self.status == 410

    @property
    def throttled(self) -> bool:
        return self.status == 429 or (self.status == 503 and self.retry_after is not None)


class PrivateError(FetchError):
    """The address leads into a private network, which the source is not allowed to reach."""


class ReadError(SourceError):
    """A document arrived, but it is not what this source's kind reads (HTML for a feed, an error inside a 200)."""


class WebPageError(ReadError):
    """Where a feed was asked for there is a web page; it may name its feeds."""


class PackError(UsageError):
    """A topic pack is wrong; the text names file, line and reason."""
