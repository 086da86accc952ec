"""A real browser, and pages that tell what went wrong in them.

with browser() as chromium, watched_page(chromium, origin=platform.url) as page:
    page.tab.goto("/rules")
    page.check()                    # nothing was thrown, logged as an error, or asked of another host
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, sync_playwright

from tests.support.install.chromium import chromium

_FLAGS: Final = (
    "--no-sandbox",  # Tests may be run by root, for whom the sandbox refuses to start.
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

WAIT_SECONDS_MAX: Final = 30.0
"""How long a page is waited for: a page on a busy machine is slow, and only a page that never comes is wrong."""

_LOCAL_SCHEMES: Final = ("data", "blob", "about")


@dataclass(eq=False)  # The driver keeps its own mark on whoever listens, so that there can be no slots.
class WatchedPage:
    """A tab, and what went wrong in it.

    Attributes:
        tab: To be driven.
        errors: What was thrown or logged as an error or a warning.
        foreign: URLs that were asked of another origin.
    """

    tab: Page
    origin: str
    errors: list[str] = field(default_factory=list[str])
    foreign: list[str] = field(default_factory=list[str])

    def check(self) -> None:
        """Fail when anything went wrong since the page was opened."""
        assert not self.errors, self.errors
        assert not self.foreign, self.foreign

    def _log(self, message: ConsoleMessage) -> None:
        # A refused request is logged by the browser itself; the page shows it, and a test of that page looks there.
        is_of_browser = message.text.startswith("Failed to load resource")
        if message.type in {"error", "warning"} and not is_of_browser:
            self.errors.append(f"{message.type}: {message.text}")

    def _throw(self, error: Error) -> None:
        self.errors.append(f"thrown: {error.message}")

    def _ask(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in _LOCAL_SCHEMES and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.foreign.append(request.url)

    def watch(self) -> None:
        """Take note from now on."""
        self.tab.on("console", self._log)
        self.tab.on("pageerror", self._throw)
        self.tab.on("request", self._ask)


@contextmanager
def browser() -> Iterator[Browser]:
    """Run a browser.

    Raises:
        Unavailable: There is none on this machine, and none can be installed.
    """
    program = chromium()
    with sync_playwright() as driver:
        launched = driver.chromium.launch(
            executable_path=program.binary, args=list(_FLAGS), env={**driver_environment(), **program.environment}
        )
        try:
            yield launched
        finally:
            launched.close()


def driver_environment() -> dict[str, str | float | bool]:
    """Return the environment of this process, without proxies: the browser calls this machine alone."""
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


@contextmanager
def watched_page(running: Browser, *, origin: str, **options: Any) -> Iterator[WatchedPage]:
    """Open a page with a storage of its own; *options* are those of a browser context."""
    context = running.new_context(base_url=origin, **options)
    context.set_default_timeout(WAIT_SECONDS_MAX * 1_000)
    try:
        page = WatchedPage(context.new_page(), origin)
        page.watch()
        yield page
    finally:
        context.close()
