"""The index of words that search uses.

Neither index is a table of the model (`tables.py`), so that `env.py` leaves the names `item_words*` alone.
On SQLite it is an FTS5 table that keeps no second copy of the texts. New items are added to it in batches
(`alerts.store.search`): `item_words_upto` tells up to which number all are in it, and triggers keep those in step
with `items`. On PostgreSQL it is a GIN index, which gathers what is written and sorts it in by itself.

Revision ID: 0002
Revises: 0001
"""

import unicodedata

from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

SQLITE = (
    """CREATE VIRTUAL TABLE item_words USING fts5(
        title, text, content='items', content_rowid='id', tokenize='unicode61 remove_diacritics 2', columnsize=0)""",
    "CREATE TABLE item_words_upto (upto INTEGER NOT NULL)",
    "INSERT INTO item_words_upto (upto) VALUES (0)",
    """CREATE TRIGGER item_words_added AFTER INSERT ON items WHEN new.id <= (SELECT upto FROM item_words_upto) BEGIN
        INSERT INTO item_words (rowid, title, text) VALUES (new.id, new.title, new.text);
    END""",
    """CREATE TRIGGER item_words_removed AFTER DELETE ON items WHEN old.id <= (SELECT upto FROM item_words_upto) BEGIN
        INSERT INTO item_words (item_words, rowid, title, text) VALUES ('delete', old.id, old.title, old.text);
    END""",
    """CREATE TRIGGER item_words_changed AFTER UPDATE OF title, text ON items
    WHEN (new.title IS NOT old.title OR new.text IS NOT old.text) AND old.id <= (SELECT upto FROM item_words_upto) BEGIN
        INSERT INTO item_words (item_words, rowid, title, text) VALUES ('delete', old.id, old.title, old.text);
        INSERT INTO item_words (rowid, title, text) VALUES (new.id, new.title, new.text);
    END""",
)

ACCENTED = [chr(code) for code in (*range(0xC0, 0x180), *range(0x218, 0x21C), *range(0x1E00, 0x1F00))]
BASE = {letter: unicodedata.normalize('NFD', letter)[0] for letter in ACCENTED}
FOLDED = {letter: base for letter, base in BASE.items() if base.isascii()}  # as FTS5 does by itself
PARTED = '-/.:@_'  # else PostgreSQL takes a/b for a file and a.b for a host
PLAIN = f"""CREATE FUNCTION item_words(title text, body text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector('pg_catalog.simple'::regconfig, translate(left(title || ' ' || body, 200000),
        '{"".join(FOLDED)}{PARTED}', '{"".join(FOLDED.values())}{" " * len(PARTED)}'))
    $$"""


def upgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        for statement in SQLITE:
            op.execute(statement)
    else:
        op.execute(PLAIN)
        op.execute("CREATE INDEX item_words ON items USING gin (item_words(title, text))")
