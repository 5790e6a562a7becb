"""Items by the words of their title and text."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, case, select
from sqlmodel import Session, col

from alerts.store.tables import ItemRow

MOST_WORDS = 8


def search(session: Session, text: str, limit: int) -> list[int]:
    """Return the items that hold every word, those with all of them in the title first, then the newest."""
    words = text.split()[:MOST_WORDS]
    if not words:
        return []
    in_title = case(*[(~col(ItemRow.title).icontains(word, autoescape=True), 1) for word in words], else_=0)
    query = select(col(ItemRow.id)).where(col(ItemRow.merged_into).is_(None), *holding(words))
    return list(session.execute(query.order_by(in_title, col(ItemRow.id).desc()).limit(limit)).scalars())


def holding(words: Sequence[str]) -> list[ColumnElement[bool]]:
    """Return the conditions under which an item holds every word, whatever its case."""
    fields = (col(ItemRow.title), col(ItemRow.text))
    return [fields[0].icontains(word, autoescape=True) | fields[1].icontains(word, autoescape=True) for word in words]
