"""Whatever others write, it is shown as text, and leaves every page in its place."""

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Dialog, expect

from tests.browser.hostile import CONTEXT, MARKUP, NAMES, RUNBOOK, rude_receiver, write_poison
from tests.browser.still import SIZES, cut_off, look_until_found, resized, shoot, wait_until_still
from tests.browser.world import World, ask_worker
from tests.support.platform_process import PlatformProcess

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


OPENED_MAX: Final = 3
"""How many of the cut texts of a page are opened."""

_FOUND: Final = """() => ({
  ran: window.hostile === 1,
  elements: document.querySelectorAll("#main script, #main img, #main iframe, #main b > script").length,
  bold: [...document.querySelectorAll("b, strong")].filter((each) => each.textContent === "not bold").length,
  links: document.querySelectorAll('a[href^="https://evil.example"], a[href^="javascript:"]').length,
  unsafe: [...document.querySelectorAll("#main a[href]")].filter((each) => each.origin !== location.origin &&
    !(/^https?:$/.test(each.protocol) && each.rel === "noopener noreferrer nofollow" && each.target === "_blank")
  ).length,
  turned: /[\\u202e\\u2066\\u061c\\u200b]/.test(document.body.innerText),
  title: /[\\u202e\\u2066\\u061c]/.test(document.title),
})"""


@dataclass(frozen=True, slots=True)
class Notice:
    """Where hostile text stands."""

    client_id: str
    rule_ids: Mapping[str, str]
    notifications: Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def told(world_of_session: World) -> Iterator[Notice]:
    """Let a client be told of alerts that are hostile in every field, by rules that are so too."""
    world = world_of_session
    with rude_receiver() as url:
        yield tell(world, world.site.target() if world.site.is_playground else url)


def tell(world: World, url: str) -> Notice:
    client_id = f"{MARKUP[:40]}{secrets.token_hex(4)}"
    world.call("POST", "/api/v1/clients", {"client_id": client_id, "name": MARKUP})
    rule_ids = dict[str, str]()
    for what, text in NAMES.items():
        rule = {"severity": "*", "source": text, "name": text, "description": f"{text}\n{text}"[:500]}
        rule |= {"name_shown": text[:120]} if what != "long" else {}
        rule_ids[what] = world.call("POST", "/api/v1/rules", {"client_id": client_id, **rule})["rule_id"]
        endpoint = {"type": "webhook", "value": f"{url}?{what}", "description": rule["description"]}
        world.call("POST", f"/api/v1/rules/{rule_ids[what]}/endpoints", endpoint)
    found = dict[str, Mapping[str, Any]]()

    def all_tried() -> bool:
        for what in NAMES.keys() - found.keys():  # Again, until its rule is in effect.
            alert = {"severity": "HIGH", "source": NAMES[what], "name": NAMES[what], "context": dict(CONTEXT)}
            world.call("POST", "/api/v1/alerts", {"alert_id": f"{NAMES[what][:200]}{secrets.token_hex(4)}", **alert})
        query = urlencode({"client_id": client_id, "limit": 200})
        for each in world.call("GET", f"/api/v1/notifications?{query}")["items"]:
            found.update({what: each for what, text in NAMES.items() if text == each["name"]})
        return len(found) == len(NAMES) and all(map(was_tried, found.values()))

    def was_tried(notification: Mapping[str, Any]) -> bool:
        detail = world.call("GET", f"/api/v1/notifications/{notification['notification_id']}")
        return any(delivery["attempts"] for delivery in detail["deliveries"])

    look_until_found(world.tab, all_tried, what="an attempt for each of the alerts")
    return Notice(client_id, rule_ids, found)


def pages_of(told: Notice) -> dict[str, str]:
    """Return where all that is to be seen."""
    client = quote(told.client_id, safe="")
    pages = {
        "clients": "/clients",
        "client": f"/clients/{client}",
        "rules": f"/rules?client={client}",
        "endpoints": f"/endpoints?client={client}",
        "notifications": f"/notifications?client={client}",
        "alerts": "/explain",
        "dead-letters": "/dead-letters",
    }
    for what, rule_id in told.rule_ids.items():
        notification = told.notifications[what]
        alert = quote(notification["alert_id"], safe="")
        pages[f"rule-{what}"] = f"/rules/{rule_id}?client={client}"
        pages[f"edit-{what}"] = f"/rules/{rule_id}/edit?client={client}"
        pages[f"notification-{what}"] = f"/notifications/{notification['notification_id']}"
        pages[f"explain-{what}"] = f"/explain?alert={alert}&client={client}"
    return pages


@pytest.mark.parametrize("size", SIZES)
def test_hostile_text_is_shown_as_text_and_breaks_no_page(world: World, told: Notice, size: str) -> None:
    tab, wrong, dialogs = world.tab, list[str](), list[Dialog]()

    def note(dialog: Dialog) -> None:
        dialogs.append(dialog)

    tab.on("dialog", note)
    with resized(tab):
        tab.set_viewport_size(SIZES[size])  # type: ignore[arg-type]
        for name, path in pages_of(told).items():
            world.go(path)
            wait_until_still(tab)
            cut = tab.get_by_role("button", name=re.compile("^show all .* characters$"))
            for _ in range(min(OPENED_MAX, cut.count())):
                cut.first.click()
            wrong += [f"{name}: {issue}" for issue in issues(world)]
            if name.endswith(("markup", "clients", "notifications")):
                shoot(tab, f"{world.site.name}/hostile-{name}-{size}")
        world.go(pages_of(told)["notification-markup"])
        expect(tab.locator("#main")).to_contain_text("<script>window.hostile=1</script>")
        expect(tab.get_by_role("link", name=RUNBOOK, exact=True)).to_have_attribute("href", RUNBOOK)
        expect(tab.locator("#main")).to_contain_text("https://good.example@evil.example/")
        if not world.site.is_playground:
            expect(tab.get_by_role("group", name="Answer to attempt 1")).to_contain_text('<img src=x onerror="')
    assert dialogs == []
    assert wrong == [], json.dumps(wrong, indent=1)


def issues(world: World) -> list[str]:
    found: Mapping[str, Any] = world.tab.evaluate(_FOUND)
    over = cut_off(world.tab)
    return [f"{what}: {value}" for what, value in found.items() if value] + ([f"{over} px cut off"] if over else [])


@pytest.mark.parametrize("size", SIZES)
def test_a_dead_letter_of_hostile_text_is_shown_as_text(
    world: World, size: str, request: pytest.FixtureRequest
) -> None:
    if world.site.is_playground:
        ask_worker(world.tab, type="call", call="act", text=json.dumps({"do": "poison", "topic": "alerts.new"}))
    else:
        running: PlatformProcess = request.getfixturevalue("running_platform")
        write_poison(running)
    letters = look_until_found(
        world.tab,
        lambda: world.call("GET", "/api/v1/dead-letters")["items"],
        what="the dead letter",
    )
    with resized(world.tab):
        world.tab.set_viewport_size(SIZES[size])  # type: ignore[arg-type]
        for path in ("/dead-letters", f"/dead-letters/{letters[0]['letter_id']}"):
            world.go(path)
            wait_until_still(world.tab)
            assert issues(world) == []
        shoot(world.tab, f"{world.site.name}/dead-letter-{size}")
        if not world.site.is_playground:
            expect(world.tab.locator("#main")).to_contain_text("<script>window.hostile=1</script>")
