"""A page that has come to rest, and what is to be said of how it looks."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

from playwright.sync_api import Page, expect

from tests.support.install.place import CHECKOUT

SIZES: Final = {"phone": {"width": 375, "height": 812}, "desk": {"width": 1_440, "height": 900}}
SCHEMES: Final = ("light", "dark")

Look: TypeAlias = Callable[[str], None]
"""Look at what the tab shows now, which is called so."""

SHOTS: Final = CHECKOUT / "build" / "screenshots"

_AXE: Final = CHECKOUT / "ui" / "node_modules" / "axe-core" / "axe.min.js"
_GRAVE: Final = {"serious", "critical"}
_HAS_AXE: Final = "() => 'axe' in window"
_ASK_AXE: Final = """(options) => axe.run(document, {
  resultTypes: ["violations"],
  rules: {"label-content-name-mismatch": {enabled: true}},  // Applied only when it is asked for.
  ...options,
})"""
_OF_COLOURS: Final = {"runOnly": ["color-contrast", "link-in-text-block"]}
"""What a page in other colours is asked for: nothing else of it has changed."""
_OVER: Final = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

LOOK_MS: Final = 100
LOOKS_SECONDS_MAX: Final = 120.0
"""How long something in the platform behind the page is waited for."""

Found = TypeVar("Found")


def look_until_found(tab: Page, find: Callable[[], Found | None], *, what: str) -> Found:
    """Look again and again until *find* returns something; the page goes on meanwhile."""
    deadline = time.monotonic() + LOOKS_SECONDS_MAX
    while not (found := find()):
        assert time.monotonic() < deadline, f"{what} did not come within {LOOKS_SECONDS_MAX:.0f} s"
        tab.wait_for_timeout(LOOK_MS)
    return found


def wait_until_still(tab: Page) -> None:
    """Wait until the page has all that it asked for."""
    expect(tab.locator("[aria-busy=true]")).to_have_count(0)
    expect(tab.locator(".mantine-Skeleton-root")).to_have_count(0)


def cut_off(tab: Page) -> int:
    """Return how many pixels of the page are beyond its right edge."""
    over: int = tab.evaluate(_OVER)
    return over


def shoot(tab: Page, name: str) -> Path:
    """Take a picture of the whole page."""
    path = SHOTS / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    tab.evaluate("window.scrollTo(0, 0)")  # What sticks to the window is at its place in the picture then.
    tab.screenshot(path=path, full_page=True, animations="disabled")
    return path


def grave_issues(tab: Page, *, of_colours: bool = False) -> list[str]:
    """Return what keeps people from using the page, by the rules of axe; *of_colours*: by those of colours alone."""
    if not tab.evaluate(_HAS_AXE):
        tab.evaluate(_AXE.read_text())
    found: dict[str, Any] = tab.evaluate(_ASK_AXE, _OF_COLOURS if of_colours else {})
    return [
        f"{issue['id']} ({issue['impact']}): {node['target']} {node['failureSummary']}"
        for issue in found["violations"]
        if issue["impact"] in _GRAVE
        for node in issue["nodes"]
    ]


def look(tab: Page, name: str) -> list[str]:
    """Take pictures in every scheme and size; return what is wrong with what they show."""
    wrong = list[str]()
    tab.mouse.move(0, 0)
    # Messages leave by themselves, unless the pointer rests on one of them.
    expect(tab.locator(".mantine-Notification-root")).to_have_count(0)
    for scheme in SCHEMES:
        tab.emulate_media(color_scheme=scheme)
        is_recoloured = scheme != SCHEMES[0]
        for size_name, size in SIZES.items():
            tab.set_viewport_size(size)  # type: ignore[arg-type]
            wait_until_still(tab)
            shoot(tab, f"{name}-{scheme}-{size_name}")
            over = cut_off(tab)
            wrong += [f"{name}, {size_name}: {over} px are cut off on the right"] if over else []
            issues = grave_issues(tab, of_colours=is_recoloured)
            wrong += [f"{name}, {scheme}, {size_name}: {issue}" for issue in issues]
    return wrong


@contextmanager
def resized(tab: Page) -> Iterator[None]:
    """Give the tab its size and its colours back at the end."""
    size: Any = tab.viewport_size
    try:
        yield
    finally:
        tab.emulate_media(color_scheme="light")
        tab.set_viewport_size(size)
