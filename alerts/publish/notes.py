"""The short letters: confirming, already known, nothing new, notice, operator, test; pure, with holes for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from alerts.model import AlertedItem, Reason
from alerts.publish.blocks import HTML, TEXT, Blocks, is_notice, rendered, shortened
from alerts.publish.email import HOLES, Body, Letter, Sender
from alerts.publish.letters import frame
from alerts.publish.lines import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A short letter: a heading, paragraphs, perhaps one button."""

    subject: str
    heading: str
    paragraphs: Sequence[str]
    kind: str
    button: str = ""
    address: str = ""
    listed: bool = False
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What happened to a work, and what we had sent of it: when, and under which heading if it was another's."""

    shown: AlertedItem
    sent_on: date
    sent_as: str = ""


def letter(note: Note, sender: Sender, *, html: bool = True) -> Letter:
    """Return a note as a letter in one form or two."""
    text, *rest = (Body(frame=_frame(note, form, sender)) for form in ((TEXT, HTML) if html else (TEXT,)))
    return Letter(
        subject=note.subject, text=text, html=rest[0] if rest else None, kind=note.kind, listed=note.listed
    )


def confirm(sender: Sender) -> Note:
    """Ask whether the owner of an address wants what somebody asked for; says nothing else (law 10)."""
    return Note(
        kind="confirm",
        subject="Please confirm: research digest by mail",
        heading="Do you want a research digest by mail?",
        paragraphs=(
            "Somebody, probably you, asked for a research digest to be sent to this address.",
            "The link opens a page with a button; nothing is sent before you press it. It works once, for 48 hours.",
            ("If you did not ask for this, do nothing: you will get no further mail, and your address is deleted "
            "within 72 hours."),
        ),
        button="Confirm that you want it",
        address=f"{sender.base_url}/confirm/{HOLES['private']}",
    )


def known(sender: Sender) -> Note:
    """Tell the owner of a known address that somebody asked again."""
    return Note(
        kind="confirm",
        subject="Your research digest by mail",
        heading="You get a research digest already",
        paragraphs=(
            ("Somebody, probably you, asked for a research digest to be sent to this address, which gets one already. "
            "Nothing was changed."),
            "On your own page you can change what you follow, pause, or leave.",
        ),
        button="Open your page",
        address=f"{sender.base_url}/preferences/{HOLES['preferences']}",
    )


def nothing_new(read: tuple[int, int], days: int) -> Note:
    """Tell that the digest is alive though nothing came on the topics followed for so many days."""
    counts = zip(read, ("item", "source"), strict=True)
    items, sources = (f"{count} {what}{'' if count == 1 else 's'}" for count, what in counts)
    return Note(
        kind="digest",
        subject="Your research digest: nothing new",
        heading="Your research digest",
        paragraphs=(f"Nothing new on your topics in {days} days; {items} read from {sources}.",),
        listed=True,
        because=f"You get this line after {days} days without news, to show that your digest is alive. "
        "Your page can switch it off.",
    )


def topic_ended(sender: Sender, name: str, successor: str) -> Note:
    """Tell who followed a topic that it ended, and what they follow now; the subject names neither (law 10)."""
    became = (
        f"The topic “{name}” has become “{successor}”.",
        "You follow that one from now on, with the filters you chose. There is nothing you need to do.",
    )
    ended = (
        f"The topic “{name}” is no longer followed here. Whatever else you follow goes on as before.",
        "If it was your only one, there will be no more digests until you choose another.",
    )
    return Note(
        kind="notice",
        subject="Research digest: a change in what you follow",
        heading="A change in what you follow",
        paragraphs=became if successor else ended,
        button="Change what you follow",
        address=f"{sender.base_url}/preferences/{HOLES['preferences']}",
        listed=True,
        because="You get this notice, once, because you followed this topic.",
    )


def operator(subject: str, paragraphs: Sequence[str]) -> Note:
    """Tell the operator that something needs a person."""
    return Note(kind="operator", subject=one_line(subject), heading=one_line(subject), paragraphs=paragraphs)


def test() -> Note:
    """Prove that mail arrives."""
    return Note(
        kind="test",
        subject="Research digest: a test",
        heading="This is a test",
        paragraphs=("If you can read this, mail from this installation arrives.",),
    )


def notice(about: Notice, blocks: Blocks, sender: Sender, *, html: bool = True) -> Letter:
    """Tell people that a work they were sent was retracted, doubted or corrected (law 9 has no say here)."""
    forms = (TEXT, HTML) if html else (TEXT,)
    text, *rest = (_notice_body(about, blocks, sender, form) for form in forms)
    return Letter(
        subject="Research digest: a notice about an item we sent you",
        text=text,
        html=rest[0] if rest else None,
        kind="notice",
    )


def _frame(note: Note, form: str, sender: Sender, template: str = "note") -> str:
    return frame(
        template,
        form,
        sender,
        title=note.heading,
        language="en",
        listed=note.listed,
        because=note.because,
        note=note,
    )


def _notice_body(about: Notice, blocks: Blocks, sender: Sender, form: str) -> Body:
    on = f"{about.sent_on.day} {about.sent_on:%B %Y}"
    note = Note(
        kind="notice",
        subject="",
        heading="A notice about an item we sent you",
        paragraphs=(
            (f"{_happened(about.shown)} On {on} we sent you an item about it; what that said of its findings was "
            "told before this was known. We tell everyone whom we sent it, whatever they follow and however often "
            "they get mail."),
        ),
        listed=True,
        because="You get this notice because an earlier digest told you of this work.",
    )
    made = [blocks.block(about.shown, "entry", form)]
    if about.sent_as:
        made.insert(0, rendered("said", form, label="What we sent you was of the same study", words=about.sent_as))
    if words := quote(about.shown):
        made.append(rendered("said", form, label="The notice says", words=f"\u201c{words}\u201d"))
    return Body(frame=_frame(note, form, sender, "notice"), blocks=made)


def _happened(shown: AlertedItem) -> str:
    return {
        Reason.RETRACTED: "A work that we told you of has been retracted.",
        Reason.CONCERN: "A work that we told you of has been doubted: its publisher has expressed concern about it.",
    }.get(shown.alert.reason, "A work that we told you of has been corrected.")


def quote(shown: AlertedItem) -> str:
    """Return the words of the notice itself: its text, else its title, else what the alert recorded."""
    said = shown.alert.detail.get("notice")
    notes = [member.item.content for member in shown.thread if is_notice(member)]
    found = str(said) if said else next((content.text or content.title for content in notes), "")
    return shortened(one_line(found), 500)
