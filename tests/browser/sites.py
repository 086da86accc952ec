"""The two homes of the pages: a platform behind HTTP, and one that is simulated in the browser tab.

A test that takes `site` is run on both: what a person does there is the same.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, expect

from tests.support.browser import WAIT_SECONDS_MAX, WatchedPage, watched_page
from tests.support.platform_process import ADMIN_KEY

SITES: Final = ("platform", "playground")

_KEEP_WORKER: Final = """
window.Worker = class extends Worker {
  constructor(...given) {
    super(...given);
    window.theWorker = this;
    this.addEventListener("message", ({data}) => {
      if (data.type === "simulation") window.theSnapshot = data.snapshot;
    });
  }
};
"""
"""Lets a test speak with the worker that the page has started, and see what the page is told."""

SIMULATED_TARGET: Final = "https://h1.sim"
"""A host that exists in the simulation alone."""

expect.set_options(timeout=WAIT_SECONDS_MAX * 1_000)


@dataclass(frozen=True, slots=True)
class Site:
    """Where the pages are.

    Attributes:
        url: Of the first page, with a slash at its end.
        targets: What URLs of endpoints begin with that answer 200 here.
        running: The browser.
    """

    name: str
    url: str
    targets: str
    running: Browser

    @property
    def is_playground(self) -> bool:
        """Whether the platform is simulated in the tab."""
        return self.name == "playground"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def address_of(self, path: str) -> str:
        """Return the URL of the page at *path*, `/rules?text=x`."""
        return f"{self.url}#{path}" if self.is_playground else f"{self.url}{path.removeprefix('/')}"

    @contextmanager
    def open(self, path: str = "/", **options: Any) -> Iterator[WatchedPage]:
        """Open a page with a storage of its own, signed in, and check at the end that nothing went wrong in it."""
        with watched_page(self.running, origin=self.origin, **options) as page:
            if self.is_playground:
                page.tab.add_init_script(_KEEP_WORKER)
            if not self.is_playground:
                page.tab.goto(self.url)
                page.tab.get_by_label("API key").fill(ADMIN_KEY)
                page.tab.get_by_role("button", name="Sign in").click()
                expect(page.tab.locator("#main")).to_be_visible()
            page.tab.goto(self.address_of(path))
            expect(page.tab.locator("#main h1")).to_be_visible()
            yield page
            page.check()

    def target(self) -> str:
        """Return the URL of a webhook that nobody else has."""
        return f"{self.targets}/{secrets.token_hex(6)}"


def go(page: WatchedPage, site: Site, path: str) -> None:
    """Go to another page without losing what the tab knows."""
    page.tab.goto(site.address_of(path))
    expect(page.tab.locator("#main h1")).to_be_visible()
