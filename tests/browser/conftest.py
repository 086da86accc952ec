"""A browser, the platform, and the playground; each started once, in the process of the tests that need it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from playground.serve import serving
from tests.browser.sites import SIMULATED_TARGET, SITES, Site
from tests.support.browser import browser
from tests.support.install.place import CHECKOUT
from tests.support.install.unavailable import Unavailable
from tests.support.platform_process import platform


@pytest.fixture(scope="session")
def running_browser() -> Iterator[Browser]:
    try:
        with browser() as running:
            yield running
    except Unavailable as error:
        pytest.skip(str(error))


def _make(*command: str | Path) -> None:
    done = subprocess.run([sys.executable, *command], cwd=CHECKOUT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-4_000:]


@pytest.fixture(scope="session")
def platform_site(running_browser: Browser) -> Iterator[Site]:
    """Run the platform as `make run` does, with the demo and its inbox, and with the pages built."""
    _make(".make/ui.py", "build")
    with platform(ALERTING_DEMO="1") as running:
        running.start()
        yield Site("platform", f"{running.url}/", f"{running.url}/demo/inbox/webhook", running_browser)


@pytest.fixture(scope="session")
def playground_site(running_browser: Browser) -> Iterator[Site]:
    """Serve the built playground under a path, as GitHub Pages does."""
    _make("playground/build.py")
    with serving(prefix="/alerting/") as url:
        yield Site("playground", url, SIMULATED_TARGET, running_browser)


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest) -> Site:
    """Return the one and the other."""
    found: Site = request.getfixturevalue(f"{request.param}_site")
    return found
