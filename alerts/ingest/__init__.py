"""Source kinds: each is one pure module with `plan` and `read`, plus one line here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from alerts.ingest import feed
from alerts.model import Document, Page, Plan, PollState, Source


class SourceKind(Protocol):
    """What a source kind offers. Both are pure: no network, no clock.

    `plan` returns the first request of a run, or None if nothing is to be asked.
    `read` turns one document into a page; it raises ReadError where the document is not what the kind reads.
    """

    def plan(self, source: Source, state: PollState, now: datetime) -> Plan | None: ...

    def read(self, source: Source, state: PollState, document: Document) -> Page: ...


KINDS: Mapping[str, SourceKind] = {
    "feed": feed,
}
