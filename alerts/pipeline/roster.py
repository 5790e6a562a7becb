"""Many people at once: a CSV file in, tried first and told line by line, and the same out again."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import Engine
from sqlmodel import Session

from alerts.errors import UsageError
from alerts.pipeline import membership
from alerts.settings import Settings
from alerts.store import catalogue
from alerts.store.engine import reading, writing
from subscribers import store
from subscribers.address import parse_address
from subscribers.cadence import WEEKDAYS, Cadence, parse_weekday
from subscribers.errors import CadenceError, PeopleError
from subscribers.interest import parse_set
from subscribers.people import Person, Status, Wishes
from subscribers.tokens import Keyring

BATCH: Final = 500
OPEN_END: Final = "yes"  # a pause until somebody ends it
FIRST_LINE: Final = 2  # the header is line 1


@dataclass(slots=True)
class Imported:
    """What an import did, or would do: `refused` holds line numbers and reasons, never an address."""

    added: int = 0
    unchanged: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    address: str
    hashed: bytes
    wishes: Wishes
    consent: str
    pause: Mapping[str, Any]


def csv_row(person: Person) -> dict[str, str]:
    """Return a person as a line of CSV that `read_csv` takes back; the address is whole."""
    cadence = person.wishes.cadence
    return {
        "email": person.address,
        "interests": person.wishes.set_text,
        "cadence": cadence.rhythm,
        "hour": str(cadence.hour),
        "weekday": WEEKDAYS[cadence.weekday],
        "zone": cadence.zone,
        "format": person.wishes.format,
        "quiet": "-".join(map(str, cadence.quiet or ())),
        "refused": " ".join(sorted(person.wishes.no_notices)),
        "paused": _pause(person),
        "consent": person.consent,
    }


def _pause(person: Person) -> str:
    if person.status is not Status.PAUSED:
        return ""
    return person.paused_until.isoformat() if person.paused_until else OPEN_END


def read_csv(  # noqa: PLR0913, PLR0917  what importing must know
    engine: Engine,
    keyring: Keyring,
    settings: Settings,
    rows: Iterable[Mapping[str, Any]],
    consent: str,
    now: datetime,
    *,
    dry_run: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Imported:
    """Add the people of a CSV file; who is known stays as they are, who left is refused (never brought back).

    Lines are counted from the header (line 1). Raises UsageError without words of consent.
    """
    if settings.public and not consent.strip():
        raise UsageError("Say how these people agreed: --consent TEXT")
    done, met = Imported(), set[bytes]()
    lines = enumerate(rows, FIRST_LINE)
    read = 0
    while part := list(islice(lines, BATCH)):
        good = list(_good(part, keyring, done, met))
        if dry_run:
            with reading(engine) as session:
                done.added += len(_fresh(session, good, done))
        else:
            with writing(engine, durable=True) as session:
                done.added += _write(session, keyring, _fresh(session, good, done), consent, now)
        read += len(part)
        if progress:
            progress(read, read)
    done.refused.sort()
    return done


def _good(
    part: Iterable[tuple[int, Mapping[str, Any]]], keyring: Keyring, done: Imported, met: set[bytes]
) -> Iterator[_Line]:
    for number, row in part:
        try:
            line = _line(number, row, keyring)
        except PeopleError as wrong:
            done.refused.append((number, str(wrong)))
            continue
        if line.hashed in met:
            done.refused.append((number, "this address stands in the file before"))
            continue
        met.add(line.hashed)
        yield line


def _line(number: int, row: Mapping[str, Any], keyring: Keyring) -> _Line:
    said = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
    address = parse_address(said.get("email", ""))
    cadence = Cadence(
        rhythm=said.get("cadence") or "weekly",
        hour=_hour(said.get("hour") or "7"),
        weekday=parse_weekday(said.get("weekday") or "mon"),
        zone=said.get("zone") or "UTC",
        quiet=_quiet(said.get("quiet", "")),
    )
    wishes = Wishes(
        interests=parse_set(said.get("interests", "")),
        cadence=cadence,
        format=said.get("format") or "html",
        no_notices=frozenset(said.get("refused", "").split()),
    )
    hashed = keyring.address_hash(address)
    return _Line(number, address, hashed, wishes, said.get("consent", ""), _paused(said.get("paused", "")))


def _quiet(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    start, _, end = text.partition("-")
    return _hour(start), _hour(end)


def _paused(text: str) -> dict[str, Any]:
    """Return the columns of a pause, where there is one."""
    if not text:
        return {}
    try:
        until = None if text == OPEN_END else datetime.fromisoformat(text)
    except ValueError as wrong:
        raise PeopleError(f"{text!r} is no end of a pause: a time such as 2026-05-01T00:00+00:00, or yes") from wrong
    if until and until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return {"status": Status.PAUSED.value, "paused_until": until}


def _hour(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 2):
        raise CadenceError(f"{text!r} is no hour; it must be a number from 0 to 23")
    return int(text)


def _fresh(session: Session, lines: Iterable[_Line], done: Imported) -> list[_Line]:
    """Keep those whom nobody knows and nothing bars; note the others."""
    wanted = list(lines)
    barred = store.suppressions(session, (line.hashed for line in wanted))
    known = store.known(session, (line.hashed for line in wanted))
    topics = {topic.slug: topic for topic in catalogue.topics(session, retired=True)}
    fresh = []
    for line in wanted:
        try:
            membership.check_among(topics, line.wishes.interests)
        except UsageError as wrong:
            done.refused.append((line.number, str(wrong)))
            continue
        if reason := barred.get(line.hashed):
            done.refused.append((line.number, membership.LIFTING[reason]))
        elif line.hashed in known:
            done.unchanged += 1
        else:
            fresh.append(line)
    return fresh


def _write(session: Session, keyring: Keyring, lines: Iterable[_Line], consent: str, now: datetime) -> int:
    fresh = list(lines)
    ids = store.interest_sets(session, {line.wishes.set_text for line in fresh})
    begun = {
        rhythm: membership.activation(session, Cadence(rhythm=rhythm), now)
        for rhythm in {line.wishes.cadence.rhythm for line in fresh}
    }
    rows = [
        membership.new_row(keyring, line.address, line.wishes, ids[line.wishes.set_text], now)
        | begun[line.wishes.cadence.rhythm]
        | {"consent": line.consent or consent}
        | dict(line.pause)
        for line in fresh
    ]
    return len(store.insert_people(session, rows))
