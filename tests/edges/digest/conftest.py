"""A small installation with topics, items and alerts that a test puts in by name."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select

from alerts.model import Alert, Reason, Topic
from alerts.pipeline import compose, people
from alerts.settings import Settings
from alerts.store import catalogue, numberline
from alerts.store.engine import reading, writing
from alerts.store.tables import DeliveryRow, EditionRow, ItemRow, KeyRow, LinkRow, SightingRow, SourceRow
from subscribers.cadence import Cadence
from subscribers.interest import Facts, parse_set
from subscribers.people import Person, Wishes
from subscribers.tokens import Keyring

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


@dataclass
class House:
    """One installation on one database; `now` is where its clock stands."""

    engine: Engine
    keyring: Keyring = field(default_factory=lambda: Keyring(b"k" * 40))
    settings: Settings = field(default_factory=lambda: Settings(_env_file=None, ALERTS_FROM="Digest <digest@alerts.example.org>", imprint="Sample Hospital, 1 Main Street"))
    now: datetime = NOW
    items: int = 0

    def topics(self, *slugs: str, parent: str | None = None) -> None:
        with writing(self.engine) as session:
            catalogue.add_topics(session, [Topic(slug=slug, name=slug.upper(), parent=parent) for slug in slugs])

    def source(self, slug: str = "journal", **values: Any) -> int:
        with writing(self.engine) as session:
            known = session.execute(select(SourceRow.id).where(SourceRow.slug == slug)).scalar()
            if known:
                return known
            start = {"state": "ok", "anchor": {}, "resume": {}, "window": [], "notes": [], "options": {}, "created_at": self.now}
            row = SourceRow(slug=slug, kind="feed", url=f"https://{slug}.example/feed", title=slug.title(), **{**start, **values})
            session.add(row)
            session.flush()
            return row.id

    def item(self, title: str = "", *, source: str = "journal", keys: tuple = (), links: tuple = (), at: datetime | None = None, **values: Any) -> int:
        self.items += 1
        number, at = self.items, at or self.now
        row = {"kind": "paper", "title": title or f"Study number {number}", "text": "", "url": f"https://journal.example/{number}", "published": "2026-05-01", "venue": "Journal of Examples", "first_seen_at": at, "changed_at": at}
        source_id = self.source(source)
        with writing(self.engine) as session:
            session.add(ItemRow(id=number, **{**row, **values}))
            session.flush()
            session.add(SightingRow(source_id=source_id, item_id=number, locator=str(number), raw_hash="", fingerprint="", first_seen_at=at, last_seen_at=at))
            for scheme, value in keys:
                session.add(KeyRow(scheme=scheme, value=value, item_id=number))
            for relation, scheme, value in links:
                session.add(LinkRow(item_id=number, relation=relation, scheme=scheme, value=value))
        return number

    def alert(self, item: int, *topics: str, reason: str = "new", at: datetime | None = None, quiet: bool = False, before: Facts | None = None, detail: dict | None = None, under: tuple = (), **facts: Any) -> int:
        facts = {"kind": "paper", "design": "observational", **facts}
        with writing(self.engine) as session:
            [number] = numberline.stamp(session, 1)
            frozen = Facts(reason=reason, topics=topics, under=(*topics, *under), **facts)
            numberline.append(session, [Alert(number=number, item_id=item, reason=Reason(reason), at=at or self.now, facts=frozen, before=before, detail=detail or {}, quiet=quiet)])
        return number

    def news(self, *topics: str, title: str = "", **facts: Any) -> int:
        """Put in an item and its alert; returns the alert's number."""
        kind = facts.get("kind", "paper")
        return self.alert(self.item(title, kind=kind), *topics, **facts)

    def person(self, address: str = "anna@example.org", interests: str = "nmosd", *, wishes: dict | None = None, **cadence: Any) -> Person:
        asked = Wishes(interests=parse_set(interests), cadence=Cadence(**cadence), **(wishes or {}))
        return people.add(self.engine, self.keyring, self.settings, address, asked, self.now, consent="said so")

    def compose(self, **options: Any) -> compose.ComposeReport:
        return compose.compose_due(self.engine, self.keyring, self.settings, self.now, **options)

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def mails(self, kind: str = "digest") -> list[tuple[DeliveryRow, EditionRow]]:
        with reading(self.engine) as session:
            query = select(DeliveryRow, EditionRow).join(EditionRow, EditionRow.id == DeliveryRow.edition_id)
            rows = [tuple(row) for row in session.execute(query.where(DeliveryRow.kind == kind).order_by(DeliveryRow.id))]
            session.expunge_all()
            return rows

    def told(self, kind: str = "digest") -> list[list[int]]:
        """Return the alert numbers in full of every mail, in the order enqueued."""
        return [edition.numbers for _, edition in self.mails(kind)]

    def find(self, address: str) -> Person:
        return people.find(self.engine, self.keyring, address)


@pytest.fixture
def house(engine: Engine) -> Iterator[House]:
    found = House(engine)
    found.topics("demyelination")
    found.topics("nmosd", "ms", "mogad", parent="demyelination")
    with writing(engine) as session:
        session.execute(insert(SourceRow.metadata.tables["installation"]).values(id=1, authority="alerts.example.org", started_at=NOW, key_fingerprint="", public_revision=0, hold=False, hold_reason=""))
    return found
