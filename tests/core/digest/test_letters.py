"""The mail itself: neutral outside, plain inside, small, readable by everyone, and without anything that looks back."""

import email
import email.policy
import re
from datetime import UTC, date, datetime

import pytest
from lxml import html

from alerts.model import (
    Alert,
    AlertedItem,
    Content,
    Evidence,
    Facet,
    Item,
    Kind,
    Label,
    PartialDate,
    Reason,
    Role,
    ThreadMember,
)
from alerts.publish import notes
from alerts.publish.blocks import Blocks
from alerts.publish.edition import Candidate, Matching, select
from alerts.publish.email import LIMIT, Letter, Segments, Sender, pack, recipient, render
from alerts.publish.letters import Digest, First, Followed, digest, told
from alerts.publish.notes import Notice
from subscribers.cadence import Cadence
from subscribers.interest import Facts, parse_set
from subscribers.tokens import Keyring

AT = datetime(2026, 5, 4, 7, tzinfo=UTC)
KEYS = Keyring(b"k" * 40)
SENDER = Sender(base_url="https://alerts.example.org", from_="Digest <digest@alerts.example.org>", imprint="Sample Hospital, 1 Main Street")
NAMES = {"nmosd": "NMOSD", "ms": "Multiple sclerosis"}
TO = recipient(KEYS, bytes(16), "anna@inbox.example.net", "<1@alerts.example.org>", AT)
TITLE = "Relapses in people with NMOSD"
WIDE = "视神经脊髓炎谱系疾病患者血清胶质纤维酸性蛋白与残疾进展的关系" * 12


def shown(number: int, title: str = TITLE, *, kind: str = "paper", reason: str = "new", thread: tuple = (), **facts: object) -> AlertedItem:
    topic = Label(facet=Facet.TOPIC, value="nmosd", role=Role.ABOUT, evidence=(Evidence("title", 25, 30, "NMOSD"),))
    content = Content(kind=Kind(kind), title=title, venue="Journal of Examples", url=f"https://journal.example/{number}", published=PartialDate(2026, 5, 1))
    frozen = Facts(**{"kind": kind, "reason": reason, "topics": ("nmosd",), "under": ("nmosd",), "design": "observational", **facts})
    alert = Alert(number=number, item_id=number, reason=Reason(reason), at=AT, facts=frozen)
    return AlertedItem(alert=alert, item=Item(id=number, content=content, first_seen=AT, sources=("journal",)), labels=(topic,), thread=thread)


def mail(*items: AlertedItem, threads: dict | None = None, first: First | None = None, rich: bool = True) -> email.message.EmailMessage:
    follows = parse_set("nmosd ms?phase=3")
    window = [Candidate(alert=one.alert, thread=(threads or {}).get(one.alert.number, one.alert.number)) for one in items]
    chosen = select(Matching(window), follows)
    content = Digest(
        selection=chosen, shown={one.alert.number: one for one in items if one.alert.number in told(chosen)}, interests=follows,
        cadence=Cadence(rhythm="weekly"), window=(0, 99), first=first, names=NAMES,
    )  # fmt: skip
    fitted, made = digest(content, Blocks(SENDER.base_url, NAMES), SENDER, html=rich)
    assert sorted([*fitted.selection.numbers, *fitted.selection.listed]) == sorted(one.alert.number for one in items)
    return email.message_from_bytes(Segments.parse(pack(made)).splice(TO), policy=email.policy.default)


def sent(letter: Letter) -> email.message.EmailMessage:
    return email.message_from_bytes(Segments.parse(render(letter, SENDER)).splice(TO), policy=email.policy.default)


def plain(message: email.message.EmailMessage) -> str:
    return message.get_body(("plain",)).get_content()


def page(message: email.message.EmailMessage) -> html.HtmlElement:
    return html.fromstring(message.get_body(("html",)).get_content())


def visible(message: email.message.EmailMessage) -> str:
    return " ".join(page(message).body.text_content().split())


def test_subject_headers_and_the_first_200_characters_name_no_topic() -> None:
    message = mail(shown(1))
    assert message["Subject"] == "Your research digest: 1 new item"
    opening = plain(message)[:200] + visible(message)[:200] + "".join(f"{name}: {value}" for name, value in message.items())
    assert "nmosd" not in opening.lower()
    assert "relapse" not in opening.lower()
    assert "anna@inbox" not in "".join(value for name, value in message.items() if name != "To")


def test_both_forms_say_the_same() -> None:
    message = mail(shown(1), shown(2, "Another one", reason="status"))
    for said in (TITLE, "Another one", "Journal of Examples", "1 May 2026", "Why you got it: about NMOSD (\u201cNMOSD\u201d)", "Sample Hospital", "not medical advice", "Unsubscribe from this mail"):
        assert said in plain(message)
        assert said in visible(message)
    links = set(re.findall(r"https://\S+", plain(message)))
    assert links == {link.get("href") for link in page(message).iter("a")}


