"""The page of the simulation, as a person uses it."""

import json
import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.still import look_until_found


class Simulated:
    """What stands on the page, and its controls."""

    def __init__(self, tab: Page) -> None:
        self.tab = tab

    def figure(self, label: str) -> Locator:
        """Return one of the figures beside the time: "Virtual time", "Alerts", "Kills"."""
        names = self.tab.get_by_role("region", name="Time", exact=True).locator("dl > div")
        return names.filter(has=self.tab.locator("dt", has_text=re.compile(f"^{label}$"))).locator("dd")

    def figures(self) -> dict[str, str]:
        """Return all of them but the speed, as they stand there: only sensible while time stands still."""
        labels = ("Virtual time", "Alerts", "Notifications", "Delivered", "Kills")
        return {label: self.figure(label).inner_text() for label in labels}

    def check(self, name: str) -> Locator:
        """Return one of the live checks: "Lost", "Doubled"."""
        checks = self.tab.get_by_role("region", name="Live checks")
        return checks.get_by_role("listitem", name=name, exact=True)

    def press(self, name: str) -> None:
        """Press the button of exactly that name."""
        self.tab.get_by_role("button", name=name, exact=True).click()

    def pause(self) -> None:
        """Let time stand still."""
        self.press("Pause")
        expect(self.figure("Speed reached")).to_have_text("paused")

    def set_speed(self, shown: str) -> None:
        """Choose how fast virtual time is to pass: "1×", "Max"."""
        self.tab.get_by_label("Speed", exact=True).select_option(label=shown)

    def open_tab(self, name: str) -> None:
        """Show the panel of faults or of settings."""
        self.tab.get_by_role("tab", name=name).click()

    def wait_for_alerts(self, more: int) -> None:
        """Wait until so many more alerts have come in."""
        least = self.totals()["alerts"] + more
        look_until_found(self.tab, lambda: self.totals()["alerts"] >= least, what=f"alert {least}")

    def snapshot(self) -> dict[str, Any]:
        """Return all that the page was told last."""
        told: dict[str, Any] = json.loads(self.tab.evaluate("theSnapshot"))
        return told

    def totals(self) -> dict[str, int]:
        """Return what has been counted since the beginning."""
        totals: dict[str, int] = self.snapshot()["totals"]
        return totals

    def share(self) -> tuple[str, str]:
        """Make a link to this moment; return it, and the digest that is shown with it."""
        self.press("Share this run")
        link = self.tab.get_by_role("textbox", name="Link to this run").input_value()
        digest = self.tab.get_by_text("Digest of all that happened").locator("code").inner_text()
        self.tab.keyboard.press("Escape")
        return link, digest
