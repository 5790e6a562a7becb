"""What an operator should look at in topics: terms that cannot match, shadowed ones, acronyms without company."""

from collections.abc import Iterable, Iterator, Sequence

from alerts.classify.matcher import Joined, Matcher
from alerts.classify.naming import counted
from alerts.model import Content, Topic

_NAMES = ("terms", "acronyms", "ambiguous")
_COMPANY = ("company", "terms", "acronyms")
_SHORT = 3  # letters: shorter acronyms than four have other meanings somewhere


def lint(topics: Sequence[Topic]) -> Iterator[str]:
    """Yield one line for each finding, topic by topic."""
    for topic in topics:
        if not topic.retired:
            yield from _empty(topic)
            yield from _dead(topic)
            yield from _shadowed(topic)
            yield from _alone(topic)
    yield from _orphans(topics)


def _terms(topic: Topic, *keys: str) -> Iterator[tuple[str, str]]:
    for key in keys:
        for term in topic.definition.get(key, ()):
            yield key, term


def _empty(topic: Topic) -> Iterator[str]:
    if not any(_terms(topic, *_NAMES, "mesh")):
        yield f"{topic.slug}: nothing to match: it has no terms, acronyms or MeSH descriptors"


def _dead(topic: Topic) -> Iterator[str]:
    """Find words that do not count even where they stand alone in a title, with the topic's company beside them."""
    company = next((one for _, one in _terms(topic, *_COMPANY)), "")
    for key, term in _terms(topic, *_NAMES):
        if (company or key != "ambiguous") and not _finds(topic, term, company if key == "ambiguous" else ""):
            yield f"{topic.slug}: {key}: {term!r} can never match{_why(topic, term)}"


def _why(topic: Topic, term: str) -> str:
    barred = next((one for one in topic.definition.get("exclude", ()) if one.lower() in term.lower()), None)
    return f": `exclude` holds {barred!r}" if barred else ""


def _finds(topic: Topic, term: str, company: str) -> bool:
    joined = Joined(Content(title=term.rstrip("*"), text=company))
    places = Matcher([topic], {}).scan([joined])[0].places.get(topic.slug, {})
    return any(joined.locate(*place)[0] == "title" for place in counted(places, joined))


def _shadowed(topic: Topic) -> Iterator[str]:
    """Find terms that another of the same topic matches wherever they stand."""
    terms = list(topic.definition.get("terms", ()))
    matcher = Matcher([Topic(slug=str(at), name="", definition={"terms": (one,)}) for at, one in enumerate(terms)], {})
    covering = [_covering(matcher, term) - {at} for at, term in enumerate(terms)]
    for at, others in enumerate(covering):
        other = next((one for one in sorted(others) if one < at or at not in covering[one]), None)
        if other is not None:
            yield f"{topic.slug}: terms: {terms[at]!r} is shadowed by {terms[other]!r}, which matches wherever it does"


def _covering(matcher: Matcher, term: str) -> set[int]:
    return {int(slug) for slug in matcher.scan([Joined(Content(title=term.rstrip("*")))])[0].places}


def _alone(topic: Topic) -> Iterator[str]:
    definition = topic.definition
    kept_apart = definition.get("company") or definition.get("within")
    for term in definition.get("acronyms", ()):
        if len(term) <= _SHORT and term.isalnum() and not kept_apart:
            yield f"{topic.slug}: acronyms: {term!r} has no company: so short a one is better put under `ambiguous`"
    if definition.get("ambiguous") and not any(_terms(topic, *_COMPANY)):
        yield f"{topic.slug}: ambiguous: counts only in company, and there is neither `company` nor `terms`"
    for term in definition.get("illness", ()):
        if term not in definition.get("ambiguous", ()):
            yield f"{topic.slug}: illness: {term!r} is not under `ambiguous`, and so never counts"


def _orphans(topics: Iterable[Topic]) -> Iterator[str]:
    slugs = {topic.slug for topic in topics}
    for topic in topics:
        if topic.parent is not None and topic.parent not in slugs:
            yield f"{topic.slug}: parent: there is no topic {topic.parent!r}"
