"""An installation with people and mail, on each kind of database, in a data directory of its own."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from alerts.__main__ import main
from alerts.model import Topic
from alerts.pipeline import departures, moving, nightly, people
from alerts.pipeline.restoring import Restored, restore
from alerts.settings import Settings
from alerts.store import catalogue, editions, installation
from alerts.store.engine import reading, writing
from alerts.store.tables import DeliveryRow
from alerts.wiring import World
from subscribers.cadence import Cadence
from subscribers.interest import parse_set
from subscribers.people import Person, Wishes
from subscribers.tokens import Keyring


@dataclass
class House:
    engine: Engine
    settings: Settings
    keyring: Keyring
    now: datetime

    @property
    def world(self) -> World:
        return World(self.settings, self.engine, self.keyring)

    @property
    def data(self) -> Path:
        return self.settings.data_dir

    def person(self, address: str) -> Person:
        wishes = Wishes(interests=parse_set("nmosd"), cadence=Cadence())
        return people.add(self.engine, self.keyring, self.settings, address, wishes, self.now, consent="said so")

    def leave(self, person: Person) -> None:
        people.unsubscribe(self.engine, self.keyring, self.keyring.sign("unsubscribe", person.public_id), self.now)

    def addresses(self) -> list[str]:
        return [person.address for person in people.listed(self.engine, self.keyring)]

    def backup(self) -> Path:
        return moving.backup(self.engine, self.data / moving.FOLDER, self.now).path

    def night(self) -> moving.Backup | None:
        return nightly.back_up(self.engine, self.keyring, self.settings, self.now)

    def restore(self, path: Path, **options: Any) -> Restored:
        given = {"fingerprint": self.keyring.fingerprint, "replace": True, **options}
        return restore(path, self.engine, data_dir=self.data, now=self.now, **given)

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def mail(self, person: Person, ordinal: int = 1, **values: Any) -> int:
        edition = editions.Edition(kind="digest", format="html", subject="Digest", parts=b"x%d" % ordinal)
        with writing(self.engine) as session:
            edition_id = editions.keep(session, [edition], self.now)[edition.hash]
            row = DeliveryRow(
                recipient=str(person.id),
                kind="digest",
                ordinal=ordinal,
                subscriber_id=person.id,
                edition_id=edition_id,
                message_id=f"<{person.id}.{ordinal}@alerts.example.org>",
                created_at=self.now,
                deadline_at=self.now + timedelta(days=2),
                **{"next_attempt_at": self.now, **values},
            )
            session.add(row)
            session.flush()
            assert row.id is not None
            return row.id

    def states(self) -> list[str]:
        with reading(self.engine) as session:
            return list(session.execute(select(DeliveryRow.state).order_by(DeliveryRow.id)).scalars())


@pytest.fixture
def house(engine: Engine, tmp_path: Path, now: datetime) -> House:
    settings = Settings(_env_file=None, data_dir=tmp_path / "data")  # type: ignore[call-arg]
    settings.data_dir.mkdir()
    keyring = Keyring(b"k" * 40)
    departures.keep_log(engine, settings.data_dir / departures.LOG)
    with writing(engine) as session:
        installation.start(session, authority="alerts.example.org", fingerprint=keyring.fingerprint, now=now)
        catalogue.add_topics(session, [Topic(slug="nmosd", name="NMOSD"), Topic(slug="ms", name="MS")])
    return House(engine, settings, keyring, now)


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Type a command in a folder of its own; returns what both streams said."""
    monkeypatch.chdir(tmp_path)

    def run(*args: str, exits: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["alerts", *args])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        assert (end.value.code or 0) == exits, f"{args}: {end.value.code}\n{out}\n{err}"
        return out + err

    return run
