"""Every page, on both sites: nothing is thrown, nobody else is asked, and everybody can use it."""

import re
from typing import Final

import pytest
from playwright.sync_api import expect

from tests.browser.sites import Site
from tests.browser.still import SIZES, Look, wait_until_still
from tests.browser.world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

PAGES: Final = {
    "overview": "/",
    "rules": "/rules",
    "new-rule": "/rules/new",
    "endpoints": "/endpoints",
    "notifications": "/notifications",
    "explain": "/explain",
    "try-payload": "/explain/payload",
    "clients": "/clients",
    "generator": "/generator",
    "metrics": "/stages",
    "dead-letters": "/dead-letters",
}


SHIFT_MAX: Final = 0.1
"""What is called a good cumulative layout shift."""

_NOTE_SHIFTS: Final = """
window.shift = 0;
window.shifts = new PerformanceObserver((seen) => window.addShifts(seen.getEntries()));
window.addShifts = (entries) => {
  for (const entry of entries) if (!entry.hadRecentInput) window.shift += entry.value;
};
window.shifts.observe({type: "layout-shift", buffered: true});
"""


def test_every_page_can_be_used_by_everybody_in_light_and_dark_on_phone_and_desk(world: World, looks: Look) -> None:
    for name, path in PAGES.items():
        world.go(path)
        looks(name)


def test_every_page_is_in_the_navigation_and_says_which_build_it_is(world: World) -> None:
    world.go("/")
    links = world.tab.get_by_role("navigation", name="Pages").get_by_role("link")
    expect(links).to_have_count(10 if world.site.is_playground else 9)
    expect(world.tab.get_by_test_id("build-stamp")).to_have_text(re.compile(r"Version \d+\.\d+\.\d+"))


@pytest.mark.parametrize("size", SIZES)
def test_pages_do_not_jump_while_they_are_built_up(platform_site: Site, size: str) -> None:
    moved = dict[str, float]()
    with platform_site.open(viewport=SIZES[size]) as page:
        page.tab.add_init_script(_NOTE_SHIFTS)
        for name, path in PAGES.items():
            page.tab.goto(platform_site.address_of(path))
            expect(page.tab.locator("#main h1")).to_be_visible()
            wait_until_still(page.tab)
            moved[name] = page.tab.evaluate("addShifts(shifts.takeRecords()), shift")
    assert {name: shift for name, shift in moved.items() if shift > SHIFT_MAX} == {}, moved


def test_an_address_without_a_page_has_the_not_found_page_of_the_interface(world: World) -> None:
    for path in ("/stages/nonsense", "/notifications/nonsense/nonsense", "/rules/nonsense/nonsense"):
        world.go(path)
        expect(world.tab.get_by_role("heading", level=1)).to_have_text("Page not found")
        expect(world.tab.locator("#main")).to_contain_text(path)
