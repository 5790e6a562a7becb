"""How many people, or donors of samples, a study is about."""

# ruff: noqa: E501 - a pattern that is broken over many lines is harder to read than a long one

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from alerts.classify.counts import of_a_part, told_before
from alerts.classify.cues import CUES, PEOPLE
from alerts.classify.entered import Entered, assigned, entered
from alerts.classify.numbers import Number, is_year, numbers
from alerts.classify.reading import Reading, Sentence
from alerts.model import Evidence, Facet, Kind, Label

TRIGGERS: Mapping[str, str] = {
    "size:people": rf"\b{PEOPLE}\b",
    "size:n": r"\bn\s*=\s*\d",
    "size:age": r"\b(?:\d{1,3}|[a-z]+)[- ](?:year|month|week|day|yr)s?[- ]?old\b|\bcase\b",
}

_NOT_PEOPLE = (
    r"(?:weeks?|months?|years?|yrs?|days?|hours?|hrs?|h|minutes?|min|seconds?|mg|g|kg|ml|µg|mcg|mm|cm|m|km|yards?|points?|percent|per"
    r"|times?|fold|sessions?|doses?|cycles?|items?|sites?|cent(?:er|re)s?|countries|hospitals?|clinics?|million|billion|thousand"
    r"|studies|trials|articles|papers|records|of|in|to|or|and|with|had|were|was|out|eyes?|samples?|specimens?|lesions?|groups?|arms?|from|have"
    r"|scans?|panels?|relapses?|events?|infusions?|different|phase|degrees?|nm|t|tesla|the|a|at|by|as|for|on|is|are|who|visits?|than|vs|versus"
    r"|january|february|march|april|may|june|july|august|september|october|november|december)"
)
_THEN = re.compile(
    rf"(?P<share>\s*\(\d[\d.·]*\s?%\))?\s+(?!{_NOT_PEOPLE}\b)"
    rf"(?:(?!{_NOT_PEOPLE}\b|{PEOPLE}\s)[^\W_][\w+/'’®-]*(?:\s\([^()=;]{{1,40}}\))?,?\s+){{0,7}}?(?:(?:and|or)\s(?!\d)[\w-]+\s(?:[\w-]+\s){{0,3}}?)?(?P<noun>{PEOPLE})\b(?!\s(?:populations?|groups?|samples?|arms?|cohorts?|regions?|records?|data|studies|trials|series|brains|visits))",
    re.IGNORECASE,
)
_LABELLED = re.compile(rf"\s+(?!{_NOT_PEOPLE}\b)[A-Za-z(]", re.IGNORECASE)
_EQUALS = re.compile(r"\bn\s*=\s*\Z", re.IGNORECASE)
_PEOPLE_N = re.compile(rf"\b{PEOPLE}\s?[(\[,]?\s?n\s*=\s*\Z", re.IGNORECASE)
_OUT_OF = re.compile(r"\s+(?:out )?of (?:the |a |all )?(?:\w+ ){0,2}\Z", re.IGNORECASE)
_JOINED = re.compile(
    r"\s*(?:\w+ ){0,2}?(?:participated|took part|consented|agreed|enrol?led|accrued|were (?:enrolled|included|randomi[sz]ed|recruited|accrued)|completed|responded|returned)\b",
    re.IGNORECASE,
)
_MOST = 60
"""Numbers that are looked at in one sentence."""
_THINGS = re.compile(
    r"\b(?:lesions|samples|scans|images|eyes|articles|studies|trials|records|events|visits|relapses|genes|papers|proteins|citations|publications|tests|sites|items|questions|years|cells|infusions|doses|regions|variants|families|households|associations|loci|snps?|polymorphisms|mris?|procedures|exchanges|mutations|transcripts|metabolites|sequences|peptides|compounds|clusters|networks|pathways|features|parameters|species|pairs|couples|dyads)\b",
    re.IGNORECASE,
)
_PLANNED = re.compile(
    r"\b(?:planned|plan to|needed|required|sample size calculation|power|per (?:arm|group)|screened|assessed for eligibility|approached|invit\w+|target)\b",
    re.IGNORECASE,
)
_SUBGROUP = re.compile(r"\b(?:sub-?groups?|subsets?|sub-?samples?|of (?:these|them|whom|which))\b[^()]*\(?\s?n\s*=\s*\Z", re.IGNORECASE)
_AGAIN = re.compile(
    r"\b(?:year|month|week|day|after|later|follow-?up|retest|visit|wave|session|time(?:[- ]?point)?)s?\b", re.IGNORECASE
)
"""Between two counts: the same people, counted again."""
_PART_AFTER = re.compile(
    r"\s*(?:[(\[]\d[\d.·]*\s?(?:%|/\s?\d+)\s?[)\];,]|(?!who\b|that\b|which\b|with\b)(?:\w+ ){0,2}?(?:had (?!been diagnosed)|showed?|developed|experienced|died|relapsed|reported|achieved|withdrew|discontinued"
    r"|responded|remained|were (?:excluded|positive|seropositive|negative|lost|female|male|women|men|not|withdrawn|found to|considered|diagnosed)"
    r"|dropped|converted|improved|suffered|presented|became|did not|failed|required|declined|continued|met (?:the |all )?criteria)|\s*(?:in|to|on|into) (?:the|each|both|every|either) (?:[\w-]+ ){0,4}?(?:group|arm|cohort)|\s*(?:per|in (?:the )?(?:[\w-]+ )?)(?:group|arm)\b|\s*(?:to|on) (?:\w+ ){1,3}(?:and|\())"
    r"|\s*(?:were |was )?(?:randomly )?(?:randomi[sz]ed|assigned|allocated) to (?:the )?(?:[\w-]+ ){1,5}?(?:and|,) \d+ to\b",
    re.IGNORECASE,
)
_BREAKS = re.compile(
    r"\b(?:including|of whom|of which|of these|divided|split|comprising|consisting|categori[sz]ed|classified|grouped|respectively|were then|assigned|allocated|received|randomi[sz]ed|after)\b|[:;(]",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"(?:,|;|\band|versus|\bvs\.?)\s*(?:and )?\Z", re.IGNORECASE)
