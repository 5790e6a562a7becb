"""Crossref's records (REST API, https://api.crossref.org) -> entries: what publishers deposited, with updates."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any
from urllib.parse import quote

from alerts.errors import ReadError
from alerts.ingest.answer import distinct, json_object, raw_hash
from alerts.ingest.clean import plain
from alerts.ingest.clean import title as clean_title
from alerts.ingest.dates import first_of
from alerts.ingest.identity import normalise_key, registry_ids
from alerts.ingest.spacing import Spacing
from alerts.ingest.walk import at, rows, strings, texts
from alerts.model import Content, Document, Entry, Key, Kind, Link, PartialDate, Request

BASE = "https://api.crossref.org/works"
SPACING: Mapping[str, Spacing] = {"api.crossref.org": Spacing(0.35)}
SERVICE = "Crossref"
MOST = 20  # DOIs in one question: the address stays short, and so does the answer with its reference lists

# https://www.crossref.org/documentation/crossmark/version-control-corrections-and-retractions/
_UPDATES: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("retraction", "withdrawal", "removal", "partial_retraction"), ("retracts", "retracted-by")),
    **dict.fromkeys(
        ("correction", "corrigendum", "erratum", "addendum", "clarification"), ("corrects", "corrected-by")
    ),
    "expression_of_concern": ("concerns", "concern-by"),
    **dict.fromkeys(("new_version", "new_edition"), ("version-of", "version-of")),
}
_RELATIONS = {"is-preprint-of": "published-as", "has-preprint": "version-of", "is-version-of": "version-of"}
_KINDS = {"posted-content": Kind.PREPRINT, "peer-review": Kind.NOTICE}


def requests(dois: Sequence[str], base: str = BASE) -> Iterator[tuple[Request, tuple[str, ...]]]:
    """Yield requests with the DOIs each asks for; a DOI with a comma, which no filter can hold, goes alone."""
    for doi in (one for one in dois if "," in one):
        yield Request(url=f"{base}/{quote(doi, safe='')}"), (doi,)
    others = [one for one in dois if "," not in one]
    for start in range(0, len(others), MOST):
        part = tuple(others[start : start + MOST])
        wanted = ",".join(f"doi:{quote(one, safe='/:;()')}" for one in part)
        yield Request(url=f"{base}?filter={wanted}&rows={len(part)}"), part


def entries(document: Document) -> tuple[Entry, ...]:
    """Read one work or a list of works; ReadError where Crossref says something else."""
    answer = json_object(document, SERVICE)
    message = answer.get("message")
    if answer.get("status") != "ok" or not isinstance(message, dict):
        raise ReadError(f"{SERVICE} answered with status {answer.get('status')!r} instead of works")
    if answer.get("message-type") == "work":
        return (_entry(message),)
    items = message.get("items")
    if not isinstance(items, list):
        raise ReadError(f"{SERVICE} answered without a list of works")
    return tuple(_entry(one) for one in items)


def _entry(work: object) -> Entry:
    doi = normalise_key("doi", texts(work, "DOI"))
    if doi is None:
        raise ReadError(f"{SERVICE} sent a work without a DOI")
    content = _content(work, doi)
    links = distinct(chain(_updates(work), _relations(work), _registrations(work)))
    own = {name: at(work, name) for name in ("title", "abstract", "update-to", "updated-by", "relation", "published")}
    return Entry(locator=f"crossref:{doi.value}", content=content, keys=(doi,), links=links, raw_hash=raw_hash(own))


def _content(work: object, doi: Key) -> Content:
    notice = any(link.relation in ("retracts", "corrects", "concerns") for link in _updates(work))
    return Content(
        kind=Kind.NOTICE if notice else _KINDS.get(texts(work, "type"), Kind.PAPER),
        title=clean_title(" ".join(strings(at(work, "title"))[:1])),
        text=plain(texts(work, "abstract")),
        url=f"https://doi.org/{doi.value}",
        authors=tuple(_authors(work)),
        venue=" ".join(strings(at(work, "container-title"))[:1]) or texts(work, "institution", "name"),
        published=_published(work),
        language=texts(work, "language")[:2].lower(),
    )


def _authors(work: object) -> Iterator[str]:
    for row in rows(work, "author"):
        initials = "".join(part[0] for part in texts(row, "given").replace("-", " ").split())
        if name := f"{texts(row, 'family')} {initials}".strip() or texts(row, "name"):
            yield name


def _published(work: object) -> PartialDate | None:
    """Return when the work appeared; Crossref's own time stamps do not tell."""
    names = ("published", "published-online", "published-print", "posted", "issued")
    return first_of(found for name in names if (found := _date(rows(work, name, "date-parts"))))


def _date(parts: list[Any]) -> PartialDate | None:
    numbers = parts[0] if parts and isinstance(parts[0], list) else []
    if not numbers or not all(isinstance(one, int) for one in numbers):
        return None
    return PartialDate.parse("-".join([f"{numbers[0]:04}", *(f"{one:02}" for one in numbers[1:3])]))


def _updates(work: object) -> Iterator[Link]:
    """Yield what this work does to others (`update-to`), and what others did to it (`updated-by`)."""
    for place, name in enumerate(("update-to", "updated-by")):
        for row in rows(work, name):
            relations = _UPDATES.get(texts(row, "type").lower().replace("-", "_").replace(" ", "_"))
            other = normalise_key("doi", texts(row, "DOI"))
            if relations and other and other.value != texts(work, "DOI").lower():
                yield Link(relations[place], *other)


def _relations(work: object) -> Iterator[Link]:
    for name, relation in _RELATIONS.items():
        for row in rows(work, "relation", name):
            other = normalise_key("doi", texts(row, "id")) if texts(row, "id-type") == "doi" else None
            if other and other.value != texts(work, "DOI").lower():
                yield Link(relation, *other)


def _registrations(work: object) -> Iterator[Link]:
    """Yield the registry numbers that were deposited with the work."""
    for row in rows(work, "clinical-trial-number"):
        yield from (Link("registered-as", *key) for key in registry_ids(texts(row, "clinical-trial-number")))
