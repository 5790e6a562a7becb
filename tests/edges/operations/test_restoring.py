"""An older backup comes back: who left stays gone, nothing goes out, and the operator learns what would."""

import asyncio
from pathlib import Path

import pytest

from alerts.errors import UsageError
from alerts.pipeline import departures, moving, people, presence
from alerts.store import installation, outbox, search
from alerts.store import presence as processes
from alerts.store.engine import connect, reading, writing
from alerts.store.tables import ItemRow
from subscribers.tokens import Keyring

LINE = {"email": "left@example.org", "interests": "nmosd", "cadence": "weekly", "hour": "7", "weekday": "mon", "zone": "UTC"}


def imported(house) -> tuple[int, int]:
    done = people.read_csv(house.engine, house.keyring, house.settings, [LINE], "paper form", house.now)
    return done.added, len(done.refused)


@pytest.mark.parametrize("way", ["unsubscribed", "erased", "complained"])
@pytest.mark.parametrize("known_by", ["database", "log"])
def test_who_left_stays_gone_after_restore_and_import(house, way: str, known_by: str) -> None:
    left = house.person("left@example.org")
    house.person("stays@example.org")
    path = house.backup()
    house.later(days=1)
    {
        "unsubscribed": lambda: house.leave(left),
        "erased": lambda: people.erase_address(house.engine, house.keyring, left.address, house.now),
        "complained": lambda: people.complained(house.engine, house.keyring, left.public_id, house.now),
    }[way]()
    assert imported(house) == (0, 1)
    if known_by == "database":
        (house.data / departures.LOG).unlink()
    else:
        with writing(house.engine) as session:
            for word in list(departures.stored(session)):
                departures.store.lift(session, word.address_hash, house.now)
            session.connection().info.clear()  # as if the database had never known
    assert house.restore(path).stayed_gone == 1
    assert house.addresses() == ["stays@example.org"]
    assert imported(house) == (0, 1)
    assert imported(house) == (0, 1)


def test_who_bounced_stays_subscribed_and_barred(house) -> None:
    gone = house.person("full@example.org")
    path = house.backup()
    house.later(days=1)
    people.bounced(house.engine, house.keyring, gone.public_id, house.now)
    house.restore(path)
    assert house.addresses() == ["full@example.org"]
    assert people.find(house.engine, house.keyring, "full@example.org").status == "suppressed"


def test_who_left_and_confirmed_again_comes_back(house) -> None:
    left = house.person("left@example.org")
    path = house.backup()
    house.later(days=1)
    people.bounced(house.engine, house.keyring, left.public_id, house.now)
    house.later(days=1)
    people.allow(house.engine, house.keyring, left.address, house.now)
    assert house.restore(path).stayed_gone == 0
    assert people.find(house.engine, house.keyring, left.address).status == "active"


def test_a_backup_made_after_a_new_confirmation_is_believed_over_the_older_departure(house) -> None:
    left = house.person("left@example.org")
    house.leave(left)
    with writing(house.engine) as session:
        departures.store.lift(session, house.keyring.address_hash(left.address), house.now)
        session.connection().info.clear()  # the log lost that line
    house.later(days=1)
    house.person("left@example.org")
    path = house.backup()
    assert house.restore(path).stayed_gone == 0
    assert house.addresses() == ["left@example.org"]


def test_a_departure_that_was_rolled_back_is_not_logged(house) -> None:
    key = house.keyring.address_hash("a@example.org")
    with writing(house.engine) as session:
        departures.store.suppress(session, key, departures.Suppressed.ERASED, house.now)
        session.rollback()
    with writing(house.engine) as session:
        departures.store.suppress(session, key[::-1], departures.Suppressed.ERASED, house.now)
    assert [word.address_hash for word in departures.logged(house.data / departures.LOG)] == [key[::-1]]


def test_the_log_holds_no_address_and_a_torn_line_is_passed_over(house) -> None:
    house.leave(house.person("left@example.org"))
    log = house.data / departures.LOG
    assert log.stat().st_mode & 0o777 == 0o600
    assert "left" not in log.read_text()
    log.write_text(log.read_text() + "2026-05-04T09:30:00Z eras")
    assert [word.reason for word in departures.logged(log)] == ["unsubscribed"]


def test_people_can_leave_though_the_log_cannot_be_written(house) -> None:
    (house.data / departures.LOG).mkdir()
    house.leave(house.person("left@example.org"))
    assert house.addresses() == []


def test_mail_is_on_hold_and_repeats_are_told(house) -> None:
    person = house.person("a@example.org")
    house.mail(person)
    path = house.backup()
    house.later(hours=1)
    with writing(house.engine) as session:
        session.connection().exec_driver_sql("UPDATE deliveries SET state = 'sent'")
        session.connection().exec_driver_sql("UPDATE subscribers SET digest_no = 3")
    done = house.restore(path)
    assert (done.repeats.waiting, done.repeats.waiting_sent) == (1, 1)
    assert (done.repeats.due, done.repeats.digests_again) == (1, 1)
    assert house.states() == ["queued"]
    with writing(house.engine) as session:
        assert outbox.claim(session, house.now, 10).held
        assert installation.installation(session).hold


