"""What an item is about and what it only mentions, with the words that say so."""

from collections.abc import Iterator, Mapping

from alerts.classify.matcher import Joined, Place
from alerts.classify.reading import Reading
from alerts.model import Evidence, Facet, Label, Role, Topic

Places = Mapping[str, list[Place]]


def label(
    topics: Mapping[str, Topic], found: Mapping[str, Places], joined: Joined, reading: Reading
) -> Iterator[Label]:
    """Yield a label for each topic that the item is about or mentions."""
    for slug, topic in topics.items():
        places = sorted(_counted(found.get(slug, {})))
        if places:
            evidence = [_evidence(place, joined, reading) for place in places[:5]]
            role = Role.ABOUT if any(e.field == "title" for e in evidence) or len(places) > 2 else Role.MENTION
            yield Label(facet=Facet.TOPIC, value=topic.slug, role=role, evidence=tuple(evidence[:3]))


def _counted(places: Places) -> Iterator[Place]:
    yield from places.get("term", ())
    yield from places.get("acronym", ())
    if places.get("term") or places.get("acronym") or (places.get("company") and not places.get("exclude")):
        yield from places.get("ambiguous", ())


def _evidence(place: Place, joined: Joined, reading: Reading) -> Evidence:
    return reading.evidence(*joined.locate(place.start, place.end))
