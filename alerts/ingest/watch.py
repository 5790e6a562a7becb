"""The query sources that can bring what a topic is about: `alerts topic add --watch`."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from alerts.model import Kind, Source, Topic


def watchers(topic: Topic, kinds: Iterable[str]) -> tuple[Source, ...]:
    """Return one source for each kind, asking for the topic's names. Raises KeyError for a kind that has no queries."""
    words = tuple(topic.definition.get("terms") or (topic.name,))
    return tuple(
        Source(
            slug=f"{kind}-{topic.slug}",
            kind=kind,
            query=QUERIES[kind](words, tuple(topic.definition.get("mesh", ()))),
            title=f"{NAMES[kind]}: {topic.name}",
            gives=GIVES[kind],
            why=purpose(topic.slug),
        )
        for kind in kinds
    )


def purpose(slug: str) -> str:
    """Return why the sources that watch a topic are there, by which they are known."""
    return f"watches the topic {slug}"


def _quoted(words: Iterable[str]) -> list[str]:
    return [f'"{word.replace(chr(34), " ")}"' for word in words]


def _pubmed(words: Sequence[str], mesh: Sequence[str]) -> str:
    return " OR ".join([f"{word}[tiab]" for word in _quoted(words)] + [f"{term}[mh]" for term in _quoted(mesh)])


def _clinicaltrials(words: Sequence[str], _mesh: Sequence[str]) -> str:
    return " OR ".join(_quoted(words))


def _europepmc(words: Sequence[str], _mesh: Sequence[str]) -> str:
    return " OR ".join(f"TITLE_ABS:{word}" for word in _quoted(words))


QUERIES: Mapping[str, Callable[[Sequence[str], Sequence[str]], str]] = {
    "pubmed": _pubmed,
    "clinicaltrials": _clinicaltrials,
    "europepmc": _europepmc,
}
NAMES: Mapping[str, str] = {
    "pubmed": "PubMed", "clinicaltrials": "ClinicalTrials.gov", "europepmc": "Europe PMC",
}
GIVES: Mapping[str, str] = {
    "pubmed": Kind.PAPER.value, "clinicaltrials": Kind.RECORD.value, "europepmc": "mixed",
}
