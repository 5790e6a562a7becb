"""How many people, or donors of samples, a study is about."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from alerts.classify import numbers
from alerts.classify.reading import Reading, Sentence
from alerts.model import Evidence, Facet, Kind, Label

_PEOPLE = (
    r"(?:patients?|participants?|subjects?|individuals?|people|persons?|adults?|child(?:ren)?|wom[ae]n|m[ae]n|volunteers?"
    r"|controls?|cases?|donors?|pwms|respondents?|students?|infants?|neonates?|newborns?|adolescents?|youths?|veterans?"
    r"|caregivers?|carers?|pregnancies|births|mothers|girls?|boys?|males?|females?|residents?|members|twins|outpatients?"
    r"|inpatients?|survivors?|nurses|physicians|users|workers|employees|athletes|hcs?|healthy|smokers|teachers|drivers"
    r"|candidates|recipients|probands|seniors|soldiers|responders|completers|undergraduates|registrants|players|elderly)"
)
TRIGGERS: Mapping[str, str] = {
    "size:people": rf"\b{_PEOPLE}\b",
    "size:n": r"\bn\s*=\s*\d",
    "size:age": r"\b(?:\d{1,3}|[a-z]+)[- ](?:year|month|week|day|yr)s?[- ]?old\b|\bcase\b",
}

_UNIT = (
    r"(?:weeks?|months?|years?|yrs?|days?|hours?|hrs?|h|minutes?|min|seconds?|mg|g|kg|ml|µg|mcg|mm|cm|m|km|yards?|points?|percent"
    r"|times?|fold|sessions?|doses?|cycles?|items?|sites?|cent(?:er|re)s?|countries|hospitals?|clinics?|million|billion|thousand"
    r"|studies|trials|articles|papers|of|in|to|or|per|and|with|had|were|was|out|eyes?|samples?|lesions?|groups?|arms?|from|had|have"
    r"|scans?|panels?|relapses?|events?|infusions?|different|phase|degrees?|nm|t|tesla|the|a|at|by|as|for|on|is|are|who|women?-years)"
)
_COUNT = re.compile(
    rf"(?P<n>{numbers.NUMBER})(?P<share>\s*\(\d[\d.·]*\s?%\))?\s+(?!{_UNIT}\b)(?P<between>(?:(?!{_UNIT}\b)[\w+/’'®-]+(?:\s\([\w+ /-]{{1,30}}\))?,?\s+){{0,7}}?)"
    rf"(?P<noun>{_PEOPLE})\b",
    re.IGNORECASE,
)
_EQUALS = re.compile(rf"\bn\s*=\s*(?P<n>{numbers.DIGITS.replace('=', '')})", re.IGNORECASE)
_TOTAL = re.compile(
    rf"(?:total (?:sample |number )?(?:size )?(?:of|was|=)|sample size (?:of|was|is)|sample of|cohort of|enrol?l?ment(?: target)?(?: of|:)|altogether,?|in total,?|overall,?)\s+(?P<n>{numbers.NUMBER})\s+"
    rf"(?!{_UNIT}\b|[\w-]+ (?:lesions|samples|eyes|scans|articles|studies))",
    re.IGNORECASE,
)
_TAKEN = re.compile(
    r"\b(?:enrol?l?ed|recruit\w*|includ(?:ed|es|ing)|randomi[sz]ed|assigned|allocated|studied|evaluated|analy[sz]ed|tested|identified|examined"
    r"|underwent|participated|took part|completed|assessed|surveyed|treated|followed|investigated|compared|imaged|eligible|interviewed"
    r"|conducted (?:on|in|with|among)|study of|trial of|data (?:from|of|on)|were obtained|involv(?:ed|ing)|consecutive|cohort|sample|trial|study|tested on|consisted|comprised|evaluable|reviewed|retrieved|will be)\b",
    re.IGNORECASE,
)
_PART_BEFORE = re.compile(
    r"(?:\b(?:of (?:these|whom|which|them|those|the)|among (?:these|them|whom)|remaining|the other|including|included|additional|another|other|excluded|only|except|comprising|namely|for|until|aged?"
    r"|group|first|last|next|every|each|per|one in|about one|in|than)|\()\s*(?:the )?\Z",
    re.IGNORECASE,
)
_PART_AFTER = re.compile(
    r"\s*(?:\(\d[\d.·]*\s?%|\[\d[\d.·]*\s?%|(?:\w+ ){0,2}(?:had|showed?|developed|experienced|died|relapsed|reported|achieved|withdrew|discontinued"
    r"|responded|remained|were (?:excluded|positive|seropositive|negative|lost|female|male|women|men|not|withdrawn|found to|considered|classified|diagnosed)"
    r"|dropped|converted|improved|suffered|presented|became|in (?:the|each|both|every) (?:\w+ ){0,3}(?:group|arm)|per (?:group|arm)|did not|failed|needed|required|declined|continued|met))",
    re.IGNORECASE,
)
_WORLD = re.compile(
    r"\b(?:worldwide|million|americans|estimated|affect(?:s|ed|ing)?|each year|every year|annually|in the (?:united states|us|uk|world|country)|globally|society|suffer from|nationwide,|per 100|prevalence of \d)\b",
    re.IGNORECASE,
)
_BREAKS = re.compile(
    r"\b(?:including|of whom|of which|of these|divided|split|comprising|consisting|categori[sz]ed|classified|grouped|respectively|:)\b|:",
    re.IGNORECASE,
)
_ELEMENT = re.compile(r"(?:[,;]\s*(?:and\s+)?|\s+and\s+|\s+(?:versus|vs\.?|with|to)\s+)", re.IGNORECASE)
_LISTED = re.compile(
    rf"(?:\A|\b(?:recruited|enrolled|included|studied|evaluated|from|of|in|compared|examined|tested|assessed)\s+(?:a total of )?)(?P<n>{numbers.NUMBER})\s+(?!{_UNIT}\b)[A-Za-z]",
    re.IGNORECASE,
)
_CASES = re.compile(
    rf"(?:report|reports|describe|describes|present|presents|presentation|series|observation|report on)\w*\s+(?:of\s+|on\s+|here\s+|the\s+|a\s+series\s+of\s+|cases?\s+of\s+|clinical\s+|herein\s+)*(?P<n>{numbers.NUMBER})\s+(?!{_UNIT}\b)(?:[\w+/-]+\s+){{0,6}}?(?P<noun>{_PEOPLE}|siblings|brothers|sisters)\b",
    re.IGNORECASE,
)
_ONE_CASE = re.compile(
    r"\b(?:(?:an?|the|this|one|our)\s+(?:[\w-]+\s+){0,5}?(?:\d{1,3}|[a-z]+(?:-[a-z]+)?)[- ](?:year|month|week|day|yr)s?[- ]?(?:old|of age)(?:\s[\w-]+){0,2}|case report|a case of|(?:a|the|one|this|our|single|rare|unusual|first) (?:[\w-]+ ){0,4}?(?:case|patient|man|woman|boy|girl|child|infant|lady))\b",
    re.IGNORECASE,
)
_WITHOUT = frozenset({"review", "systematic-review", "guideline", "editorial", "animal", "news", "computational"})


class _Count(NamedTuple):
    number: int
    points: float
    field: str
    start: int
    end: int


def _year(text: str, number: str, start: int) -> bool:
    return (
        number.isdigit()
        and 1900 <= int(number) <= 2099
        and bool(re.search(r"(?:in|since|from|until|during|to|and|of|by)\s\Z", text[:start], re.IGNORECASE))
    )


def _judge(sentence: Sentence, match: re.Match[str]) -> float:
    """Return how likely this count is that of the whole study."""
    text = sentence.text
    before, after = text[: match.start()], text[match.end() :]
    points = {"methods": 1.0, "results": 0.7, "case": 0.5, "background": -1.5, "conclusion": -1.0}.get(
        sentence.section, 0.0
    )
    points += 0.5 if sentence.field == "title" else 0.0
    points += 2.0 if _TAKEN.search(text) else 0.0
    if match["share"] or _PART_AFTER.match(after):
        points -= 3.0
    if _PART_BEFORE.search(before):
        points -= 2.5
    if _WORLD.search(text):
        points -= 4.0
    if match["noun"].lower() in {"case", "cases", "births", "members", "users"}:
        points -= 0.5
    if numbers.value(match["n"]) < 3 and not match["n"].isdigit():
        points -= 1.0
    return points


def _counted(sentence: Sentence) -> list[_Count]:
    """Return every count of people in a sentence, in order."""
    text, found = sentence.text, []
    for match in _COUNT.finditer(text):
        if _year(text, match["n"], match.start()):
            continue
        start = sentence.start + match.start()
        found.append(
            _Count(
                numbers.value(match["n"]), _judge(sentence, match), sentence.field, start, sentence.start + match.end()
            )
        )
    return found


def _equalled(sentence: Sentence) -> list[_Count]:
    points = 0.5 + {"methods": 1.0, "results": 0.0, "background": -1.5, "conclusion": -1.0}.get(sentence.section, 0.0)
    points += 1.5 if _TAKEN.search(sentence.text) else 0.0
    return [
        _Count(numbers.value(m["n"]), points, sentence.field, sentence.start + m.start(), sentence.start + m.end())
        for m in _EQUALS.finditer(sentence.text)
    ]


def _listed(sentence: Sentence) -> _Count | None:
    """Add up a list of groups ("35 MOGAD, 38 NMOSD, 37 MS and 60 healthy controls were recruited")."""
    if not _TAKEN.search(sentence.text):
        return None
    run: list[int] = []
    start = end = at = 0
    for part in _ELEMENT.split(sentence.text):
        where = sentence.text.index(part, at)
        at = where + len(part)
        if match := _LISTED.search(part):
            start = start if run else where + match.start("n")
            end = at
            run.append(numbers.value(match["n"]))
        elif len(run) >= 3:
            break
        elif run and not re.match(r"\(|\w+ \(|[a-z]", part):
            run = []
    if len(run) < 3 or run[0] == sum(run[1:]):
        return None
    words = sentence.text[start:end]
    if not re.search(_PEOPLE, words, re.IGNORECASE) or _BREAKS.search(words):
        return None
    return _Count(sum(run), 3.0, sentence.field, sentence.start + start, sentence.start + end)


def _summed(found: list[_Count], sentence: Sentence) -> _Count:
    """Join the counts of one sentence: groups add up, a breakdown does not."""
    good = [count for count in found if count.points > -0.5]
    if len(good) < 2:
        return max(found, key=lambda count: count.points)
    first, rest = good[0], good[1:]
    between = sentence.text[first.end - sentence.start : rest[0].start - sentence.start]
    if first.number == sum(count.number for count in rest) or first.number > 3 * sum(c.number for c in rest):
        return first
    if _BREAKS.search(between) or len(between) > 90 or re.search(r"\b(?:who|were then|after)\b", between):
        return max(good, key=lambda count: (count.points, count.number))
    if not re.search(r"\band\b|,|versus|\bvs\b|with|compared|\bto\b", between):
        return first
    if any(count.number == sum(o.number for o in good) - count.number for count in good):
        return max(good, key=lambda count: count.number)
    return _Count(sum(count.number for count in good), first.points + 0.3, first.field, first.start, rest[-1].end)


def _of_sentence(sentence: Sentence) -> Iterator[_Count]:
    if match := _TOTAL.search(sentence.text):
        number = numbers.value(match["n"])
        if number > 1 and not _WORLD.search(sentence.text):
            part = _PART_AFTER.search(sentence.text[match.end() : match.end() + 40])
            start = sentence.start + match.start()
            yield _Count(number, 3.6 - (1.5 if part else 0), sentence.field, start, sentence.start + match.end("n"))
    if listed := _listed(sentence):
        yield listed
    if found := _counted(sentence):
        yield _summed(found, sentence)
    equalled = _equalled(sentence)
    if equalled and not found:
        yield _summed(equalled, sentence)
    elif len(equalled) >= 2 and found[0].points < 1.5:
        yield _summed(equalled, sentence)


def _case(sentences: Sequence[Sentence]) -> _Count | None:
    """Return how many cases a report is of: the number it gives, else one."""
    for sentence in sentences:
        if match := _CASES.search(sentence.text):
            return _Count(
                numbers.value(match["n"]),
                5,
                sentence.field,
                sentence.start + match.start(),
                sentence.start + match.end(),
            )
    for sentence in sentences:
        for match in _COUNT.finditer(sentence.text):
            number = numbers.value(match["n"])
            if (
                2 <= number <= 10
                and sentence.section != "background"
                and not _PART_AFTER.match(sentence.text, match.end())
            ):
                return _Count(number, 4, sentence.field, sentence.start + match.start(), sentence.start + match.end())
    for sentence in sentences:
        if match := _ONE_CASE.search(sentence.text):
            return _Count(1, 3, sentence.field, sentence.start + match.start(), sentence.start + match.end())
    return None


def _best(reading: Reading) -> _Count | None:
    design = reading.value(Facet.DESIGN)
    if design == "case-report":
        return _case(reading.sentences)
    found = [count for sentence in reading.sentences for count in _of_sentence(sentence) if count.number > 1]
    if not found:
        return None
    best = max(found, key=lambda count: (count.points, -count.start))
    needed = 2.0 if design in {"lab", None, "protocol"} or reading.content.kind is Kind.NEWS else 0.5
    return best if best.points >= needed else None


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