def test_why_you_got_it_names_what_you_follow_and_everything_where_you_follow_a_topic_above() -> None:
    work = shown(1, topics=("nmosd", "rituximab"), under=("nmosd", "rituximab"))
    assert "Why you got it: about NMOSD (\u201cNMOSD\u201d)\r\n" in plain(mail(work))
    below = shown(1, topics=("mogad", "rituximab"), under=("mogad", "rituximab", "nmosd"))
    assert "Why you got it: about mogad; about rituximab" in plain(mail(below))


def test_the_preheader_is_numbers_only_and_visible() -> None:
    message = mail(shown(1), shown(2, reason="retracted"), shown(3, reason="status"))
    assert plain(message).startswith("1 new, 1 update, 1 correction, 2 minutes")
    assert visible(message).startswith("1 new, 1 update, 1 correction, 2 minutes")
    assert "display:none" not in html.tostring(page(message)).decode().replace(" ", "")


def test_one_h1_and_an_h2_per_entry_in_an_accessible_page() -> None:
    tree = page(mail(*[shown(number) for number in range(1, 6)]))
    assert len(tree.findall(".//h1")) == 1
    assert len(tree.findall(".//h2")) == 5
    assert (tree.get("lang"), tree.get("dir")) == ("en", "ltr")
    assert {table.get("role") for table in tree.iter("table")} == {"presentation"}
    assert all(link.text_content().strip() for link in tree.iter("a"))


def test_nothing_looks_back_and_nothing_is_loaded() -> None:
    source = mail(shown(1)).get_body(("html",)).get_content()
    assert not re.search(r"<(img|script|link|iframe|form|video|object)\b|url\(|@import|@font-face", source)
    hosts = set(re.findall(r"https?://([^/\"\s]+)", source))
    assert hosts == {"alerts.example.org", "journal.example"}


def test_hostile_titles_stay_text() -> None:
    message = mail(shown(1, '<script>alert(1)</script> & "x"\r\nBcc: all@example.org \u202e\ue0a3\x00'))
    assert "<script" not in message.get_body(("html",)).get_content()
    assert message["Bcc"] is None
    assert '<script>alert(1)</script> & "x" Bcc: all@example.org' in plain(message)
    assert plain(message).count(TO.token) == 1


def test_unlinked_news_stands_last_under_background_with_its_strength_above_the_quoted_headline() -> None:
    message = mail(shown(1, "A cure is near", kind="news", cautions=("study-not-found",)), shown(2, design="lab"))
    text = plain(message)
    assert text.index(TITLE) < text.index("Background") < text.index('"A cure is near"')
    [_, news] = [entry for entry in page(message).iter("div") if (entry.get("class") or "") == "entry"]
    assert [child.tag for child in news][:2] == ["p", "h2"]
    assert news[1].text_content().strip() == "\u201cA cure is near\u201d"


def test_unlinked_news_in_one_line_has_its_strength_before_the_quoted_headline_too() -> None:
    studies = [shown(number, f"Study {number}") for number in range(1, 17)]
    message = mail(*studies, shown(17, "A cure is near!", kind="news", cautions=("study-not-found",)))
    assert '- News story, not a report on one study. "A cure is near!"' in plain(message)
    last = [line for line in page(message).iter("p") if line.get("class") == "line"][-1]
    assert [child.tag for child in last] == ["span", "br", "a"]
    assert last[2].text == "\u201cA cure is near!\u201d"


def test_a_title_from_right_to_left_does_not_turn_our_own_words_around() -> None:
    titles = [f"\u05de\u05d7\u05e7\u05e8 {number}" for number in range(1, 18)]
    message = mail(*[shown(number, title) for number, title in enumerate(titles, 1)])
    lines = [line for line in page(message).iter("p") if line.get("class") == "line"]
    assert [(line.get("dir"), line.find("a").get("dir")) for line in lines] == [(None, "auto")] * 2


def test_every_letter_begins_with_200_characters_that_name_no_topic_and_no_title() -> None:
    follows = (Followed(name="NMOSD", address="https://alerts.example.org/topics/nmosd", year=0, newest=shown(9)),)
    notice = Notice(shown=shown(2, reason="retracted"), sent_on=date(2026, 5, 1), sent_as=TITLE)
    letters = {
        "digest": mail(shown(1)), "first": mail(shown(1), first=First(days=7, topics=follows)), "empty": mail(first=First(days=7, topics=follows)),
        "notice": sent(notes.notice(notice, Blocks(SENDER.base_url, NAMES), SENDER)),
        "nothing": sent(notes.letter(notes.nothing_new((12, 3), 90), SENDER)), "known": sent(notes.letter(notes.known(SENDER), SENDER)),
    }  # fmt: skip
    for name, message in letters.items():
        opening = " ".join((message["Subject"], plain(message)[:200], visible(message)[:200], page(message).find(".//title").text)).lower()
        assert not [word for word in ("nmosd", "relapse", "neuro") if word in opening], name


