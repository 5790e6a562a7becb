"""What people do through pages: sign up, confirm, change, leave; by POST only, and without telling on anyone."""

import json
import re
from datetime import timedelta
from time import perf_counter
from urllib.parse import urlencode

import feedparser
import pytest
from sqlmodel import col, func, select

from alerts.pipeline import compose, people, previews
from alerts.pipeline.signup import SignUps
from alerts.store.engine import reading, writing
from alerts.store.tables import DeliveryRow, ReportRow
from alerts.web.signup import BEAT
from subscribers import store
from subscribers.interest import parse
from subscribers.people import Status, Suppressed, Wishes
from subscribers.tables import SubscriberRow, SuppressionRow

FORM = {"address": "ada@example.org", "topic": "nmosd", "cadence": "weekly", "hour": "8", "weekday": "2",
        "zone": "Europe/Lisbon", "agreed": "yes"}
MULTIPART = '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'


@pytest.fixture
def ada(world):
    wishes = Wishes(interests=(parse("mogad"), parse("nmosd?phase=3")))
    signups = SignUps(world.engine, world.keyring, world.settings)
    signups.take("ada@example.org", wishes, world.now())
    return signups.confirm(token_of(world), world.now())


def held(world, address="ada@example.org"):
    return people.find(world.engine, world.keyring, address)


def count(world, row):
    with reading(world.engine) as session:
        return session.exec(select(func.count()).select_from(row)).one()


def token_of(world):
    """Return the confirm token of the newest mail."""
    with reading(world.engine) as session:
        sealed = session.exec(select(DeliveryRow.private).order_by(col(DeliveryRow.id).desc())).first()
    return world.keyring.open(sealed)


def test_signing_up_asks_by_mail_and_only_the_button_confirms(browser, world, release):
    release()
    assert "Get it by mail" in browser.get("/signup?topic=nmosd").text
    sent = browser.post("/signup", urlencode(FORM))
    assert (sent.status, sent.headers["location"]) == (303, "/signup/sent")
    token = token_of(world)
    assert browser.get(f"/confirm/{token}").status == 200
    assert held(world).status is Status.PENDING
    assert browser.post(f"/confirm/{token}").status == 200
    person = held(world)
    assert person.status is Status.ACTIVE
    assert (str(person.wishes.interests[0]), person.wishes.cadence.zone) == ("nmosd", "Europe/Lisbon")
    assert browser.post(f"/confirm/{token}").status == 404


def test_a_known_address_gets_the_very_same_answer(browser, world, ada):
    known = browser.post("/signup", urlencode(FORM))
    unknown = browser.post("/signup", urlencode(FORM | {"address": "bob@example.org"}))
    ignored = {"date"}
    assert known.body == unknown.body
    assert {k: v for k, v in known.headers.items() if k not in ignored} == {k: v for k, v in unknown.headers.items() if k not in ignored}


def test_the_time_of_the_answer_does_not_tell_whether_an_address_is_known(browser, world, ada):
    with writing(world.engine) as session:
        store.suppress(session, world.keyring.address_hash("eve@example.org"), Suppressed.COMPLAINED, world.now())
    for address in ("ada@example.org", "bob@example.org", "eve@example.org"):
        begun = perf_counter()
        assert browser.post("/signup", urlencode(FORM | {"address": address})).status == 303
        assert perf_counter() - begun >= BEAT


@pytest.mark.parametrize(("change", "said"), [
    ({"address": "nobody"}, "address"), ({"topic": ""}, "topic"), ({"topic": "no-such"}, "topic"),
    ({"zone": "Mars/Phobos"}, "zone"), ({"hour": "99"}, "hour"), ({"hour": "x"}, "number"), ({"agreed": ""}, "agree"),
    ({"phase": "9"}, "phase"), ({"cadence": "hourly"}, "cadence"), ({"format": "pdf"}, "format"),
])
def test_a_wrong_form_comes_back_filled_in_and_says_what_is_wrong(browser, world, change, said):
    answer = browser.post("/signup", urlencode(FORM | change))
    assert answer.status == 400
    assert said in re.search(r'role="alert"[^>]*>([^<]*)', answer.text)[1].lower()
    assert f'value="{(FORM | change)["address"]}"' in answer.text
    assert count(world, SubscriberRow) == 0


