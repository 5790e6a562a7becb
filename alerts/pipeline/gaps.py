"""What a gap in a feed means for its run: it goes on at the API that can say what was missed; pure."""

from datetime import datetime, timedelta

from alerts import ingest
from alerts.errors import ReadError
from alerts.ingest import backfill
from alerts.model import Plan, PollState, Source
from alerts.store.due import Claimed

EARLIER = timedelta(days=1)  # services date by their own clock and zone
TRIES = 3  # failures after which the feed itself matters more than what it lost
FILLED = "What may have been missed was asked of {kind}: {entries} entries were read."


def begin(claimed: Claimed, now: datetime) -> tuple[Source, Plan] | None:
    """Return the source to ask for what a gap lost, and where to begin; None where no service stands in."""
    other = backfill.stand_in(claimed.source)
    if other is None or claimed.last_ok_at is None:
        return None
    anchor = backfill.anchor((claimed.last_ok_at - EARLIER).date())
    try:
        plan = ingest.KINDS[other.kind].plan(other, PollState(anchor=anchor), now)
    except ReadError:
        return None
    return (other, plan) if plan else None


def under_way(claimed: Claimed) -> Source | None:
    """Return the source that a run broke off asking for what a gap lost; None where it broke off elsewhere."""
    return backfill.stand_in(claimed.source) if claimed.resume.get("gap") else None
