"""Who can complete an item of which we hold only a teaser: questions by its keys, and what the answers say."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from alerts.ingest import crossref, europepmc, medline, pubmed
from alerts.ingest.answer import BATCH, json_object
from alerts.ingest.walk import rows
from alerts.model import Content, Document, Entry, Item, Key, Kind, Request

SERVICES = ("pubmed", "europepmc", "crossref")
"""In this order: whole abstracts with their sections first, what publishers deposited last."""

DEADLINE = timedelta(hours=24)
"""How long a teaser waits for its abstract before it becomes news as it is (law 4)."""

_WAITS = (timedelta(0), timedelta(hours=1), timedelta(hours=6), timedelta(days=2), timedelta(days=14))
_CUT = ("...", "…", "[…]", "[...]")
_KINDS = (Kind.PAPER, Kind.PREPRINT, Kind.ABSTRACT)
_AT_ONCE = 20  # DOIs in one Europe PMC query, which may hold 1,500 characters


@dataclass(frozen=True, slots=True)
class Question:
    """One request to one service about some works; `keys` are what it asks for."""

    service: str
    request: Request
    keys: tuple[Key, ...]


def is_teaser(content: Content) -> bool:
    """Tell whether a work's own abstract is missing or cut; news, records and notices are as they are."""
    text = content.text.rstrip()
    return content.kind in _KINDS and (content.truncated or not text or text.endswith(_CUT))


def next_try(attempts: int) -> timedelta | None:
    """Return how long to wait after so many vain attempts; None: it will not come, give up."""
    return _WAITS[attempts] if attempts < len(_WAITS) else None


def services(keys: Iterable[Key]) -> tuple[str, ...]:
    """Return the services that can know a work by its keys, the best first."""
    schemes = {key.scheme for key in keys}
    able = {"pubmed": {"pmid"}, "europepmc": {"pmid", "pmcid", "doi"}, "crossref": {"doi"}}
    return tuple(name for name in SERVICES if able[name] & schemes)


def questions(items: Iterable[Item], attempts: Mapping[int, int]) -> Iterator[Question]:
    """Yield the questions that ask for these items, as few as can be.

    `attempts` counts by item how often it was asked for in vain: each attempt asks the next service.
    """
    wanted: dict[str, list[Key]] = {name: [] for name in SERVICES}
    for item in items:
        if able := services(item.keys):
            name = able[attempts.get(item.id, 0) % len(able)]
            wanted[name].append(_best(name, item.keys))
    for name, keys in wanted.items():
        yield from ASK[name](tuple(dict.fromkeys(keys)))


def _best(service: str, keys: Sequence[Key]) -> Key:
    order = {"pubmed": ("pmid",), "europepmc": ("pmid", "pmcid", "doi"), "crossref": ("doi",)}[service]
    return min((key for key in keys if key.scheme in order), key=lambda key: order.index(key.scheme))


def _pubmed(keys: Sequence[Key]) -> Iterator[Question]:
    for start in range(0, len(keys), BATCH):
        part = tuple(keys[start : start + BATCH])
        form = {"db": "pubmed", "id": ",".join(key.value for key in part), "retmode": "xml", "tool": "research-alerts"}
        yield Question("pubmed", Request(url=f"{pubmed.BASE}efetch.fcgi?{urlencode(form)}"), part)


def _europepmc(keys: Sequence[Key]) -> Iterator[Question]:
    fields = {"pmid": "EXT_ID:{} AND SRC:MED", "pmcid": "PMCID:{}", "doi": 'DOI:"{}"'}
    for start in range(0, len(keys), _AT_ONCE):
        part = tuple(keys[start : start + _AT_ONCE])
        query = " OR ".join(f"({fields[key.scheme].format(key.value)})" for key in part)
        form = {"query": query, "format": "json", "resultType": "core", "pageSize": "100"}
        yield Question("europepmc", Request(url=f"{europepmc.BASE}?{urlencode(form)}"), part)


def _crossref(keys: Sequence[Key]) -> Iterator[Question]:
    for request, dois in crossref.requests([key.value for key in keys]):
        yield Question("crossref", request, tuple(Key("doi", doi) for doi in dois))


ASK: Mapping[str, Callable[[Sequence[Key]], Iterator[Question]]] = {
    "pubmed": _pubmed,
    "europepmc": _europepmc,
    "crossref": _crossref,
}


def answers(question: Question, document: Document) -> tuple[Entry, ...]:
    """Read what a service knows of the works asked for; a work it does not know is missing, and not an error.

    Raises ReadError or FetchError (a rate limit) where the answer is none.
    """
    found = _READ[question.service](document)
    asked = set(question.keys)
    return tuple(entry for entry in found if asked & set(entry.keys))


def _results(document: Document) -> tuple[Entry, ...]:
    answer = json_object(document, europepmc.SERVICE)
    europepmc.refuse_error(answer)
    return tuple(map(europepmc.entry, rows(answer, "resultList", "result")))


_READ: Mapping[str, Callable[[Document], tuple[Entry, ...]]] = {
    "pubmed": medline.entries,
    "europepmc": _results,
    "crossref": crossref.entries,
}


def is_better(held: Content, found: Content) -> bool:
    """Tell whether an answer completes a teaser: it has an abstract that is whole."""
    return not is_teaser(found) and len(found.text) > len(held.text.rstrip(" .…"))
