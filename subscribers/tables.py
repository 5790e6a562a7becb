"""The tables about people. They know topics only as slugs inside interests; no other table's key is used here."""

from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary, MetaData, Text, text
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)


class Table(SQLModel):
    """The base of every table of the project: one MetaData, one naming convention."""

    metadata = metadata


class InterestSetRow(Table, table=True):
    """A set of interests as one canonical text (sorted, separated by spaces), shared by all who have the same."""

    __tablename__ = "interest_sets"

    id: int | None = Field(default=None, primary_key=True)
    interests: str = Field(sa_column=Column(Text, nullable=False, unique=True))


class SubscriberRow(Table, table=True):
    """A person: the address only encrypted (AEAD) and as a keyed hash, `public_id` random (tokens derive from it)."""

    __tablename__ = "subscribers"
    __table_args__ = (
        # with the id, since a million may be due at one moment and PostgreSQL would sort them for every slice
        Index("ix_subscribers_due", "next_digest_at", "id", sqlite_where=text("status = 'active'"),
              postgresql_where=text("status = 'active'")),
    )

    id: int | None = Field(default=None, primary_key=True)
    public_id: bytes = Field(sa_column=Column(LargeBinary(16), nullable=False, unique=True))
    address_hash: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False, unique=True))
    address_sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    domain_hash: bytes = Field(sa_column=Column(LargeBinary(16), nullable=False))
    status: str = "pending"  # pending, active, paused
    interest_set_id: int = Field(foreign_key="interest_sets.id", index=True)
    cadence: str = "weekly"  # immediate, daily, weekly, monthly
    hour: int = 7
    weekday: int = 0  # 0 is Monday
    zone: str = "UTC"
    format: str = "html"  # html, text
    language: str = "en"
    quiet_from: int | None = None  # local hours in which no immediate mail goes
    quiet_to: int | None = None
    no_notices: str = ""  # reasons of notices this person opted out of, separated by spaces
    paused_until: datetime | None = None
    seen: int = 0  # the last alert number that a digest covered
    digest_no: int = 0
    next_digest_at: datetime | None = None
    last_digest_at: datetime | None = None
    consent: str = ""  # the words or the version of the words agreed to
    asked_at: datetime | None = None
    confirmed_at: datetime | None = None
    created_at: datetime


class TokenRow(Table, table=True):
    """A confirm or personal-feed token, stored as its SHA-256."""

    __tablename__ = "tokens"

    hash: bytes = Field(sa_column=Column(LargeBinary(32), primary_key=True))
    purpose: str  # confirm, feed
    subscriber_id: int = Field(foreign_key="subscribers.id", index=True, ondelete="CASCADE")
    created_at: datetime
    expires_at: datetime | None = None


class SuppressionRow(Table, table=True):
    """An address that must not be mailed: a keyed hash, a reason, a time; linked to nothing."""

    __tablename__ = "suppressions"

    address_hash: bytes = Field(sa_column=Column(LargeBinary(32), primary_key=True))
    reason: str  # unsubscribed, bounced, complained, erased
    at: datetime


class AttemptRow(Table, table=True):
    """How often something was asked for lately (sign-ups by address or network), by keyed hash."""

    __tablename__ = "attempts"

    bucket: bytes = Field(sa_column=Column(LargeBinary(32), primary_key=True))
    count: int = 0
    since: datetime
