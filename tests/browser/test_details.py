"""The main views below the pages, in light and dark, on a phone and a desk: usable by everybody, nothing cut off."""

import pytest
from playwright.sync_api import expect

from tests.browser.simulated import Simulated
from tests.browser.still import Look
from tests.browser.test_journeys import change_elsewhere
from tests.browser.world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


def test_editor_preview_and_conflict_of_a_rule_look_right(world: World, looks: Look) -> None:
    watched, tab = world.make(), world.tab
    world.notify(watched)
    looks("notification")
    tab.locator("#main").get_by_role("link", name="Explain").click()
    expect(tab.get_by_role("region", name="Rules that match")).to_be_visible()
    looks("explain-result")
    world.go(f"/rules/{watched.rule_id}")
    looks("rule")
    tab.get_by_role("link", name="All of this rule").click()
    expect(tab.get_by_role("group", name="Rule").get_by_role("link")).to_contain_text(watched.name)
    expect(tab.get_by_role("table", name="Notifications").get_by_role("link", name=watched.name)).not_to_have_count(0)
    looks("notifications-of-rule")
    world.go(f"/rules/{watched.rule_id}/edit")
    form = tab.get_by_role("form", name="Save rule")
    form.get_by_label("Name").fill("*")
    expect(tab.get_by_role("list", name="Alerts that match").get_by_role("listitem").first).to_be_visible()
    tab.keyboard.press("Escape")
    looks("edit-rule")
    change_elsewhere(world, watched, name="theirs")
    world.button("Save rule", form).click()
    world.dialog("Somebody else has changed this rule")
    looks("rule-conflict")


def test_alerts_that_fire_and_are_resolved_look_right(world: World, looks: Look) -> None:
    watched, tab = world.make(severity="CRITICAL"), world.tab
    alert = {"severity": "Critical", "source": watched.source, "name": watched.name}
    world.notify(watched, severity="Critical")
    for key in ("over", "fires"):
        world.send_alert(watched.client_id, **alert, dedup_key=key)
    expect(tab.get_by_role("region", name="Alert")).to_contain_text("Still firing")
    looks("alert-firing")
    world.send_alert(watched.client_id, **alert, dedup_key="over", status="Resolved")
    expect(tab.get_by_role("region", name="Alert")).to_contain_text("Resolved")
    life = tab.get_by_role("region", name="From firing to end")
    expect(life.get_by_role("list", name="Notified of the end")).to_contain_text("Sent")
    looks("alert-resolved")
    life.get_by_role("list", name="Notified of the end").get_by_role("link", name=watched.client_id).click()
    expect(tab.get_by_role("list", name="Timeline")).to_contain_text("Every delivery arrived.")
    looks("notification-resolved")
    tab.get_by_role("link", name="Told by the notification before").click()
    expect(tab.get_by_role("link", name="Told by another notification")).to_be_visible()
    looks("notification-firing")
    world.go(f"/notifications?source={watched.source}&client={watched.client_id}")
    expect(tab.get_by_role("table", name="Notifications").get_by_text("Resolved")).to_be_visible()
    looks("notifications-of-a-life")
    world.go(f"/explain?source={watched.source}")
    rows = tab.get_by_role("table", name="Recent alerts").get_by_role("row")
    for status in ("Firing", "Resolved"):
        expect(rows.filter(has_text=status)).to_have_count(1)
    looks("alerts-with-a-life")
    world.go("/explain/send")
    tab.get_by_role("form", name="Alert").get_by_label("Deduplication key").fill("disk")
    looks("send-alert-with-a-life")


def test_forms_and_what_they_make_look_right(world: World, looks: Look) -> None:
    watched = world.make()
    world.go(f"/endpoints/new?rule={watched.rule_id}")
    looks("new-endpoint")
    world.go(f"/endpoints/{watched.endpoint_id}")
    looks("endpoint")
    world.go("/explain/send")
    looks("send-alert")
    for name, scopes in (("prometheus in production", ["alerts:write"]), ("on call", ["rules:read", "admin"])):
        world.call("POST", "/api/v1/keys", {"client_id": watched.client_id, "name": name, "scopes": scopes})
    world.go(f"/clients/{watched.client_id}")
    expect(world.tab.get_by_role("table", name="API keys").get_by_role("row")).to_have_count(3)
    looks("client")


@pytest.mark.parametrize("world_of_session", ["playground"], indirect=True)
def test_the_simulation_looks_right_while_a_check_is_broken_and_in_the_tour(world: World, looks: Look) -> None:
    world.go("/simulation")
    tab, simulated = world.tab, Simulated(world.tab)
    expect(tab.get_by_role("region", name="Guided tour")).to_be_visible()
    looks("simulation-tour")
    world.button("Skip the tour").click()
    tab.get_by_role("switch", name="Commit first, then work").click(force=True)
    simulated.press("Kill aggregator-1 before it commits")
    expect(simulated.check("Lost")).to_have_attribute("data-tone", "bad")
    simulated.pause()
    looks("simulation-broken")
    simulated.open_tab("Settings")
    looks("simulation-settings")
    simulated.press("Work first again")
    simulated.press("Start anew, work first")
    simulated.press("Play")
