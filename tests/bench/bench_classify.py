"""Classification of invented abstracts on one core: every facet with its evidence, 100 topics of 30 terms.

The peer is a bare scan of the same texts for the same vocabulary (every term, and every trigger of every rule) that
tells only what occurs: one google-re2 Set with everything, or a few smaller Sets one after the other, whichever is
faster in this run. A scan for the terms alone is printed too. Ten times the terms show how the cost grows.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from statistics import median

import re2

from alerts.classify import FACETS, Classifier, Hints
from alerts.collector import collecting_seldom
from alerts.model import Content, Topic
from tests.bench.figures import Figure, rates

ITEMS = 600
VOCABULARY = 30_000
FEW = 18  # triggers in one of several smaller Sets
_SYLLABLES = [
    first + second for first in "bcdfglmnprstv" for second in ("a", "e", "i", "o", "u", "an", "er", "is", "ol")
]
_PLAIN = re.findall(
    r"\S+",
    "we the of in and a to with for was were between after from on by at this that their these patients study group "
    "treatment outcome results showed significant difference baseline months years follow-up cohort clinical response "
    "risk model analysis observed compared higher lower median ratio confidence interval placebo dose weekly safety",
)


def _words(seed: int) -> list[str]:
    """Return made-up words, as many as the papers of a field use."""
    chance = random.Random(seed)
    return ["".join(chance.choices(_SYLLABLES, k=chance.choice((2, 3, 3, 4)))) for _ in range(VOCABULARY)]


def topics(count: int, terms: int) -> list[Topic]:
    """Return topics of two- and three-word phrases, each with one acronym; the same seed gives the same topics."""
    chance, rare = random.Random(11), _words(3)
    made = []
    for number in range(count):
        phrases = [" ".join(chance.sample(rare, chance.choice((1, 2, 2, 3)))) for _ in range(terms - 1)]
        acronym = "".join(chance.choice("ABCDEFGHKLMNPRSTUVWXYZ") for _ in range(5))
        made.append(Topic(slug=f"t{number}", name=f"T{number}", definition={"terms": phrases, "acronyms": [acronym]}))
    return made


def contents(known: Sequence[Topic], count: int = ITEMS) -> list[Content]:
    """Return abstracts of some 1,750 characters in which three topics are named, as in a feed of one field."""
    chance, rare = random.Random(5), _words(3)
    return [_content(chance, rare, known) for _ in range(count)]


def _content(chance: random.Random, rare: list[str], known: Sequence[Topic]) -> Content:
    named = [chance.choice(chance.choice(known).definition["terms"]) for _ in range(3)]
    parts = [
        "BACKGROUND: " + " ".join(_sentences(chance, rare, [named[0]], 3)),
        f"METHODS: In this phase 2 randomised trial we enrolled {chance.randint(20, 400)} patients with {named[0]}. "
        + " ".join(_sentences(chance, rare, [], 3)),
        f"RESULTS: {named[0].capitalize()} fell by {chance.randint(2, 60)}% (p = 0.0{chance.randint(1, 9)}). "
        + " ".join(_sentences(chance, rare, named[1:], 4)),
        "CONCLUSIONS: " + " ".join(_sentences(chance, rare, [named[0]], 2)),
    ]
    return Content(title=f"A phase 2 trial in {named[0]}", text="\n".join(parts))


def _sentences(chance: random.Random, rare: list[str], named: Sequence[str], count: int) -> Iterator[str]:
    for at in range(count):
        words = [chance.choice(_PLAIN) if chance.random() < 0.7 else chance.choice(rare) for _ in range(17)]
        if at < len(named):
            words[chance.randint(2, 14)] = named[at]
        yield " ".join(words).capitalize() + "."


def _terms(known: Sequence[Topic]) -> list[str]:
    words = (term for topic in known for key in ("terms", "acronyms") for term in topic.definition[key])
    return [rf"(?i)\b{re2.escape(term)}\b" for term in words]


def _set(patterns: Sequence[str]) -> re2.Set:
    options = re2.Options()
    options.max_mem = 512 << 20
    scanner = re2.Set.SearchSet(options)
    for pattern in patterns:
        scanner.Add(pattern)
    scanner.Compile()
    return scanner


def _bare(parts: Sequence[Sequence[str]], items: Sequence[Content]) -> Callable[[], int]:
    scanners = [_set(part) for part in parts]
    texts = [f"{item.title}\n{item.text}".encode() for item in items]

    def scan() -> int:
        for scanner in scanners:
            for text in texts:
                scanner.Match(text)
        return len(texts)

    scan()
    return scan


def _triggers() -> list[str]:
    """Return what an abstract is scanned for beside the terms."""
    named = (pair for facet in FACETS for pair in facet.TRIGGERS.items())
    return [f"(?i){pattern}" for name, pattern in named if not name.startswith("news:")]


def _full(known: Sequence[Topic], items: Sequence[Content]) -> Callable[[], int]:
    classifier = Classifier(known)
    given = [(item, Hints()) for item in items]

    def label() -> int:
        return len(classifier.classify_all(given))

    label()
    return label


def run() -> Iterator[Figure]:
    """Yield items a second, and the ratios that issue and docs promise."""
    usual, many = topics(100, 30), topics(1000, 30)
    items = contents(usual)
    terms, triggers = _terms(usual), _triggers()
    few = [triggers[at : at + FEW] for at in range(0, len(triggers), FEW)]
    works = {
        "one": _bare([[*terms, *triggers]], items),
        "several": _bare([terms, *few], items),
        "terms": _bare([terms], items),
        "ours": _full(usual, items),
        "ten": _full(many, items),
    }
    found: dict[str, list[float]] = {name: [] for name in works}
    with collecting_seldom():  # as polling and re-labelling do
        for _ in range(15):
            for name, work in works.items():
                found[name] += rates(work, times=1)
    peer = max(found["one"], found["several"], key=median)
    yield Figure("all facets, 3,000 terms", "items/s", found["ours"], peer, "bare scan for the same", 1 / 15)
    yield Figure("the same", "items/s", found["ours"], found["terms"], "bare scan for the terms alone")
    yield Figure("all facets, 30,000 terms", "items/s", found["ten"], found["ours"], "3,000 terms", 0.5)