def test_a_program_that_fills_in_every_field_is_thanked_and_ignored(browser, world):
    assert browser.post("/signup", urlencode(FORM | {"website": "http://spam.example"})).status == 303
    assert count(world, SubscriberRow) == 0


@pytest.mark.parametrize(("body", "kind"), [
    ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"), (MULTIPART, "multipart/form-data; boundary=b"), ("", "text/plain"),
])
def test_one_click_works_in_every_form_twice_and_without_a_cookie(browser, world, ada, body, kind):
    path = f"/unsubscribe/{world.keyring.sign('unsubscribe', ada.public_id)}"
    assert browser.get(path).status == 200
    assert browser.ask("HEAD", path).status == 200
    assert count(world, SubscriberRow) == 1
    for _ in range(2):
        answer = browser.post(path, body, kind)
        assert answer.status == 200
        assert "set-cookie" not in answer.headers
        assert "ada@" not in answer.text
    assert count(world, SubscriberRow) == 0
    assert count(world, SuppressionRow) == 1


@pytest.mark.parametrize("page", ["unsubscribe", "preferences"])
@pytest.mark.parametrize("token", ["x", "%00", "A" * 45, "A" * 5000])
def test_a_bad_token_is_refused_plainly(browser, world, ada, page, token):
    for answer in (browser.get(f"/{page}/{token}"), browser.post(f"/{page}/{token}")):
        assert answer.status in (400, 404)
        assert "ada@" not in answer.text
    assert count(world, SubscriberRow) == 1


def test_a_token_for_leaving_does_not_open_the_preferences(browser, world, ada):
    assert browser.get(f"/preferences/{world.keyring.sign('unsubscribe', ada.public_id)}").status == 400


def test_less_mail_is_offered_before_leaving(browser, world, ada):
    path = f"/unsubscribe/{world.keyring.sign('unsubscribe', ada.public_id)}"
    assert browser.post(path, "instead=monthly").status == 200
    assert held(world).wishes.cadence.rhythm == "monthly"
    assert browser.post(path, urlencode({"drop": "nmosd?phase=3"})).status == 200
    assert [str(one) for one in held(world).wishes.interests] == ["mogad"]
    assert browser.post(path, "drop=mogad").status == 400
    assert browser.post(path, "instead=pause").status == 200
    assert held(world).status is Status.PAUSED


def test_preferences_are_shown_changed_and_never_kept_by_anybody(browser, world, ada):
    path = f"/preferences/{world.keyring.sign('preferences', ada.public_id)}"
    page = browser.get(path)
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in page.headers["x-robots-tag"]
    assert f"({ada.wishes.cadence.zone})</time>, if there is news" in page.text
    assert "ada@example.org" not in page.text
    form = [("act", "save"), ("interest", "mogad"), ("topic", "pml"), ("phase", "2"), ("phase", "3"), ("cadence", "daily"),
            ("hour", "21"), ("weekday", "0"), ("zone", "Asia/Tokyo"), ("notices", "1"), ("notice", "retracted"), ("format", "text")]
    assert browser.post(path, urlencode(form)).status == 303
    wishes = held(world).wishes
    assert [str(one) for one in wishes.interests] == ["mogad", "pml?phase=2,3"]
    assert (wishes.cadence.rhythm, wishes.cadence.hour, wishes.cadence.zone, wishes.format) == ("daily", 21, "Asia/Tokyo", "text")
    assert "retracted" not in wishes.no_notices
    assert "corrected" in wishes.no_notices


def test_own_data_can_be_taken_along_and_everything_deleted(browser, world, ada):
    path = f"/preferences/{world.keyring.sign('preferences', ada.public_id)}"
    data = json.loads(browser.get(f"{path}/data").body)
    assert (data["address"], data["interests"], data["status"]) == ("ada@example.org", ["mogad", "nmosd?phase=3"], "active")
    assert browser.post(path, "act=erase").status == 400
    assert count(world, SubscriberRow) == 1
    assert browser.post(path, "act=erase&sure=yes").status == 200
    assert count(world, SubscriberRow) == 0
    assert "Unsubscribed" in browser.get(path).text


def test_a_pause_ends_by_a_button_too(browser, world, ada):
    path = f"/preferences/{world.keyring.sign('preferences', ada.public_id)}"
    until = (world.now() + timedelta(days=30)).date()
    assert browser.post(path, f"act=pause&until={until}").status == 303
    assert held(world).status is Status.PAUSED
    assert browser.post(path, "act=pause&until=1999-01-01").status == 400
    assert "Let mail go on now" in browser.get(path).text
    assert browser.post(path, "act=resume").status == 303
    assert "Let mail go on now" not in browser.get(path).text
    assert held(world).paused_until <= world.now()


