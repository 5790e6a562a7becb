"""Markup that a source left in: taken out before anything is read, with the way back to offsets as given."""

import html
import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from alerts.model import Content, Evidence, Label

_BLOCK = "p|br|div|h[1-6]|li|ul|ol|tr|td|th|table|section|title|sec|abstract|blockquote|jats:(?:p|title|sec)"
_INLINE = "b|i|u|em|strong|span|a|font|small|img|italic|bold|abbr|cite|code|mark|jats:(?:bold|italic)"
_MARKUP = re.compile(
    rf"</?(?:(?P<block>{_BLOCK})|{_INLINE})(?:\s[^<>]{{0,300}})?\s?/?>"
    r"|(?P<entity>&(?:nbsp|ensp|emsp|thinsp|amp|lt|gt|quot|apos|ndash|mdash|[lr]squo|[lr]dquo|hellip|le|ge|plusmn"
    r"|middot|#(?:160|8194|8195|8201|8211|8212|8216|8217|8220|8221|39|34|38|60|62));)",
    re.IGNORECASE,
)


class _Piece(NamedTuple):
    """A part of the plain text: where it begins there, and what it stands for in the text as given."""

    plain: int
    start: int
    end: int
    sign: bool


class Plain(NamedTuple):
    """A text without markup; no pieces where it had none."""

    text: str
    pieces: tuple[_Piece, ...] = ()

    def offset(self, at: int, *, end: bool = False) -> int:
        """Return where a character begins (or ends) in the text as given."""
        piece = self.pieces[bisect_right(self.pieces, at, key=lambda one: one.plain) - 1]
        if piece.sign:
            return piece.end if end else piece.start
        return piece.start + at - piece.plain + end


class Unmarked(NamedTuple):
    """An item as given, and as it is read."""

    given: Content
    content: Content
    title: Plain
    text: Plain

    def labels(self, found: Iterable[Label]) -> tuple[Label, ...]:
        """Return the labels with words and offsets of the item as given."""
        if self.content is self.given:
            return tuple(found)
        return tuple(replace(one, evidence=tuple(map(self._evidence, one.evidence))) for one in found)

    def _evidence(self, one: Evidence) -> Evidence:
        plain = {"title": self.title, "text": self.text}.get(one.field)
        if plain is None or not plain.pieces:
            return one
        start, end = plain.offset(one.start), plain.offset(one.end - 1, end=True)
        given = self.given.title if one.field == "title" else self.given.text
        return Evidence(one.field, start, end, given[start:end])


def unmarked(content: Content) -> Unmarked:
    """Return the item without the tags and entities of its title and text."""
    title, text = _plain(content.title), _plain(content.text)
    if not (title.pieces or text.pieces):
        return Unmarked(content, content, title, text)
    return Unmarked(content, replace(content, title=title.text, text=text.text), title, text)


def _plain(text: str) -> Plain:
    if not (("<" in text and ">" in text) or "&" in text):
        return Plain(text)
    parts: list[str] = []
    pieces: list[_Piece] = []
    begin = length = 0
    for match in _MARKUP.finditer(text):
        sign = html.unescape(match[0]) if match["entity"] else "\n" * bool(match["block"])
        for start, end, words in ((begin, match.start(), text[begin : match.start()]), (*match.span(), sign)):
            if words:
                pieces.append(_Piece(length, start, end, words is sign))
                parts.append(words)
                length += len(words)
        begin = match.end()
    if begin == 0:
        return Plain(text)
    pieces.append(_Piece(length, begin, len(text), sign=False))
    return Plain("".join([*parts, text[begin:]]), tuple(pieces))
