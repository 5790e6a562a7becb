"""What an operator may tell a source beyond its address and query: the options of each kind."""

from collections.abc import Mapping

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


def check(source: Source) -> None:
    """Raise UsageError for an option that the source's kind does not know, or of which the value is none."""
    known = OPTIONS.get(source.kind, {})
    for name, value in source.options.items():
        if name not in known:
            has = f"it knows {', '.join(known)}" if known else "it knows none"
            raise UsageError(f"{source.slug}: a source of kind {source.kind} has no option {name!r}; {has}")
        if type(value) is not known[name]:
            wanted = "true or false" if known[name] is bool else "a text"
            raise UsageError(f"{source.slug}: the option {name} is {value!r}; it must be {wanted}")
