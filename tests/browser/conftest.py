"""A browser, the platform, and the playground; each started once, in the process of the tests that need it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from playground.serve import serving
from tests.browser.sites import SIMULATED_TARGET, SITES, Site
from tests.browser.still import Look, look, resized
from tests.browser.world import World
from tests.support.browser import browser
from tests.support.install.place import CHECKOUT
from tests.support.install.unavailable import Unavailable
from tests.support.platform_process import PlatformProcess, platform


@pytest.fixture(scope="session")
def running_browser() -> Iterator[Browser]:
    try:
        with browser() as running:
            yield running
    except Unavailable as error:
        pytest.skip(str(error))


def _make(*command: str | Path) -> None:
    done = subprocess.run([sys.executable, *command], cwd=CHECKOUT, check=False, capture_output=True, text=True)
    if done.returncode == os.EX_UNAVAILABLE:
        pytest.skip(f"the pages cannot be built: {done.stdout[-400:]}{done.stderr[-400:]}")
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-4_000:]


@pytest.fixture(scope="session")
def running_platform() -> Iterator[PlatformProcess]:
    """Run the platform as `make run` does, with the demo and its inbox, and with the pages built."""
    _make(".make/ui.py", "build")
    with platform(ALERTING_DEMO="1") as running:
        running.start()
        yield running


@pytest.fixture(scope="session")
def platform_site(running_browser: Browser, running_platform: PlatformProcess) -> Site:
    """Return where that platform serves its pages."""
    url = running_platform.url
    return Site("platform", f"{url}/", f"{url}/demo/inbox/webhook", running_browser)


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


@pytest.fixture(scope="session", params=SITES)
def world_of_session(request: pytest.FixtureRequest) -> Iterator[World]:
    """Keep one tab open on each site: a playground takes seconds to start."""
    site: Site = request.getfixturevalue(f"{request.param}_site")
    with site.open(viewport={"width": 1_280, "height": 900}) as page:
        yield World(site, page)


@pytest.fixture
def world(world_of_session: World) -> Iterator[World]:
    """Return that tab, and check after each test that nothing went wrong in it."""
    yield world_of_session
    world_of_session.page.check()


@pytest.fixture
def looks(world: World) -> Iterator[Look]:
    """Return what looks at the tab in every scheme and size; fail at the end for all that was wrong."""
    wrong = list[str]()
    with resized(world.tab):
        yield lambda name: wrong.extend(look(world.tab, f"{world.site.name}/{name}"))
    assert wrong == [], json.dumps(wrong, indent=1)
