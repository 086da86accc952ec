"""The demo inbox, as a person watches it."""

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import WAIT_SECONDS_MAX, watched_page
from tests.support.platform_process import PlatformProcess

pytestmark = pytest.mark.browser


def test_new_messages_appear_by_themselves_and_what_was_opened_stays_open(
    running_browser: Browser, running_platform: PlatformProcess
) -> None:
    inbox = f"{running_platform.url}/demo/inbox"
    expect.set_options(timeout=WAIT_SECONDS_MAX * 1_000)
    with watched_page(running_browser, origin=running_platform.url) as page:
        httpx.post(f"{inbox}/webhook/watched", json={"name": "first to be read"}, trust_env=False)
        page.tab.goto(inbox)
        opened = page.tab.locator("details", has_text="first to be read")
        opened.locator("summary").click()
        httpx.post(f"{inbox}/webhook/watched", json={"name": "<b>came later</b>"}, trust_env=False)
        expect(page.tab.locator("details", has_text="<b>came later</b>")).to_have_count(1)
        expect(opened).to_have_attribute("open", "")
        page.check()


def test_a_button_has_alerts_sent_and_says_so(running_browser: Browser, running_platform: PlatformProcess) -> None:
    expect.set_options(timeout=WAIT_SECONDS_MAX * 1_000)
    with watched_page(running_browser, origin=running_platform.url) as page:
        page.tab.goto(f"{running_platform.url}/demo/inbox")
        page.tab.get_by_role("button", name="Send alerts for 3 minutes").click()
        expect(page.tab.get_by_role("button", name="Sending an alert every few seconds")).to_be_disabled()
        page.check()