_OF_MORE = re.compile(r"\s*of (?:the )?(?:planned |eligible |initial )*\d")
_PAIR = re.compile(rf"\s(?!{PEOPLE}\b)[\w-]+(?:\s\([^()]*\))? and ", re.IGNORECASE)
"""Between two groups that share one noun: "13 CIS and 23 RRMS patients"."""
_VERB = re.compile(r"\b(?:were|was)\b", re.IGNORECASE)
_BRACKETS = re.compile(r"\([^()]*\)")
_SHARES = re.compile(r"\([^()=]*\d[^()=]*\)")
_JOINS = re.compile(r"\band\b|versus|\bvs\b|compared|together with|as well as", re.IGNORECASE)
_CASES = re.compile(
    r"\b(?:reports?|describes?|presents?|presentation|series|observation|discuss(?:es)?)\b[^.;]{0,40}\Z", re.IGNORECASE
)
_ONE_CASE = re.compile(
    r"\b(?:(?:an?|the|this|one|our)\s+(?:[\w-]+\s+){0,5}?(?:\d{1,3}|[a-z]+(?:-[a-z]+)?)[- ](?:year|month|week|day|yr)s?[- ]?(?:old|of age)(?:\s[\w-]+){0,2}|case report|a case of"
    r"|(?:a|the|one|this|our|single|rare|unusual|first|an) (?:[\w-]+ ){0,4}?(?:case|patient|man|woman|boy|girl|child|infant|lady))\b",
    re.IGNORECASE,
)
_SOMEBODY, _DIGIT, _SPELT, _TAKEN, _STRONG, _WORLD, _TOTAL_CUE, _STUDY, _SCREENED, _BY_CHANCE = (
    CUES[name]
    for name in ("somebody", "digit", "spelt", "taken", "strong", "world", "total", "study", "screened", "by chance")
)
_ALONE = 0.4
"""What the only count of people in a text must be worth, where one of several must be worth more."""
_MOST_ADDED = 0.85
"""What a count may be worth beyond its sentence, by `_judged` and `_summed`."""
_MOST_TOLD = _MOST_ADDED + 2.0
"""The same in a sentence that may speak of a total."""
_WITHOUT = frozenset({"review", "systematic-review", "guideline", "editorial", "animal"})
_SECTION = {"methods": 1.0, "results": 0.7, "case": 0.5, "background": -1.5, "conclusion": -1.0}


