"""People in the database: every function takes an open session and never commits."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from subscribers.cadence import Cadence
from subscribers.interest import parse_set
from subscribers.people import CONFIRM, CONFIRM_WITHIN, Person, Status, Suppressed, Wishes
from subscribers.tables import (
    AttemptRow,
    InterestSetRow,
    SubscriberRow,
    SuppressionRow,
    Table,
    TokenRow,
)
from subscribers.tokens import Keyring, token_hash

IN_ONE = 500
NOTED = "departures"  # where a connection keeps what its transaction said of addresses, for whoever logs it


def upsert(session: Session, table: type[Table]) -> Any:  # noqa: ANN401  the two dialects share no type
    """Return an INSERT that knows ON CONFLICT, for the session's database."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(table)


def interest_sets(session: Session, texts: Iterable[str]) -> dict[str, int]:
    """Return the ids of these canonical texts; new ones are added."""
    wanted = sorted(set(texts))
    found: dict[str, int] = {}
    for start in range(0, len(wanted), IN_ONE):
        part = wanted[start : start + IN_ONE]
        rows = [{"interests": text} for text in part]
        session.execute(upsert(session, InterestSetRow).on_conflict_do_nothing(), rows)
        query = select(col(InterestSetRow.interests), col(InterestSetRow.id))
        found |= dict(session.execute(query.where(col(InterestSetRow.interests).in_(part))).all())
    return found


