"""The secret of a personal feed: stored hashed, one for each person, ended at any time."""

from typing import Final

from sqlalchemy import delete, select
from sqlmodel import Session, col

from subscribers.tables import TokenRow

FEED: Final = "feed"


def has_feed(session: Session, person_id: int) -> bool:
    """Tell whether a person has a personal feed."""
    query = select(col(TokenRow.hash)).where(col(TokenRow.subscriber_id) == person_id, col(TokenRow.purpose) == FEED)
    return session.execute(query).first() is not None


def end_feed(session: Session, person_id: int) -> None:
    """End a person's feed; its address answers no more."""
    mine = (col(TokenRow.subscriber_id) == person_id, col(TokenRow.purpose) == FEED)
    session.execute(delete(TokenRow).where(*mine))
