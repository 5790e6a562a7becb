"""What a mail says of one alert, rendered once for each form: in full, as a line, or under another entry."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Final
from urllib.parse import urlsplit

from css_inline import CSSInliner

from alerts.model import AlertedItem, Facet, Kind, Reason, Role, ThreadMember
from alerts.publish import words
from alerts.publish.email import plain_of, quoted
from alerts.publish.grounds import Ground, grounds
from alerts.publish.lines import finding_line, headline, one_line, strength_line, work_address
from alerts.publish.templating import environment

HTML: Final = "html"
TEXT: Final = "text"
LONGEST_TITLE: Final = 300
LONGEST_FINDING: Final = 600
LONGEST_SHORT: Final = 240
LONGEST_WORD: Final = 28
CACHED: Final = 4096
_NOTICES: Final = frozenset({"retracted-by", "concern-by", "corrected-by"})
_BETWEEN_TAGS: Final = re.compile(r">[^<]+<")
_LONG: Final = re.compile(rf"[^\s<>&;]{{{LONGEST_WORD + 1},}}")
_SUFFIX: Final = {HTML: "html", TEXT: "txt"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLink:
    """A link whose text makes sense alone."""

    text: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a mail says of an alert, in plain words of one line each."""

    page: str
    headline: str
    meta: str
    strength: str
    short: str
    finding: str = ""
    why: str = ""
    urgent: str = ""
    changed: str = ""
    background_news: bool = False
    links: tuple[NamedLink, ...] = ()

    @property
    def sentence(self) -> str:
        """The headline with a full stop, where it has no other end."""
        return self.headline if self.headline.endswith((".", "?", "!", "\u2026")) else f"{self.headline}."


@dataclass(slots=True)
class Blocks:
    """Renders blocks, each once while there is room to keep it; names of topics and titles of sources by slug."""

    base_url: str
    names: Mapping[str, str]
    titles: Mapping[str, str] = field(default_factory=dict)
    _kept: dict[tuple[int, str, str, frozenset[str]], bytes] = field(default_factory=dict)

    def block(
        self, shown: AlertedItem, variant: str, form: str, followed: frozenset[str] = frozenset()
    ) -> bytes:
        """Return `entry`, `line` or `under` of an alert as quoted-printable HTML or text.

        `followed` are the topics for which a reader gets an entry; without them all its topics are named.
        """
        key = (shown.alert.number, variant, form, followed)
        made = self._kept.get(key)
        if made is None:
            if len(self._kept) >= CACHED:
                self._kept.clear()
            made = self._kept[key] = rendered(variant, form, said=self._said(shown, followed))
        return made

    def _said(self, shown: AlertedItem, followed: frozenset[str]) -> Said:
        """Turn an alert into the words of a mail."""
        strength = strength_line(shown)
        return Said(
            page=f"{self.base_url}/items/{shown.item.id}",
            headline=shortened(headline(shown), LONGEST_TITLE),
            meta=_meta(shown, self.titles),
            strength=strength,
            short=shortened(strength, LONGEST_SHORT),
            finding="" if _fallen(shown) else shortened(finding_line(shown), LONGEST_FINDING),
            why=_why(shown, self.names, followed),
            urgent=_urgent(shown),
            changed=_changed(shown),
            background_news=_is_unlinked_news(shown),
            links=tuple(_links(shown, self.base_url)),
        )


def rendered(template: str, form: str, **values: object) -> bytes:
    """Render a piece of a mail that stands between others, its CSS inlined, as quoted-printable."""
    text = environment("email").get_template(f"{template}.{_SUFFIX[form]}").render(**values)
    if form == HTML:
        text = breakable(inliner().inline_fragment(text, css("style.css")))
    return quoted(plain_of(text))


@lru_cache(maxsize=CACHED)
def section(text: str, form: str) -> bytes:
    """Return the heading over a part of a digest."""
    return rendered("section", form, text=text)


def breakable(html: str) -> str:
    """Let words that no phone can show on one line break; the CSS for it is not known to every mailbox."""
    return _BETWEEN_TAGS.sub(lambda text: _LONG.sub(_broken, text[0]), html)


