"""From every older schema, with data in it, to the newest: whole or not at all, killed on the way, under a worker."""

import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import hands
import pytest
import valley
from alembic import command
from alembic.script import ScriptDirectory
from crew import Hand
from sqlalchemy import Engine, MetaData, select, text

from alerts.errors import UsageError
from alerts.pipeline import compose, index, release
from alerts.resources import resource_folder
from alerts.store import schema, search
from alerts.store.engine import reading
from alerts.store.tables import metadata

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
SIGNS = 14
PEOPLE = 5
HISTORY = ScriptDirectory(str(resource_folder("migrations")))
OLDER = [one.revision for one in HISTORY.walk_revisions() if one.revision != HISTORY.get_current_head()]


def rows(engine: Engine) -> Rows:
    with engine.connect() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]
            for table in metadata.sorted_tables
        }


def emptied(engine: Engine) -> None:
    """Take away all that is in a database, its schema too."""
    if file := schema.database_file(engine):
        engine.dispose()
        for part in file.parent.glob(f"{file.name}*"):
            part.unlink()
        return
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()


def older(engine: Engine, revision: str, held: Rows) -> None:
    """Make the database as it was at a revision, with these rows as far as its tables had them."""
    emptied(engine)
    command.upgrade(schema._config(engine), revision)
    there = MetaData()
    there.reflect(engine)
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            if table.name in there.tables and held[table.name]:
                known = set(there.tables[table.name].columns.keys())
                told = [{name: value for name, value in row.items() if name in known} for row in held[table.name]]
                connection.execute(table.insert(), told)


@pytest.fixture
def held(engine: Engine, sources: valley.Sources, now: datetime) -> Rows:
    """What an installation holds after its first day."""
    valley.furnish(engine, sources.base, now, PEOPLE)
    Hand(hands.page, engine.url.render_as_string(hide_password=False), now).finish()
    release.release(engine, now)
    compose.compose_due(engine, valley.KEYRING, valley.settings(engine), now)
    return rows(engine)


def found(engine: Engine) -> int:
    index.index(engine)
    with reading(engine) as session:
        return len(search.search(session, "narcolepsy valley", 10_000))


@pytest.mark.parametrize("revision", OLDER)
def test_a_migration_killed_again_and_again_is_whole_or_not_there(
    engine: Engine, held: Rows, revision: str, many: Callable, dice: random.Random, told: Callable
) -> None:
    url, kills, lost, before = engine.url.render_as_string(hide_password=False), 0, 0, found(engine)
    for _ in range(many(1, 15)):
        older(engine, revision, held)
        kills += Hand(hands.migrate, url).killed(dice, SIGNS)
        Hand(hands.migrate, url).finish()
        schema.drift(engine)
        lost += sum(len(some) for some in held.values()) - sum(len(some) for some in rows(engine).values())
        assert rows(engine) == held
        assert found(engine) == before
    assert told(f"migration from {revision} killed", on=engine, trials=kills, lost=lost).holds


NEXT = f"""'''What a later release may add.'''
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "9999", "{HISTORY.get_current_head()}", None, None

def upgrade():
    op.create_table("later", sa.Column("id", sa.Integer, primary_key=True))
    with op.batch_alter_table("items") as items:
        items.add_column(sa.Column("later", sa.Integer, nullable=True))
    op.execute("UPDATE items SET later = 1")
    op.create_index("ix_items_later", "items", ["later"])
"""  # noqa: S608


@pytest.fixture
def later(tmp_path: Path) -> str:
    """The migrations of a release that is newer than this program."""
    folder = tmp_path / "migrations"
    shutil.copytree(resource_folder("migrations"), folder)
    (folder / "versions" / "9999_later.py").write_text(NEXT)
    return str(folder)


def test_an_old_worker_goes_on_while_two_new_ones_upgrade(
    engine: Engine, sources: valley.Sources, now: datetime, later: str, many: Callable, dice: random.Random, told: Callable
) -> None:
    empty, url, count = rows(engine), engine.url.render_as_string(hide_password=False), valley.Count()
    for _ in range(trials := many(1, 5)):
        older(engine, HISTORY.get_current_head(), empty)
        valley.furnish(engine, sources.base, now)
        worker = Hand(hands.page, url, now)
        worker.signs(dice.randint(1, 60))
        upgrades = [Hand(hands.migrate, url, later) for _ in range(2)]
        for hand in (*upgrades, worker, Hand(hands.publish, url, now)):
            hand.finish()
        Hand(hands.publish, url, now).finish()
        with engine.connect() as connection:
            assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"
        schema.check(engine)
        count += valley.works(engine, sources.all)
    assert told("upgraded under a worker", on=engine, trials=trials, **count._asdict()).holds


def test_a_program_goes_on_with_a_schema_newer_than_its_own_and_refuses_an_older_one(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    schema.check(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(UsageError, match="older than this program; run: alerts db upgrade"):
        schema.check(engine)
