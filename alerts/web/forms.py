"""Forms into wishes and back: what a person fills in, read strictly, told plainly when wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request

from alerts.errors import UsageError
from alerts.publish import words
from alerts.publish.choices import FILTERS, NAMES
from subscribers.cadence import RHYTHMS, WEEKDAYS, Cadence, zones
from subscribers.errors import PeopleError
from subscribers.interest import PHASES, Interest, build, parse
from subscribers.people import FORMATS, NOTICES, OPT_OUTS, Wishes

MOST_FIELDS = 400
TRAP = "website"
RHYTHM_NAMES = {
    "immediate": "At once, as it appears (at most a few mails a day)",
    "daily": "Every day",
    "weekly": "Every week",
    "monthly": "Every month, on the first such weekday",
}
WEEKDAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
OPT_OUT_NAMES = {
    "retracted": "Retractions of something I was sent",
    "concern": "Expressions of concern about something I was sent",
    "corrected": "Corrections of something I was sent",
    "nothing-new": "A line after 90 days without news",
}


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it came: single values and lists, nothing trusted."""

    one: Mapping[str, str]
    many: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, form: FormData | QueryParams) -> "Filled":
        many: dict[str, list[str]] = {}
        for name, value in form.multi_items():
            if isinstance(value, str) and value:
                many.setdefault(name, []).append(value)
        return cls({name: values[0] for name, values in many.items()}, {n: tuple(v) for n, v in many.items()})

    def has(self, name: str, value: str) -> bool:
        return value in self.many.get(name, ())


EMPTY = Filled({}, {})


async def filled(request: Request) -> Filled:
    """Read a form, urlencoded or multipart, without files."""
    async with request.form(max_files=0, max_fields=MOST_FIELDS) as form:
        return Filled.of(form)


def given(asked: QueryParams) -> Filled:
    """Read a form that was sent by GET."""
    if len(asked) > MOST_FIELDS:
        raise UsageError("That was too much at once; choose fewer.")
    return Filled.of(asked)


def wishes(form: Filled) -> Wishes:
    """Turn a form into wishes; UsageError says what is wrong with it."""
    try:
        chosen = {str(one): one for one in interests(form)}
        if not chosen:
            raise UsageError("Please choose at least one topic.")
        return Wishes(
            interests=tuple(chosen[text] for text in sorted(chosen)),
            cadence=cadence(form),
            format=form.one.get("format", "html"),
            no_notices=frozenset(OPT_OUTS) - set(form.many.get("notice", ())) if "notices" in form.one else frozenset(),
        )
    except PeopleError as wrong:
        said = str(wrong)
        raise UsageError(f"{said[:1].upper()}{said[1:]}.") from wrong


def interests(form: Filled) -> Sequence[Interest]:
    """Return the interests that are kept, and one for each topic chosen, with the filters chosen."""
    try:
        return _interests(form)
    except PeopleError as wrong:
        raise UsageError(str(wrong)) from wrong


def _interests(form: Filled) -> Sequence[Interest]:
    kept = [parse(text) for text in form.many.get("interest", ())]
    filters = [(name, value) for name in FILTERS for value in form.many.get(name, ())]
    if form.one.get("size"):
        filters.append(("size", form.one["size"]))
    return [*kept, *(build(slug, filters) for slug in form.many.get("topic", ()))]


def cadence(form: Filled) -> Cadence:
    """Read how often, and when."""
    quiet = (_number(form, "quiet_from"), _number(form, "quiet_to"))
    return Cadence(
        rhythm=form.one.get("cadence", "weekly"),
        hour=_number(form, "hour") if "hour" in form.one else 7,
        weekday=_number(form, "weekday") if "weekday" in form.one else 0,
        zone=form.one.get("zone", "UTC"),
        quiet=quiet if "quiet_from" in form.one and "quiet_to" in form.one else None,
    )


def _number(form: Filled, name: str) -> int:
    value = form.one.get(name, "0")
    if not (value.isascii() and value.isdigit() and len(value) < 4):
        raise UsageError(f"{name.replace('_', ' ')} must be a whole number.")
    return int(value)


def interest_words(text: str, names: Mapping[str, str]) -> str:
    """Say an interest in plain words: `NMOSD: Phase 3; only trial results`."""
    one = parse(text)
    said = [", ".join(words.PHASES.get(PHASES.get(value, ""), "phase not stated") for value in sorted(one.phase))]
    said += [", ".join(words.DESIGNS[value] for value in sorted(one.design))]
    said += [", ".join(FILTERS["kind"][value] for value in sorted(one.kind))]
    said += [f"at least {one.size} people" if one.size else "", "only trial results" if one.results else ""]
    said += [", ".join(FILTERS["without"][value].lower() for value in sorted(one.without))]
    filters = "; ".join(part for part in said if part)
    name = names.get(one.topic, one.topic)
    return f"{name}: {filters}" if filters else name


def network(request: Request) -> str:
    """Return the network a request came from, for counting: an IPv4 address, or the /64 of an IPv6 one."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return address.exploded[:19]
    return str(address)


def choices_for_forms() -> dict[str, Any]:
    """Return what the form's templates choose from."""
    return {
        "filters": FILTERS, "filter_names": NAMES, "rhythms": {name: RHYTHM_NAMES[name] for name in RHYTHMS},
        "weekdays": dict(zip(range(len(WEEKDAYS)), WEEKDAY_NAMES, strict=True)), "zones": sorted(zones()),
        "formats": FORMATS, "opt_outs": OPT_OUT_NAMES, "notices": NOTICES,
    }
