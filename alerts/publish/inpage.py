"""The content of a mail as a part of a page: its words, headings, lists and links, without layout, style or script."""

from lxml import html
from markupsafe import Markup
from markupsafe import escape as safely

KEPT = frozenset(["h2", "h3", "p", "div", "ul", "ol", "li", "a", "strong", "em", "small", "br"])
GONE = frozenset(["script", "style", "head", "title", "noscript", "template", "iframe", "object", "svg"])
CLASSES = frozenset(["entry", "meta", "strength", "urgent", "why", "links", "section", "line", "under", "foot"])
LINKS = ("http://", "https://", "mailto:")


def in_page(text: str, *, foot: bool = True) -> Markup:
    """Return an HTML mail's content to stand under a page's own heading; what is not known to be harmless is left out.

    Without its `foot` it has none of the links by which a person changes or ends their mail.
    """
    (body,) = html.document_fromstring(text).iter("body")
    for one in [] if foot else list(body.iterfind(".//div[@class='foot']")):
        one.clear()
    return Markup("").join(_inside(body))


def _inside(element: html.HtmlElement) -> list[Markup]:
    parts = [safely(element.text or "")]
    for child in element:
        if isinstance(child.tag, str) and child.tag not in GONE | {"h1"}:
            parts.append(_element(child))
        parts.append(safely(child.tail or ""))
    return parts


def _element(element: html.HtmlElement) -> Markup:
    inside = Markup("").join(_inside(element))
    tag = str(element.tag)
    if tag not in KEPT:
        return inside
    opening = Markup("<{}{}>").format(tag, _attributes(element))
    return opening if tag == "br" else Markup("{}{}</{}>").format(opening, inside, tag)


def _attributes(element: html.HtmlElement) -> Markup:
    found = {}
    if (address := element.get("href", "")).startswith(LINKS):
        found["href"] = address
    if classes := " ".join(one for one in element.get("class", "").split() if one in CLASSES):
        found["class"] = classes
    if element.get("dir") in ("ltr", "rtl", "auto"):
        found["dir"] = str(element.get("dir"))
    return Markup("").join(Markup(' {}="{}"').format(name, value) for name, value in found.items())
