"""Who left stays gone though an older backup comes back: what another database knows of departures is applied."""

from sqlalchemy import Engine

from alerts.pipeline import membership
from alerts.store.engine import reading, writing
from subscribers import store
from subscribers.people import Suppressed

BATCH = 500
STAYING = frozenset({Suppressed.BOUNCED})


def reapply(newer: Engine, restored: Engine) -> int:
    """Apply every suppression that the newer database holds to the restored one; return how many people it met.

    `newer` is whatever is left of the time after the backup: the old database itself, or a later backup. Who left,
    complained or was erased is deleted; who bounced stays, suppressed.
    """
    met, after = 0, b""
    while True:
        with reading(newer) as session:
            part = store.all_suppressions(session, after=after, limit=BATCH)
        if not part:
            return met
        with writing(restored, durable=True) as session:
            for one in part:
                store.suppress(session, one.address_hash, one.reason, one.at)
            gone = store.ids_by_hash(session, [one.address_hash for one in part if one.reason not in STAYING])
            bounced = store.ids_by_hash(session, [one.address_hash for one in part if one.reason in STAYING])
            for person_id in gone:
                membership.forget(session, person_id)
            store.bar(session, bounced)
        met += len(gone) + len(bounced)
        after = part[-1].address_hash
