"""Runs the migrations on the engine that the program hands over; one process at a time."""

from alembic import context
from sqlalchemy import Connection, text

from alerts.store.tables import metadata

MIGRATION_LOCK = 7_301_991
INDEX_OF_WORDS = "item_words"  # made by hand (0002), in another way on each database: no part of the model


def in_model(_thing: object, name: str | None, _kind: str, _reflected: bool, _other: object) -> bool:
    return not (name or "").startswith(INDEX_OF_WORDS)


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_server_default=False,
        include_object=in_model,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        context.run_migrations()


with context.config.attributes["engine"].connect() as opened:
    if opened.dialect.name == "sqlite":
        opened.execution_options(sqlite_begin="IMMEDIATE")
    run(opened)
    opened.commit()