_HEALTHY = frozenset({"control", "controls", "hc", "hcs"})
_CONTROLS = frozenset({"control", "controls", "hc", "hcs", "volunteer", "volunteers"})


class _Count(NamedTuple):
    number: int
    points: float
    field: str
    start: int
    end: int
    noun: str = ""


def _place(sentence: Sentence, cues: Sequence[int]) -> float:
    points = 0.5 + _SECTION.get(sentence.section, 0.0) + (0.5 if sentence.field == "title" else 0.0)
    return points + 1.2 * (_TAKEN in cues) + 1.0 * (_STRONG in cues) - 4.0 * (_WORLD in cues)


def _is_named(text: str, number: Number) -> bool:
    """Say whether a number in words is part of a name ("the Four Square Step Test")."""
    following = text[number.end : number.end + 2].lstrip()[:1]
    return number.start > 0 and text[number.start].isupper() and following.isupper()


def _judged(sentence: Sentence, number: Number, match: re.Match[str] | None, place: float, before: Collection[str]) -> float:
    """Return how likely this count is that of the whole study; `before` is what the words before it tell."""
    text = sentence.text
    end = match.end() if match else number.end
    after = text[end : end + 80]
    points = place + (2.0 if "total" in before else 0.0)
    if (match and match["share"]) or _PART_AFTER.match(after):
        points -= 3.0
    if of_a_part(before) and not _JOINED.match(after):
        points -= 2.5
    if planned := _PLANNED.search(text[max(0, number.start - 20) : number.end + 55]):
        points -= 1.0 if planned[0].lower().startswith(("invit", "screen", "approach")) else 0.5
    if "elsewhere" in before:
        points -= 4.0
    if "rough" in before:
        points -= 0.2
    if match and match["noun"].lower() in {"case", "cases", "births", "members", "control", "controls", "hc", "hcs"}:
        points -= 0.3
    if number.value < 3 and not text[number.start].isdigit():
        points -= 1.5
    if _OF_MORE.match(text, number.end):
        points += 0.5
    return points


def _is_count(text: str, number: Number, before: Collection[str]) -> bool:
    """Say whether a number may count something, and is not a year, nor that of a phase, a week or a part."""
    if number.value == 0 or is_year(number, text[max(0, number.start - 50) : number.start]):
        return False
    numbered = "named" in before or (number.value < 10 and "numbered" in before)
    return not (numbered and text[number.start].isdigit())


def _counted(sentence: Sentence, found: Sequence[Number], place: float) -> list[_Count]:
    """Return every count of people in a sentence, in order."""
    text, counts = sentence.text, []
    for number in found:
        before = told_before(text[max(0, number.start - 50) : number.start])
        if not _is_count(text, number, before):
            continue
        match = None if _is_named(text, number) else _THEN.match(text, number.end)
        if match is None and (
            "total" not in before
            or not _LABELLED.match(text, number.end)
            or _THINGS.search(text[number.end : number.end + 45])
        ):
            continue
        points = _judged(sentence, number, match, place - (0 if match else 1.0), before)
        if match and _JOINED.match(text, match.end()):
            earlier = max((n for n in found if n.end < number.start), default=None)
            if earlier and _OUT_OF.fullmatch(text, earlier.end, number.start):
                number = earlier  # noqa: PLW2901 - "31 of 322 eligible women took part"
        end = match.end() if match else number.end
        noun = match["noun"].lower() if match else ""
        counts.append(
            _Count(number.value, points, sentence.field, sentence.start + number.start, sentence.start + end, noun)
        )
    return counts


