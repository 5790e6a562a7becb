"""Classification of invented abstracts on one core: every facet with its evidence, 100 topics of 30 terms.

The ceiling is a bare scan: the same texts through a google-re2 Set that holds the same terms, case-insensitive
between word boundaries, telling only which terms occur. A tenth of the vocabulary and ten times of it show how the
cost grows with the number of terms.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence

import re2

from alerts.classify import Classifier
from alerts.model import Content, Topic
from tests.bench.figures import Figure, rates

ITEMS = 600
VOCABULARY = 30_000
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


def _bare(known: Sequence[Topic], items: Sequence[Content]) -> Callable[[], int]:
    options = re2.Options()
    options.max_mem = 512 << 20
    scanner = re2.Set.SearchSet(options)
    for topic in known:
        for term in (*topic.definition["terms"], *topic.definition["acronyms"]):
            scanner.Add(rf"(?i)\b{re2.escape(term)}\b")
    scanner.Compile()
    texts = [f"{item.title}\n{item.text}" for item in items]

    def scan() -> int:
        for text in texts:
            scanner.Match(text)
        return len(texts)

    scan()
    return scan


def _full(known: Sequence[Topic], items: Sequence[Content]) -> Callable[[], int]:
    classifier = Classifier(known)

    def label() -> int:
        for item in items:
            classifier.classify(item)
        return len(items)

    label()
    return label


def run() -> Iterator[Figure]:
    """Yield items a second, and the ratios that issue and docs promise."""
    usual, many = topics(100, 30), topics(1000, 30)
    items = contents(usual)
    bare, full, large = _bare(usual, items), _full(usual, items), _full(many, items)
    ceiling, ours, ten = [], [], []
    for _ in range(5):
        ceiling += rates(bare, times=1)
        ours += rates(full, times=1)
        ten += rates(large, times=1)
    yield Figure("all facets, 3,000 terms", "items/s", ours, ceiling, "bare Set scan", 1 / 15)
    yield Figure("all facets, 30,000 terms", "items/s", ten, ours, "3,000 terms", 0.5)
