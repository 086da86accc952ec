"""Everything by keyboard alone, as people do who cannot use a mouse."""

import secrets
from typing import Final

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

STOPS_MAX: Final = 60
"""More than any of the pages has between its beginning and what one looks for."""


def tab_to(world: World, wanted: Locator) -> None:
    """Press Tab until *wanted* has the focus."""
    expect(wanted).to_be_attached()
    for _ in range(STOPS_MAX):
        world.tab.keyboard.press("Tab")
        if wanted.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"{wanted} is not reached by {STOPS_MAX} times Tab")


def test_a_rule_is_created_by_keyboard_alone(world: World) -> None:
    mark, tab = secrets.token_hex(4), world.tab
    world.call("POST", "/api/v1/clients", {"client_id": f"keys-{mark}", "name": "Keys"})
    world.go("/")
    tab.keyboard.press("Tab")
    tab_to(world, tab.get_by_role("navigation", name="Pages").get_by_role("link", name="Rules"))
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", level=1, name="Rules")).to_be_visible()
    # Focus has gone to the page: its links are next, and not the whole navigation again.
    expect(tab.locator("#main")).to_be_focused()
    tab_to(world, tab.locator("#main").get_by_role("link", name="New rule").first)
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", level=1, name="New rule")).to_be_visible()

    form = tab.get_by_role("form", name="Create rule")
    tab_to(world, form.get_by_role("textbox", name="Client"))
    tab.keyboard.type(f"keys-{mark}")
    expect(tab.get_by_role("option")).to_have_count(1)
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    expect(form.get_by_role("textbox", name="Client")).to_have_value(f"keys-{mark}")

    severities = form.get_by_role("radiogroup", name="Severity")
    tab_to(world, severities.locator("input[type=radio]:checked"))
    while not form.get_by_role("radio", name="Critical").is_checked():
        tab.keyboard.press("ArrowRight")
    tab_to(world, form.get_by_role("combobox", name="Source"))
    tab.keyboard.type(f"source-{mark}")
    tab_to(world, form.get_by_role("combobox", name="Name"))
    tab.keyboard.type("*")
    tab.keyboard.press("Escape")
    tab_to(world, world.button("Create rule", form))
    tab.keyboard.press("Enter")
    world.said("The rule is created")
    rule = world.call("GET", f"/api/v1/rules/{world.id_in_address('/rules')}")
    assert (rule["client_id"], rule["severity"]) == (f"keys-{mark}", "CRITICAL")
    assert (rule["source"], rule["name"]) == (f"source-{mark}", "*")
