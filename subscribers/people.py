"""A person as a value: what was asked for, where it stands, and what a suppressed address may still be sent."""

import enum
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from subscribers.cadence import Cadence
from subscribers.errors import PeopleError
from subscribers.interest import Interest, format_set

FORMATS: Final = ("html", "text")
CONFIRM: Final = "confirm"  # the purpose of the token that confirms a sign-up
CONFIRM_WITHIN: Final = timedelta(hours=48)
FORGET_AFTER: Final = timedelta(hours=72)
NOTICES: Final = ("retracted", "concern", "corrected")
NOTHING_NEW: Final = "nothing-new"  # the line after 90 days without a digest; opted out of like a notice
OPT_OUTS: Final = (*NOTICES, NOTHING_NEW)


class Status(enum.StrEnum):
    """Where a subscription stands; suppressed people get nothing until they confirm anew or are allowed again."""

    PENDING = "pending"
    ACTIVE = "active"
    PAUSED = "paused"
    SUPPRESSED = "suppressed"

    @property
    def gets_mail(self) -> bool:
        """Whether digests come, now or after a pause."""
        return self in (Status.ACTIVE, Status.PAUSED)


class Suppressed(enum.StrEnum):
    """Why an address must not be mailed."""

    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ERASED = "erased"

    @property
    def lifted_by_confirming(self) -> bool:
        """Whether a new double opt-in ends it; a complaint is ended by the operator alone."""
        return self is not Suppressed.COMPLAINED

    @property
    def lifted_by_operator(self) -> bool:
        """Whether `subscriber allow` ends it: whoever left comes back only by an own word."""
        return self in (Suppressed.BOUNCED, Suppressed.COMPLAINED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person asked for; `no_notices` are the reasons opted out of."""

    interests: tuple[Interest, ...]
    cadence: Cadence = field(default_factory=Cadence)
    format: str = "html"
    language: str = "en"
    no_notices: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise PeopleError(f"{self.format!r} is not a format; valid are {', '.join(FORMATS)}")
        if unknown := sorted(self.no_notices - set(OPT_OUTS)):
            raise PeopleError(f"{unknown[0]!r} cannot be opted out of; valid are {', '.join(OPT_OUTS)}")

    @property
    def set_text(self) -> str:
        """Return the interests in their canonical form."""
        return format_set(self.interests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A subscriber with the address in clear: handed out only to who shows or mails it."""

    id: int
    public_id: bytes
    address: str
    status: Status
    wishes: Wishes
    seen: int
    digest_no: int
    created_at: datetime
    next_digest_at: datetime | None = None
    last_digest_at: datetime | None = None
    paused_until: datetime | None = None
    consent: str = ""
    asked_at: datetime | None = None
    confirmed_at: datetime | None = None