def _equalled(sentence: Sentence, found: Sequence[Number], place: float) -> list[_Count]:
    """Return the group sizes that stand as "n = 12"."""
    text, counts = sentence.text, []
    for n in found:
        if _EQUALS.search(text[max(0, n.start - 6) : n.start]):
            points = place + (0.4 if _PEOPLE_N.search(text[max(0, n.start - 30) : n.start]) else -0.6)
            if _SUBGROUP.search(text[max(0, n.start - 60) : n.start]):
                points -= 2.5
            at = sentence.start
            counts.append(_Count(n.value, points, sentence.field, at + n.start, at + n.end, "n"))
    return counts


def _inside(text: str, at: int) -> bool:
    """Say whether a place is a share of those counted before: "30 patients (15 treated, 15 not)"."""
    opened = text.rfind("(", 0, at)
    return opened > 0 and text.find(")", opened, at) < 0 and bool(_SHARES.match(text, opened))


def _listed(sentence: Sentence, found: Sequence[Number], place: float) -> _Count | None:
    """Add up a list of groups ("35 MOGAD, 38 NMOSD, 37 MS and 60 healthy controls were recruited")."""
    text = sentence.text
    run: list[Number] = []
    for number in found:
        if not _LABELLED.match(text, number.end) or _inside(text, number.start):
            continue
        if run and not _GOES_ON.search(text, max(0, number.start - 20), number.start):
            continue
        run.append(number)
    least = 2 if len(run) == 2 and _PAIR.fullmatch(text, run[0].end, run[1].start) else 3
    if len(run) < least or (least > 2 and run[0].value == sum(n.value for n in run[1:])):
        return None
    words = text[run[0].start : run[-1].end]
    ending = _THEN.match(text, run[-1].end)
    if (
        not ending
        or _BREAKS.search(_BRACKETS.sub("", words))
        or _VERB.search(words)
        or of_a_part(told_before(text[: run[0].start]))
        or "%" in words
    ):
        return None
    return _Count(
        sum(n.value for n in run),
        place + 0.5,
        sentence.field,
        sentence.start + run[0].start,
        sentence.start + ending.end(),
        "list",
    )


def _summed(found: list[_Count], sentence: Sentence) -> _Count:
    """Join the counts of one sentence: groups add up, a breakdown does not."""
    found = [count for count in found if not _inside(sentence.text, count.start - sentence.start)] or found
    top = max(count.points for count in found)
    good = [count for count in found if count.points > top - 2.4]
    if len(good) < 2:
        return max(found, key=lambda count: count.points)
    first, rest = good[0], good[1:]
    others = sum(count.number for count in rest)
    between = _BRACKETS.sub("", sentence.text[first.end - sentence.start : rest[0].start - sentence.start])
    outweighs = between.strip() != "and" and first.number > 3 * others and first.noun != "n" and first.points >= max(c.points for c in rest)
    if outweighs or (first.number == others and len(rest) > 1):
        return first
    if first.noun != "n" and (
        _BREAKS.search(between) or len(between) > 90 or not (_JOINS.search(between) or rest[-1].noun in _CONTROLS)
    ):
        return max(good, key=lambda count: (count.points, -count.start))
    if _AGAIN.search(between) or (
        len(good) > 2 and any(2 * count.number == first.number + others for count in good)
    ):
        return max(good, key=lambda count: count.number)
    return _Count(first.number + others, first.points + 0.3, first.field, first.start, rest[-1].end, first.noun)


class _Held(NamedTuple):
    """A sentence that speaks of people, the numbers in it, and what its words are worth."""

    sentence: Sentence
    found: list[Number]
    place: float


def _held(sentence: Sentence, cues: Sequence[int]) -> _Held | None:
    found = numbers(sentence.text, spelt=_SPELT in cues) if _SPELT in cues or _DIGIT in cues else []
    return _Held(sentence, found[:_MOST], _place(sentence, cues)) if found else None


def _promising(reading: Reading, least: float, cue: int) -> Iterator[_Count]:
    """Yield the counts of every sentence with a cue that may hold the best one, the most promising sentence first."""
    able = []
    for at, sentence in enumerate(reading.sentences):
        cues = reading.cues(sentence)
        if _SOMEBODY in cues and cue in cues and (_DIGIT in cues or _SPELT in cues):
            able.append((_place(sentence, cues) + (_MOST_TOLD if _TOTAL_CUE in cues else _MOST_ADDED), at, cues))
    able.sort(key=lambda one: -one[0])
    for bound, at, cues in able:
        if bound < least:
            return
        for count in _of_sentence(reading, at, cues):
            if count.number > 1:
                least = max(least, count.points)
                yield count


