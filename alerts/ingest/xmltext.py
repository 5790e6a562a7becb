"""Turn the bytes of a feed, however encoded, into clean UTF-8 XML that begins with its root element; pure."""

import codecs
import html
import re

from alerts.ingest.clean import xml_legal

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r\x1b"))  # single bytes in every narrow encoding; 1b switches some
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_SEVEN_BIT = ("iso-2022", "utf-7", "hz")  # their bytes look like ASCII, so they pass for UTF-8
_CALLED_LATIN = ("iso8859-1", "ascii", "latin-1")  # what is called Latin-1 is Windows-1252 in truth (WHATWG Encoding)
_DOCTYPE = re.compile(r"<!DOCTYPE\b[^\[>]{0,2000}(\[)?", re.IGNORECASE)
_SUBSET_END = re.compile(r"\]\s{0,100}>")
_ENTITY = re.compile(r"""<!ENTITY\s+[\w.:-]+\s+(?:(SYSTEM|PUBLIC)\b|["']([^"']*))""")  # general ones, without a %
_NAMES_OTHERS = re.compile(r"&[A-Za-z]")
_LONGEST_ENTITY = 1_000
_FEED_ROOT = re.compile(r"<(?:[A-Za-z]\w*:)?(?:rss|feed|RDF)[\s>]")
_ANY_ROOT = re.compile(r"<([A-Za-z_][\w:.-]*)")
_CDATA = re.compile(r"(<!\[CDATA\[.*?(?:\]\]>|\Z))", re.DOTALL)
_OPENING = re.compile(r"<[A-Za-z]")
_NAMED = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)(?:([A-Za-z][A-Za-z0-9]{1,30});)?")
_REFERENCE = re.compile(r"&#(?:(\d{1,7})|x([0-9A-Fa-f]{1,6}));")


def decoded(body: bytes, content_type: str = "") -> str:
    """Return the document as text without characters that XML forbids.

    A byte-order mark is believed; then whatever is valid UTF-8 is UTF-8, since nothing else passes for it; then the
    document's own declaration, then the HTTP header, then Windows-1252.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return xml_legal(body[len(mark) :].decode(name, "replace"))
    if name := _wide(body):
        return xml_legal(body.decode(name, "replace"))
    text = _narrow(body.translate(None, _CONTROLS), [*_declared(body), *_CHARSET.findall(content_type)])
    return text.replace("\x1b", "").replace("\ufffe", "").replace("\uffff", "")


def _declared(body: bytes) -> list[str]:
    return [name.decode("ascii") for name in _DECLARED.findall(body[:1_000])[:1]]


def _wide(body: bytes) -> str:
    """Return the encoding of UTF-16 without a mark, told by the zero bytes around the first characters."""
    if body[:4].count(0) != 2 or not body[:4].replace(b"\0", b"").isascii():
        return ""
    return "utf-16-be" if body[0] == 0 else "utf-16-le"


def _narrow(body: bytes, names: list[str]) -> str:
    codec_names = [found for name in names if (found := _codec(name))]
    if not any(name.startswith(_SEVEN_BIT) for name in codec_names):
        codec_names = ["utf-8", *codec_names]
    for name in codec_names:
        try:
            return body.decode("cp1252" if name in _CALLED_LATIN else name)
        except (UnicodeDecodeError, LookupError):
            continue
    said_utf8 = "utf-8" in codec_names[1:]
    as_utf8 = body.decode("utf-8", "replace")
    broken = as_utf8.count("\ufffd")
    mostly_utf8 = said_utf8 and broken * 3 < sum(1 for char in as_utf8 if char > "\x7f")
    return as_utf8 if mostly_utf8 else body.decode("cp1252", "replace")


def _codec(name: str) -> str:
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return ""
    return found.name if found._is_text_encoding else ""  # noqa: SLF001  else "zip" or "rot13" would be run


def made_of_entities(text: str) -> bool:
    """Tell whether a document declares entities that stand for other entities, for much text, or for other files.

    Such a document is a bomb or a thief (billion laughs, quadratic blow-up, XXE): what it says is not a feed's word.
    """
    root = _ANY_ROOT.search(text)
    head = text[: root.start() if root else None]
    return any(
        elsewhere or _NAMES_OTHERS.search(value) or len(value) > _LONGEST_ENTITY
        for elsewhere, value in _ENTITY.findall(head)
    )


def without_doctype(text: str) -> str:
    """Drop the document type with all its entities: no feed needs them, and bombs are made of them."""
    root = _ANY_ROOT.search(text)
    found = _DOCTYPE.search(text, 0, root.start() if root else len(text))
    if not found:
        return text
    end = _SUBSET_END.search(text, found.end()) if found[1] else None
    return text[: found.start()] + text[end.end() if end else text.find(">", found.end()) + 1 :]


def root_name(text: str) -> str:
    """Return the name of the root element in lower case without its prefix, or ""."""
    found = _ANY_ROOT.search(text)
    return found[1].rpartition(":")[2].lower() if found else ""


def from_root(text: str) -> str:
    """Return the document from its feed element on, without what a broken server wrote before it."""
    found = _FEED_ROOT.search(text, 0, 100_000)
    return text[found.start() :] if found else text


def repaired(text: str) -> str:
    """Return XML in which HTML's named entities are characters and lone ampersands are escaped (not inside CDATA)."""
    parts = _CDATA.split(text)
    parts[::2] = [_REFERENCE.sub(_legal_reference, _NAMED.sub(_entity, part)) for part in parts[::2]]
    return "".join(parts)


def unclosed(text: str) -> int:
    """Return by how many the opening tags outnumber the closing ones, outside CDATA."""
    outside = "".join(_CDATA.split(text)[::2])
    return len(_OPENING.findall(outside)) - outside.count("</") - outside.count("/>")


def _entity(found: re.Match[str]) -> str:
    if not found[1]:
        return "&amp;"
    char = html.unescape(found[0])
    return f"&amp;{found[1]};" if char == found[0] else html.escape(char, quote=False)


def _legal_reference(found: re.Match[str]) -> str:
    number = int(found[1]) if found[1] else int(found[2], 16)
    legal = number <= 0x10FFFF and (char := chr(number)) and xml_legal(char) == char
    return found[0] if legal or number in (9, 10, 13) else ""
