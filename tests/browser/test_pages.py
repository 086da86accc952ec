"""Every page, on both sites: nothing is thrown, nobody else is asked, and everybody can use it."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.sites import Site
from tests.support.install.place import CHECKOUT

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGES: Final = {
    "overview": "/",
    "rules": "/rules",
    "new-rule": "/rules/new",
    "endpoints": "/endpoints",
    "notifications": "/notifications",
    "explain": "/explain",
    "clients": "/clients",
    "generator": "/generator",
    "metrics": "/stages",
    "dead-letters": "/dead-letters",
}
SIZES: Final = {"phone": {"width": 375, "height": 812}, "desk": {"width": 1_440, "height": 900}}
SHOTS: Final = CHECKOUT / "build" / "screenshots"

_AXE: Final = CHECKOUT / "ui" / "node_modules" / "axe-core" / "axe.min.js"
_GRAVE: Final = {"serious", "critical"}


def wait_until_still(tab: Page) -> None:
    """Wait until the page has all that it asked for."""
    expect(tab.locator("[aria-busy=true]")).to_have_count(0)
    expect(tab.locator(".mantine-Skeleton-root")).to_have_count(0)


def grave_issues(tab: Page) -> list[str]:
    """Return what keeps people from using the page, by the rules of axe."""
    tab.evaluate(_AXE.read_text())
    found: dict[str, Any] = tab.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{issue['id']} ({issue['impact']}): {node['target']} {node['failureSummary']}"
        for issue in found["violations"]
        if issue["impact"] in _GRAVE
        for node in issue["nodes"]
    ]


def shoot(tab: Page, name: str) -> Path:
    """Take a picture of the whole page."""
    path = SHOTS / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    tab.screenshot(path=path, full_page=True, animations="disabled")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_used_by_everybody_in_light_and_dark_on_phone_and_desk(site: Site, scheme: Any) -> None:
    pages = {**PAGES, "simulation": "/simulation"} if site.is_playground else PAGES
    wrong = list[str]()
    for size_name, size in SIZES.items():
        with site.open(viewport=size, color_scheme=scheme) as page:
            for name, path in pages.items():
                page.tab.goto(site.address_of(path))
                expect(page.tab.locator("#main h1")).to_be_visible()
                wait_until_still(page.tab)
                shoot(page.tab, f"{site.name}/{name}-{scheme}-{size_name}")
                over = page.tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                if over > 0:
                    wrong.append(f"{name}, {size_name}: {over} px are cut off on the right")
                wrong += [f"{name}, {scheme}, {size_name}: {issue}" for issue in grave_issues(page.tab)]
    assert wrong == [], json.dumps(wrong, indent=1)
