"""Every table but those about people (`subscribers.tables`); rows never leave `alerts.store`."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field

from subscribers.tables import Table, metadata

__all__ = ["metadata"]


def _json(*, default: str = "{}") -> Any:  # noqa: ANN401  SQLModel's own type
    return Field(sa_column=Column(JSON, nullable=False, server_default=text(f"'{default}'")))


class InstallationRow(Table, table=True):
    """The one row (id 1) about this installation, written at first start.

    `authority` and `started_at` make the tag URIs (RFC 4151) of feed entries and never change.
    `key_fingerprint` proves that the secret key is the one the addresses were sealed with.
    """

    __tablename__ = "installation"

    id: int = Field(default=1, primary_key=True)
    authority: str
    started_at: datetime
    key_fingerprint: str = ""
    public_revision: int = 0
    hold: bool = False
    hold_reason: str = ""


class NumberLineRow(Table, table=True):
    """The last alert number given out (id 1): the only clock of publication."""

    __tablename__ = "number_line"

    id: int = Field(default=1, primary_key=True)
    n: int = 0


class TopicRow(Table, table=True):
    __tablename__ = "topics"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    name: str
    definition: dict[str, Any] = _json()
    parent: str | None = Field(default=None, index=True)
    retired_at: datetime | None = None
    successor: str | None = None
    revision: int = 0  # raised by every transaction that changes what the public sees of the topic


class SourceRow(Table, table=True):
    __tablename__ = "sources"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    kind: str
    url: str = ""
    query: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    title: str = ""
    gives: str = "mixed"
    about: str | None = None
    max_age_days: int | None = None  # no limit
    allow_private: bool = False
    why: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    sample: bool = False
    options: dict[str, Any] = _json()
    state: str = "new"
    last_error: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    notes: list[str] = _json(default="[]")
    failures: int = 0  # in a row
    failing_since: datetime | None = None
    told_at: datetime | None = None  # when the operator was told
    created_at: datetime
    last_polled_at: datetime | None = None
    last_ok_at: datetime | None = None
    next_poll_at: datetime | None = Field(default=None, index=True)
    interval_s: int = 3600
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""  # SHA-256 of the last 200 body that was read whole
    moved_to: str = ""
    moved_seen: int = 0
    anchor: dict[str, Any] = _json()
    resume: dict[str, Any] = _json()  # {"request": ..., "state": ...} while a run is in mid-paging
    window: list[str] = _json(default="[]")  # the locators of the last complete poll
    gaps: int = 0
    lease: str | None = None
    leased_until: datetime | None = None


class HostRow(Table, table=True):
    """What a host asked of us (Retry-After), which process visits it, and when it may be asked next."""

    __tablename__ = "hosts"

    host: str = Field(primary_key=True)
    not_before: datetime | None = None
    next_slot_at: datetime | None = None
    lease: str | None = None
    leased_until: datetime | None = None


class ItemRow(Table, table=True):
    __tablename__ = "items"
    __table_args__ = (Index("ix_items_first_seen_at", "first_seen_at"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    title: str = Field(sa_column=Column(Text, nullable=False))
    text: str = Field(default="", sa_column=Column(Text, nullable=False))
    url: str = Field(default="", sa_column=Column(Text, nullable=False))
    authors: list[str] = _json(default="[]")
    venue: str = ""
    published: str = ""  # ISO 8601, as precise as given
    language: str = ""
    publication_types: list[str] = _json(default="[]")
    mesh: list[str] = _json(default="[]")
    phases: list[str] = _json(default="[]")
    enrollment: int | None = None
    status: str = ""
    why_stopped: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    has_results: bool = False
    truncated: bool = False
    mark: str = ""  # corrected, concern or retracted: what the whole thread carries
    first_seen_at: datetime
    changed_at: datetime
    rules: str = ""  # the version of rules and topics that labelled it
    merged_into: int | None = Field(default=None, foreign_key="items.id", index=True)
    first_alert: int | None = None
    complete_after: datetime | None = None  # when to ask for more than the teaser
    completions: int = 0
    ask_after: datetime | None = Field(default=None, index=True)  # when to ask after retractions


class KeyRow(Table, table=True):
    __tablename__ = "keys"

    scheme: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    item_id: int = Field(foreign_key="items.id", index=True)


class LinkRow(Table, table=True):
    __tablename__ = "links"
    __table_args__ = (
        UniqueConstraint("item_id", "relation", "scheme", "value"),
        Index("ix_links_scheme_value", "scheme", "value"),
    )

    id: int | None = Field(default=None, primary_key=True)
    item_id: int = Field(foreign_key="items.id")
    relation: str
    scheme: str
    value: str


class SightingRow(Table, table=True):
    """That a source showed an item. `fingerprint` is of the normalised content that this source gave last."""

    __tablename__ = "sightings"
    __table_args__ = (UniqueConstraint("source_id", "locator"),)

    id: int | None = Field(default=None, primary_key=True)
    source_id: int = Field(foreign_key="sources.id")
    item_id: int = Field(foreign_key="items.id", index=True)
    locator: str
    raw_hash: str
    fingerprint: str
    url: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    first_seen_at: datetime
    last_seen_at: datetime
    changes: int = 0


class LabelRow(Table, table=True):
    """`by` is `rule` or `operator`; an operator's `role` `not` takes a rule's label away."""

    __tablename__ = "labels"
    __table_args__ = (
        UniqueConstraint("item_id", "facet", "value", "by"),
        Index("ix_labels_facet_value_role", "facet", "value", "role"),
    )

    id: int | None = Field(default=None, primary_key=True)
    item_id: int = Field(foreign_key="items.id")
    facet: str
    value: str = Field(sa_column=Column(Text, nullable=False))
    role: str
    by: str
    evidence: list[Any] = _json(default="[]")
    at: datetime


class HistoryRow(Table, table=True):
    """What an item's field was before and after a change (status, phase, enrolment, results, title, text).

    A date that was not believed is one that became none.
    """

    __tablename__ = "history"

    id: int | None = Field(default=None, primary_key=True)
    item_id: int = Field(foreign_key="items.id", index=True)
    at: datetime
    field: str
    old: str = Field(sa_column=Column(Text, nullable=False))
    new: str = Field(sa_column=Column(Text, nullable=False))


class ReportRow(Table, table=True):
    """A reader's word that a label is wrong; no address is kept."""

    __tablename__ = "reports"

    id: int | None = Field(default=None, primary_key=True)
    item_id: int = Field(foreign_key="items.id", index=True)
    at: datetime
    words: str = Field(sa_column=Column(Text, nullable=False))
    done_at: datetime | None = None