def _broken(word: re.Match[str]) -> str:
    return "\u200b".join(word[0][start : start + LONGEST_WORD] for start in range(0, len(word[0]), LONGEST_WORD))


@cache
def inliner() -> CSSInliner:
    """Return what writes CSS into style attributes; nothing is loaded from anywhere."""
    return CSSInliner(load_remote_stylesheets=False, keep_style_tags=True, keep_at_rules=True)


@cache
def css(name: str) -> str:
    """Return a style sheet of the mails."""
    return environment("email").get_template(name).render()


def shortened(text: str, longest: int) -> str:
    """Cut a text at a word, with an ellipsis."""
    if len(text) <= longest:
        return text
    return text[: longest - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "\u2026"


def _meta(shown: AlertedItem, titles: Mapping[str, str]) -> str:
    content = shown.item.content
    where = one_line(content.venue or ", ".join(titles.get(slug) or slug for slug in shown.item.sources[:2]))
    dated = content.published
    future = dated is not None and dated.earliest() > shown.alert.at.date()
    when = f"dated {words.day(dated)}, in the future" if future else words.day(dated)
    said = [words.KINDS[content.kind], shortened(where, 120), when]
    if shown.alert.reason is not Reason.NEW:
        said.append(words.REASONS[shown.alert.reason])
    return " \u00b7 ".join(part for part in said if part)


def _is_unlinked_news(shown: AlertedItem) -> bool:
    facts = shown.alert.facts
    return facts.kind == Kind.NEWS and "study-not-found" in facts.cautions


def _urgent(shown: AlertedItem) -> str:
    mark = shown.mark or shown.alert.reason.value
    return {
        "retracted": "This work was retracted. Its results should not be relied on.",
        "concern": "The publisher has expressed concern about this work.",
        "corrected": "This work was corrected after it was published.",
    }.get(mark, "")


def _fallen(shown: AlertedItem) -> bool:
    """Tell whether a work's finding must not stand as if it were valid."""
    return (shown.mark or shown.alert.reason.value) in ("retracted", "concern")


def _changed(shown: AlertedItem) -> str:
    detail = shown.alert.detail
    if not detail.get("from") or not detail.get("to"):
        return ""
    before, after = (one_line(str(detail[name])) for name in ("from", "to"))
    return f"Changed from \u201c{before}\u201d to \u201c{after}\u201d."


def _why(shown: AlertedItem, names: Mapping[str, str], followed: frozenset[str]) -> str:
    """Name the topics that the reader follows; all of them, where one is followed through a topic above it."""
    topics = shown.alert.facts.topics
    direct = followed and followed.issubset(topics)
    about = [slug for slug in topics if slug in followed] if direct else topics
    labels = [label for label in shown.labels if label.facet is Facet.TOPIC and label.role is Role.ABOUT]
    proofs = {label.value: ground for label in labels for ground in grounds([label], names)}
    return "; ".join(_proved(names.get(slug, slug), proofs.get(slug)) for slug in about)


def _proved(name: str, ground: Ground | None) -> str:
    if ground is None:
        return f"about {name}"
    said = shortened(ground.said, 80)
    if ground.own:
        return f"about {name} (\u201c{said}\u201d)"
    return said if name in said else f"about {name} ({said})"


def _links(shown: AlertedItem, base_url: str) -> Iterator[NamedLink]:
    work = work_address(shown.item)
    if work:
        yield NamedLink(text=f"Read it at {urlsplit(work).hostname}", address=work)
    for member in shown.thread[:4]:
        yield NamedLink(text=_member(member), address=f"{base_url}/items/{member.item.id}")


def is_notice(member: ThreadMember) -> bool:
    """Tell whether another item is the notice on the one shown."""
    return member.item.content.kind is Kind.NOTICE or member.relation in _NOTICES


def _member(member: ThreadMember) -> str:
    content = member.item.content
    title = shortened(one_line(content.title), 70)
    if is_notice(member):
        return f"Notice: {title}"
    return f"{words.KINDS[content.kind]} of the same study: {title}"
