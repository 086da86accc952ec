"""What people come for, from the beginning to the end, on the platform and on the playground."""

import re
import secrets

import pytest
from playwright.sync_api import expect

from tests.browser.hostile import write_poison
from tests.browser.still import Look, look_until_found
from tests.browser.world import Watched, World
from tests.support.platform_process import PlatformProcess

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_new_client_with_a_rule_and_an_endpoint_is_told_of_an_alert(world: World) -> None:
    mark, tab = secrets.token_hex(4), world.tab

    world.go("/clients")
    world.button("New client").first.click()
    dialog = world.dialog("New client")
    dialog.get_by_label("Id").fill(f"shop-{mark}")
    dialog.get_by_label("Name").fill(f"Shop {mark}")
    world.button("Create client", dialog).click()
    expect(tab.get_by_role("heading", level=1)).to_have_text(f"Shop {mark}")

    world.go(f"/rules/new?client=shop-{mark}")
    form = tab.get_by_role("form", name="Create rule")
    form.get_by_text("Critical", exact=True).click()
    form.get_by_label("Source").fill(f"checkout-{mark}")
    form.get_by_label("Name").fill("*")
    world.button("Create rule", form).click()
    world.said("The rule is created")
    rule_id = world.id_in_address("/rules")

    tab.get_by_role("link", name="Add endpoint").click()
    form = tab.get_by_role("form", name="Create endpoint")
    form.get_by_role("textbox", name="URL", exact=True).fill(world.site.target())
    world.button("Create endpoint", form).click()
    secret = world.dialog("this is its signing secret")
    expect(secret.get_by_role("note", name="Signing secret")).to_contain_text("whsec_")
    world.button("I have stored it", secret).click()
    endpoint_id = world.id_in_address("/endpoints")

    watched = Watched(f"shop-{mark}", f"checkout-{mark}", f"payment-failed-{mark}", rule_id, endpoint_id)
    world.notify(watched, severity="Critical", context={"region": "eu-west-1"})
    timeline = tab.get_by_role("list", name="Timeline")
    expect(timeline).to_contain_text("Every delivery arrived.")
    expect(timeline.get_by_role("list", name="Attempts").get_by_role("listitem")).to_have_count(1)
    expect(timeline.get_by_role("list", name="Attempts")).to_contain_text(re.compile("Attempt 1: .*Status 200"))
    expect(timeline).to_contain_text("eu-west-1")


def test_explain_names_the_field_for_which_an_alert_did_not_notify(world: World) -> None:
    watched = world.make()
    world.send_alert(watched.client_id, severity="Low", source=watched.source, name=watched.name)
    outcome = world.tab.get_by_role("region", name="What became of it")
    expect(outcome).to_contain_text(f"It did not notify {watched.client_id}")
    expect(outcome).to_contain_text("severity differs")
    rule = world.tab.get_by_role("region", name="Near misses").get_by_role("table", name="Severity differs")
    expect(rule.get_by_role("row", name="Severity")).to_contain_text(re.compile("High.*Low.*differs", re.IGNORECASE))
    expect(rule.get_by_role("row", name="Source")).to_contain_text("equal")
    expect(rule.get_by_role("row", name="Name")).to_contain_text("equal")


def test_an_alert_fires_until_it_is_resolved_under_its_key(world: World) -> None:
    watched, tab = world.make(), world.tab
    alert = {"severity": "High", "source": watched.source, "name": watched.name, "dedup_key": watched.name}
    facts = tab.get_by_role("region", name="Alert")
    world.send_alert(watched.client_id, **alert)
    expect(facts).to_contain_text("Still firing")
    fired_at = tab.url
    world.send_alert(watched.client_id, **alert, status="Resolved")
    expect(tab).to_have_url(fired_at)
    expect(facts).to_contain_text(re.compile(r"Resolved.*Until.*, after \d"))

    world.go(f"/explain?status=resolved&source={watched.source}")
    row = tab.get_by_role("table", name="Recent alerts").get_by_role("row", name=watched.name)
    expect(row).to_contain_text("Resolved")
    world.go(f"/explain?status=firing&source={watched.source}")
    expect(tab.get_by_text("No recent alert fits these filters")).to_be_visible()


