"""HTML made text: blocks on lines of their own, section headings as `METHODS: ...`, powers raised; pure."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, groupby
from operator import itemgetter

__all__ = ["has_markup", "without_markup"]

_BLOCK = (
    "address|article|aside|blockquote|br|caption|center|dd|div|dl|dt|fieldset|figcaption|figure|footer|form|h1|h2|"
    "h3|h4|h5|h6|header|hr|li|main|nav|ol|option|p|pre|section|sec|table|tbody|td|tfoot|th|thead|title|tr|ul"
)
_INLINE = (
    "a|abbr|acronym|applet|area|audio|b|base|bdi|bdo|big|blink|bold|body|button|canvas|cite|code|col|colgroup|data|del|"
    "details|dfn|dialog|em|embed|font|frame|frameset|head|html|i|iframe|img|input|ins|italic|kbd|label|legend|link|map|"
    "mark|math|meta|meter|noscript|object|output|param|picture|progress|q|s|samp|script|select|small|source|span|strike|"
    "strong|style|sub|summary|sup|svg|template|textarea|time|track|tt|u|underline|var|video|wbr"
)
_JATS = "disp-formula|ext-link|inline-formula|inline-graphic|list|list-item|named-content|styled-content|tex-math|xref"
_VALUES = r"""\s(?:[^<>"']|"[^"]{0,4000}"|'[^']{0,4000}'){0,2000}"""
_ANY_WITH_VALUES = r"""[a-z][\w.:-]*(?:\s+[\w.:-]+\s*=\s*(?:"[^"<>]{0,4000}"|'[^'<>]{0,4000}')){1,50}"""


def _by_letter(words: str) -> str:
    """Return alternatives grouped by their first letter: where no case counts, `re` tries each of them in turn."""
    groups = groupby(sorted(words.split("|")), itemgetter(0))
    return "|".join(f"{letter}(?:{'|'.join(word[1:] for word in group)})" for letter, group in groups)


_NAME = rf"{_by_letter(f'{_BLOCK}|{_INLINE}|{_JATS}')}|[a-z]\w{{0,20}}:[a-z][\w.-]{{0,40}}"
_TAG = re.compile(
    rf"<(/?(?:(?:{_NAME})(?:{_VALUES}|\s[^<>]{{0,2000}})?|{_ANY_WITH_VALUES})\s*/?)>",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile("<([^<>]{0,500})>")
_SIMPLE = re.compile(
    rf"/?(?!script|style|template)(?:(?:{_NAME})(?:{_VALUES})?|{_ANY_WITH_VALUES})\s*/?",
    re.IGNORECASE,
)
_OF_BLOCK = re.compile(rf"/?(?:[a-z]{{1,20}}:)?(?:{_by_letter(_BLOCK)})(?:[\s/]|\Z)", re.IGNORECASE)
_UNFINISHED = re.compile(rf"<(?=/?(?:[a-z]{{1,20}}:)?(?:{_by_letter(_BLOCK)})[\s/>])", re.IGNORECASE)
_RAW = re.compile(r"<(script|style|template)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.IGNORECASE | re.DOTALL)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)(?:\]\]>|\Z)", re.DOTALL)
_DECLARATION = re.compile(r"<[!?][^<>]{0,2000}>")

_POWER = re.compile(r"\s*([-\u2212\u2013]?\d{1,3})\s*")
_RAISED = str.maketrans("0123456789-\u2212\u2013", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻⁻")
_LONGEST_HEADING = 200
_HEADING = re.compile(
    r"\s*((?:study )?(?:background|introduction|context|rationale|objectives?|aims?|purpose|hypothesis|design|setting|"
    r"participants|patients|subjects|population|interventions?|exposures?|measurements?|methods?|methodology|procedures?|"
    r"results?|findings|outcomes?|discussion|conclusions?|interpretation|limitations?|significance|implications?|funding|"
    r"importance|observations?|summary|evidence|trial registration|registration|data sources|study selection)"
    r"(?: (?:and|&|/|of) [a-z]+(?: [a-z]+)?)?|main outcomes?(?: and)? measures?|clinical trial registration|"
    r"key points|primary outcomes?|systematic review registration)\s*[:.]?\s*",
    re.IGNORECASE,
)
_COLON = re.compile(r"\s*[:.]?\s*")
_ABSTRACT = re.compile(r"\s*abstract\s*:?\s*", re.IGNORECASE)
_PARAGRAPH = re.compile(r"(?:jats:)?p(?:\s.{0,300})?", re.DOTALL)
_BREAK = re.compile(r"br ?/?")

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "title", "jats:title"})
_BOLD = frozenset({"b", "strong", "bold", "jats:bold"})
_LEADING = _HEADINGS | _BOLD | {"em", "i"}  # what a section's name may stand in
_TELLING = _LEADING | {"sup"}
_KEPT = frozenset({"p", "/p", "br", *_TELLING, *(f"/{name}" for name in _TELLING)})
_LABEL = "label"  # in place of a tag: the end of a heading that became a label
_BROKEN = ("block", "p", "/p", "br", *_HEADINGS, *(f"/{name}" for name in _HEADINGS))
_STANDS_FOR = dict.fromkeys((*_KEPT, "inline", _LABEL), "") | dict.fromkeys(_BROKEN, "\n")


def has_markup(text: str) -> bool:
    """Tell whether there is anything for `without_markup` to take out."""
    return "<" in text and bool(_TAG.search(text) or _RAW.search(text) or _CDATA.search(text))


def without_markup(text: str) -> str:
    """Return the text of a piece of HTML, with line breaks where blocks begin and end; entities stay."""
    texts, tags = _cut(text.replace("\n", " ").strip())
    for at, tag in enumerate(tags[:-1]):
        if tag in _TELLING and tags[at + 1] == f"/{tag}":
            if tag == "sup":
                _raise(texts, at)
            else:
                _label(texts, tags, at)
    return "".join(chain.from_iterable(zip(texts, map(_STANDS_FOR.__getitem__, tags), strict=False))) + texts[-1]


def _cut(text: str) -> tuple[list[str], list[str]]:
    """Return the texts between tags and, one fewer, what the tags are."""
    pieces = _IN_BRACKETS.split(text)
    tags = list(map(_tag, pieces[1::2]))
    if "" in tags or len(tags) != text.count("<"):  # something in brackets that is no simple tag
        text = _DECLARATION.sub("", _RAW.sub(" ", _CDATA.sub(r"\1", text)))
        pieces = _TAG.split(text)
        tags = list(map(_any_tag, pieces[1::2]))
        return [_UNFINISHED.sub("\n<", text) for text in pieces[::2]], tags
    return pieces[::2], tags


@lru_cache(maxsize=2_048)
def _tag(inside: str) -> str:
    """Return what a simple tag is: its name if that is of interest, else "block" or "inline"; "" for others."""
    return _any_tag(inside) if _SIMPLE.fullmatch(inside) else ""


def _any_tag(inside: str) -> str:
    name = inside.lower()
    if name in _KEPT:
        return name
    if _BREAK.fullmatch(name):
        return "br"
    if _PARAGRAPH.fullmatch(name):
        return "p"
    return "block" if _OF_BLOCK.match(name) else "inline"


def _raise(texts: list[str], at: int) -> None:
    """Write a power's digits raised: 10<sup>6</sup>."""
    if texts[at][-1:].isdecimal() and (power := _POWER.fullmatch(texts[at + 1])):
        texts[at + 1] = power[1].translate(_RAISED)


def _label(texts: list[str], tags: list[str], at: int) -> None:
    """Make a heading, or a section's name in bold at the beginning of a block, a label of the text that follows."""
    words = texts[at + 1]
    heading = _heading(words) if len(words) <= _LONGEST_HEADING else ""
    if heading and (tags[at] in _HEADINGS or _begins(texts, tags, at)):
        texts[at + 1] = f"\n{heading}: "
        tags[at + 1] = _LABEL if tags[at] in _HEADINGS else "inline"
        tags[at] = "inline"
        _join(texts, tags, at + 2)
    elif tags[at] in _HEADINGS | _BOLD and _ABSTRACT.fullmatch(words):
        texts[at + 1], tags[at], tags[at + 1] = "", "inline", "inline"


@lru_cache(maxsize=1_024)
def _heading(words: str) -> str:
    found = _HEADING.fullmatch(words)
    return found[1].upper() if found else ""


def _begins(texts: Sequence[str], tags: Sequence[str], at: int) -> bool:
    """Tell whether a tag is the very first of its block: nothing before it, or another tag."""
    before = texts[at].rstrip()
    return before.endswith(">") if before else at == 0 or tags[at - 1] != _LABEL


def _join(texts: list[str], tags: list[str], at: int) -> None:
    """Let a text follow its label: without a colon, the end of the label's own paragraph and the start of the next."""
    texts[at] = _COLON.sub("", texts[at], count=1)
    if not texts[at] and tags[at : at + 1] in (["/p"], ["br"]):
        tags[at] = "inline"
        at += 1
        texts[at] = texts[at].lstrip()
    if not texts[at] and tags[at : at + 1] == ["p"]:
        tags[at] = "inline"
