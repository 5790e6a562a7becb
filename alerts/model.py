"""The values that flow through the house: frozen, plain, without input or output.

Rows never leave `alerts.store`; what leaves it are these.
"""

import enum
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from subscribers.interest import Facts

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Kind(enum.StrEnum):
    """What a work itself is; given by its source, its identifiers or its publication types."""

    PAPER = "paper"
    PREPRINT = "preprint"
    ABSTRACT = "abstract"
    RECORD = "record"
    NEWS = "news"
    EXPLAINER = "explainer"
    NOTICE = "notice"


class Reason(enum.StrEnum):
    """Why an item is news."""

    NEW = "new"
    MATCHED = "matched"
    PUBLISHED = "published"
    RESULTS = "results"
    STATUS = "status"
    PHASE = "phase"
    CORRECTED = "corrected"
    CONCERN = "concern"
    RETRACTED = "retracted"


class SourceState(enum.StrEnum):
    """How a source does, as `alerts source list` shows it."""

    NEW = "new"
    OK = "ok"
    FAILING = "failing"
    PAUSED = "paused"
    GONE = "gone"


class Facet(enum.StrEnum):
    """One question that a label answers."""

    TOPIC = "topic"
    PHASE = "phase"
    DESIGN = "design"
    SIZE = "size"
    SUBJECTS = "subjects"
    TREATMENT = "treatment"
    CAUTION = "caution"
    FINDING = "finding"


class Role(enum.StrEnum):
    """How a label stands to its item: topics are `about` or `mention`, phases `own`, `analysis` or `mention`.

    `IS` is the role of facets that have only one. `NOT` is an operator's word that a label is wrong.
    """

    IS = "is"
    ABOUT = "about"
    MENTION = "mention"
    OWN = "own"
    ANALYSIS = "analysis"
    NOT = "not"


class Key(NamedTuple):
    """An identifier that the work itself owns, normalised by `alerts.ingest.identity`.

    Schemes: pmid, pmcid, doi, nct, euct, eudract, isrctn and the other registries (records only),
    guid (value is `<source slug> <guid>`) and url.
    """

    scheme: str
    value: str


class Link(NamedTuple):
    """An identifier met in a text, a data bank list or a reference; never a key.

    Relations: registered-as, published-as, preprint-of, version-of, reports, news-about, corrects, corrected-by,
    retracts, retracted-by, concerns, concern-by, mentions.
    """

    relation: str
    scheme: str
    value: str


_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


class PartialDate(NamedTuple):
    """A date as precise as its source gave it: a year, a month or a day (ISO 8601 reduced precision)."""

    year: int
    month: int | None = None
    day: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read `2026`, `2026-05` or `2026-05-01` (longer ISO 8601 times are cut); None for anything else."""
        if not (match := _PARTIAL.match(text.strip())):
            return None
        year, month, day = (int(part) if part else None for part in match.groups())
        found = cls(year or 0, month, day)
        try:
            found.earliest()
        except ValueError:
            return None
        return found

    @classmethod
    def of(cls, day: date) -> Self:
        return cls(day.year, day.month, day.day)

    def earliest(self) -> date:
        """Return the first day that this date can mean."""
        return date(self.year, self.month or 1, self.day or 1)

    def __str__(self) -> str:
        parts = [f"{self.year:04}"] + [f"{part:02}" for part in (self.month, self.day) if part]
        return "-".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is known of a work in its own words, as plain text without markup.

    `text` is the abstract, summary or story; sections of a structured abstract stand on lines of their own and
    begin with their label ("METHODS: ..."). `phases` and `status` are as the registry spells them.
    `truncated` says that the source cut the text (a teaser).
    """

    kind: Kind = Kind.PAPER
    title: str = ""
    text: str = ""
    url: str = ""
    authors: tuple[str, ...] = ()
    venue: str = ""
    published: PartialDate | None = None
    language: str = ""
    publication_types: tuple[str, ...] = ()
    mesh: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    enrollment: int | None = None
    status: str = ""
    why_stopped: str = ""
    has_results: bool = False
    truncated: bool = False


