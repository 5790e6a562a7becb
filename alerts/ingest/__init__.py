"""Source kinds: each is one pure module with `plan` and `read`, plus one line here."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol

from alerts.errors import ReadError, SourceError, UsageError
from alerts.ingest import crossref, ctgov, europepmc, feed, file, options, page, preprints, pubmed
from alerts.ingest.spacing import Spacing
from alerts.model import Document, Page, Plan, PollState, Request, Source


class SourceKind(Protocol):
    """What a source kind offers. Both are pure: no network, no clock.

    `plan` returns the first request of a run, or None if nothing is to be asked.
    `read` turns one document into a page; it raises ReadError where the document is not what the kind reads, and
    FetchError where the service says inside a 200 what belongs into a status (a rate limit).
    In both, `state.resume` is the state of the run, and `state.known` what this source showed before: an entry whose
    raw hash is known there need not be given again.
    """

    def plan(self, source: Source, state: PollState, now: datetime) -> Plan | None: ...

    def read(self, source: Source, state: PollState, document: Document) -> Page: ...


Recover = Callable[[Source, PollState, Request, SourceError], Page | None]

KINDS: Mapping[str, SourceKind] = {
    "feed": feed,
    "pubmed": pubmed,
    "clinicaltrials": ctgov,
    "europepmc": europepmc,
    "medrxiv": preprints.medrxiv,
    "biorxiv": preprints.biorxiv,
    "page": page,
    "file": file,
}

APIS = frozenset({"pubmed", "clinicaltrials", "europepmc", "medrxiv", "biorxiv"})
"""The kinds whose `url` is where an API begins (empty: the service's own), not the address that is asked."""


def check(source: Source, now: datetime) -> None:
    """Raise UsageError where a source could never be polled: what it is told is no query, selector or option."""
    if source.kind not in KINDS:
        raise UsageError(f"{source.slug} is of the kind {source.kind!r}; the kinds are {', '.join(KINDS)}")
    options.check(source)
    try:
        KINDS[source.kind].plan(source, PollState(), now)
    except ReadError as wrong:
        raise UsageError(f"{source.slug}: {wrong}") from wrong


_RECOVER: Mapping[str, Recover] = {
    "clinicaltrials": ctgov.recover,
    "page": page.recover,
}

SPACING: Mapping[str, Spacing] = {
    **pubmed.SPACING,
    **ctgov.SPACING,
    **europepmc.SPACING,
    **preprints.SPACING,
    **crossref.SPACING,
}


def spacing(keyed: Iterable[str] = ()) -> dict[str, float]:
    """Return the seconds between two requests to each host with a limit; `keyed` are hosts we hold an API key for."""
    with_key = frozenset(keyed)
    return {host: found.of(with_key=host in with_key) for host, found in SPACING.items()}


def recover(source: Source, state: PollState, request: Request, error: SourceError) -> Page | None:
    """Say how a run goes on that failed in mid-paging (an expired page token, one dead or unreadable page among many).

    The page returned is stored as if it had been read. None: the run failed; it goes on from `resume` at the next poll,
    unless the error is permanent (4xx but 408, 425 and 429, or a ReadError): then the next poll begins a new run.
    """
    found = _RECOVER.get(source.kind)
    return found(source, state, request, error) if found else None
