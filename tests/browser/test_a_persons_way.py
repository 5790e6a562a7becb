"""A person's way through the pages in Chromium, with JavaScript off, on a phone's width."""

import os
import re
import shutil
from collections.abc import Iterator

import pytest
from sqlmodel import select

from alerts.pipeline import people
from alerts.store.engine import reading
from alerts.store.tables import ReportRow
from alerts.wiring import World

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install playwright")
CHROMIUM = os.environ.get("ALERTS_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium; name one with ALERTS_TEST_CHROMIUM"),
]
PHONE = {"width": 360, "height": 740}


@pytest.fixture
def page(browser) -> Iterator["playwright.Page"]:
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        context = chromium.new_context(
            java_script_enabled=False, viewport=PHONE, base_url=f"http://127.0.0.1:{browser.port}"
        )
        yield context.new_page()
        chromium.close()


def fits(page: "playwright.Page") -> None:
    """Fail where a page is wider than the phone."""
    box = page.locator("body").bounding_box()
    assert box["width"] <= PHONE["width"]
    for part in page.locator("main > *").all():
        assert (part.bounding_box() or {"width": 0})["width"] <= PHONE["width"]


def test_from_the_start_page_to_the_last_mail(page, world: World, release, confirm_token) -> None:
    release(title="A phase 3 trial in NMOSD", text="In 57 patients with NMOSD.", phases=("PHASE3",), phase_role="own")
    page.goto("/")
    fits(page)
    page.get_by_role("link", name="A phase 3 trial in NMOSD").click()
    fits(page)
    page.get_by_label("What is wrong").fill("It was phase 2")
    page.get_by_role("button", name="Report it").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    with reading(world.engine) as session:
        assert session.exec(select(ReportRow.words)).all() == ["It was phase 2"]

    page.goto("/signup")
    fits(page)
    page.get_by_label("Your mail address").fill("ada@example.org")
    page.get_by_label("NMOSD").check()
    page.get_by_label("Every day").check()
    page.get_by_label("I agree that").check()
    page.get_by_role("button", name="Sign up").click()
    page.get_by_role("heading", name="Look into your mail").wait_for()

    page.goto(f"/confirm/{confirm_token()}")
    page.get_by_role("button", name="Yes, send it to me").click()
    page.get_by_role("heading", name="Thank you, you are in").wait_for()
    page.goto(re.sub(r"^https?://[^/]+", "", page.get_by_role("link", name="See and change").get_attribute("href")))
    fits(page)

    page.get_by_text("Follow more").click()
    page.get_by_label("MOGAD").check()
    page.get_by_label("Every month").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    ada = people.find(world.engine, world.keyring, "ada@example.org")
    assert [str(one) for one in ada.wishes.interests] == ["mogad", "nmosd"]
    assert ada.wishes.cadence.rhythm == "monthly"

    page.goto(f"/unsubscribe/{world.keyring.sign('unsubscribe', ada.public_id)}")
    fits(page)
    page.get_by_role("button", name="Unsubscribe now").click()
    page.get_by_role("heading", name="You are unsubscribed").wait_for()


def test_a_topic_is_followed_by_feed_and_filtered_by_links(page, release) -> None:
    release(title="A phase 3 trial in NMOSD", phases=("PHASE3",), phase_role="own")
    release(title="Cells of NMOSD patients")
    page.goto("/topics/nmosd")
    assert page.locator('link[rel="alternate"][type="application/rss+xml"]').count() == 1
    page.get_by_text("Show only some").click()
    page.get_by_role("link", name="Phase 3", exact=True).click()
    assert page.get_by_role("heading", level=3).all_inner_texts() == ["A phase 3 trial in NMOSD"]