def _entered(reading: Reading, at: int) -> Entered | None:
    """Return those who entered of those whom a sentence says were screened, by it or the next two."""
    sentence = reading.sentences[at]
    last = [one for one in reading.sentences[at : at + 3] if one.field == sentence.field][-1]
    told = getattr(reading.content, sentence.field)[sentence.start : last.end]
    return entered(told, numbers(told)[:_MOST])


def _counted_in(among: Entered, sentence: Sentence, points: float) -> _Count:
    return _Count(among.number, points, sentence.field, sentence.start + among.start, sentence.start + among.end)


def _of_sentence(reading: Reading, at: int, cues: Sequence[int]) -> Iterator[_Count]:
    sentence = reading.sentences[at]
    held = _held(sentence, cues)
    if not held:
        return
    _, found, place = held
    if _SCREENED in cues and (among := _entered(reading, at)):
        yield _counted_in(among, sentence, place + _MOST_ADDED)
        return
    if _BY_CHANCE in cues and (among := assigned(sentence.text, found)):
        yield _counted_in(among, sentence, place)
    counted = _counted(sentence, found, place)
    listed = _listed(sentence, found, place) if len(found) > 1 else None
    if listed:
        yield listed
    elif counted:
        count = _summed(counted, sentence)
        yield count._replace(points=count.points - 1.5) if count.noun in _HEALTHY else count
    if equalled := _equalled(sentence, found, place):
        yield _summed(equalled, sentence)


def _stated_cases(held: Sequence[_Held], *, told: bool) -> _Count | None:
    """Return the number of cases that a report gives; `told` asks for words like "we report" before it."""
    for sentence, found, _ in held:
        for number in found:
            match = _THEN.match(sentence.text, number.end)
            if not match or number.value < 2 or sentence.section == "background":
                continue
            if _PART_AFTER.match(sentence.text, match.end()):
                continue
            before = sentence.text[max(0, number.start - 60) : number.start]
            if _CASES.search(before) if told else number.value <= 10:
                start = sentence.start + number.start
                return _Count(number.value, 4, sentence.field, start, sentence.start + match.end())
    return None


def _case(reading: Reading) -> _Count | None:
    """Return how many cases a report is of: the number it gives, else one."""
    peopled = [(one, cues) for one in reading.sentences if _SOMEBODY in (cues := reading.cues(one))]
    held = [found for one, cues in peopled if (found := _held(one, cues))]
    if stated := _stated_cases(held, told=True) or _stated_cases(held, told=False):
        return stated
    for sentence in reading.sentences:
        if match := _ONE_CASE.search(sentence.text):
            return _Count(1, 3, sentence.field, sentence.start + match.start(), sentence.start + match.end())
    return None


def _best(reading: Reading) -> _Count | None:
    design = reading.value(Facet.DESIGN)
    if design == "case-report":
        return _case(reading)
    needed = 1.25 if design in {None, "computational"} or reading.content.kind is Kind.NEWS else 0.0
    cue = _STUDY if design == "news" else _SOMEBODY
    found = list(_promising(reading, min(needed, _ALONE), cue))
    best = max(found, key=lambda count: (count.points, -count.start), default=None)
    if best and needed > best.points and len({count.number for count in found if count.points >= _ALONE}) != 1:
        return None
    return best if best and best.points >= min(needed, _ALONE) else None


def label(reading: Reading) -> Iterator[Label]:
    """Yield the number of people in the study; nothing where it is not stated or no people were studied."""
    if reading.content.enrollment:
        yield _label(reading.content.enrollment, reading.whole("enrollment"))
        return
    if not (reading.any(TRIGGERS) and reading.english) or reading.value(Facet.DESIGN) in _WITHOUT:
        return
    if best := _best(reading):
        yield _label(best.number, reading.evidence(best.field, best.start, best.end))


def _label(number: int, evidence: Evidence) -> Label:
    return Label(facet=Facet.SIZE, value=str(number), evidence=(evidence,))
