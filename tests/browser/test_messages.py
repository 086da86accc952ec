"""Mails and Slack messages of real alerts, in a browser: nothing cut off, nothing loaded, links lead where they say.

Pictures are in `build/screenshots/messages`. Slack's are drawn by `tests/support/slack_page.py`, not by Slack.
"""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from alerting_core.delivery.email import render_email
from alerting_core.delivery.slack import slack_message
from alerting_core.domain.endpoint import EndpointType
from alerting_core.domain.notification import Notification
from tests.browser.still import SIZES, cut_off, shoot
from tests.support.browser import watched_page
from tests.support.real_alerts import FIRING, RESOLVED
from tests.support.slack_page import slack_page
from tests.unit.core.delivery.make import make_claim, make_delivery

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

STATES = {"firing": FIRING, "resolved": RESOLVED}
NOTIFICATIONS = [(f"{name}-{state}", of[name]) for name in FIRING for state, of in STATES.items()]


def mail_page(notification: Notification) -> str:
    return render_email(make_claim(make_delivery("ops@acme.dev", type=EndpointType.EMAIL), notification)).html


def check_links(tab: Page) -> None:
    """Check that each link leads to a page, and that its host can be read beside it."""
    for link in tab.get_by_role("link").all():
        parts = urlsplit(link.get_attribute("href") or "")
        assert parts.scheme in {"http", "https"}
        assert parts.netloc in (link.locator("xpath=..").text_content() or "")


@pytest.mark.parametrize("kind", ["mail", "slack"])
@pytest.mark.parametrize(("name", "notification"), NOTIFICATIONS, ids=[name for name, _ in NOTIFICATIONS])
def test_a_message_can_be_read_on_a_phone_and_on_a_desk(
    running_browser: Browser, kind: str, name: str, notification: Notification
) -> None:
    html = mail_page(notification) if kind == "mail" else slack_page(slack_message(notification))
    with watched_page(running_browser, origin="about:blank") as page:
        page.tab.set_content(html)
        for size, viewport in SIZES.items():
            page.tab.set_viewport_size(viewport)  # type: ignore[arg-type]
            shoot(page.tab, f"messages/{kind}-{name}-{size}")
            assert cut_off(page.tab) == 0, size
        check_links(page.tab)
        shown = page.tab.locator("body").inner_text()
        summary = notification.annotations.get("summary") or notification.annotations["description"]
        assert shown.index(notification.name) < shown.index(summary)
        assert notification.severity.name in shown
        assert ("Resolved" in shown) == (notification.ends_at is not None)
        page.check()