class IntentRow(Table, table=True):
    __tablename__ = "intents"

    id: int | None = Field(default=None, primary_key=True)
    item_id: int = Field(foreign_key="items.id", index=True)
    reason: str
    detail: dict[str, Any] = _json()
    quiet: bool = False
    created_at: datetime
    not_before: datetime | None = Field(default=None, index=True)


class AlertRow(Table, table=True):
    """Append-only. `facts` and `before` are `subscribers.interest.Facts` as JSON."""

    __tablename__ = "alerts"

    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    item_id: int = Field(foreign_key="items.id", index=True)
    reason: str
    at: datetime = Field(index=True)
    quiet: bool = False
    facts: dict[str, Any] = _json()
    before: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    detail: dict[str, Any] = _json()


class AlertTopicRow(Table, table=True):
    """The topics under which an alert is found (about, with ancestors), for windows by topic."""

    __tablename__ = "alert_topics"
    __table_args__ = (Index("ix_alert_topics_slug_number", "slug", "number"),)

    number: int = Field(sa_column=Column(Integer, ForeignKey("alerts.number"), primary_key=True, autoincrement=False))
    slug: str = Field(primary_key=True)


class RunRow(Table, table=True):
    """One composing: prepared + sum(excluded) = candidates, checked."""

    __tablename__ = "runs"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    upto: int
    candidates: int = 0
    prepared: int = 0
    excluded: dict[str, Any] = _json()


class EditionRow(Table, table=True):
    """One rendered content, keyed by its hash and shared by everyone who gets the same.

    `numbers` are the alerts shown in full, `listed` those shown as a line or counted behind a link.
    `parts` is the rendered mail before the recipient is spliced in (see `alerts.publish.email`), compressed.
    """

    __tablename__ = "editions"

    id: int | None = Field(default=None, primary_key=True)
    hash: str = Field(unique=True)
    kind: str  # digest, first, notice, confirm, operator, test
    format: str
    language: str = "en"
    subject: str
    numbers: list[int] = _json(default="[]")
    listed: list[int] = _json(default="[]")
    parts: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    erased: int = 0  # deliveries of people who left, whose rows were deleted
    created_at: datetime


class DeliveryRow(Table, table=True):
    """The outbox: one mail to one recipient, unique by (recipient, kind, ordinal).

    `recipient` is the subscriber's id as text, or `operator`. `private` is what only this mail holds (a confirm
    token), sealed like an address. States: queued, claimed, sending, sent, deferred, bounced, uncertain, expired,
    cancelled. What is in hand (claimed, sending) has a lease, all others have none: `sending` changes no index.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("recipient", "kind", "ordinal"),
        Index("ix_deliveries_due", "state", "priority", "next_attempt_at", sqlite_where=text("lease IS NULL"),
              postgresql_where=text("lease IS NULL")),
        Index("ix_deliveries_leased", "leased_until", sqlite_where=text("lease IS NOT NULL"),
              postgresql_where=text("lease IS NOT NULL")),
    )

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    )
    recipient: str
    kind: str
    ordinal: int
    subscriber_id: int | None = Field(default=None, foreign_key="subscribers.id", index=True)
    edition_id: int = Field(foreign_key="editions.id", index=True)
    domain_hash: bytes | None = Field(default=None, sa_column=Column(LargeBinary(16)))
    private: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    priority: int = 5  # 1 confirm and notice, 3 immediate, 5 digest
    state: str = "queued"
    attempts: int = 0
    doubts: int = 0  # bodies that left and whose reply never came
    message_id: str
    reply: str = ""
    created_at: datetime
    next_attempt_at: datetime
    deadline_at: datetime
    sent_at: datetime | None = None
    lease: str | None = None
    leased_until: datetime | None = None


class LaneRow(Table, table=True):
    """The pace allowed to a recipient domain (keyed hash) or, under the empty hash, to the server as a whole."""

    __tablename__ = "lanes"

    domain_hash: bytes = Field(sa_column=Column(LargeBinary(16), primary_key=True))
    not_before: datetime | None = None
    interval_ms: int = 0
    refusals: int = 0  # policy refusals (5.7.x) in a row


class JobRow(Table, table=True):
    """Work that outlives a command: re-labelling, back-filling; with its progress and lease."""

    __tablename__ = "jobs"

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    detail: dict[str, Any] = _json()
    done: int = 0
    total: int = 0
    created_at: datetime
    finished_at: datetime | None = None
    lease: str | None = None
    leased_until: datetime | None = None