def test_a_personal_feed_holds_ones_own_interests_and_ends_on_demand(browser, world, ada, release):
    release(title="MOGAD in children", topics=("mogad",))
    release(title="A phase 3 trial in NMOSD", phases=("PHASE3",), phase_role="own")
    release(title="Cells of NMOSD patients")
    path = f"/preferences/{world.keyring.sign('preferences', ada.public_id)}"
    address = re.search(r'href="http://127.0.0.1:8000(/my/[^"]*\.rss)"', browser.post(path, "act=feed").text)[1]
    answer = browser.get(address)
    assert answer.headers["cache-control"].startswith("private")
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    assert [entry.title for entry in feedparser.parse(answer.body).entries] == ["A phase 3 trial in NMOSD", "MOGAD in children"]
    assert browser.get(address, If_None_Match=answer.headers["etag"]).status == 304
    second = re.search(r'href="http://127.0.0.1:8000(/my/[^"]*\.rss)"', browser.post(path, "act=feed").text)[1]
    assert browser.get(address).status == 404
    assert browser.post(path, "act=end-feed").status == 303
    assert browser.get(second).status == 404
    assert "/my/" not in browser.get("/topics.opml").text


def test_a_report_is_kept_without_a_name_and_programs_are_ignored(browser, world, release):
    release()
    assert browser.post("/items/1/report", "words=The+phase+is+2%2C+not+3").status == 303
    assert browser.post("/items/1/report", "words=buy&website=x").status == 303
    assert browser.post("/items/1/report", "words=").status == 400
    assert browser.post("/items/77/report", "words=hm").status == 404
    with reading(world.engine) as session:
        assert [row.words for row in session.exec(select(ReportRow))] == ["The phase is 2, not 3"]


def test_forms_with_too_many_fields_or_too_long_are_refused(browser, world, ada):
    path = f"/preferences/{world.keyring.sign('preferences', ada.public_id)}"
    assert browser.post(path, "&".join(f"a{n}=1" for n in range(5_000))).status == 400
    assert browser.post("/signup", "address=" + "a" * 100_000).status == 413


def test_the_digests_one_was_sent_are_shown_to_nobody_else(browser, world, ada, release):
    release(title="A phase 3 trial in NMOSD", phases=("PHASE3",), phase_role="own")
    compose.compose_due(world.engine, world.keyring, world.settings, world.now())
    path = f"/editions/{world.keyring.sign('edition', ada.public_id)}"
    assert "None yet" in browser.get(path).text
    with writing(world.engine) as session:
        row = session.exec(select(DeliveryRow).where(DeliveryRow.kind == "digest")).one()
        row.state, row.sent_at = "sent", world.now()
        ordinal = row.ordinal
    assert f"{path}/{ordinal}" in browser.get(path).text
    assert browser.get(f"{path}/{ordinal}").headers["cache-control"] == "no-store"
    shown = browser.get(f"{path}/{ordinal}")
    assert "A phase 3 trial in NMOSD" in shown.text
    assert shown.headers["x-robots-tag"] == "noindex, nofollow"
    assert "style=" not in shown.text
    assert browser.get(f"{path}/{ordinal + 1}").status == 404
    assert browser.get(f"/editions/{world.keyring.sign('unsubscribe', ada.public_id)}").status == 400


def test_a_preview_s_links_are_marked_and_act_on_nobody(browser, world, ada, release):
    release(topics=("mogad",))
    shown = previews.digest(
        world.engine, world.keyring, world.settings, world.now(), address="ada@example.org", since=timedelta(weeks=5_000)
    )
    links = set(re.findall(rf"{world.settings.base_url}(/(?:unsubscribe|preferences)/[\w-]+)", shown.of("html").decode()))
    assert links == {"/unsubscribe/preview", "/preferences/preview"}
    for link in links:
        for answer in (browser.get(link), browser.post(link, "List-Unsubscribe=One-Click"), browser.post(link, "act=erase&sure=yes")):
            assert answer.status == 200
            assert "This link is from a preview" in answer.text
    assert held(world).status is Status.ACTIVE
