"""Counts what one run of delivering did, by outcome and by domain class and reply."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from alerts.store.outbox import Outcome

CLASSES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("gmail.com", "googlemail.com"), "google"),
        **dict.fromkeys(("outlook.com", "hotmail.com", "live.com", "msn.com"), "microsoft"),
        **dict.fromkeys(("yahoo.com", "ymail.com", "aol.com"), "yahoo"),
        **dict.fromkeys(("icloud.com", "me.com", "mac.com"), "apple"),
        **dict.fromkeys(("gmx.de", "gmx.net", "web.de"), "gmx"),
    }
)


def domain_class(address: str) -> str:
    """Return the mail provider of an address where it has millions of others, else `other`: it names nobody."""
    return CLASSES.get(address.rpartition("@")[2].lower(), "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverReport:
    """What a run did. `by_reply` counts (domain class, state, reply code); `stopped` says why it ended early.

    `slowed` counts what is due and waits because its domain asked us to slow down.
    """

    sent: int = 0
    deferred: int = 0
    bounced: int = 0
    uncertain: int = 0
    cancelled: int = 0
    expired: int = 0
    slowed: int = 0
    stopped: str = ""
    by_reply: Mapping[tuple[str, str, str], int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.sent + self.deferred + self.bounced + self.uncertain + self.cancelled + self.expired


@dataclass(slots=True)
class Tally:
    """The counts while they grow."""

    states: Counter[str] = field(default_factory=Counter)
    replies: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    stopped: str = ""
    refused_by_policy: bool = False

    def count(self, outcome: Outcome, address: str) -> None:
        self.states[outcome.state] += 1
        self.replies[domain_class(address), outcome.state, outcome.reply_key] += 1

    def report(self, *, slowed: int = 0) -> DeliverReport:
        return DeliverReport(
            **{state: self.states[state] for state in _STATES},
            slowed=slowed,
            stopped=self.stopped,
            by_reply=dict(self.replies),
        )


_STATES = ("sent", "deferred", "bounced", "uncertain", "cancelled", "expired")