def test_what_was_replaced_is_kept(house) -> None:
    path = house.backup()
    house.person("new@example.org")
    done = house.restore(path)
    assert house.addresses() == []
    house.later(seconds=1)
    back = house.restore(done.replaced)
    assert back.replaced != done.replaced
    assert house.addresses() == ["new@example.org"]


def test_what_comes_back_is_found_by_its_words(house) -> None:
    with writing(house.engine) as session:
        session.add(ItemRow(id=1, kind="paper", title="Zebrafish larvae", first_seen_at=house.now, changed_at=house.now))
    path = house.backup()
    with writing(house.engine) as session:
        session.get_one(ItemRow, 1).title = "Something else"
    house.restore(path)
    with reading(house.engine) as session:
        assert list(search.search(session, "zebrafish", 5)) == [1]
        assert list(search.search(session, "something", 5)) == []


def test_an_installation_is_replaced_only_on_demand(house) -> None:
    path = house.backup()
    house.person("new@example.org")
    with pytest.raises(UsageError, match="--replace"):
        house.restore(path, replace=False)
    assert house.addresses() == ["new@example.org"]


def test_nothing_is_restored_while_a_process_runs(house) -> None:
    path = house.backup()

    async def run() -> None:
        async with presence.present(house.engine, ["poll"]):
            with pytest.raises(UsageError, match="Stop first what runs with this database: poll"):
                await asyncio.to_thread(house.restore, path)

    asyncio.run(run())
    house.restore(path)


def test_processes_that_came_with_a_backup_are_not_here(house) -> None:
    with writing(house.engine) as session:
        token = processes.enter(session, ["web"], "elsewhere", 1)
    path = house.backup()
    with writing(house.engine) as session:
        processes.leave(session, token)
    house.restore(path)
    with reading(house.engine) as session:
        assert processes.running(session) == []


def test_a_dead_process_is_forgotten(house) -> None:
    with writing(house.engine) as session:
        processes.enter(session, ["web"], "here", 1)
        session.connection().exec_driver_sql("UPDATE jobs SET leased_until = '2026-01-01 00:00:00'")
    with reading(house.engine) as session:
        assert processes.running(session) == []


def test_a_process_whose_row_went_enters_again(house) -> None:
    async def run() -> list[processes.Process]:
        async with presence.present(house.engine, ["web"], every=0.01):
            with writing(house.engine) as session:
                processes.forget_all(session)
            while True:
                await asyncio.sleep(0.01)
                with reading(house.engine) as session:
                    found = processes.running(session)
                if found:
                    return found

    assert [process.roles for process in asyncio.run(asyncio.wait_for(run(), 20))] == [("web",)]


def test_another_key_is_refused_by_its_fingerprint(house) -> None:
    path = house.backup()
    other = Keyring(b"x" * 40).fingerprint
    with pytest.raises(UsageError, match=f"needs the key {house.keyring.fingerprint}; the one here is {other}"):
        house.restore(path, fingerprint=other)


def test_what_is_no_backup_is_refused_and_nothing_changes(house, tmp_path: Path) -> None:
    house.person("a@example.org")
    (tmp_path / "text.db").write_text("not a database, but long enough to be taken for one" * 100)
    connect(f"sqlite:///{tmp_path / 'empty.db'}").connect().close()
    for name in ("text.db", "empty.db", "missing.db"):
        with pytest.raises(UsageError):
            house.restore(tmp_path / name)
    assert house.addresses() == ["a@example.org"]


def test_a_backup_is_not_touched_by_restoring_it(house) -> None:
    path = house.backup()
    before = path.read_bytes()
    house.restore(path)
    assert path.read_bytes() == before
    assert [file.name for file in house.data.iterdir() if file.name.startswith("restore-")] == []


def test_a_running_installation_is_not_moved(house, tmp_path: Path) -> None:
    target = connect(f"sqlite:///{tmp_path / 'moved.db'}")
    with writing(house.engine) as session:
        processes.enter(session, ["poll"], "here", 1)
    with pytest.raises(UsageError, match="Stop first"):
        moving.move(house.engine, target)
    target.dispose()


def test_a_command_that_works_is_seen_until_it_ends_also_when_its_row_went(house) -> None:
    path = house.backup()
    with presence.at_work(house.engine, "alerts poll", every=0.01):
        with pytest.raises(UsageError, match="Stop first what runs with this database: alerts poll"):
            house.restore(path)
        with writing(house.engine) as session:
            processes.forget_all(session)
        found: list[processes.Process] = []
        while not found:
            with reading(house.engine) as session:
                found = processes.running(session)
    house.restore(path)