def test_the_end_is_told_to_who_was_told_of_the_firing_and_each_notification_leads_to_the_other(world: World) -> None:
    watched, tab = world.make(), world.tab
    world.notify(watched)
    fire_and_resolve(world, watched)
    life = tab.get_by_role("region", name="From firing to end")
    expect(life).to_contain_text("Its sender said that it is over.")
    ended = life.get_by_role("list", name="Notified of the end")
    expect(ended).to_contain_text(re.compile(f"{watched.client_id}.*Sent"))
    ended.get_by_role("link", name=watched.client_id).click()

    expect(tab.get_by_role("list", name="Timeline")).to_contain_text("Every delivery arrived.")
    expect(tab.get_by_role("list", name="Timeline")).to_contain_text(re.compile(r"Until.*, after \d"))
    resolved_at = tab.url
    tab.get_by_role("link", name="Told by the notification before").click()
    expect(tab.get_by_role("list", name="Timeline")).to_contain_text("Every delivery arrived.")
    assert tab.url != resolved_at
    tab.get_by_role("link", name="Told by another notification").click()
    expect(tab).to_have_url(resolved_at)

    world.go(f"/notifications?source={watched.source}&client={watched.client_id}")
    table = tab.get_by_role("table", name="Notifications")
    for kind in ("Firing", "Resolved"):
        expect(table.get_by_role("row").filter(has_text=kind)).to_have_count(1)
    world.go(f"/notifications?source={watched.source}&client={watched.client_id}&kind=RESOLVED")
    expect(table.get_by_role("row").filter(has_text=watched.name)).to_have_count(1)


def fire_and_resolve(world: World, watched: Watched) -> None:
    """Send that an alert fires, wait until its firing is told, and send that it is resolved; its page is shown then."""
    alert = {"severity": "High", "source": watched.source, "name": watched.name, "dedup_key": watched.name}
    world.send_alert(watched.client_id, **alert)
    life = world.tab.get_by_role("region", name="From firing to end")
    expect(life.get_by_role("list", name="Notified of the firing")).to_contain_text("Sent")
    expect(life).to_contain_text("Not over yet")
    world.send_alert(watched.client_id, **alert, status="Resolved")


def test_an_endpoint_can_be_spared_the_ends_of_alerts(world: World) -> None:
    watched, tab = world.make(), world.tab
    world.notify(watched)
    world.go(f"/endpoints/{watched.endpoint_id}")
    switch = tab.get_by_role("switch", name="Resolved alerts: ")
    expect(switch).to_be_checked()
    switch.click(force=True)
    world.said("The endpoint is no longer told when alerts are resolved")
    expect(switch).not_to_be_checked()
    assert world.call("GET", f"/api/v1/endpoints/{watched.endpoint_id}")["send_resolved"] is False

    fire_and_resolve(world, watched)
    ended = tab.get_by_role("list", name="Notified of the end")
    expect(ended).to_contain_text("Skipped")
    ended.get_by_role("link", name=watched.client_id).click()
    deliveries = tab.get_by_role("list", name="Deliveries")
    expect(deliveries).to_contain_text(
        "Nothing was sent. The endpoint is set not to be told when an alert is resolved."
    )


def test_a_rule_that_was_changed_elsewhere_is_not_overwritten_unseen(world: World) -> None:
    watched, tab = world.make(), world.tab
    world.go(f"/rules/{watched.rule_id}/edit")
    form = tab.get_by_role("form", name="Save rule")
    form.get_by_label("Name").fill("mine")
    change_elsewhere(world, watched, name="theirs")
    world.button("Save rule", form).click()

    dialog = world.dialog("Somebody else has changed this rule")
    row = dialog.get_by_role("table", name="What differs").get_by_role("row", name="Name")
    expect(row).to_contain_text(re.compile(f"{watched.name}.*theirs.*mine", re.DOTALL))
    world.button("Take theirs", dialog).click()
    expect(form.get_by_label("Name")).to_have_value("theirs")
    assert world.call("GET", f"/api/v1/rules/{watched.rule_id}")["name"] == "theirs"

    form.get_by_label("Name").fill("mine after all")
    world.button("Save rule", form).click()
    world.said("The rule is saved")
    assert world.call("GET", f"/api/v1/rules/{watched.rule_id}")["name"] == "mine after all"


def change_elsewhere(world: World, watched: Watched, *, name: str) -> None:
    """Change a rule in a second tab, or where that would be another world, as a second person of this one."""
    path = f"/rules/{watched.rule_id}"
    if world.site.is_playground:
        rule = world.call("GET", f"/api/v1{path}")
        pattern = {"severity": rule["severity"], "source": rule["source"], "name": name, "enabled": True}
        world.call("PUT", f"/api/v1{path}", pattern, **{"if-match": f'"{rule["version"]}"'})
        return
    with world.site.open(f"{path}/edit") as page:
        second = World(world.site, page)
        form = second.tab.get_by_role("form", name="Save rule")
        form.get_by_label("Name").fill(name)
        second.button("Save rule", form).click()
        second.said("The rule is saved")