@pytest.mark.parametrize(("read", "said"), [((12, 3), "12 items read from 3 sources."), ((1, 1), "1 item read from 1 source."), ((0, 0), "0 items read from 0 sources.")])
def test_the_line_that_nothing_is_new_says_since_when_and_why_it_comes(read: tuple[int, int], said: str) -> None:
    text = " ".join(plain(sent(notes.letter(notes.nothing_new(read, 90), SENDER))).split())
    assert f"Nothing new on your topics in 90 days; {said}" in text
    assert "You get this line after 90 days without news" in text


def test_a_news_story_is_one_line_under_its_study() -> None:
    message = mail(shown(1, "The story", kind="news"), shown(2), threads={1: 7, 2: 7})
    assert message["Subject"] == "Your research digest: 1 new item"
    assert "Same study: The story" in plain(message)
    assert len(page(message).findall(".//h2")) == 1


@pytest.mark.parametrize("title", [TITLE, WIDE, "x" * 900, "\u05d3\u05dc\u05e7\u05ea " * 80, "\U0001f600" * 200])
@pytest.mark.parametrize("count", [1, 10, 60, 300])
def test_no_mail_is_over_90_kb_and_all_is_told(title: str, count: int) -> None:
    message = mail(*[shown(number, title) for number in range(1, count + 1)])
    assert len(message.as_bytes()) <= LIMIT + 1000
    assert message["Subject"] == f"Your research digest: {count} new item" + ("s" if count > 1 else "")
    if count == 300:
        assert re.search(r"\d+ more about NMOSD: see all about NMOSD in this digest\s+https://alerts.example.org/topics/nmosd\?after=0&upto=99", plain(message))


def test_what_is_held_back_is_counted_and_linked_without_the_filters() -> None:
    other = shown(2, topics=("ms",), under=("ms",))
    follows = parse_set("nmosd ms?phase=3")
    chosen = select(Matching(Candidate(alert=one.alert, thread=one.alert.number) for one in (shown(1), other)), follows)
    content = Digest(selection=chosen, shown={1: shown(1)}, interests=follows, cadence=Cadence(), window=(4, 9), names=NAMES)
    _, made = digest(content, Blocks(SENDER.base_url, NAMES), SENDER, html=False)
    text = email.message_from_bytes(Segments.parse(pack(made)).splice(TO), policy=email.policy.default).get_content()
    assert "1 about Multiple sclerosis: 1 without a stated phase" in text
    assert "https://alerts.example.org/topics/ms?after=4&upto=9" in text


def test_a_text_digest_has_no_html() -> None:
    assert mail(shown(1), rich=False).get_content_type() == "text/plain"


def test_the_first_digest_says_what_is_followed_and_shows_the_newest_where_nothing_is_new() -> None:
    follows = (Followed(name="NMOSD", address="https://alerts.example.org/topics/nmosd", year=34), Followed(name="Multiple sclerosis", address="https://alerts.example.org/topics/ms", year=0, newest=shown(9, "An older one")))
    text = plain(mail(shown(1), first=First(days=7, topics=follows)))
    assert "the next ones come every Monday" in text
    assert "was not in an earlier digest" not in text
    assert "with the number of items in the last twelve months:" in text
    assert re.search(r"- NMOSD: 34\s", text)
    assert re.search(r"- Multiple sclerosis: 0\s", text)
    assert "An older one" in text


def test_the_question_holds_nothing_but_the_question() -> None:
    message = email.message_from_bytes(Segments.parse(render(notes.letter(notes.confirm(SENDER), SENDER), SENDER)).splice(TO._replace(private="t0ken")), policy=email.policy.default)
    assert "https://alerts.example.org/confirm/t0ken" in plain(message)
    assert not [name for name in message if name.startswith("List-")]
    assert {link.get("href") for link in page(message).iter("a")} == {"https://alerts.example.org/confirm/t0ken"}


def test_a_thread_is_linked_from_the_entry() -> None:
    member = ThreadMember("registered-as", shown(5, "The record", kind="record").item)
    text = plain(mail(shown(1, thread=(member,))))
    assert "Trial record of the same study: The record: https://alerts.example.org/items/5" in text


def test_the_notice_on_a_work_is_linked_as_a_notice() -> None:
    member = ThreadMember("retracted-by", shown(5, "Retraction: It fell").item)
    text = plain(mail(shown(1, thread=(member,))))
    assert "Notice: Retraction: It fell: https://alerts.example.org/items/5" in text
