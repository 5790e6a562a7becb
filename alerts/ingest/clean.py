"""Foreign text made plain: no markup, no control or direction characters, no line breaks in titles (law 13); pure."""

import html
import re
import unicodedata
from itertools import groupby
from operator import itemgetter

from alerts.ingest.weblink import clean_url

__all__ = ["plain", "safe_url", "title", "xml_legal"]

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_JOINER = "\u034f"  # the one unseen character that Python calls printable
_BREAKS = re.compile("\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")

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
_INSIDE = r"""(?:\s(?:[^<>"']|"[^"]{0,4000}"|'[^']{0,4000}'){0,2000}|\s[^<>]{0,2000})?"""
_ANY_WITH_VALUES = r"""[a-z][\w.:-]*(?:\s+[\w.:-]+\s*=\s*(?:"[^"<>]{0,4000}"|'[^'<>]{0,4000}')){1,50}"""


def _by_letter(words: str) -> str:
    """Return alternatives grouped by their first letter: where no case counts, `re` tries each of them in turn."""
    groups = groupby(sorted(words.split("|")), itemgetter(0))
    return "|".join(f"{letter}(?:{'|'.join(word[1:] for word in group)})" for letter, group in groups)


_NAME = rf"{_by_letter(f'{_BLOCK}|{_INLINE}|{_JATS}')}|[a-z]\w{{0,20}}:[a-z][\w.-]{{0,40}}"
_TAG = re.compile(
    rf"</?(?:(?:{_NAME}){_INSIDE}|{_ANY_WITH_VALUES})\s*/?>",
    re.IGNORECASE,
)
_BLOCK_TAG = re.compile(rf"<(?=/?(?:[a-z]{{1,20}}:)?(?:{_by_letter(_BLOCK)})[\s/>])", re.IGNORECASE)
_RAW = re.compile(r"<(script|style|template)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.IGNORECASE | re.DOTALL)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)(?:\]\]>|\Z)", re.DOTALL)
_DECLARATION = re.compile(r"<[!?][^<>]{0,2000}>")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE)
_POWER = re.compile(r"<sup>(?<=\d.{5})\s*([-\u2212\u2013]?\d{1,3})\s*</sup>", re.IGNORECASE)  # begins with what is rare
_RAISED = str.maketrans("0123456789-\u2212\u2013", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻⁻")

_SECTIONS = (
    r"(?:(?:study )?(?:background|introduction|context|rationale|objectives?|aims?|purpose|hypothesis|design|setting|"
    r"participants|patients|subjects|population|interventions?|exposures?|measurements?|methods?|methodology|procedures?|"
    r"results?|findings|outcomes?|discussion|conclusions?|interpretation|limitations?|significance|implications?|funding|"
    r"importance|observations?|summary|evidence|trial registration|registration|data sources|study selection)"
    r"(?: (?:and|&|/|of) [a-z]+(?: [a-z]+)?)?|main outcomes?(?: and)? measures?|clinical trial registration|"
    r"key points|primary outcomes?|systematic review registration)"
)
_THEN_TEXT = r"\s*[:.]?\s*(?:</p>|<br ?/?>)?\s*(?:<(?:jats:)?p(?:\s[^<>]{0,300})?>)?"
_HEADING = re.compile(rf"<(h[1-6]|(?:jats:)?title)>\s*({_SECTIONS})\s*[:.]?\s*</\1>{_THEN_TEXT}", re.IGNORECASE)
_RUN_IN = re.compile(
    rf"<(b|strong|(?:jats:)?bold|em|i)>\s*({_SECTIONS})\s*[:.]?\s*</\1>{_THEN_TEXT}", re.IGNORECASE
)
_ABSTRACT = re.compile(r"<(h[1-6]|b|strong|(?:jats:)?bold|(?:jats:)?title)>\s*abstract\s*:?\s*</\1>", re.IGNORECASE)
_LABEL_ALONE = re.compile(r"[A-Z][A-Z &/,'-]{2,60}:")
_WRAPPED_AT = 50  # a line at least this long, without a full stop and followed by a small letter, was hard-wrapped
_PASSES = 8
_LONGEST_TITLE = 1_000


def plain(text: str) -> str:
    """Return text without markup: paragraphs on lines of their own, section headings as `METHODS: ...`.

    Takes HTML, HTML that was escaped once or more, or plain text, in which `p < 0.05` and `IL-6<TNF` stay.
    """
    for _ in range(_PASSES):
        text = _seen(text)
        if _has_markup(text):
            text = _without_markup(text)
        elif "&" in text and _ENTITY.search(text):
            text = _unescaped(text)
        else:
            return _lines(text)
    return _lines(_seen(text))


def _seen(text: str) -> str:
    printable = text.replace("\n", "").isprintable() and _JOINER not in text
    return text if printable else _UNSEEN.sub("", xml_legal(text))


def title(text: str) -> str:
    """Return a title on one line, of at most 1,000 characters."""
    line = " ".join(plain(text).split())
    return line if len(line) <= _LONGEST_TITLE else line[: _LONGEST_TITLE - 1].rstrip() + "…"


def safe_url(url: str) -> str | None:
    """Return an http or https address without tracking, name and password; None for anything else."""
    seen = url if url.isascii() and url.isprintable() else _UNSEEN.sub("", _ILLEGAL.sub("", url))
    return clean_url(seen) or None


def xml_legal(text: str) -> str:
    """Return text without the characters that XML 1.0 (section 2.2) forbids or discourages."""
    return _ILLEGAL.sub("", _BREAKS.sub("\n", text))


def _has_markup(text: str) -> bool:
    return "<" in text and bool(_TAG.search(text) or _RAW.search(text) or _CDATA.search(text))


def _unescaped(text: str) -> str:
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text)


def _without_markup(text: str) -> str:
    """Return the text of a piece of HTML, with line breaks where blocks begin and end."""
    text = _RAW.sub(" ", _CDATA.sub(r"\1", text))
    text = " ".join(text.split())
    if "<sup" in text:
        text = _POWER.sub(lambda found: found[1].translate(_RAISED), text)
    text = _HEADING.sub(_as_label, _ABSTRACT.sub("", text))
    text = _BLOCK_TAG.sub("\n<", _RUN_IN.sub(_as_label_after_tag, text))
    return _unescaped(_TAG.sub("", _DECLARATION.sub("", text)))


def _as_label(found: re.Match[str]) -> str:
    return f"\n{found[2].upper()}: "


def _as_label_after_tag(found: re.Match[str]) -> str:
    """Take a bold section name for a label only where it begins a block: at the very start or after another tag."""
    before = found.string[max(0, found.start() - 20) : found.start()].rstrip()
    return _as_label(found) if not before or before.endswith(">") else found[0]


def _lines(text: str) -> str:
    """Return lines with single spaces and without empty ones; hard-wrapped lines are joined."""
    if "\n" not in text and text.isascii():
        return " ".join(text.split())
    lines: list[str] = []
    for line in unicodedata.normalize("NFC", text).split("\n"):
        words = " ".join(line.split())
        if words and lines and _goes_on(lines[-1], words):
            lines[-1] += " " + words
        elif words:
            lines.append(words)
    return "\n".join(lines)


def _goes_on(line: str, following: str) -> bool:
    if line.endswith(":") and _LABEL_ALONE.fullmatch(line):
        return True
    return len(line) >= _WRAPPED_AT and line[-1] not in ".:;!?" and following[0].islower()
