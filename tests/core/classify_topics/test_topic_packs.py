"""Packs are read and written without loss, and a broken one is refused with file, line and reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.classify.lint import lint
from alerts.classify.packs import FLAGS, LISTS, WORDS, check_topic, dump, load, shipped
from alerts.errors import PackError
from alerts.model import Topic

NINE = {
    "ms",
    "nmosd",
    "mogad",
    "pml",
    "ham-tsp",
    "autoimmune-encephalitis",
    "adem",
    "optic-neuritis",
    "transverse-myelitis",
}
SLUGS = st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z0-9]", fullmatch=True).filter(
    lambda slug: slug not in {"all", "none", "new", "build", "search", "test"}
)
TERMS = st.text(min_size=1, max_size=20).filter(
    lambda term: any(char.isalnum() for char in term) and not set(term) & set("*?[]{}^$|\\")
)
DEFINITIONS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(LISTS, st.lists(TERMS, max_size=3)),
        **dict.fromkeys(FLAGS, st.booleans()),
        **dict.fromkeys(WORDS, SLUGS),
    },
)
NAMES = st.text(min_size=1, max_size=30).filter(lambda name: bool(name.strip()))


@given(st.dictionaries(SLUGS, st.tuples(NAMES, DEFINITIONS), min_size=1, max_size=4))
def test_what_is_written_is_read_back(held: dict[str, tuple[str, dict[str, object]]]) -> None:
    topics = tuple(Topic(slug=slug, name=name, definition=given) for slug, (name, given) in held.items())
    assert load(dump(topics), "again.toml") == topics


def test_parents_are_kept_and_may_lie_outside_the_pack() -> None:
    topics = (Topic(slug="b", name="B", parent="a", definition={"terms": ["bee"]}),)
    assert load(dump(topics), "b.toml") == topics


BROKEN = [
    ("[topics.a]\nname = 'A'\nterm = ['x']\n", "p.toml:3: topic 'a': unknown key 'term'"),
    ("pack = 'x'\ncolour = 1\n", "p.toml:2: unknown key 'colour'"),
    ("[topics.a]\nterms = ['x']\n", "p.toml:1: topic 'a' needs a `name`"),
    ("[topics.a]\nname = 'A'\n\nterms = 'x'\n", "p.toml:4: topic 'a': `terms` must be a list of strings"),
    ("[topics.a]\nname = 'A'\nterms = [1]\n", "p.toml:3: topic 'a': `terms` must be a list of strings"),
    ("[topics.a]\nname = 'A'\nterms = ['a[b']\n", "p.toml:3: topic 'a': `terms`: bad pattern 'a[b'"),
    ("[topics.a]\nname = 'A'\nterms = ['ab*']\n", "p.toml:3: topic 'a': `terms`: bad pattern 'ab*'"),
    ("[topics.a]\nname = 'A'\nterms = ['--']\n", "p.toml:3: topic 'a': `terms`: '--' holds nothing"),
    ("[topics.a]\nname = 'A'\nstrict = 'yes'\n", "p.toml:3: topic 'a': `strict` must be true or false"),
    ("[topics.a]\nname = 'A'\nparent = 7\n", "p.toml:3: topic 'a': `parent` must be a slug"),
    ("[topics.A]\nname = 'A'\n", "p.toml:1: slug 'A' must be"),
    ("[topics.all]\nname = 'A'\n", "p.toml:1: slug 'all' is reserved"),
    ("[topics.a]\nname = 'A'\n[topics.a]\nname = 'B'\n", "p.toml:3: not TOML: duplicate slug"),
    ("[topics.a]\nname = 'A'\nname = 'B'\n", "p.toml:3: not TOML"),
    ("[topics.a]\nname = \n", "p.toml:2: not TOML"),
    ("", "p.toml:1: holds no topic"),
    ("pack = 'x'\n[topics]\n", "p.toml:1: holds no topic"),
    ("topics = 3\n", "p.toml:1: `topics` must be tables"),
    ("[topics]\na = 3\n", "p.toml:1: `topics.a` must be a table"),
    (
        "[topics.a]\nname = 'A'\nparent = 'b'\n[topics.b]\nname = 'B'\nparent = 'a'\n",
        "p.toml:3: circular parent: a > b > a",
    ),
    ("[topics.a]\nname = 'A'\nparent = 'a'\n", "p.toml:3: circular parent: a > a"),
]


@pytest.mark.parametrize(("text", "says"), BROKEN, ids=[says for _, says in BROKEN])
def test_a_broken_pack_is_refused_with_file_line_and_reason(text: str, says: str) -> None:
    with pytest.raises(PackError) as refused:
        load(text, "p.toml")
    assert str(refused.value).startswith(says)
    assert "\n" not in str(refused.value)


def test_a_topic_is_checked_as_a_pack_is() -> None:
    check_topic(Topic(slug="a", name="A", definition={"terms": ("one",)}))
    with pytest.raises(PackError, match="reserved"):
        check_topic(Topic(slug="none", name="A"))


def test_an_unknown_pack_does_not_ship() -> None:
    for name in ("oncology", "../secret", ""):
        with pytest.raises(PackError, match="no pack"):
            shipped(name)


@pytest.mark.parametrize("name", ["neuroimmunology", "alzheimer"])
def test_a_shipped_pack_is_sound(name: str) -> None:
    topics = load(shipped(name), f"{name}.toml")
    assert load(dump(topics), "again.toml") == topics
    assert list(lint(topics)) == []


def test_the_field_is_covered() -> None:
    topics = load(shipped("neuroimmunology"), "neuroimmunology.toml")
    slugs = {topic.slug for topic in topics}
    assert slugs >= NINE
    assert len(slugs) >= 100
    assert all(topic.definition.get("group") == "condition" for topic in topics if topic.slug in NINE)
