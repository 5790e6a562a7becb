"""Retractions and their like are told to everyone who was sent the work, whatever they follow."""

from datetime import datetime

from sqlalchemy import Engine

from alerts.settings import Settings
from subscribers.tokens import Keyring


def notify_due(engine: Engine, keyring: Keyring, settings: Settings, now: datetime) -> int:
    """Enqueue the notices that wait; return how many."""
    return 0
