"""Items by the words of their title and text: SQLite's FTS5 or PostgreSQL's tsvector (migration 0002)."""

import re
import unicodedata
from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    bindparam,
    case,
    column,
    false,
    func,
    literal_column,
    select,
    table,
    text,
)
from sqlmodel import Session, col

from alerts.store.tables import ItemRow

MOST_WORDS = 8
Words = Sequence[Sequence[str]]
_TOKEN = re.compile(r"[^\W_]+")
_INDEX = table("item_words", column("rowid"))


def terms(said: str) -> list[tuple[str, ...]]:
    """Split what was typed as both databases split a text: `anti-MOG` is two words that follow each other."""
    parts = [tuple(_TOKEN.findall(folded(word))) for word in said.split()]
    return [part for part in parts if part][:MOST_WORDS]


def folded(said: str) -> str:
    """Write Latin letters without accents, and all in lower case, so that `sjogren` finds `Sjögren`."""
    return "".join(_base(letter) for letter in unicodedata.normalize("NFC", said)).lower()


def _base(letter: str) -> str:
    base = unicodedata.normalize("NFD", letter)[0]
    return base if base.isascii() else letter


def search(session: Session, said: str, limit: int) -> list[int]:
    """Return the items that hold every word, those with all of them in the title first, then the newest."""
    words = terms(said)
    if not words:
        return []
    elsewhere = case((holding(session, words, title_only=True), 0), else_=1)
    query = holders(session, said).order_by(elsewhere, col(ItemRow.id).desc())
    return [one for one in session.execute(query.limit(limit)).scalars() if one is not None]


def holders(session: Session, said: str) -> Select[int | None]:
    """Return the question which works hold what was typed; none does where it has no word."""
    words = terms(said)
    query = select(col(ItemRow.id)).where(col(ItemRow.merged_into).is_(None))
    return query.where(holding(session, words) if words else false())


def holding(session: Session, words: Words, *, title_only: bool = False) -> ColumnElement[bool]:
    """Return the condition under which an item holds words that begin like every one of these (see `terms`)."""
    if _of_sqlite(session):
        said = " AND ".join(f'"{" ".join(word)}" *' for word in words)
        asked = bindparam(None, f"title : ({said})" if title_only else said, Text)
        rows = select(_INDEX.c.rowid).where(literal_column("item_words").op("MATCH")(asked))
        return col(ItemRow.id).in_(rows)
    said = " & ".join(f"'{' '.join(word)}':*" for word in words)
    held = func.item_words(col(ItemRow.title), "" if title_only else col(ItemRow.text))
    return held.op("@@")(func.to_tsquery("simple", said))


_NEXT = text("SELECT max(id) FROM (SELECT id FROM items WHERE id > :upto ORDER BY id LIMIT :limit)")
_ADD = text(
    "INSERT INTO item_words (rowid, title, text) SELECT id, title, text FROM items WHERE id > :upto AND id <= :last"
)
_UPTO = text("SELECT upto FROM item_words_upto")
_MOVE = text("UPDATE item_words_upto SET upto = :last")


def behind(session: Session) -> bool:
    """Tell whether items wait to be indexed; on PostgreSQL the database indexes by itself."""
    return _of_sqlite(session) and session.execute(_NEXT, {"upto": _upto(session), "limit": 1}).scalar() is not None


def index(session: Session, limit: int) -> bool:
    """Add the oldest items that wait, at most so many, to the index; return whether there were any."""
    if not _of_sqlite(session):
        return False
    upto = _upto(session)
    last = session.execute(_NEXT, {"upto": upto, "limit": limit}).scalar()
    if last is None:
        return False
    session.execute(_ADD, {"upto": upto, "last": last})
    session.execute(_MOVE, {"last": last})
    return True


def _upto(session: Session) -> int:
    found: int = session.execute(_UPTO).scalar_one()
    return found


def _of_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