class Marks(NamedTuple):
    """What an entry is compared by: the fingerprint of what it says, and its title as a key ("" where it is none)."""

    fingerprint: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one document says of one work.

    `locator` is what the source calls it (guid, PMID, registry number), unique within the source.
    `raw_hash` is the SHA-256 (hex) of the entry's bytes as they came, without what services count in their links
    (`utm_*`, `fc`, `ff`, `v`). `marks` are worked out where the entry is read, beside the poll.
    """

    locator: str
    content: Content
    keys: tuple[Key, ...] = ()
    links: tuple[Link, ...] = ()
    raw_hash: str = ""
    marks: Marks | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One work, however many sources carry it."""

    id: int
    content: Content
    first_seen: datetime
    keys: tuple[Key, ...] = ()
    links: tuple[Link, ...] = ()
    sources: tuple[str, ...] = ()


class Evidence(NamedTuple):
    """The words that prove a label: `words == field_value[start:end]`, offsets in characters.

    `field` is `title`, `text`, or for structured input `publication_types[2]`, `mesh[0]`, `phases[0]`,
    `enrollment`; `source` where the operator stated it for a whole source.
    """

    field: str
    start: int
    end: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One classification fact with the words that prove it; without evidence there is no label."""

    facet: Facet
    value: str
    role: Role = Role.IS
    evidence: tuple[Evidence, ...] = ()
    by: str = "rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What people follow. `definition` is the `[topics.<slug>]` table of a pack (see `alerts.classify.packs`)."""

    slug: str
    name: str
    definition: Mapping[str, Any] = field(default_factory=dict)
    parent: str | None = None
    retired: bool = False
    successor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Something we poll. `options` holds what only its kind understands."""

    slug: str
    kind: str = "feed"
    url: str = ""
    query: str = ""
    title: str = ""
    gives: str = "mixed"
    about: str | None = None
    max_age: timedelta | None = timedelta(days=90)
    allow_private: bool = False
    why: str = ""
    sample: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def asks(self) -> tuple[str, str, str, str]:
        """What it asks for: of two sources that ask the same, one is too many."""
        return self.kind, self.url, self.query, json.dumps(dict(self.options), sort_keys=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request that a source kind asks for; `alerts.ingest.fetch` carries it out.

    It holds no secret: the fetch adds what a host must be given (an API key, a contact).
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    allow_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What one request brought back, decompressed. Not stored. `status` is 200, 226 or 304 (then `body` is empty).

    `headers` have lower-case names; `url` is the final address, `moved_to` the target of a chain that consists
    of permanent redirects (301, 308) only.
    """

    url: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    moved_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollState:
    """What a source kind remembers, as JSON values.

    `anchor` is where the last complete run ended; `resume` where a run broke off in mid-paging (empty: none).
    `known` maps each locator seen lately to its raw hash, so that a kind may skip what did not change.
    """

    anchor: Mapping[str, Any] = field(default_factory=dict)
    resume: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The first request of a run and what the run must remember (it becomes `PollState.resume`)."""

    request: Request
    state: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one document held.

    While `next` is not None the run goes on and `state` becomes `resume`; with the last page it becomes `anchor`.
    `seen` counts entries cut out because their raw hash is known; `window` lists every locator of the document in
    order where the kind shows a moving window (a feed), for finding gaps. `notes` are troubles to show, not errors.
    `ttl` is the source's own wish for the time between polls.
    """

    entries: tuple[Entry, ...] = ()
    next: Request | None = None
    state: Mapping[str, Any] = field(default_factory=dict)
    seen: int = 0
    window: tuple[str, ...] = ()
    title: str = ""
    ttl: timedelta | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """This item is news, for this reason: what a poll leaves for `release`."""

    item_id: int
    reason: Reason
    detail: Mapping[str, Any] = field(default_factory=dict)
    quiet: bool = False
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The public record that an item is news. Append-only.

    `facts` are frozen with it; `before` are the facts readers were told earlier (reason `matched`);
    `detail` says what the reason needs (`{"from": "recruiting", "to": "terminated"}`).
    """

    number: int
    item_id: int
    reason: Reason
    at: datetime
    facts: Facts
    before: Facts | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    quiet: bool = False


class ThreadMember(NamedTuple):
    """Another item of the same study, and how it stands to the one shown (a relation of `Link`)."""

    relation: str
    item: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertedItem:
    """All that mail, feed and page need to show an alert."""

    alert: Alert
    item: Item
    labels: tuple[Label, ...] = ()
    thread: tuple[ThreadMember, ...] = ()
    mark: str = ""
