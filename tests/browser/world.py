"""One tab with a platform behind it, what a person does there, and what somebody else does at the same time.

On the platform somebody else is a program with a key. On the playground a second tab would be a second world, so that
somebody else speaks to the same simulated platform, in the worker of the same tab.
"""

import itertools
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as NotInTime

from tests.browser.sites import Site, go
from tests.support.browser import WatchedPage
from tests.support.platform_process import ADMIN_KEY

_ASK: Final = """(message) => new Promise((resolve) => {
  const hear = ({data}) => {
    if (data.id !== message.id) return;
    theWorker.removeEventListener("message", hear);
    resolve(data);
  };
  theWorker.addEventListener("message", hear);
  theWorker.postMessage(message);
})"""

SENDS_MAX: Final = 5
"""How often an alert is sent until the rule that was just made is in effect: the platform has two seconds for that."""

_NUMBERS = itertools.count(1_000_000_000)  # The page counts its own messages from 1.


def ask_worker(tab: Page, **message: Any) -> dict[str, Any]:
    """Send the worker of the playground a message as the page does; return its answer."""
    answer: dict[str, Any] = tab.evaluate(_ASK, {"id": next(_NUMBERS), **message})
    return answer


@dataclass(frozen=True, slots=True)
class Watched:
    """A client with a rule and an endpoint: what most of the pages are about."""

    client_id: str
    source: str
    name: str
    rule_id: str
    endpoint_id: str


@dataclass(frozen=True, slots=True)
class World:
    """A site, and a tab that stays open on it."""

    site: Site
    page: WatchedPage
    _keys: Mapping[str, str] = field(default_factory=lambda: {"Authorization": f"Bearer {ADMIN_KEY}"})

    @property
    def tab(self) -> Page:
        """The tab."""
        return self.page.tab

    def go(self, path: str) -> None:
        """Go to a page."""
        go(self.page, self.site, path)

    def button(self, name: str, within: Locator | None = None) -> Locator:
        """Return the button of exactly that name."""
        return (within or self.tab.locator("body")).get_by_role("button", name=name, exact=True)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Ask the API as somebody else would; return the JSON of its answer, which must be a good one."""
        if self.site.is_playground:
            asked = {"method": method, "path": path, "headers": {"content-type": "application/json", **headers}}
            told = ask_worker(self.tab, type="request", body=None if body is None else json.dumps(body), **asked)
            status, text = told["status"], told["body"]
        else:
            with httpx.Client(base_url=self.site.origin, headers=dict(self._keys), trust_env=False, timeout=30) as http:
                answer = http.request(method, path, json=body, headers=headers)
            status, text = answer.status_code, answer.text
        assert status < 300, f"{method} {path}: {status} {text}"
        return json.loads(text) if text else None

    def make(self, *, severity: str = "HIGH", source: str = "", name: str = "") -> Watched:
        """Let somebody else make a client with a rule and an endpoint that answers."""
        mark = secrets.token_hex(4)
        client = self.call("POST", "/api/v1/clients", {"client_id": f"client-{mark}", "name": f"Client {mark}"})
        pattern = {"severity": severity, "source": source or f"source-{mark}", "name": name or f"name-{mark}"}
        rule = self.call("POST", "/api/v1/rules", {"client_id": client["client_id"], **pattern})
        endpoint = self.call(
            "POST",
            f"/api/v1/rules/{rule['rule_id']}/endpoints",
            {"type": "webhook", "value": self.site.target()},
        )
        return Watched(
            client["client_id"], pattern["source"], pattern["name"], rule["rule_id"], endpoint["endpoint_id"]
        )

    def send_alert(
        self,
        client_id: str,
        *,
        severity: str,
        source: str,
        name: str,
        context: Mapping[str, str] | None = None,
        dedup_key: str = "",
        status: str = "Firing",
    ) -> None:
        """Send an alert by the form; what became of it for *client_id* is shown next."""
        self.go(f"/explain/send?client={client_id}")
        form = self.tab.get_by_role("form", name="Alert")
        form.get_by_label("Severity").click()
        self.tab.get_by_role("option", name=severity, exact=True).click()
        form.get_by_label("Source").fill(source)
        form.get_by_label("Name").fill(name)
        if dedup_key:
            form.get_by_label("Deduplication key").fill(dedup_key)
            form.get_by_text(status, exact=True).click()
        for place, (label, value) in enumerate((context or {}).items(), 1):
            self.button("Add a label", form).click()
            form.get_by_label(f"Label {place}", exact=True).fill(label)
            form.get_by_label(f"Value {place}").fill(value)
        self.button("Send alert", form).click()
        expect(self.tab.get_by_role("heading", level=1, name=re.compile("^Explain"))).to_be_visible()

    def notify(self, watched: Watched, *, severity: str = "High", context: Mapping[str, str] | None = None) -> None:
        """Send alerts until one notifies, and open its notification."""
        shown = self.tab.get_by_role("link", name="Show the notification")
        for _ in range(SENDS_MAX):
            alert = {"severity": severity, "source": watched.source, "name": watched.name}
            self.send_alert(watched.client_id, **alert, context=context)
            outcome = self.tab.get_by_role("region", name="What became of it")
            # Either it is there soon, or the rule was not in effect yet when the alert came.
            expect(outcome).to_contain_text(re.compile("It notified|is being made"))
            try:
                shown.wait_for(timeout=10_000)
            except NotInTime:
                continue
            break
        shown.click()
        expect(self.tab.get_by_role("list", name="Timeline")).to_be_visible()

    def dialog(self, name: str) -> Locator:
        """Return the dialog of that title, which must be open."""
        found = self.tab.get_by_role("dialog", name=name)
        expect(found).to_be_visible()
        return found

    def said(self, text: str) -> Locator:
        """Return the message in the corner that says *text*; wait for it."""
        found = self.tab.get_by_role("alert").filter(has_text=text).last
        expect(found).to_be_visible()
        return found

    def id_in_address(self, path: str) -> str:
        """Wait until the address is that of one thing below *path*; return its id."""
        pattern = re.compile(rf"{re.escape(path)}/([0-9a-f-]{{36}})(\?|$)")
        self.tab.wait_for_url(pattern)
        found = pattern.search(self.tab.url)
        assert found is not None
        return found[1]
