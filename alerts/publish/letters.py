"""The digest as a letter: frame, blocks and counts put together, and cut down until it is small enough (law 9)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import ceil
from typing import Final, NamedTuple

from alerts.model import AlertedItem, Reason
from alerts.publish import words
from alerts.publish.blocks import CACHED, HTML, TEXT, Blocks, css, inliner, rendered, section
from alerts.publish.edition import Entry, Selection
from alerts.publish.email import HOLES, LIMIT, Body, Letter, Sender, message
from alerts.publish.templating import environment
from subscribers.cadence import Cadence
from subscribers.interest import Interest

FORMS: Final = (TEXT, HTML)
FRAMES: Final = 256  # frames kept at once, some 10 KB each
OPENING: Final = (
    "Everything below matches the topics you follow{}. The strongest kinds of study "
    "come first; every entry says what kind of study it is, what was found, and why you got it."
)
NOT_BEFORE: Final = " and was not in an earlier digest"
NOTHING: Final = (
    "Nothing new came on the topics you follow in the time this digest looks back on. When something does, every "
    "entry will say what kind of study it is, what was found, and why you got it; the strongest kinds come first."
)
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
UNSTATED: Final = {
    "phase": "a stated phase",
    "design": "a clear design",
    "size": "a stated number of people",
    "results": "a clear result",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A topic in a first digest: how much came in twelve months, and its newest item where nothing is new."""

    name: str
    address: str
    year: int
    newest: AlertedItem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """What only a first digest says."""

    days: int
    topics: tuple[Followed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """All that a digest's content depends on; equal values give equal bytes."""

    selection: Selection
    shown: Mapping[int, AlertedItem]
    interests: tuple[Interest, ...]
    cadence: Cadence
    window: tuple[int, int]
    language: str = "en"
    first: First | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    reach: str = ""
    earlier: bool = True  # whether the reader had digests before


def digest(content: Digest, blocks: Blocks, sender: Sender, *, html: bool) -> tuple[Digest, bytes]:
    """Return the digest as it fits into a mail, and the mail with marks for the holes."""
    while True:
        made = message(_letter(content, blocks, sender, html=html), sender)
        if len(made) <= LIMIT:
            return content, made
        content = replace(content, selection=_smaller(content.selection, LIMIT / len(made)))


def subject(selection: Selection) -> str:
    """Return the one subject of digests: a number and no topic."""
    if not selection.items:
        return "Your research digest: nothing new yet"
    return f"Your research digest: {_many(selection.items, 'new item', 'new items')}"


def preheader(selection: Selection) -> str:
    """Return numbers only: `3 new, 1 correction, 2 minutes`."""
    reasons = Counter(entry.reason for entry in selection.entries)
    wrong = sum(reasons[reason] for reason in (Reason.CORRECTED, Reason.CONCERN, Reason.RETRACTED))
    news = sum(reasons[reason] for reason in (Reason.NEW, Reason.MATCHED, Reason.PUBLISHED))
    flood = selection.items - reasons.total()
    minutes = ceil((len(selection.full) * 20 + len(selection.lines) * 4 + 20) / 60)
    said = [
        f"{news + flood} new",
        _many(reasons.total() - wrong - news, "update", "updates"),
        _many(wrong, "correction", "corrections"),
        _many(minutes, "minute", "minutes"),
    ]
    return ", ".join(part for part in said if not part.startswith("0 ") or part == "0 new")


def rhythm(cadence: Cadence) -> str:
    """Say how often, such as `every Monday`."""
    day = DAYS[cadence.weekday]
    return {
        "immediate": "as soon as there is news",
        "daily": "every day",
        "weekly": f"every {day}",
        "monthly": f"on the first {day} of each month",
    }[cadence.rhythm]


def frame(template: str, form: str, sender: Sender, **values: object) -> str:
    """Render the frame of a mail with holes for what differs, CSS inlined."""
    suffix = "html" if form == HTML else "txt"
    text = environment("email").get_template(f"{template}.{suffix}").render(
        hole=HOLES, words=words, base_url=sender.base_url, imprint=sender.imprint, style=css("dark.css"), **values
    )
    if form == TEXT:
        return text
    return inliner().inline(text.replace("<style>", f"<style>{css('style.css')}</style>\n<style>", 1))


def _letter(content: Digest, blocks: Blocks, sender: Sender, *, html: bool) -> Letter:
    more, held = list(_more(content, sender.base_url)), list(_held_back(content, sender.base_url))
    says = _says(content)
    text, *rest = (
        Body(frame=_frame(form, sender, says, content.first), blocks=tuple(_blocks(content, blocks, more, held, form)))
        for form in (FORMS if html else (TEXT,))
    )
    return Letter(
        subject=subject(content.selection),
        text=text,
        html=rest[0] if rest else None,
        kind="digest",
        language=content.language,
    )


class Says(NamedTuple):
    """What the frame of a digest says; thousands of digests say the same."""

    preheader: str
    opening: str
    rhythm: str
    reach: str
    language: str


def _says(content: Digest) -> Says:
    earlier = content.first is None and content.earlier
    opening = OPENING.format(NOT_BEFORE if earlier else "") if content.selection.items else NOTHING
    return Says(preheader(content.selection), opening, rhythm(content.cadence), content.reach, content.language)


def _frame(form: str, sender: Sender, says: Says, first: First | None) -> str:
    return _digest_frame(form, sender, says, first) if first else _common_frame(form, sender, says)


@lru_cache(maxsize=FRAMES)
def _common_frame(form: str, sender: Sender, says: Says) -> str:
    return _digest_frame(form, sender, says, None)


def _digest_frame(form: str, sender: Sender, says: Says, first: First | None) -> str:
    because = f"You get this digest {says.rhythm} because you asked for it at this address."
    title = "Your research digest"
    return frame("digest", form, sender, title=title, listed=True, first=first, because=because, **says._asdict())


def _blocks(
    content: Digest, blocks: Blocks, more: Sequence["Count"], held: Sequence["Count"], form: str
) -> Iterator[bytes]:
    chosen = content.selection
    yield from _entries([entry for entry in chosen.full if not entry.background], content.shown, blocks, form)
    background = [entry for entry in chosen.full if entry.background]
    if background:
        yield section("Background", form)
        yield from _entries(background, content.shown, blocks, form)
    if chosen.lines:
        yield section("In one line each", form)
        yield from (blocks.block(content.shown[entry.lead], "line", form) for entry in chosen.lines)
    if more:
        yield section("And more", form)
        yield from (_counted(one, form) for one in more)
    if held:
        yield section("Held back by your filters", form)
        yield from (_counted(one, form) for one in held)
    if newest := [topic for topic in content.first.topics if topic.newest] if content.first else []:
        yield section("Nothing new here yet; the newest we have", form)
        yield from (blocks.block(topic.newest, "line", form) for topic in newest if topic.newest)


def _entries(
    entries: Iterable[Entry], shown: Mapping[int, AlertedItem], blocks: Blocks, form: str
) -> Iterator[bytes]:
    for entry in entries:
        yield blocks.block(shown[entry.lead], "entry", form, entry.topics)
        yield from (blocks.block(shown[number], "under", form) for number in entry.under if number in shown)


class Count(NamedTuple):
    """A number of items behind a link."""

    text: str
    link: str
    address: str


@lru_cache(maxsize=CACHED)
def _counted(count: Count, form: str) -> bytes:
    return rendered("count", form, count=count)


def _more(content: Digest, base_url: str) -> Iterator[Count]:
    for topic, entries in content.selection.counted.items():
        yield _count(content, base_url, topic, f"{len(entries)} more about {_name(content, topic)}")
    for heading in content.selection.headings:
        for topic, numbers in heading.counted.items():
            said = f"{len(numbers)} more from {heading.origin} ({heading.day}) about {_name(content, topic)}"
            yield _count(content, base_url, topic, said)


def _count(content: Digest, base_url: str, topic: str, text: str) -> Count:
    link = f"see all about {_name(content, topic)} in this digest"
    return Count(text=text, link=link, address=_window_address(content, base_url, topic))


def _held_back(content: Digest, base_url: str) -> Iterator[Count]:
    for held in content.selection.held_back:
        reasons = [f"{number} without {UNSTATED[name]}" for name, number in held.unstated]
        said = f"{held.total} about {_name(content, held.topic)}"
        yield Count(
            text=f"{said}: {', '.join(reasons)}" if reasons else said,
            link=f"see all about {_name(content, held.topic)} without your filters",
            address=_window_address(content, base_url, held.topic, filtered=False),
        )


def _window_address(content: Digest, base_url: str, topic: str, *, filtered: bool = True) -> str:
    own = [interest for interest in content.interests if interest.topic == topic]
    filters = str(own[0]).partition("?")[2] if filtered and len(own) == 1 else ""
    after, upto = content.window
    asked = "&".join(part for part in (filters, f"after={after}", f"upto={upto}") if part)
    return f"{base_url}/topics/{topic}?{asked}"


def _name(content: Digest, topic: str) -> str:
    return content.names.get(topic, topic)


def _many(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _smaller(selection: Selection, share: float) -> Selection:
    """Turn lines into counts first, then what was shown in full into lines."""
    full, lines = len(selection.full), len(selection.lines)
    if lines > 5:
        return replace(selection, most_full=full, most_lines=max(5, min(lines - 1, int(lines * share))))
    return replace(selection, most_full=full - 1, most_lines=min(lines, 5))


def told(selection: Selection) -> Sequence[int]:
    """Return the alerts whose items a mail must know: entries in full with what stands under them, and lines."""
    full = [number for entry in selection.full for number in (entry.lead, *entry.under)]
    return [*full, *(entry.lead for entry in selection.lines)]
