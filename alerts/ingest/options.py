"""What an operator may tell a source: an address, an age, and the options of each kind."""

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from alerts.errors import UsageError
from alerts.model import Source

OPTIONS: Mapping[str, Mapping[str, type]] = {
    "page": {
        **dict.fromkeys(("item", "title", "date", "link", "text"), str),
        **dict.fromkeys(("follow", "day_first"), bool),
    },
    "clinicaltrials": {"area": str, "filter": str},
    "medrxiv": {"category": str},
    "biorxiv": {"category": str},
}


LONGEST_AGE = timedelta(days=36_500)


def check(source: Source) -> None:
    """Raise UsageError for what is no address or age, and for an option that the source's kind does not know."""
    _check_address(source)
    if source.max_age and source.max_age > LONGEST_AGE:
        raise UsageError(f"{source.slug}: the greatest age is {LONGEST_AGE.days:,} days; 0 means no limit")
    _check_options(source)


def _check_address(source: Source) -> None:
    try:
        parts = urlsplit(source.url)
        known = parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise UsageError(f"{source.slug}: {source.url!r} is no web address")
    if parts.username or parts.password:
        raise UsageError(
            f"{source.slug}: an address with a user name or password would be stored and shown; name one without"
        )


def _check_options(source: Source) -> None:
    known = OPTIONS.get(source.kind, {})
    for name, value in source.options.items():
        if name not in known:
            has = f"it knows {', '.join(known)}" if known else "it knows none"
            raise UsageError(f"{source.slug}: a source of kind {source.kind} has no option {name!r}; {has}")
        if type(value) is not known[name]:
            wanted = "true or false" if known[name] is bool else "a text"
            raise UsageError(f"{source.slug}: the option {name} is {value!r}; it must be {wanted}")