def interest_texts(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """Return the canonical texts of interest sets."""
    query = select(col(InterestSetRow.id), col(InterestSetRow.interests)).where(col(InterestSetRow.id).in_(set(ids)))
    return {row.id: row.interests for row in session.execute(query)}


def wishes_values(wishes: Wishes, set_id: int) -> dict[str, Any]:
    """Return the columns that hold what a person asked for."""
    quiet = wishes.cadence.quiet or (None, None)
    return {
        "interest_set_id": set_id,
        "cadence": wishes.cadence.rhythm,
        "hour": wishes.cadence.hour,
        "weekday": wishes.cadence.weekday,
        "zone": wishes.cadence.zone,
        "quiet_from": quiet[0],
        "quiet_to": quiet[1],
        "format": wishes.format,
        "language": wishes.language,
        "no_notices": " ".join(sorted(wishes.no_notices)),
    }


def address_values(keyring: Keyring, address: str) -> dict[str, Any]:
    """Return the columns that stand for an address."""
    return {
        "address_hash": keyring.address_hash(address),
        "address_sealed": keyring.seal(address),
        "domain_hash": keyring.domain_hash(address),
    }


def insert_people(session: Session, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Add subscribers, leaving out those whose address is there already; return the ids of those added."""
    if not rows:
        return []
    query = upsert(session, SubscriberRow).on_conflict_do_nothing().returning(SubscriberRow.id)
    return [found for (found,) in session.execute(query, list(rows))]


def person_by_address(session: Session, keyring: Keyring, address: str) -> Person | None:
    """Return the person behind an address, whatever its case."""
    return _one(session, keyring, col(SubscriberRow.address_hash) == keyring.address_hash(address))


def person_by_public_id(session: Session, keyring: Keyring, public_id: bytes) -> Person | None:
    """Return the person that a signed token names; None if there is none any more."""
    return _one(session, keyring, col(SubscriberRow.public_id) == public_id)


def person_by_id(session: Session, keyring: Keyring, person_id: int) -> Person | None:
    """Return the person with our number."""
    return _one(session, keyring, col(SubscriberRow.id) == person_id)


def people(session: Session, keyring: Keyring, *, after: int = 0, limit: int = IN_ONE) -> list[Person]:
    """Return people in the order they came, in slices."""
    query = select(SubscriberRow).where(col(SubscriberRow.id) > after).order_by(col(SubscriberRow.id)).limit(limit)
    rows = session.execute(query).scalars().all()
    texts = interest_texts(session, (row.interest_set_id for row in rows))
    return [_person(row, texts[row.interest_set_id], keyring) for row in rows]


def known(session: Session, hashes: Iterable[bytes]) -> set[bytes]:
    """Return which of these address hashes belong to a subscriber."""
    wanted = sorted(set(hashes))
    found: set[bytes] = set()
    for start in range(0, len(wanted), IN_ONE):
        part = col(SubscriberRow.address_hash).in_(wanted[start : start + IN_ONE])
        found.update(session.execute(select(col(SubscriberRow.address_hash)).where(part)).scalars())
    return found


def _one(session: Session, keyring: Keyring, condition: Any) -> Person | None:  # noqa: ANN401  a column expression
    row = session.execute(select(SubscriberRow).where(condition)).scalars().first()
    if row is None:
        return None
    return _person(row, interest_texts(session, [row.interest_set_id])[row.interest_set_id], keyring)


def cadence_of(row: Any) -> Cadence:  # noqa: ANN401  a SubscriberRow or a result row with its columns
    """Return the cadence of a row; `quiet` only where both hours are set."""
    quiet = None if row.quiet_from is None or row.quiet_to is None else (row.quiet_from, row.quiet_to)
    return Cadence(rhythm=row.cadence, hour=row.hour, weekday=row.weekday, zone=row.zone, quiet=quiet)


def _person(row: SubscriberRow, interests: str, keyring: Keyring) -> Person:
    assert row.id is not None  # noqa: S101  it came from the database
    return Person(
        id=row.id,
        public_id=row.public_id,
        address=keyring.open(row.address_sealed),
        status=Status(row.status),
        wishes=Wishes(
            interests=parse_set(interests),
            cadence=cadence_of(row),
            format=row.format,
            language=row.language,
            no_notices=frozenset(row.no_notices.split()),
        ),
        seen=row.seen,
        digest_no=row.digest_no,
        created_at=row.created_at,
        next_digest_at=row.next_digest_at,
        last_digest_at=row.last_digest_at,
        paused_until=row.paused_until,
        consent=row.consent,
        asked_at=row.asked_at,
        confirmed_at=row.confirmed_at,
    )


def sets_with(session: Session, topic: str) -> list[str]:
    """Return the interest sets that name a topic."""
    query = select(col(InterestSetRow.interests)).where(col(InterestSetRow.interests).contains(topic))
    named = session.execute(query).scalars()
    return [text for text in named if any(one.topic == topic for one in parse_set(text))]


class Follower(NamedTuple):
    """Whom to write to, and how."""

    id: int
    domain_hash: bytes
    format: str


def followers(session: Session, sets: Iterable[str]) -> list[Follower]:
    """Return who has one of these interest sets and gets mail now: not who paused, nor who never confirmed."""
    query = select(col(SubscriberRow.id), col(SubscriberRow.domain_hash), col(SubscriberRow.format)).where(
        col(SubscriberRow.status) == Status.ACTIVE.value,
        col(SubscriberRow.interest_set_id).in_(interest_sets(session, sets).values()),
    )
    return [Follower(*row) for row in session.execute(query.order_by(col(SubscriberRow.id)))]


def move_sets(session: Session, changed: Mapping[str, str]) -> int:
    """Give everyone who has an old set the new one; return how many people that were."""
    ids = interest_sets(session, [*changed, *changed.values()])
    moved = 0
    for old, new in changed.items():
        query = update(SubscriberRow).where(col(SubscriberRow.interest_set_id) == ids[old])
        result: Any = session.execute(query.values(interest_set_id=ids[new]))
        moved += int(result.rowcount)
        forget_set(session, ids[old])
    return moved


def change(session: Session, person_id: int, **values: Any) -> bool:  # noqa: ANN401  columns of SubscriberRow
    """Set columns of one subscriber; False if there is no such row any more."""
    result: Any = session.execute(update(SubscriberRow).where(col(SubscriberRow.id) == person_id).values(**values))
    return bool(result.rowcount)


def remove(session: Session, person_id: int) -> None:
    """Delete a subscriber with all tokens, and the interests if nobody else has them.

    The caller has deleted the deliveries.
    """
    row = session.get(SubscriberRow, person_id)
    if row is None:
        return
    set_id = row.interest_set_id
    session.execute(delete(TokenRow).where(col(TokenRow.subscriber_id) == person_id))
    session.delete(row)
    session.flush()
    forget_set(session, set_id)


def forget_set(session: Session, set_id: int) -> None:
    """Delete an interest set that nobody has any more."""
    used = select(col(SubscriberRow.id)).where(col(SubscriberRow.interest_set_id) == set_id)
    session.execute(delete(InterestSetRow).where(col(InterestSetRow.id) == set_id, ~used.exists()))


def pending_since(session: Session, before: datetime, limit: int = IN_ONE) -> list[int]:
    """Return subscribers who were asked before that moment and never confirmed."""
    query = select(col(SubscriberRow.id)).where(
        col(SubscriberRow.status) == Status.PENDING.value, col(SubscriberRow.asked_at) < before
    )
    return [found for found in session.execute(query.limit(limit)).scalars() if found is not None]


def suppressions(session: Session, hashes: Iterable[bytes]) -> dict[bytes, Suppressed]:
    """Return which of these address hashes are suppressed, and why."""
    wanted = sorted(set(hashes))
    found: dict[bytes, Suppressed] = {}
    for start in range(0, len(wanted), IN_ONE):
        part = col(SuppressionRow.address_hash).in_(wanted[start : start + IN_ONE])
        rows = session.execute(select(SuppressionRow).where(part)).scalars()
        found |= {row.address_hash: Suppressed(row.reason) for row in rows}
    return found


class Departure(NamedTuple):
    """One suppression as it is stored."""

    address_hash: bytes
    reason: Suppressed
    at: datetime


def all_suppressions(session: Session, *, after: bytes = b"", limit: int = IN_ONE) -> list[Departure]:
    """Return all suppressions in the order of their hashes, in slices."""
    hashed = col(SuppressionRow.address_hash)
    query = select(SuppressionRow).where(hashed > after).order_by(hashed).limit(limit)
    return [Departure(row.address_hash, Suppressed(row.reason), row.at) for row in session.execute(query).scalars()]


def ids_by_hash(session: Session, hashes: Sequence[bytes]) -> list[int]:
    """Return the subscribers behind these address hashes."""
    found: list[int] = []
    for start in range(0, len(hashes), IN_ONE):
        part = col(SubscriberRow.address_hash).in_(hashes[start : start + IN_ONE])
        found.extend(session.execute(select(col(SubscriberRow.id)).where(part)).scalars())
    return found


def confirmed(session: Session, hashes: Iterable[bytes]) -> list[tuple[bytes, datetime]]:
    """Return when the people behind these address hashes confirmed; who did not is left out."""
    wanted = sorted(set(hashes))
    found: list[tuple[bytes, datetime]] = []
    for start in range(0, len(wanted), IN_ONE):
        part = col(SubscriberRow.address_hash).in_(wanted[start : start + IN_ONE])
        query = select(col(SubscriberRow.address_hash), col(SubscriberRow.confirmed_at)).where(part)
        found.extend((row.address_hash, row.confirmed_at) for row in session.execute(query) if row.confirmed_at)
    return found


def suppress(session: Session, address_hash: bytes, reason: Suppressed, now: datetime) -> None:
    """Note that an address must not be mailed; a complaint is never weakened by a later reason."""
    row = session.get(SuppressionRow, address_hash)
    if row is None:
        session.add(SuppressionRow(address_hash=address_hash, reason=reason.value, at=now))
    elif row.reason != Suppressed.COMPLAINED.value:
        row.reason, row.at = reason.value, now
    session.flush()
    _note(session, address_hash, reason, now)


def _note(session: Session, address_hash: bytes, reason: Suppressed | None, now: datetime) -> None:
    session.connection().info.setdefault(NOTED, []).append((address_hash, reason, now))


def lift(session: Session, address_hash: bytes, now: datetime) -> None:
    """Forget that an address was suppressed."""
    _note(session, address_hash, None, now)
    session.execute(delete(SuppressionRow).where(col(SuppressionRow.address_hash) == address_hash))


def keep_token(session: Session, token: str, purpose: str, person_id: int, now: datetime) -> None:
    """Store the hash of a random token; older ones of the same purpose and person end.

    A confirm token ends after 48 hours, a personal feed's when it is renewed.
    """
    expires = now + CONFIRM_WITHIN if purpose == CONFIRM else None
    mine = (col(TokenRow.subscriber_id) == person_id, col(TokenRow.purpose) == purpose)
    session.execute(delete(TokenRow).where(*mine))
    values = {"hash": token_hash(token), "purpose": purpose, "subscriber_id": person_id}
    session.execute(insert(TokenRow).values(**values, created_at=now, expires_at=expires))


def token_owner(session: Session, token: str, purpose: str, now: datetime) -> int | None:
    """Return whom a token was given to; None if it is unknown, used or expired."""
    row = session.get(TokenRow, token_hash(token))
    if row is None or row.purpose != purpose or (row.expires_at is not None and row.expires_at <= now):
        return None
    return row.subscriber_id


def end_token(session: Session, token: str) -> bool:
    """Use a token up; False if somebody else was faster."""
    result: Any = session.execute(delete(TokenRow).where(col(TokenRow.hash) == token_hash(token)))
    return bool(result.rowcount)


def count_attempt(session: Session, bucket: bytes, *, within: timedelta, now: datetime) -> int:
    """Count one more attempt and return how many there were since the bucket's window began."""
    row = session.get(AttemptRow, bucket, with_for_update=True)
    if row is None or row.since <= now - within:
        query = upsert(session, AttemptRow).values(bucket=bucket, count=1, since=now)
        session.execute(query.on_conflict_do_update(index_elements=["bucket"], set_={"count": 1, "since": now}))
        session.expire_all()
        return 1
    row.count += 1
    session.flush()
    return row.count


def forget_attempts(session: Session, before: datetime) -> None:
    """Delete counts whose window is long over."""
    session.execute(delete(AttemptRow).where(col(AttemptRow.since) < before))


def counts(session: Session) -> dict[str, int]:
    """Return how many subscribers there are of each status."""
    query = select(col(SubscriberRow.status), func.count()).group_by(col(SubscriberRow.status))
    return dict(session.execute(query).all())


def bar(session: Session, ids: Sequence[int]) -> None:
    """Make the status of suppressed people say so; nothing is due for them any more."""
    values = {"status": Status.SUPPRESSED.value, "next_digest_at": None}
    if ids:
        session.execute(update(SubscriberRow).where(col(SubscriberRow.id).in_(ids)).values(**values))
