"""Which places of a topic's words name that topic: longest first, none barred, no acronym that means another thing."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping

from alerts.classify.matcher import Joined, Place

_WORD = re.compile(r"[^\W\d_]+")
_NEXT = re.compile(r"(?:[^\w\x00]+[^\W\d_]+){1,2}")
_LAST = re.compile(r"(?:[^\W\d_]+[^\w\x00]+){1,2}\Z")
_ENGLISH = frozenset({"AIM", "AIMS", "ALL", "AS", "AT", "CAR", "HAM", "IN", "IS", "IT", "ON", "OR", "PET", "RAW"})
_SMALL = frozenset({"of", "and", "the", "in", "for", "to"})
_SHORT = 450  # characters of title and text that may stand for a headline: a bare preposition is company enough
_NEAR = 60  # characters around an acronym that say that it is an illness
_HAVING = re.compile(
    r"(?:\b(?:people|patients?|persons?|individuals|adults|wom[ae]n|m[ae]n|children|teens|those|someone|anyone|twins"
    r"|veterans|soldiers|volunteers|sufferers|cases|diagnosed|liv(?:e|es|ed|ing)|coped?|coping)(?: \w+){0,2} with"
    r"(?: \w+ (?:or|and))?"
    r"|\b(?:have|has|had|having|gets?|getting|develop(?:s|ed|ing)?|prevent(?:s|ed|ing)?|treat(?:s|ed|ing)?"
    r"|slow(?:s|ed|ing)?|worsen(?:s|ed)?|caus(?:e|es|ed|ing)|fight(?:s|ing)?|halt(?:s|ed)?|cure|against)"
    r"|\b(?:risk|cases?|causes?|treatments?|therap(?:y|ies)|drugs?|pills?|vaccines?|cure|symptoms?|relapses?|attacks?"
    r"|course|onset|progression|forms?|diagnosis|fatigue|disability|lesions|research|trial) (?:of|for|in|against|into))"
    r" \Z",
    re.IGNORECASE,
)
_HAD = re.compile(
    r"-like (?:disease|illness)| (?:patients?|sufferers|drugs?|pills?|therap(?:y|ies)|treatments?|research|cases"
    r"|relapses?|attacks?|symptoms?|risk|clinics?|nurses?|specialists?|care|registry|cohorts?|lesions|onset|progression"
    r"|severity|population|subtypes?|phenotypes?|vaccine|diagnosis|community)\b"
)
_JOINED_BY = re.compile(r"\b(?:in|for|with|of|and|or) \Z")
_REACH = 90  # characters in which an acronym is spelled out


def counted(places: Mapping[str, list[Place]], joined: Joined) -> list[Place]:
    """Return the places that name the topic, in order, the longest where several overlap."""
    terms, acronyms = places.get("term", []), places.get("acronym", [])
    doubtful = places.get("ambiguous", [])
    if acronyms or doubtful:
        known = sorted([*terms, *acronyms, *doubtful])
        acronyms = _meant(acronyms, known, joined)
        if "illness" in places:
            short = len(joined.cased) <= _SHORT and "exclude" not in places
            acronyms += [one for one in places["illness"] if _ill(one, joined.cased, short=short)]
        if acronyms or terms or ("company" in places and "exclude" not in places):
            acronyms = [*acronyms, *_meant(doubtful, known, joined)]
    return _longest([*terms, *acronyms], places.get("exclude", ()))


def _longest(found: list[Place], barred: Iterable[Place]) -> list[Place]:
    if len(found) < 2 and not barred:
        return found
    kept: list[Place] = []
    for place in sorted(found, key=lambda one: (one.start, -one.end)):
        inside = kept and place.end <= kept[-1].end
        if not inside and not any(bar.start < place.end and place.start < bar.end for bar in barred):
            kept.append(place)
    return kept


def _meant(acronyms: list[Place], known: list[Place], joined: Joined) -> list[Place]:
    """Drop acronyms that the item spells out as something else, and words in a shouted line."""
    text = joined.cased
    ends = {one.end for one in known}
    spelled = [
        one
        for one in acronyms
        if (text[one.start - 1] == "(" and one.start - 2 not in ends) or text.startswith(" (", one.end)
    ]
    foreign = {text[one.start : one.end] for one in spelled if _spelled_otherwise(one, known, text)}
    if foreign:
        acronyms = [one for one in acronyms if text[one.start : one.end] not in foreign]
    return [one for one in acronyms if text[one.start : one.end] not in _ENGLISH or not _shouted(one, text)]


def _ill(place: Place, text: str, *, short: bool) -> bool:
    """Say whether the words around an acronym make it an illness: somebody has it, or it is treated or studied."""
    before = text[max(0, place.start - _NEAR) : place.start]
    if _HAVING.search(before) or _HAD.match(text, place.end):
        return True
    return short and bool(_JOINED_BY.search(before))


def _spelled_otherwise(place: Place, known: list[Place], text: str) -> bool:
    letters = "".join(_WORD.findall(text[place.start : place.end])).lower()
    if text[place.start - 1 : place.start] == "(":
        begin = max(0, place.start - _REACH)
        words = list(_WORD.finditer(text, begin, place.start))[-len(letters) - 1 :]
        return _spell(letters, words, from_start=False) and not _own(words, known)
    if text[place.end : place.end + 2] == " (":
        close = text.find(")", place.end, place.end + _REACH)
        words = list(_WORD.finditer(text, place.end, close)) if close > 0 else []
        return _spell(letters, words, from_start=True) and not _own(words, known)
    return False


def _spell(letters: str, words: list[re.Match[str]], *, from_start: bool) -> bool:
    """Say whether words spell an acronym: each gives its first letter, and may give more."""
    plain = [match[0].lower() for match in words if match[0].lower() not in _SMALL]
    if len(letters) < 2 or len(plain) < 2:
        return False
    tries = [plain[:count] if from_start else plain[-count:] for count in range(2, len(letters) + 1)]
    return any(_in_order(letters, one) for one in tries)


def _in_order(letters: str, words: list[str]) -> bool:
    if not words:
        return not letters
    head, rest = words[0], words[1:]
    if not letters or head[0] != letters[0]:
        return False
    taken = 1
    for char in head[1:]:
        if taken < len(letters) - len(rest) and char == letters[taken]:
            taken += 1
    return any(_in_order(letters[count:], rest) for count in range(1, taken + 1))


def _own(words: list[re.Match[str]], known: list[Place]) -> bool:
    """Say whether one of the topic's own words stands among those that spell the acronym."""
    begin, end = words[0].start(), words[-1].end()
    first = bisect_left(known, Place(begin - _REACH, 0))
    return any(place.end > begin and place.start < end for place in known[first:] if place.start < end)


def _shouted(place: Place, text: str) -> bool:
    """Say whether the words around are all in capitals, as in a title that shouts."""
    before = _LAST.search(text, max(0, place.start - 60), place.start)
    after = _NEXT.match(text, place.end, place.end + 60)
    around = [word for match in (before, after) if match for word in _WORD.findall(match[0])]
    return len(around) >= 3 and all(word.isupper() for word in around)