def test_a_disabled_rule_tells_nobody_and_undo_takes_that_back(world: World) -> None:
    watched, tab = world.make(), world.tab
    world.go(f"/rules/{watched.rule_id}")
    switch = tab.get_by_role("switch", name="Enabled: High")
    expect(switch).to_be_checked()
    switch.click(force=True)
    message = world.said("The rule is disabled")
    expect(tab.get_by_text("This rule is disabled: it matches nothing until it is enabled.")).to_be_visible()
    assert world.call("GET", f"/api/v1/rules/{watched.rule_id}")["enabled"] is False

    world.button("Undo", message).click()
    world.said("Taken back")
    expect(switch).to_be_checked()
    assert world.call("GET", f"/api/v1/rules/{watched.rule_id}")["enabled"] is True

    switch.click(force=True)
    expect(switch).not_to_be_checked()
    world.send_alert(watched.client_id, severity="High", source=watched.source, name=watched.name)
    rule = tab.get_by_role("region", name="Near misses").get_by_role("listitem")
    expect(rule).to_contain_text("Would match, but is disabled")


def test_an_operators_rule_is_told_of_what_no_other_rule_meets(world: World, looks: Look) -> None:
    others, tab = world.make(), world.tab
    world.go(f"/rules/new?client={others.client_id}")
    form = tab.get_by_role("form", name="Create rule")
    form.get_by_text("What is unmatched", exact=True).click()
    expect(form.get_by_role("combobox", name="Source")).to_have_count(0)
    looks("new-catch-all")
    world.button("Create rule", form).click()
    world.said("The rule is created")
    rule_id = world.id_in_address("/rules")
    try:
        hook = {"type": "webhook", "value": world.site.target()}
        endpoint = world.call("POST", f"/api/v1/rules/{rule_id}/endpoints", hook)
        unmatched = Watched(others.client_id, others.source, secrets.token_hex(4), rule_id, endpoint["endpoint_id"])
        world.notify(unmatched)
        expect(tab.get_by_role("list", name="Timeline")).to_contain_text("Every delivery arrived.")

        world.send_alert(others.client_id, severity="High", source=others.source, name=others.name)
        misses = tab.get_by_role("region", name="Near misses").get_by_role("listitem")
        expect(misses).to_contain_text("another rule meets the alert")
    finally:
        world.call("DELETE", f"/api/v1/rules/{rule_id}")
    tab.reload()


def test_a_notification_is_sent_again_and_both_rounds_are_shown(world: World) -> None:
    watched, tab = world.make(), world.tab
    world.notify(watched)
    attempts = tab.get_by_role("list", name="Attempts")
    expect(tab.get_by_role("list", name="Timeline")).to_contain_text("Every delivery arrived.")

    world.button("Send again").click()
    dialog = world.dialog("Send this notification again?")
    world.button("Send to every target", dialog).click()
    world.said("The notification is sent again")
    expect(attempts).to_contain_text("Sent again")
    expect(attempts.get_by_text("Delivered", exact=False)).to_have_count(2)


@pytest.mark.parametrize("world_of_session", ["platform"], indirect=True)
def test_a_dead_letter_is_repaired_in_its_form_and_becomes_an_alert(
    world: World, running_platform: PlatformProcess, looks: Look
) -> None:
    mark, tab, known = secrets.token_hex(4), world.tab, dead_letters_of(world)
    write_poison(running_platform)
    # One that another test has written the same may come only now: either will do.
    letter_id = min(look_until_found(tab, lambda: dead_letters_of(world) - known, what="the dead letter"))
    world.go(f"/dead-letters/{letter_id}")
    world.button("Replay").click()
    form = world.dialog("Replay this record").get_by_role("form", name="Replay")
    name = form.get_by_role("textbox", name="name", exact=True)
    expect(name).to_be_focused()
    expect(name).to_have_accessible_description("must not be empty")
    looks("repair-dead-letter")

    form.get_by_role("textbox", name="alert_id").fill(f"repaired-{mark}")
    name.fill(" ")
    tab.keyboard.press("Enter")
    expect(form.get_by_role("alert")).to_contain_text("It would be refused still")
    expect(name).to_have_accessible_description("must not be empty")
    assert letter_id in dead_letters_of(world)

    name.fill(f"repaired-{mark}")
    tab.keyboard.press("Enter")
    expect(tab.get_by_text("It was replayed")).to_be_visible()
    assert letter_id not in dead_letters_of(world)
    alerts = f"/api/v1/alerts?name=repaired-{mark}"
    (alert,) = look_until_found(tab, lambda: world.call("GET", alerts)["items"], what="the alert")
    assert alert["alert_id"] == f"repaired-{mark}"


def dead_letters_of(world: World) -> set[str]:
    """Return the ids of the latest dead letters."""
    return {letter["letter_id"] for letter in world.call("GET", "/api/v1/dead-letters?limit=200")["items"]}
