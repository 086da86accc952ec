"""Every page, on both sites: nothing is thrown, nobody else is asked, and everybody can use it."""

import re
from typing import Final

import pytest
from playwright.sync_api import expect

from tests.browser.still import Look
from tests.browser.world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

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


def test_every_page_can_be_used_by_everybody_in_light_and_dark_on_phone_and_desk(world: World, looks: Look) -> None:
    for name, path in PAGES.items():
        world.go(path)
        looks(name)


def test_every_page_is_in_the_navigation_and_says_which_build_it_is(world: World) -> None:
    world.go("/")
    links = world.tab.get_by_role("navigation", name="Pages").get_by_role("link")
    expect(links).to_have_count(10 if world.site.is_playground else 9)
    expect(world.tab.get_by_test_id("build-stamp")).to_have_text(re.compile(r"Version \d+\.\d+\.\d+"))
